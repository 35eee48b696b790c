"""The configuration as a typed model: config/config.yaml and what is laid over it.

Types, defaults and descriptions stand here once: config/config.yaml and docs/configuration.md are
made from them (`make docs`), and a test holds both in step.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from markexpr.io.jobs import InputError
from markexpr.io.mirrors import hide_secret
from markexpr.settings.blocks import (
    Block,
    Count,
    Names,
    NotEmpty,
    Number,
    OwnPath,
    Positive,
    Whole,
    expand_path,
    fault,
    name,
    names,
    once,
    validated,
)
from markexpr.settings.reading import NAMING, choose, retype
from markexpr.settings.units import name_unit

CELL_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.]*$"
MARK = r"^[A-Za-z][0-9A-Za-z.]*$"
Seed = Annotated[Whole, Field(ge=0, le=4294967295)]
Scale = Literal["none", "log2p1", "log10p1", "log1p", "arcsinh"]

Unit = Annotated[str, BeforeValidator(name_unit)]

PUBLISHED = ("deepdiff_csv", "deepchrome_csv", "kaggle_npz")  # kinds that have all marks in one


class Source(Block):
    """Where a cell's data come from, if not from REMC's alignments and tables."""

    kind: Literal[
        "remc", "tagalign", "bam", "bigwig", "deepdiff_csv", "deepchrome_csv", "kaggle_npz"
    ] = Field(
        ...,
        description="remc: the mirror, the default of every cell. tagalign (any BED as well), bam "
        "(or CRAM): your own alignments (hg19). bigwig: signal tracks; the mean of each bin, which "
        "is no count and is marked so. deepdiff_csv: a folder with DeepDiff's published "
        "{cell}.{train,valid,test}.csv[.gz] and {cell}.expr.csv[.gz] (gene id, raw count). "
        "deepchrome_csv: a folder with DeepChrome's published "
        "{cell}/classification/{train,valid,test}.csv[.gz] (labels). kaggle_npz: the class "
        "competition's train.npz or eval.npz (expression)",
    )
    path: OwnPath | None = Field(
        None,
        description="a file or folder; {mark} stands for each of the marks, {cell} for the cell. "
        "~ and environment variables are spelt out; a relative path is looked up in the working "
        "directory",
    )
    paths: dict[name(MARK), OwnPath] | None = Field(
        None,
        description="in place of path, for tagalign, bam and bigwig: the file of each mark, as "
        "{H3K4me3: /data/a.bam, H3K27me3: /data/b.bam}",
    )
    expression: OwnPath | None = Field(
        None,
        description="a table of gene id and value (comma or tab, no header), for tagalign, bam and "
        "bigwig; without it, the cell must be one of REMC's. For deepdiff_csv: in place of its "
        "raw counts",
    )
    expression_scale: Scale | None = Field(
        None,
        description="how the values of that table were transformed; log2p1 for kaggle_npz",
    )
    expression_unit: Unit | None = Field(
        None,
        description="what that table is in, in plain values: RPKM, FPKM, TPM, CPM, read count, or "
        "a word of your own. Where cells meet, in a pair or a pooled model, their units must be "
        "one; REMC's are RPKM and read count",
    )
    # of no number that is made of the cell alone, so that counts and tensors do not depend on it
    tissue: name(CELL_NAME) | None = Field(
        None,
        exclude=True,
        description="the tissue that the cell is of, as LIVER in config/cells.tsv or a word of "
        "your own. Cells of one tissue are averaged by the control tissue_mean and left out "
        "together by the split scheme tissue. Without it, a cell that is none of REMC's is alone "
        "in its tissue",
    )
    min_mapping_quality: Annotated[Whole, Field(ge=0, le=255)] | None = Field(
        None, description="bam: reads below it are left out"
    )
    drop_duplicates: bool | None = Field(
        None, description="bam: leave out reads that are marked as duplicates"
    )
    fragments: bool | None = Field(
        None,
        description="bam, of paired ends: count each proper pair once, over its whole fragment, "
        "and no other read. Without it both mates of a pair count, as 2 reads",
    )

    @model_validator(mode="after")
    def check_kind(self):
        named = self.model_fields_set - {"kind"}
        if self.kind == "remc" and named:
            raise ValueError("kind remc takes no other key: the mirror is config key 'mirror'")
        by_mark = self.kind in ("tagalign", "bam", "bigwig")
        if self.kind != "remc" and self.path is None and not (by_mark and self.paths):
            raise fault("'path' is missing")
        if self.paths is not None and (self.path is not None or not by_mark):
            raise fault("'paths' stands in place of 'path', for tagalign, bam and bigwig", "paths")
        if self.kind != "bam" and named & {"min_mapping_quality", "drop_duplicates", "fragments"}:
            raise ValueError("min_mapping_quality, drop_duplicates and fragments are of kind bam")
        of_expression = named & {"expression", "expression_scale", "expression_unit"}
        if self.kind == "deepchrome_csv" and of_expression:
            raise ValueError("published csv bring their own labels: take 'expression' away")
        if by_mark and of_expression and not self.expression:
            key = sorted(of_expression)[0]
            raise ValueError(
                f"{key} is of a table of your own, and the source names none by 'expression'"
            )
        if by_mark and self.path and "{mark}" not in self.path:
            raise fault(
                f"{self.path!r} must name the place of the mark by {{mark}}, for example "
                "/data/{mark}.bam",
                "path",
            )
        if self.kind in PUBLISHED and "{mark}" in self.path:
            raise fault("a source of this kind has all marks: take {mark} away", "path")
        return self


MODEL_NAME = r"^[a-z0-9_]+/[a-z0-9_]+$"
ModelNames = names(MODEL_NAME)
NoOrModelNames = Annotated[list[name(MODEL_NAME)], BeforeValidator(once)]


class Predict(Block):
    """What `snakemake predict` predicts the samples of the sheet by."""

    models: ModelNames = Field(
        ["dense_ensemble/densenet", "deepchrome/deepchrome"],
        description="Trained models, as study/model: of values (log2(RPKM + 1)) and of labels (the "
        "probability of high expression). All that a model was trained on, cells and seeds, "
        "predicts, and the mean is taken.",
    )
    changes: NoOrModelNames = Field(
        ["deepdiff/raw_d", "deepdiff/ridge"],
        description="Models of the change between two cells, for samples of two groups. An empty "
        "list: none.",
    )
    match: Literal["auto", "none", "quantile"] = Field(
        "auto",
        description="Whether the distribution of each mark's counts is mapped to that of the "
        "training cells (their mean quantiles) before models see it. quantile: it is. none: it is "
        "not, and signal tracks (bigWig) are refused where models were trained on reads. auto: it "
        "is for such tracks alone. results/predictions/matching.tsv has what that changes for "
        "cells that were held out.",
    )
    genes: Annotated[list[NotEmpty], BeforeValidator(once)] | None = Field(
        None,
        description="Names or ids of the genes of which each sample's page shows signals and "
        "attributions. Without it, the three that are predicted highest, of those that no model "
        "was trained on.",
    )


Partition = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.,-]*$")] | None


class Partitions(Block):
    """Names of a cluster's partitions; null is its default."""

    cpu: Partition = Field(None, description="for jobs on CPUs")
    gpu: Partition = Field(None, description="for jobs that ask for a GPU")
    network: Partition = Field(
        None, description="for downloads; null: the machine that runs snakemake"
    )


