"""A study as a typed model: one task on one data setting, with its models and outputs.

Types, defaults and descriptions stand here once; docs/configuration.md is made from them. What a
task asks of its study stands in markexpr.tasks.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from markexpr.io.jobs import InputError
from markexpr.models.registry import ESTIMATORS, NETS
from markexpr.own_model import is_own
from markexpr.settings.blocks import (
    Block,
    Count,
    Names,
    NotEmpty,
    Number,
    OwnPath,
    Positive,
    Share,
    Whole,
    expand_path,
    fault,
    first_fault,
    validated,
)
from markexpr.settings.grids import expand_grid
from markexpr.settings.reading import (
    NAMING,
    PARTS_OF_A_MODEL,
    TUNED,
    did_you_mean,
    list_models_of_claim,
    merge,
    read_yaml,
    resolve_study,
    retype,
)

# ---- data ----


class Paper(Block):
    """The paper that a study reproduces. A target builds all studies of one paper."""

    citation: str = Field(..., description="as it is cited")
    doi: str | None = Field(None, description="its DOI")
    genes: Whole | None = Field(None, description="genes that it states; shown beside our number")


class Genes(Block):
    """Which genes of the gene table a study takes."""

    biotypes: Names = Field(..., description="biotypes of the gene table, as protein_coding")
    min_distance: Annotated[Whole, Field(ge=0)] | None = Field(
        None, description="bp; a TSS no further downstream of the last kept one is dropped"
    )
    downstream: Literal["genome", "strand"] = Field(
        "genome",
        description="of min_distance: towards larger positions, or along each strand by itself",
    )
    list: OwnPath | None = Field(
        None,
        description="file of gene ids, one a line, to which the study is limited; a relative path "
        "is looked up in the working directory",
    )


Expression = Literal["rpkm", "n"]


class MedianLabel(Block):
    """High (1) or low (0): whether a gene's expression is at or above the cell's median."""

    kind: Literal["median_label"] = Field(..., description="high or low")
    expression: Expression = Field(..., description="REMC's table: RPKM, or n (read counts)")
    label_mode: Literal["numeric", "text"] = Field(
        "numeric", description="text: numbers are compared as text, as in published label files"
    )
    median_of: Literal["study_genes", "all_genes"] = Field(
        "study_genes",
        description="genes whose median it is: the study's, or all of the gene table that are of "
        "its biotypes",
    )


class Values(Block):
    """Expression values."""

    kind: Literal["expression"] = Field(..., description="values")
    expression: Expression = Field(..., description="REMC's table: RPKM, or n (read counts)")
    transform: Literal["none", "log2p1", "log10p1", "log1p", "arcsinh"] = Field(
        ..., description="of the values; log2p1 is log2(value + 1)"
    )


Target = Annotated[MedianLabel | Values, Field(discriminator="kind")]
HeldOut = Annotated[
    list[str] | None, Field(description="held-out cells: all their genes test, none trains")
]


class IdOrder(Block):
    """Consecutive parts in the order of Ensembl ids."""

    scheme: Literal["id_order"]
    parts: dict[Literal["train", "valid", "test"], Count] = Field(
        ..., min_length=1, description="genes of each split, in order; scaled to our number"
    )
    held_out_cells: HeldOut = None


class Random(Block):
    """Genes at random, by a hash of seed and gene id."""

    scheme: Literal["random"]
    seed: Annotated[Whole, Field(ge=0)] = Field(..., description="of the order of genes")
    test: Annotated[Whole | Number, Field(ge=0)] | None = Field(
        None, description="genes that test, or their share below 1"
    )
    valid: Share | None = Field(None, description="share of the other genes that validates")
    valid_drawn: Literal["shared", "per_model"] = Field(
        "shared",
        description="shared: the same genes validate in all cells; per_model: each model draws "
        "its own (task cells: a gene that validates in one cell trains in others)",
    )
    folds: Annotated[Whole, Field(ge=2)] | None = Field(None, description="of a cross-validation")
    fold: Annotated[Whole, Field(ge=0)] | None = Field(
        None, description="from 0; the fold that validates"
    )
    held_out_cells: HeldOut = None

    @model_validator(mode="after")
    def check_folds(self):
        if (self.folds is None) != (self.fold is None):
            raise ValueError("folds and fold go together")
        return self


class Chromosome(Block):
    """Whole chromosomes apart, in four folds."""

    scheme: Literal["chromosome"]
    fold: Annotated[Whole, Field(ge=0, le=3)] | Literal["all"] = Field(
        ..., description="the fold that tests; all: each in turn, in runs of its own"
    )
    held_out_cells: HeldOut = None


class Source(Block):
    """The split that a cell's source brings (deepdiff_csv, deepchrome_csv)."""

    scheme: Literal["source"]
    held_out_cells: HeldOut = None


class LeaveTissueOut(Block):
    """The cells of each tissue left out in turn, in runs of their own (task pooled): all their
    genes test."""

    scheme: Literal["tissue"]
    seed: Annotated[Whole, Field(ge=0)] = Field(..., description="of the order of genes")
    valid: Share = Field(
        0.1, description="share of the genes that validates, the same ones in all other cells"
    )

    @property
    def held_out_cells(self):
        """No cell is held out of all runs."""
        return None


Split = Annotated[
    IdOrder | Random | Chromosome | Source | LeaveTissueOut, Field(discriminator="scheme")
]


