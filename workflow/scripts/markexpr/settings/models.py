"""The models of a study: nets, estimators, controls and given predictions."""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from markexpr.models.registry import ESTIMATORS, NETS
from markexpr.own_model import is_own
from markexpr.settings.blocks import (
    Block,
    Count,
    Names,
    NotEmpty,
    OwnPath,
    expand_path,
    fault,
    first_fault,
)
from markexpr.settings.reading import (
    TUNED,
    did_you_mean,
    merge,
)
from markexpr.settings.training import Training

InPaper = dict[NotEmpty, Any]


def refuse_unknown_paths(block):
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
        refuse_unknown_paths(self)
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