class Bootstrap(Block):
    """Intervals of scores: 95 %, percentile bootstrap over genes."""

    replicates: Annotated[Whole, Field(ge=100)] = Field(1000, description="draws of the genes")
    seed: Annotated[Whole, Field(ge=0)] = Field(1, description="of the draws")


class Simulate(Block):
    """The simulated mirror (mirror: simulated)."""

    seed: Annotated[Whole, Field(ge=0)] = Field(1, description="of all that is drawn")
    genes: Annotated[Whole, Field(ge=50)] = Field(
        900, description="Genes in all. The real table has 19,795."
    )
    depth: Positive = Field(
        1.0,
        description="Mean reads per 100 bp bin scale with this; 1.0 is about the depth of E003.",
    )
    shift: Annotated[Number, Field(ge=0)] = Field(
        0.0,
        description="Above 0, cells differ in depth, background and width of peaks, the more the "
        "larger (1 is about as much as REMC's cells do).",
    )
    dna: Annotated[Number, Field(ge=0, le=0.5)] = Field(
        0.08,
        description="Share of the variance of expression that the promoter's sequence tells, and "
        "no mark.",
    )
    level: Literal["reads", "counts"] = Field(
        "reads",
        description="reads: an alignment of each mark, which is counted as a real one is. counts: "
        "no reads, but what counting would find in each bin: for trials at full scale, of 56 cells "
        "in minutes. Neighbouring genes do not show in each other's windows then.",
    )
    null: bool = Field(
        False,
        description="true cuts the link from expression to marks, so that no model can do better "
        "than chance.",
    )