class Data(Block):
    """What the models of a study see and are asked for."""

    window: Annotated[str, Field(pattern=r"^[0-9]+bp_[0-9]+bp(_flanks)?$")] = Field(
        ...,
        description="{span}bp_{bin}bp, centred on the TSS; _flanks: as many bins around the "
        "gene's end follow",
    )
    marks: Names | None = Field(
        None,
        description="marks, in the order in which models see them, for a study that is of these "
        "and no others; config key marks must have them. If absent, they are those of config key "
        "marks",
    )
    mark_order: Names | None = Field(
        None,
        exclude=True,
        description="of the marks of config key marks, those that come first, in this order: the "
        "paper's. Further ones follow",
    )
    genes: Genes = Field(..., description="which genes")
    orientation: Literal["genomic", "transcription"] = Field(
        ..., description="transcription turns the windows of genes on the minus strand"
    )
    normalise: Literal["none", "log1p", "zscore"] = Field(
        ..., description="of counts: as they are, ln(1 + count), or the z-score of each mark"
    )
    zscore_genes: Literal["all", "train"] | None = Field(
        None, description="genes over which mean and sd of the z-score are taken"
    )
    target: Target = Field(..., description="what is predicted")
    split: Split = Field(..., description="which genes train, validate and test")

    @model_validator(mode="after")
    def check_together(self):
        if self.normalise == "zscore" and self.zscore_genes is None:
            raise ValueError("normalise: zscore needs zscore_genes")
        if self.window.endswith("_flanks") and self.orientation == "transcription":
            raise ValueError(
                "windows around both ends of a gene are not turned: use orientation: genomic"
            )
        return self

    @property
    def held_out_cells(self):
        """The cells that no model is trained on."""
        return self.split.held_out_cells or []

    @property
    def has_labels(self):
        """Whether the target is high or low rather than a value."""
        return self.target.kind == "median_label"


# ---- training ----


class Sgd(Block):
    """Stochastic gradient descent."""

    name: Literal["sgd"]
    learning_rate: Positive = Field(..., description="step size")
    momentum: Share = Field(0.0, description="momentum")
    weight_decay: Annotated[Number, Field(ge=0)] = Field(0.0, description="L2 penalty")


class Adam(Block):
    """Adam (Kingma and Ba 2015)."""

    name: Literal["adam"]
    learning_rate: Positive = Field(..., description="step size")
    epsilon: Positive = Field(
        1e-8, description="ε of the denominator: 1e-8 in the paper and torch, 1e-7 in Keras"
    )
    weight_decay: Annotated[Number, Field(ge=0)] = Field(0.0, description="L2 penalty")


class EarlyStopping(Block):
    """Which epoch is kept, and when training ends."""

    monitor: Literal["auc", "pearson", "loss", "none"] = Field(
        ..., description="of the validation genes; none keeps the last epoch"
    )
    patience: Annotated[Whole, Field(ge=0)] = Field(
        ..., description="epochs without a better one before the end; 0: never"
    )


class Stage(Block):
    """A stage of training: some parts of the model train, the others are frozen."""

    parts: Names = Field(..., description="parts that train")
    epochs: Count = Field(..., description="epochs of the stage")


class Domain(Block):
    """A domain classifier behind a gradient reversal of strength λ, trained as an adversary."""

    maximum: Positive = Field(..., description="λ at its highest")
    schedule: Literal["constant", "rising"] = Field(
        ..., description="rising: from 0, as Ganin and Lempitsky 2015"
    )


class Auxiliary(Block):
    """Losses of each cell's own expression beside that of the change between two cells."""

    kind: Literal["regression", "classification"] = Field(..., description="of which target")
    weight: Positive = Field(..., description="weight of these losses")


class Contrastive(Block):
    """A loss on embeddings of two cells: close for like genes, apart for different ones."""

    form: Literal["squared", "printed"] = Field(
        ..., description="R² and max(0, m - R)², or R/2 and max(0, m - R)²/2"
    )
    weight: Positive = Field(..., description="weight of the loss")
    margin: Positive = Field(..., description="m: the distance beyond which nothing is gained")
    threshold: Positive = Field(..., description="least log2 fold change of a different gene")


class Training(Block):
    """How a net is trained."""

    loss: Literal["cross_entropy", "binary_cross_entropy", "mean_squared_error"] = Field(
        ..., description="loss of the task"
    )
    optimiser: Annotated[Sgd | Adam, Field(discriminator="name")] = Field(
        ..., description="optimiser"
    )
    batch_size: Count = Field(..., description="samples of a step")
    epochs: Count = Field(..., description="epochs at most")
    early_stopping: EarlyStopping = Field(..., description="which epoch is kept")
    sampler: Literal["random", "by_gene"] = Field(
        "random", description="by_gene: batches take cells_per_gene cells of a gene at once"
    )
    cells_per_gene: Count | None = Field(None, description="cells of a gene in a batch")
    stages: Annotated[list[Stage], Field(min_length=1)] | None = Field(
        None, description="stages of training, one after the other"
    )
    seed_by_unit: bool = Field(
        False, description="whether each unit draws weights and the order of genes anew"
    )
    start_at_mean: bool = Field(
        False, description="whether predictions start at the mean of the training genes"
    )
    clip_norm: Positive | None = Field(None, description="largest norm of the gradient")
    domain: Domain | None = Field(None, description="adversarial training on a second domain")
    auxiliary: Auxiliary | None = Field(None, description="losses of each cell")
    contrastive: Contrastive | None = Field(None, description="loss on embeddings")

    @model_validator(mode="after")
    def check_together(self):
        if self.stages and sum(stage.epochs for stage in self.stages) != self.epochs:
            total = sum(stage.epochs for stage in self.stages)
            raise ValueError(f"training.epochs is {self.epochs}, and its stages have {total}")
        if self.sampler == "by_gene" and self.cells_per_gene is None:
            raise ValueError("training.sampler: by_gene needs training.cells_per_gene")
        if self.contrastive and not self.auxiliary:
            raise ValueError("'training.contrastive' needs 'training.auxiliary'")
        return self


