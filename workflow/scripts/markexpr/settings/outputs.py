"""What a study shows of its models: tables, figures, attributions, boards, controls."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    model_validator,
)

from markexpr.settings.blocks import (
    Block,
    Count,
    Names,
    NotEmpty,
    Number,
    Positive,
    fault,
)
from markexpr.settings.reading import (
    did_you_mean,
)

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
