"""A study as a typed model: one task on one data setting, with its models and outputs.

Types, defaults and descriptions stand here and in the modules of its blocks once;
docs/configuration.md is made from them. What a task asks of its study stands in markexpr.tasks.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    model_validator,
)

from markexpr.io.jobs import InputError
from markexpr.settings.blocks import (
    Block,
    Count,
    Names,
    Whole,
    fault,
    validated,
)
from markexpr.settings.claims import AnyClaim, Bagging, Better
from markexpr.settings.data import Chromosome, Data, Paper, Random
from markexpr.settings.grids import expand_grid
from markexpr.settings.models import AnyModel, InPaper, Net, attends_to, refuse_unknown_paths
from markexpr.settings.outputs import (
    Attributions,
    Board,
    Comparison,
    Controls,
    Gaps,
    GeneAttributions,
    Inputs,
    MarkAttention,
    NamedCells,
)
from markexpr.settings.reading import (
    NAMING,
    PARTS_OF_A_MODEL,
    did_you_mean,
    list_models_of_claim,
    merge,
    read_yaml,
    resolve_study,
    retype,
)


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
        refuse_unknown_paths(self)
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