# ---- what is ours ----

InPaper = dict[NotEmpty, Any]


def _check_in_paper(block):
    """A path that no block has is a misspelt one. One that another kind of block has, of a split or
    an optimiser, says nothing here."""
    for path in block.in_paper:
        for key in path.split("."):
            if key not in _keys_of_blocks():
                message = f"no such key; {did_you_mean(key, _keys_of_blocks())}"
                raise fault(message, f"in_paper.{path}")


@cache
def _keys_of_blocks():
    """The keys of all blocks of a study and of all architectures."""
    kinds, keys = [Block], set()
    for kind in kinds:
        kinds += kind.__subclasses__()
        keys |= set(kind.model_fields)
    return keys


# ---- models ----


def _fill_in(registry, architecture, values):
    """Hyperparameters with their defaults, as plain values; errors name the key below."""
    if architecture not in registry:
        return values  # of a file of the user's own, or said of the key `architecture`
    try:
        return registry[architecture].model_validate(values).plain()
    except ValidationError as error:
        place, message, unknown = first_fault(error, values)
        raise fault(message, place, unknown) from None


def _known(registry, architecture):
    if is_own(architecture):
        return expand_path(architecture)
    if architecture not in registry:
        raise fault(
            f"unknown architecture {architecture!r}; {did_you_mean(architecture, registry)}"
        )
    return architecture


def attends_to(net):
    """What the attention of a net is over, positions or marks; None without any."""
    return getattr(NETS.get(net.architecture), "attends_to", None)


class Model(Block):
    """What all models of a study have in common."""

    cells: Names | None = Field(None, description="only these of the cells that are built")
    in_paper: InPaper = Field(
        {},
        description="keys of this block, dotted, that are ours or not printed, and what the paper "
        "has: its value, words, or `not printed`; named in verdicts where ours is another",
    )

    @model_validator(mode="after")
    def check_in_paper(self):
        _check_in_paper(self)
        return self


ARCHITECTURE = (
    "a module of markexpr/models/, or the path of a file of your own, which ends in .py (if "
    "relative, it is looked up in the working directory, then beside the Snakefile)"
)
HYPERPARAMETERS = "hyperparameters of the architecture; of an own file, arguments of what it builds"


class View(Block):
    """What a model sees of a study's counts, where it is not what the study has under `data`."""

    span: Count | None = Field(None, description="bp around the TSS, at most the study's window")
    normalise: Literal["none", "log1p", "zscore", "quantile"] | None = Field(
        None,
        description="as data.normalise; zscore: by the training genes of each cell; quantile: "
        "counts are mapped to the distribution of those of the first cell that trains, then log1p",
    )
    orientation: Literal["genomic", "transcription"] | None = Field(
        None, description="as data.orientation"
    )


class Fitted(Model):
    """A model that is fitted: a net or an estimator."""

    view: View | None = Field(
        None,
        description="another window, normalisation or direction, made of the study's tensors when "
        "they are loaded; data.normalise must be none or log1p",
    )
    residual: Literal["gene_mean", "tissue_mean"] | None = Field(
        None,
        description="it predicts what is left when a gene's mean over the other cells (of the "
        "tissue) is taken away, which is added to its predictions; for values",
    )

    permute: Literal["target", "cell"] | None = Field(
        None,
        description="a control that must fail. target: it is fitted on targets that are permuted "
        "among the training and validation genes of each cell; cell: on the marks of a cell and "
        "the targets of another, the next of those that are built",
    )
    tune: Annotated[list[dict[str, Any]], Field(min_length=2)] | None = Field(
        None,
        description="candidates, each a block of keys laid over the model's own, as {estimator: "
        "{strength: 10}}. All are fitted on the training genes; the one with the best score of the "
        "validation genes (AUC of labels, Pearson correlation of values) is kept",
    )

    @model_validator(mode="after")
    def check_permuted(self):
        if self.permute and self.residual:
            raise ValueError(
                "'permute' and 'residual' do not go together: what is added to the predictions "
                "tells of the targets"
            )
        return self

    @model_validator(mode="after")
    def check_candidates(self):
        for number, changes in enumerate(self.tune or []):
            unknown = [key for key in changes if key not in TUNED]
            if unknown:
                raise fault(f"{did_you_mean(unknown[0], TUNED)}", f"tune.{number}.{unknown[0]}")
            try:
                type(self).model_validate(merge(self.plain() | {"tune": None}, changes))
            except ValidationError as error:
                place, message, unknown = first_fault(error, changes)
                raise fault(message, f"tune.{number}.{place}", unknown) from None
        return self