ALL = Literal["all"]
NO_BUNDLE = "none"
MARKS = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]


class Config(Block):
    """What to build, and from where. Every key has a default."""

    studies: Names = Field(
        ["deepchrome"],
        description="Studies to build by `snakemake` without a target. One file each in "
        "config/studies/; `snakemake deepchrome` builds one alone.",
    )
    cells: ALL | Names = Field(
        "all",
        description="Epigenomes to build: `all` for the 56 of config/cells.tsv, or a list of REMC "
        "ids and of your own names under `sources`.",
    )
    pairs: ALL | Names = Field(
        "all",
        description="Cell pairs A-B for studies of differential expression: `all` for those of "
        "config/pairs.tsv (ten) whose cells are both among `cells`, or a list of any two cells or "
        "samples of your own, like [E123-E003, liver1-liver2]; these are built whatever `cells` "
        "says.",
    )
    seeds: Annotated[list[Seed], Field(min_length=1), BeforeValidator(once)] = Field(
        [1],
        description="Seeds of every fit. Each seed is one more training run per model and unit; "
        "metrics keep them apart.",
    )
    mirror: NotEmpty = Field(
        "https://egg2.wustl.edu/roadmap/data",
        description="Where REMC's `roadmap/data/` tree is: a URL (https://... or file:///...), a "
        "folder, or `simulated` for the small simulated mirror that the pipeline makes itself "
        "(see `simulate` below, and config/demo.yaml). docs/data.md says how to give a login.",
    )
    allow_http: bool = Field(
        False,
        description="true lets `mirror` and `genome_mirror` be http://, which anyone on the way "
        "can change. Redirects from https never lead to http.",
    )
    genome_mirror: NotEmpty = Field(
        "https://hgdownload.soe.ucsc.edu/goldenPath/hg19/bigZips",
        description="Where UCSC's hg19 `bigZips/` folder is (hg19.fa.gz). Only asked for by models "
        "that read DNA. Ignored if `mirror: simulated`.",
    )
    genome_fasta: OwnPath = Field(
        "hg19",
        description="The genome that models of DNA read: `hg19` of `genome_mirror`, or a FASTA of "
        "your own (plain or gzipped; it needs no index), for another genome.",
    )
    chrom_sizes: OwnPath = Field(
        "config/hg19.chrom.sizes",
        description="Chromosome names and lengths of the assembly of the alignments, or the index "
        "of its FASTA (.fai). A relative path is looked up beside the Snakefile; hg38 and mm39 "
        "come with the project. Genes of main chromosomes are counted (1, 2L, X, IV and the like), "
        "not those of sequences that are not placed, or of mitochondria.",
    )
    annotation: OwnPath = Field(
        "remc",
        description="Where genes are: `remc` for REMC's gene table (hg19, Ensembl 65), or a GTF or "
        "GFF3 of GENCODE, Ensembl or RefSeq (plain or gzipped), of any genome. With one of your "
        "own, a study takes the genes of its biotypes (data.genes); that a gene must be in REMC's "
        "table of RPKM is not asked, and a gene without a value in a cell is left out of that "
        "cell. Nothing of REMC is fetched then but for REMC's cells (docs/data.md).",
    )
    tss: Literal["gene_start", "canonical"] = Field(
        "gene_start",
        description="What a gene's TSS is, in an annotation of your own: gene_start, its 5' end, "
        "as in REMC's table; canonical, the 5' end of its MANE Select transcript, else of the one "
        "tagged Ensembl canonical or RefSeq Select, else of the longest tagged basic. A gene "
        "without any has its own 5' end.",
    )
    marks: names(MARK) = Field(
        MARKS,
        description="The histone marks to count, in the order of results/counts. Every study is "
        "built of these, in the order of its paper, unless its file names `data.marks` of its own.",
    )
    sources: dict[name(CELL_NAME), Source] = Field(
        {},
        description="Where a cell's data come from, if not from REMC's alignments and tables. One "
        "entry per cell, for example\n"
        "  E003: {kind: deepdiff_csv, path: /data/deepdiff}\n"
        '  liver1: {kind: bam, path: "/data/liver1/{mark}.bam", expression: '
        "/data/liver1/rpkm.tsv}\n"
        "docs/data.md lists every kind of source.",
    )
    samples: OwnPath = Field(
        "config/samples.tsv",
        description="The sheet of your own samples, which `snakemake predict` predicts "
        "(docs/own_samples.md). A relative path is looked up in the working directory, then beside "
        "the Snakefile.",
    )
    predict: Predict = Field(Predict(), description="What samples of the sheet are predicted by.")
    bundle: OwnPath = Field(
        NO_BUNDLE,
        description="A bundle of trained models that `snakemake export` made: its folder, a file "
        "in it, or a .tar.gz or .zip of it. `snakemake predict` takes its models, marks, genes and "
        "chromosomes from it, and needs no data to train on (docs/bundle.md). none: models are "
        "trained here.",
    )
    count_engine: Literal["bedtools", "sweep"] = Field(
        "bedtools",
        description="How reads are counted: `bedtools` (intersect -sorted -c), or `sweep`, which "
        "goes over sorted arrays and gives the same counts in 0.4 to 0.65 of the time "
        "(tests/benchmarks/count.py compares them).",
    )
    tss_check: Annotated[Number, Field(ge=0)] = Field(
        3,
        description="H3K4me3 peaks at active promoters in any cell. A cell whose mean count within "
        "1 kb of the TSS is less than so many times that of the window's outer parts is refused: "
        "its alignments and the gene table are of different assemblies, or the marks mixed up (7 "
        "to 18 in REMC's E003 and E123; other marks stay below 2.2 there). Of other marks with a "
        "shape of their own (H3K36me3 is low at the TSS, H3K4me1 and acetylations are high, none "
        "but these peaks as H3K4me3 does) it is warned if they have not got it. 0 checks nothing.",
    )
    overrides: dict[str, dict[str, Any]] = Field(
        {},
        description="Changes to single keys of a study's file, without editing it:\n"
        "  overrides: {deepchrome: {models: {deepchrome: {training: {epochs: 5}}}}}",
    )
    gpu: Literal["auto"] | bool = Field(
        "auto",
        description="GPU use of training jobs. auto: ask for one where there is one: `nvidia-smi` "
        "lists it on the machine that runs snakemake or, where jobs are submitted to Slurm, "
        "`sinfo` lists it in the gpu partition below (in the default one, if none is named). true: "
        "always ask; false: never. How many GPUs may be used at once is the profile's `resources: "
        "gpu=`. Switching this reruns nothing.",
    )
    fits_per_gpu: Annotated[Whole, Field(ge=1, le=10)] = Field(
        1,
        description="How many fits share a GPU on one machine, up to 10. The nets are small: one "
        "alone leaves most of a large GPU idle. 1: each holds its GPU alone. On Slurm, the profile "
        "says how GPUs are shared (profiles/slurm). Reruns nothing.",
    )
    partitions: Partitions = Field(
        Partitions(),
        description="Names of your cluster's partitions (`sinfo` lists them), for jobs on CPUs, "
        "jobs that ask for a GPU, and downloads. null: the cluster's default partition; for "
        "downloads, the machine that runs snakemake, since nodes of many clusters do not reach the "
        "internet. What each rule asks for is in config/resources.tsv. Without a cluster this does "
        "nothing.",
    )
    train_threads: Count = Field(
        1,
        description="Threads of one training job on CPU. The nets are small: many jobs side by "
        "side finish sooner than few wide ones. Results are equal to the bit only for equal "
        "numbers of threads.",
    )
    bootstrap: Bootstrap = Field(
        Bootstrap(), description="95 % intervals of every score: percentile bootstrap over genes."
    )
    simulate: Simulate = Field(
        Simulate(),
        description="The simulated mirror (mirror: simulated), drawn from a generative model with "
        "known truth; see docs/data.md.",
    )

    @model_validator(mode="after")
    def check_mirrors(self):
        for key in ("mirror", "genome_mirror"):
            place = getattr(self, key)
            if not self.allow_http and re.match(
                "(?!https:|file:)[a-z][a-z0-9+.-]*://", place, re.IGNORECASE
            ):
                raise InputError(
                    f"config key {key!r}: {place} is not https, so that anyone on the way can "
                    "change what comes; take https, or say allow_http: true"
                )
        for cell, source in self.sources.items():
            if self.simulated and source.kind != "remc":
                raise InputError(
                    f"config key 'sources': {cell} has data of its own, which do not mix with "
                    "'mirror: simulated'; set 'mirror', or leave the cell out"
                )
        return self

    @model_validator(mode="after")
    def check_genome(self):
        for key, default in (("annotation", "remc"), ("genome_fasta", "hg19")):
            if self.simulated and getattr(self, key) != default:
                raise InputError(
                    f"config key {key!r}: the simulated mirror brings a genome of its own; set "
                    f"'mirror', or take {key!r} away"
                )
        if self.tss != "gene_start" and not self.own_annotation:
            raise InputError(
                f"config key 'tss': {self.tss} is of transcripts, which REMC's gene table has not; "
                "name a GTF or GFF3 under 'annotation'"
            )
        return self

    @model_validator(mode="after")
    def check_names(self):
        check_cell_names(self.sources)
        return self

    @property
    def has_bundle(self):
        """Whether models come from a bundle."""
        return self.bundle != NO_BUNDLE

    @property
    def simulated(self):
        """Whether the mirror is the simulated one."""
        return self.mirror == "simulated"

    @property
    def own_annotation(self):
        """Whether genes come from an annotation of the user's, and not from REMC."""
        return self.annotation != "remc"

    @property
    def simulates_counts(self):
        """Whether it has counts in place of reads."""
        return self.simulated and self.simulate.level == "counts"


