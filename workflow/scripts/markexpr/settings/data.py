"""What the models of a study see and are asked for: its blocks `paper` and `data`."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    model_validator,
)

from markexpr.settings.blocks import (
    Block,
    Count,
    Names,
    Number,
    OwnPath,
    Share,
    Whole,
)


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