class Net(Fitted):
    """A neural network."""

    architecture: str = Field(..., description=ARCHITECTURE)
    network: dict[str, Any] = Field(..., description=HYPERPARAMETERS)
    training: Training = Field(..., description="how it is trained")
    trained_on: Literal["target", "source", "both"] | None = Field(
        None,
        description="task transfers: on the target's labels, the source's, or the source's and "
        "the target without labels",
    )
    source_genes: Literal["all", "unseen"] = Field(
        "all",
        description="task transfers: all genes of the source train, or those alone that do not "
        "test in the target",
    )
    cell_by_cell: bool = Field(
        False,
        description="task pairs: trained on each cell by itself; a pair is predicted by the "
        "difference of its cells' predictions",
    )

    @field_validator("architecture")
    @classmethod
    def check_architecture(cls, value):
        return _known(NETS, value)

    @field_validator("network", mode="before")
    @classmethod
    def fill_in_network(cls, value, info):
        return _fill_in(NETS, info.data.get("architecture"), value)

    @model_validator(mode="after")
    def check_together(self):
        auxiliary = bool(self.network.get("auxiliary"))
        if auxiliary != (self.training.auxiliary is not None):
            raise ValueError("'training.auxiliary' and 'network.auxiliary' go together")
        return self


class Estimator(Fitted):
    """An estimator of scikit-learn."""

    architecture: str = Field(..., description=ARCHITECTURE)
    estimator: dict[str, Any] = Field(..., description=HYPERPARAMETERS)

    @field_validator("architecture")
    @classmethod
    def check_architecture(cls, value):
        return _known(ESTIMATORS, value)

    @field_validator("estimator", mode="before")
    @classmethod
    def fill_in_estimator(cls, value, info):
        return _fill_in(ESTIMATORS, info.data.get("architecture"), value)


class Given(Model):
    """Predictions that were made elsewhere, scored beside all other models' on the same rows."""

    predictions: OwnPath = Field(
        ...,
        description="TSV with the columns gene_id and y_pred and, where one file has several, cell "
        "or unit, and seed; {unit} and {seed} in its path are those of a run. A relative path is "
        "looked up in the working directory, then beside the Snakefile",
    )
    seen: Literal["split", "nothing", "unknown"] = Field(
        "unknown",
        description="what they were trained on, as you say: split, the genes and cells that train "
        "in the study, and no others; nothing of it; unknown: every row then counts as seen",
    )


class Control(Model):
    """What other training cells tell of a cell, without a model of marks."""

    control: Literal["gene_mean", "tissue_mean", "nearest_cell"] = Field(
        ...,
        description="the gene's mean over cells, over those of the cell's tissue (over all where "
        "it is alone in it), or its value in the cell most alike",
    )


def _kind(block):
    """Which kind of model a block describes: by the one key of KINDS that it has."""
    if isinstance(block, Model):  # when it is written
        return next(kind for key, kind in KINDS.items() if hasattr(block, key))
    if not isinstance(block, dict):
        return None
    kinds = [kind for key, kind in KINDS.items() if key in block]
    return kinds[0] if len(kinds) == 1 else "a net" if "training" in block else None


KINDS = {
    "network": "a net",
    "estimator": "an estimator",
    "control": "a control",
    "predictions": "given predictions",
}
AnyModel = Annotated[
    Annotated[Net, Tag("a net")]
    | Annotated[Estimator, Tag("an estimator")]
    | Annotated[Control, Tag("a control")]
    | Annotated[Given, Tag("given predictions")],
    Discriminator(
        _kind,
        custom_error_type="kind_of_model",
        custom_error_message="one of 'network', 'estimator', 'control' and 'predictions' says what "
        "model it is",
    ),
]


# ---- outputs ----

Metric = Literal["auc", "auprc", "accuracy", "pearson", "spearman", "mse", "r2"]


class Comparison(Block):
    """A table or figure of models side by side, over the units that they share."""

    title: str = Field(..., description="its title")
    models: Names = Field(..., description="models, in order")
    metric: Metric = Field(..., description="what is compared")
    split: Literal["valid", "test"] = Field("test", description="whose genes a figure shows")
    relative_to: list[str] | None = Field(
        None, description="models that the others are set in relation to, in per cent"
    )
    relative_to_study: str | None = Field(
        None, description="the study whose models `relative_to` names; this one if absent"
    )
    name_best: list[str] | None = Field(
        None, description="models of which the best is named, unit by unit"
    )
    against: dict[str, str] | None = Field(
        None, description="from model to the one that its drop is counted from"
    )

    @model_validator(mode="after")
    def check_together(self):
        if self.relative_to_study and not self.relative_to:
            raise ValueError("'relative_to_study' needs 'relative_to'")
        return self


Regime = Literal[
    "train_seen",
    "valid_seen",
    "test_seen",
    "unseen",
    "unseen_known",
    "unseen_valid",
    "unseen_new",
    "competition",
]


class Claim(Block):
    """What the paper says of its models; tested."""

    source: str = Field(..., description="where the paper says so")
    cells: Names | None = Field(None, description="cells that the claim is about")
    ours: bool = Field(False, description="not a claim of the paper")