LONGEST_NAME = 60  # a pair's folder has two of them, and names of files end at 255 characters


def check_cell_names(cells):
    """Raise InputError for names of cells that cannot stand side by side: their files would be the
    same where disks do not tell capitals from small letters, or have too long a name."""
    known = {}
    for cell in cells:
        other = known.setdefault(cell.lower(), cell)
        if other != cell:
            raise InputError(
                f"config key 'sources': {other} and {cell} differ in capitals alone, which some "
                "disks do not tell apart: rename one of them"
            )
        if len(cell) > LONGEST_NAME:
            raise InputError(
                f"config key 'sources': the name {cell} has {len(cell)} characters, and may have "
                f"{LONGEST_NAME}"
            )


def load_config(given):
    """The configuration from what Snakemake collected of files and the command line.

    Raises InputError with one line that names the key.
    """
    for key, value in given.items():
        if value is None or value == "":
            raise InputError(
                f"config key {key!r} is empty: give it a value, or remove its line to have the "
                "default of config/config.yaml"
            )
    return validated(Config, _normalise(given), "config")


def _normalise(given):
    """What was given, with single names made lists (cells=E003,E123), paths made URLs and text
    from the command line made numbers."""
    config = {
        key: value if key in ("sources", *TEXTS, *LISTS) else retype(value, texts=NAMING)
        for key, value in given.items()
    }
    for key in LISTS:
        value = config.get(key)
        if isinstance(value, str) and value != "all":
            config[key] = [part.strip() for part in value.split(",") if part.strip()]
        elif isinstance(value, (int, float)):
            config[key] = [value]
    if "seeds" in config:
        config["seeds"] = retype(config["seeds"])
    for key in ("mirror", "genome_mirror"):
        if isinstance(config.get(key), str):
            place = expand_path(config[key]).rstrip("/")
            # one spelling for one place: another would fetch everything again. A % of a path is
            # one, where a URL would begin a sign by it
            if "://" not in place and place != "simulated":
                place = "file://" + str(Path(place).absolute()).replace("%", "%25")
            config[key] = hide_secret(place)
    if "sources" in config:
        config["sources"] = retype(
            config["sources"], texts=("path", "expression", "expression_unit")
        )
    return config


LISTS = ("cells", "pairs", "studies", "marks", "seeds")
TEXTS = (
    "mirror",
    "genome_mirror",
    "genome_fasta",
    "chrom_sizes",
    "annotation",
    "samples",
    "bundle",
)


def choose_pairs(asked, listed, known_cells, built=None):
    """The pairs A-B of cells that a config asks for: any two known cells, or for `all` those
    listed, of the cells that are built.

    built: cells that the config names, None if it takes all. Raises InputError for a pair that is
    none, or of an unknown cell.
    """
    if asked == "all":
        return [pair for pair in listed if built is None or set(pair.split("-")) <= set(built)]
    for pair in asked:
        cells = pair.split("-")
        if len(cells) != 2 or cells[0] == cells[1]:
            raise InputError(f"config key 'pairs': {pair!r} is not two different cells A-B")
        choose(cells, known_cells, "pairs", "config/cells.tsv or config key 'sources'")
    return list(asked)