class Better(Claim):
    """One model is better than another: over units or, where rows are named, over genes and unseen
    cells."""

    better: str = Field(..., description="model that is said to be better")
    than: str = Field(..., description="than this one")
    rows: Regime | None = Field(
        None, description="rows of all cells together on which it has the smaller MSE"
    )
    gap: Annotated[list[Regime], Field(min_length=2, max_length=2)] | None = Field(
        None, description="rows from the first to the second of which its MSE rises less"
    )

    @model_validator(mode="after")
    def check_rows(self):
        if sum(part is not None for part in (self.cells, self.rows, self.gap)) > 1:
            raise ValueError("of 'cells', 'rows' and 'gap' a claim has one at most")
        return self


class Bagging(Claim):
    """The mean of all cells' models is better on unseen cells than one of them."""

    ensemble: str = Field(..., description="model whose mean over cells is said to be better")
    than: Literal["chosen", "mean"] = Field(
        ..., description="the member with the best validation score, or the mean of all members"
    )


class Equal(Claim):
    """Two models are as good as each other."""

    equal: Annotated[list[str], Field(min_length=2, max_length=2)] = Field(
        ..., description="models that are said to be as good as each other"
    )
    margin: Positive = Field(..., description="difference of the metric that is still none")


class Extreme(Claim):
    """A model is the best, or the worst, in some number of units."""

    best: str | None = Field(None, description="model that is said to be the best of all")
    worst: str | None = Field(None, description="model that is said to be the worst of all")
    among: Names = Field(..., description="all that are compared")
    in_units: Count = Field(..., description="units in which it is said to be")
    of_units: Count = Field(..., description="units of the paper")

    @model_validator(mode="after")
    def check_among(self):
        if self.best and self.worst:
            raise ValueError("a claim has 'best' or 'worst'")
        if (self.best or self.worst) not in self.among:
            raise ValueError(f"{self.best or self.worst} is not in 'among'")
        return self


CLAIMS = {
    "better": Better,
    "ensemble": Bagging,
    "equal": Equal,
    "best": Extreme,
    "worst": Extreme,
}


def _kind_of_claim(claim):
    """What kind of claim a block is: by the first key of CLAIMS that it has."""
    if isinstance(claim, Claim):  # when it is written
        return type(claim).__name__
    kinds = {kind.__name__ for key, kind in CLAIMS.items() if key in claim}
    return kinds.pop() if len(kinds) == 1 else None


AnyClaim = Annotated[
    Annotated[Better, Tag("Better")]
    | Annotated[Bagging, Tag("Bagging")]
    | Annotated[Equal, Tag("Equal")]
    | Annotated[Extreme, Tag("Extreme")],
    Discriminator(
        _kind_of_claim,
        custom_error_type="kind_of_claim",
        custom_error_message="one of 'better', 'ensemble', 'equal', 'best' and 'worst' says what "
        "claim it is",
    ),
]


class Attributions(Block):
    """Saliency and integrated gradients of one model."""

    model: str = Field(..., description="a net that is trained on the study's units")
    units: Names = Field(..., description="units; those that are built are drawn")
    genes: Count = Field(..., description="test genes to take means over, at most")


class Statement(Block):
    """What the paper says of the attention over marks of genes that go up, or of those that go
    down."""

    marks: Names = Field(..., description="marks that it is about")
    change: Literal["up", "down"] = Field(..., description="genes that it is about")
    ranks: list[Count] | None = Field(
        None, description="the ranks that these marks have among all; 1: the highest weight"
    )
    above_other: bool | None = Field(
        None, description="whether each has a higher weight than in genes that go the other way"
    )
    source: str = Field(..., description="where the paper says so")

    @model_validator(mode="after")
    def check_together(self):
        if self.ranks is None and self.above_other is None:
            raise ValueError("needs 'ranks' or 'above_other'")
        if self.ranks is not None and len(self.ranks) < len(self.marks):
            raise ValueError("'ranks' are fewer than 'marks'")
        return self


class MarkAttention(Block):
    """Mean attention over marks of genes that go up and of genes that go down."""

    model: str = Field(..., description="a net with attention over marks")
    unit: str = Field(..., description="a pair of cells")
    up: Number = Field(..., description="least log2 fold change of genes that go up")
    down: Number = Field(..., description="largest log2 fold change of genes that go down")
    statements: list[Statement] = Field(
        [],
        description="what the paper says of it; left out where a mark of it is not among the "
        "study's, or of ranks among other marks than those of data.mark_order",
    )


class Inputs(Block):
    """The signals of one gene in a pair of cells."""

    unit: str = Field(..., description="a pair of cells")
    gene: str = Field(..., description="an id, or none: the test gene with the largest change")


class Transfer(Block):
    """From which cell transfers lead, and which genes test in the target."""

    source: str = Field(..., description="cell whose labels are known")
    split: Annotated[Random | Chromosome, Field(discriminator="scheme")] = Field(
        ...,
        description="one split for all cells: test genes test in the target; the others train "
        "or, without labels, adapt",
    )

    @model_validator(mode="after")
    def check_split(self):
        if self.split.held_out_cells is not None:
            raise fault("held_out_cells does not belong here", "split")
        if getattr(self.split, "valid_drawn", "shared") != "shared":
            raise fault("one split serves all cells: use valid_drawn: shared", "split")
        if self.split.scheme == "random" and not (self.split.test and self.split.valid):
            raise fault("needs test and valid above 0", "split")
        return self


class CrossValidation(Block):
    """Folds over what trains or validates, for one model of a pooled study."""

    folds: Annotated[Whole, Field(ge=2)] = Field(..., description="how many")
    over: Literal["rows", "genes"] = Field(
        ..., description="rows: a gene in a cell; genes: a gene with all of its cells"
    )
    model: str = Field(..., description="the model that is trained on folds")


class NamedCells(Block):
    """Cells that the paper names as those with the worst, median and best scores of a model."""

    model: str = Field(..., description="model by whose scores cells are ranked")
    worst: Names = Field(..., description="cells with the worst scores")
    median: Names = Field(..., description="cells around the median")
    best: Names = Field(..., description="cells with the best scores")
    among: Count = Field(..., description="cells that the paper ranks")
    source: str = Field(..., description="where the paper says so")


class GeneAttributions(Block):
    """What the prediction of one gene depends on, in marks and DNA, and means over genes."""

    model: str = Field(..., description="a net that reads marks and DNA")
    cell: str = Field(..., description="the cell; another one that trains if it is not built")
    gene: str = Field(..., description="an id, or none: the held-out gene with the highest target")
    genes: Count = Field(..., description="test genes to take means over, at most")


class PrintedNumber(Block):
    """A number that is printed of a model, and the data setting that it was printed for."""

    value: Number | None = Field(
        None, description="mean over units of the study's metric; none if it is not known to us"
    )
    labels: Literal["text", "numeric"] = Field(..., description="data.target.label_mode of it")
    split: Literal["id_order", "random", "chromosome"] = Field(
        ..., description="data.split.scheme of it"
    )
    genes: Literal["all", "thinned"] = Field(
        ..., description="thinned: with data.genes.min_distance"
    )
    unknown: list[Literal["labels", "split", "genes"]] = Field(
        [], description="what of these is not said where it is printed: then as it reads"
    )
    source: str = Field(..., description="where it is printed")


class Gaps(Block):
    """Where the gaps between printed numbers come from: each model is run under all data settings,
    which are this study and its variants."""

    printed: dict[str, PrintedNumber] = Field(..., description="by model")
    steps: Annotated[
        list[Annotated[list[str], Field(min_length=2, max_length=2)]], Field(min_length=1)
    ] = Field(..., description="pairs of models, from one to the other")

    @model_validator(mode="after")
    def check_steps(self):
        for model in (model for step in self.steps for model in step):
            if model not in self.printed:
                raise fault(f"{model} has no number; {did_you_mean(model, self.printed)}", "steps")
        return self


class BoardTask(Block):
    """What is asked of all models of some studies, each under a split of its own."""

    title: str = Field(..., description="what is asked, in a few words")
    studies: Annotated[dict[NotEmpty, str], Field(min_length=1)] = Field(
        ...,
        description="from a split, in words, to the study that has it; the first is the main one, "
        "by which models are ordered",
    )


class Equivalence(Block):
    """How small a difference is practically none: models that are shown to differ by less are as
    good as each other. Ours."""

    auc: Positive = Field(0.005, description="of AUC")
    pearson: Positive = Field(0.01, description="of Pearson correlation")


class Board(Block):
    """Models of several studies side by side, with tests of which is better."""

    tasks: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], BoardTask], Field(min_length=1)
    ] = Field(..., description="tasks by name; one table and one figure each")
    equivalence: Equivalence = Field(
        Equivalence(), description="differences that are practically none"
    )
    block: Count = Field(
        10_000_000,
        description="bp: genes on a stretch of a chromosome of this length are drawn together",
    )

    @model_validator(mode="after")
    def check_studies(self):
        """No study stands twice: its models are compared once, by one set of rules."""
        named = [study for task in self.tasks.values() for study in task.studies.values()]
        for study in named:
            if named.count(study) > 1:
                raise fault(f"study {study!r} stands twice: name it under one split", "tasks")
        return self


Level = Annotated[str, Field(pattern=r"^[a-z0-9]+$")]


class Grid(Block):
    """Models in all combinations of some settings, in place of the models themselves."""

    models: Names = Field(..., description="which of the study's models")
    axes: dict[str, Annotated[dict[Level, dict[str, Any] | None], Field(min_length=1)]] = Field(
        ...,
        min_length=1,
        description="from what is varied to its levels, and from a level to the keys that it lays "
        "over a model; the first level is the one that others are compared with. A model is then "
        "called by its name and its levels, as ridge_5kb_log1p",
    )


class Controls(Block):
    """What is asked of all models so that a leak, or a model that has learned nothing, shows
    (docs/controls.md). Empty: with the values below."""

    units: Count = Field(
        1, description="units of each model whose saved fits predict from randomised marks"
    )
    seeds: Count = Field(1, description="seeds of each, the first of config key seeds")
    genes: Count = Field(
        2000, description="test genes of which that is asked, at most, drawn at random"
    )
    draws: Count = Field(3, description="permutations of each mark")


Comparisons = dict[Annotated[str, Field(pattern=r"^(table|figure)[0-9]+[a-z]?$")], Comparison]
ModelName = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


class Study(Block):
    """One file of config/studies/: one task on one data setting."""

    title: str = Field(..., description="what it is, in one line")
    setting: str | None = Field(
        None, description="its short name beside the variants of its paper and task"
    )
    base: str | None = Field(None, description="study whose keys it has, but for those it names")
    paper: Paper = Field(..., description="the paper")
    in_paper: InPaper = Field(
        {},
        description="as `in_paper` of a model, of keys of the study that all its models share, as "
        "data.normalise",
    )
    data: Data = Field(..., description="what models see and are asked for")
    task: Literal["cells", "transfers", "pairs", "pooled"] = Field(
        ...,
        description="cells: each alone; transfers: from one cell to another; pairs: the change "
        "between two; pooled: all at once",
    )
    cells: Names | None = Field(
        None,
        description="tasks cells and pooled: these alone, where config key cells is `all`",
    )
    transfer: Transfer | None = Field(None, description="task transfers: from where, which split")
    sequence: Count | None = Field(
        None, description="task pooled: bp of DNA around the TSS that models may read"
    )
    cross_validation: CrossValidation | None = Field(None, description="task pooled: folds")
    metric: Literal["auc", "pearson", "mse"] | None = Field(
        None, description="of comparisons; auc for labels, pearson for values if absent"
    )
    models: dict[ModelName, AnyModel] = Field(..., description="models by name")
    grid: Grid | None = Field(None, description="models in all combinations of settings")
    tables: Comparisons = Field({}, description="tables of models side by side")
    figures: Comparisons = Field({}, description="figures of models side by side")
    claims: list[AnyClaim] = Field([], description="what the paper says of its models, tested")
    losses: list[str] = Field([], description="nets whose training losses are drawn")
    attention: list[str] = Field([], description="nets whose self-attention is drawn")
    attributions: Attributions | None = Field(None, description="saliency of one model")
    mark_attention: MarkAttention | None = Field(None, description="task pairs: over marks")
    inputs: Inputs | None = Field(None, description="task pairs: the signals of one gene")
    gene_attributions: GeneAttributions | None = Field(
        None, description="task pooled: what one gene's prediction depends on"
    )
    named_cells: NamedCells | None = Field(
        None, description="task cells: cells that the paper names by rank"
    )
    controls: Controls | None = Field(
        None, description="controls that can fail, judged for all models"
    )
    gaps: Gaps | None = Field(
        None, description="task cells, labels: where gaps between printed numbers come from"
    )
    board: Board | None = Field(
        None, description="models of several studies side by side; not inherited"
    )

    @property
    def nets(self):
        """The nets among the models, by name."""
        return {name: model for name, model in self.models.items() if isinstance(model, Net)}

    @property
    def first_metric(self):
        """The metric that comparisons are made in."""
        return self.metric or ("auc" if self.data.has_labels else "pearson")

    @model_validator(mode="after")
    def check_in_paper(self):
        _check_in_paper(self)
        return self

    @model_validator(mode="after")
    def check_losses(self):
        kind = self.data.target.kind
        for name, net in self.nets.items():
            fits = [loss for loss, target in TARGET_OF_LOSS.items() if target == kind]
            if net.training.loss not in fits:
                raise fault(
                    f"training.loss {net.training.loss!r} does not fit the target {kind!r} of "
                    f"the study; use {' or '.join(fits)}",
                    f"models.{name}",
                )
            monitor = "auc" if self.data.has_labels else "pearson"
            if net.training.early_stopping.monitor not in (monitor, "loss", "none"):
                raise fault(
                    f"early_stopping.monitor {net.training.early_stopping.monitor!r} does not fit "
                    f"the target {kind!r} of the study; use {monitor}, loss or none",
                    f"models.{name}",
                )
            auxiliary = net.training.auxiliary
            labels = self.data.has_labels or (auxiliary and auxiliary.kind == "classification")
            if net.training.start_at_mean and labels:
                raise fault(
                    "training.start_at_mean is for values, not for labels: set it to false",
                    f"models.{name}",
                )
        return self

    @model_validator(mode="after")
    def check_models_named(self):
        """Each part that names models names some that the study has."""
        for place, named in self._named_models():
            for model in named:
                if model not in self.models:
                    raise fault(
                        f"names the unknown model {model!r}; {did_you_mean(model, self.models)}",
                        place,
                    )
        for model in self.losses:
            if model not in self.nets:
                raise fault(f"{model} is no net: it has no training loss", "losses")
        for model in self.attention:
            net = self.nets.get(model)
            if net is None or attends_to(net) != "positions":
                raise fault(
                    f"{model} has no self-attention over the positions of one cell", "attention"
                )
        if self.mark_attention:
            net = self.nets.get(self.mark_attention.model)
            if net is None or attends_to(net) != "marks":
                raise fault(
                    f"{self.mark_attention.model} has no attention over marks", "mark_attention"
                )
            for statement in self.mark_attention.statements:
                for mark in statement.marks:
                    known = self.data.marks or self.data.mark_order
                    if known and mark not in known:
                        raise fault(
                            f"names the mark {mark!r}; {did_you_mean(mark, known)}",
                            "mark_attention.statements",
                        )
        if self.attributions and self.attributions.model not in self.nets:
            raise fault(f"{self.attributions.model} is no net", "attributions")
        return self

    @model_validator(mode="after")
    def check_claims(self):
        """Rows of all cells, and means over cells, are of tasks that can hold cells out."""
        for claim in self.claims:
            tasks = {"cells"} if isinstance(claim, Bagging) else {"cells", "pooled"}
            on_rows = isinstance(claim, Better) and (claim.rows or claim.gap)
            if (on_rows or isinstance(claim, Bagging)) and self.task not in tasks:
                raise fault(
                    f"{' '.join(list_models_of_claim(claim.plain()))}: 'rows', 'gap' and "
                    f"'ensemble' are about held-out cells, which task {self.task} has not",
                    "claims",
                )
        return self

    def _named_models(self):
        for part in ("tables", "figures"):
            for name, block in getattr(self, part).items():
                yield f"{part}.{name}", block.models
                if block.relative_to_study is None:  # else see check_other_studies
                    yield f"{part}.{name}.relative_to", block.relative_to or []
                yield f"{part}.{name}.name_best", block.name_best or []
                for model, other in (block.against or {}).items():
                    yield f"{part}.{name}.against", [model, other]
        yield "losses", self.losses
        yield "attention", self.attention
        for model in self.gaps.printed if self.gaps else ():
            yield "gaps", [model]
        for claim in self.claims:
            yield "claims", list_models_of_claim(claim.plain())
        for part in PARTS_OF_A_MODEL:
            if getattr(self, part):
                yield part, [getattr(self, part).model]


# the kind of target (data.target.kind) that each loss of markexpr.losses fits
TARGET_OF_LOSS = {
    "cross_entropy": "median_label",
    "binary_cross_entropy": "median_label",
    "mean_squared_error": "expression",
}


def load_studies(folder, overrides, marks, built=None):
    """All study files of a `folder` as Study, by name, with the config's `overrides` laid over.

    marks: those of the configuration, which studies take that do not name their own; built: studies
    whose own must be among them; all if None. Raises InputError with one line
    that names the study, the key and, for a misspelt name, the nearest known.
    """
    files = {path.stem: path for path in sorted(Path(folder).glob("*.yaml"))}
    for name in overrides:
        if name not in files:
            raise InputError(
                f"config key 'overrides' names the unknown study {name!r}; "
                f"{did_you_mean(name, files)}"
            )
    written = {}
    for name, path in files.items():
        study = read_yaml(path)
        # in a variant, null takes away what it inherits as well
        changed = merge(study, overrides.get(name, {}), keep_none="base" in study)
        written[name] = retype(changed, texts=NAMING)
    studies = {}
    for name, path in files.items():
        place = f"config/studies/{path.name}" + (" with 'overrides'" if name in overrides else "")
        try:
            study = validated(Study, expand_grid(resolve_study(name, written)), place)
        except ValueError as error:
            raise InputError(f"{place}: {error}") from None
        if study.data.marks is None:
            study = with_marks(study, order_marks(marks, study.data.mark_order or []))
        elif built is None or name in built:
            _check_fixed_marks(name, study.data.marks, marks)
        studies[name] = study
    for name in studies:
        check_other_studies(name, studies)
    return studies


def order_marks(marks, first):
    """Marks, those of `first` in its order, and then the others in their own."""
    return [mark for mark in first if mark in marks] + [mark for mark in marks if mark not in first]


def with_marks(study, marks):
    """A study of these marks, without statements that cannot be judged by them (Statement)."""
    update = {"data": study.data.model_copy(update={"marks": marks})}
    shown, of_paper = study.mark_attention, study.data.mark_order
    if shown:
        statements = [
            statement
            for statement in shown.statements
            if set(statement.marks) <= set(marks)
            and (statement.ranks is None or set(marks) == set(of_paper or marks))
        ]
        update["mark_attention"] = shown.model_copy(update={"statements": statements})
    return study.model_copy(update=update)


def _check_fixed_marks(name, fixed, marks):
    for mark in fixed:
        if mark not in marks:
            raise InputError(
                f"study {name} is of the marks {', '.join(fixed)} (its data.marks), and {mark} is "
                f"not in config key 'marks' ({', '.join(marks)}): add it there and to your data, "
                "or take the line 'marks' out of the study"
            )


def check_other_studies(name, studies):
    """Raise InputError if a table or the board of a study names another one that is not there, or
    models that it lacks. studies: all, by name."""
    _check_board(name, studies)
    for place, block in studies[name].tables.items():
        other = block.relative_to_study
        if other is None:
            continue
        key = f"study {name}: tables.{place}"
        if other not in studies:
            raise InputError(
                f"{key}.relative_to_study names the unknown study {other!r}; "
                f"{did_you_mean(other, studies)}"
            )
        for model in block.relative_to:
            if model not in studies[other].models:
                raise InputError(
                    f"{key}.relative_to names {model!r}, which study {other} lacks; "
                    f"{did_you_mean(model, studies[other].models)}"
                )


def _check_board(name, studies):
    board = studies[name].board
    for task, block in board.tasks.items() if board else ():
        key = f"study {name}: board.tasks.{task}.studies"
        kinds = {}
        for other in block.studies.values():
            if other not in studies:
                raise InputError(
                    f"{key} names the unknown study {other!r}; {did_you_mean(other, studies)}"
                )
            if not studies[other].models:
                raise InputError(f"{key} names {other}, which has no models: take it out")
            kinds.setdefault(studies[other].data.has_labels, other)
            for rival, theirs in studies.items():
                held = theirs.board if rival != name else None
                if held and any(other in one.studies.values() for one in held.tasks.values()):
                    raise InputError(f"{key} names {other}, which is on the board of {rival}")
        if len(kinds) > 1:
            raise InputError(
                f"{key} names {kinds[True]}, which predicts labels, and {kinds[False]}, which "
                "predicts values: they are two tasks"
            )
