"""Which files a cell's counts and expression are made from, by the kind of its source.

Imported by the Snakefile: no torch, no numpy.
"""

import re
from functools import cached_property
from pathlib import Path

from markexpr.data.assembly import first_length, name_assembly, read_chrom_sizes
from markexpr.io.jobs import InputError
from markexpr.settings.config import Source
from markexpr.settings.reading import choose

EXPRESSION = "results/raw/byDataType/rna/expression"
ALIGNMENTS = "results/raw/byFileType/alignments/consolidated"
SIMULATED_FILES = "results/simulated"
MIRROR = f"{SIMULATED_FILES}/mirror"  # the simulated one
GENES = "results/annotation/genes.tsv"
GENE_INFO = f"{EXPRESSION}/Ensembl_v65.Gencode_v10.ENSG.gene_info"
RPKM = f"{EXPRESSION}/57epigenomes.RPKM.pc.gz"
HG19_FASTA = "results/raw/hg19/hg19.fa.gz"
TABLES = {"rpkm": "RPKM", "n": "N"}  # REMC's names of data.target.expression

PUBLISHED_CSV = ("deepdiff_csv", "deepchrome_csv")
# published files bring counts of one window, so nothing can be counted around a gene's end
FIXED_WINDOW = (*PUBLISHED_CSV, "kaggle_npz")
# expression stands in the file that brings the counts
WITH_EXPRESSION = ("deepchrome_csv", "kaggle_npz")
PARTS = ("train", "valid", "test")  # the files of published csv

WILDCARD = re.compile(r"\{\s*[.\w]+\s*(,[^{}]*)?\}")  # what Snakemake takes for one


class Origins:
    """Where the data of each cell come from.

    config: markexpr.settings.config.Config; known: all cells that may be asked for; chrom_sizes:
    path of the table of chromosomes; samples: those of the sheet at path `sheet`
    (markexpr.settings.samples.Sample), by name; bundle: markexpr.bundles.bundle.Bundle, if models
    come from one.
    """

    def __init__(self, config, known, chrom_sizes, samples=None, sheet=None, bundle=None):
        self.config, self.known, self.chrom_sizes = config, known, chrom_sizes
        self.of_sheet, self.sheet, self.bundle = samples or {}, sheet, bundle

    @property
    def genes(self):
        """The table of all genes that can be counted."""
        return self.bundle.genes if self.bundle else GENES

    def source(self, cell):
        """The source of a cell's data (config key `sources`, or the sheet of samples). Raises
        InputError if unknown."""
        if cell in self.of_sheet:
            return self.of_sheet[cell].source
        if cell not in self.known:
            choose([cell], self.known, "cells", "config/cells.tsv or config key 'sources'")
        return self.config.sources.get(cell, Source(kind="remc"))

    def kinds(self, cells):
        """The kinds of source that some cells have."""
        return {self.source(cell).kind for cell in cells}

    def count_inputs(self, cell):
        """The files that a cell's counts are made from, by what they are."""
        source = self.source(cell)
        own = self.own_counts(cell)
        if source.kind in FIXED_WINDOW:
            return own
        if source.kind == "remc":
            self._require_hg19(
                f"REMC's alignments ({cell}) are",
                "leave REMC's cells out of config keys 'cells' and 'pairs', and studies that need "
                "them out of 'studies'",
            )
        remc = [f"{ALIGNMENTS}/{cell}-{mark}.tagAlign.gz" for mark in self.config.marks]
        return {
            "reads": remc if source.kind == "remc" else list(own.values()),
            "genes": self.genes,
            "chrom_sizes": self.chrom_sizes,
        }

    def own_counts(self, cell):
        """The files of a cell's own source, by mark or part; none for REMC's cells. Raises
        InputError for one that is not there."""
        source = self.source(cell)
        if source.kind == "remc":
            return {}
        if source.kind in PUBLISHED_CSV:
            return {part: self._published(cell, source, part) for part in PARTS}
        if source.paths:
            return {mark: self._own_of_mark(cell, source, mark) for mark in self.config.marks}
        path = source.path.replace("{cell}", cell)
        if source.kind == "kaggle_npz":
            return {"npz": self._own(cell, source, "path", path)}
        return {
            mark: self._own(cell, source, "path", path.replace("{mark}", mark))
            for mark in self.config.marks
        }

    def own_controls(self, cell):
        """The files of a sample's controls (input or IgG), by mark; none for other cells. Raises
        InputError for one that is not there."""
        sample = self.of_sheet.get(cell)
        controls = sample.controls if sample else {}
        return {
            mark: self._own(cell, sample.source, "control", path, text=path)
            for mark, path in controls.items()
            if mark in self.config.marks
        }

    def _own_of_mark(self, cell, source, mark):
        if mark not in source.paths and self.bundle:
            raise InputError(
                f"sheet {self.sheet}: {cell} has no file of {mark}, which the models of the bundle "
                f"{self.bundle.path} read: add a line for it"
            )
        if mark not in source.paths:
            raise InputError(
                f"{cell} has no file of {mark}, and config key 'marks' asks for it: add it, or "
                f"leave {mark} out of 'marks' and train without it"
            )
        return self._own(cell, source, "paths", source.paths[mark], text=source.paths[mark])

    def _published(self, cell, source, part):
        stem = {
            "deepdiff_csv": f"{cell}.{part}.csv",
            "deepchrome_csv": f"{cell}/classification/{part}.csv",
        }[source.kind]
        folder = Path(source.path.replace("{cell}", cell))
        if not folder.is_dir():
            raise InputError(
                f"config key 'sources': {cell} has no folder {folder}; check its 'path' "
                f"(kind {source.kind})"
            )
        return self._own(cell, source, "path", folder / stem, folder / f"{stem}.gz")

    def _own(self, cell, source, key, *paths, text=None):
        """The first of some paths that is there, as text. text: how it is written, if the source's
        key does not say."""
        there = [str(path) for path in paths if Path(path).exists()]
        place = f"sheet {self.sheet}" if cell in self.of_sheet else "config key 'sources'"
        wrong = f"{place}: {cell} has no file {paths[0]}"
        fix = f"check its '{key}' (kind {source.kind})"
        if not there:
            raise InputError(f"{wrong}{_why_missing(text or getattr(source, key))}; {fix}")
        if not Path(there[0]).is_file():
            kind = "a folder" if Path(there[0]).is_dir() else "no regular file"
            raise InputError(f"{wrong}: that is {kind}; {fix}")
        refuse_braces(there[0], f"{place}: {cell}")
        return there[0]

    def own_expression(self, cell):
        """The expression table that a cell's source brings, or None."""
        source = self.source(cell)
        if source.expression:
            return self._own(cell, source, "expression", source.expression.replace("{cell}", cell))
        return self._published(cell, source, "expr") if source.kind == "deepdiff_csv" else None

    def expression(self, cell, target):
        """The table that a cell's expression is read from: the source's own, else REMC's. An empty
        list if it stands with the counts. target: a study's data.target."""
        own = self.own_expression(cell)
        if own or self.source(cell).kind in WITH_EXPRESSION:
            return own or []
        return remc_expression(target)

    def can_serve(self, cells, data):
        """Whether the sources of some cells have what a study's `data` ask for: published csv have
        no reads around a gene's end, DeepDiff's bring counts and no RPKM, and REMC's reads are of
        hg19."""
        if "remc" in self.kinds(cells) and not self._is_hg19:
            return False
        if data.window.endswith("_flanks") and self.kinds(cells) & set(FIXED_WINDOW):
            return False
        needs_rpkm = data.target.expression == "rpkm" and not data.has_labels
        sources = [self.source(cell) for cell in cells]
        return not needs_rpkm or not any(
            source.kind == "deepdiff_csv" and not source.expression for source in sources
        )

    # ---- the genome ----

    @property
    def gene_table(self):
        """The file that genes are read from: REMC's, or an annotation of the user's."""
        if not self.config.own_annotation:
            fix = "name a GTF or GFF3 of that under config key 'annotation'"
            self._require_hg19("REMC's gene table is", fix)
            return GENE_INFO
        return _own_file(self.config.annotation, "annotation")

    @property
    def expressed(self):
        """The table that a study's genes must be in: REMC's RPKM, for REMC's gene table alone."""
        return [] if self.config.own_annotation else RPKM

    @property
    def fasta(self):
        """The sequence of the genome: UCSC's hg19, or a FASTA of the user's."""
        if self.config.genome_fasta == "hg19":
            self._require_hg19(
                "the sequence that models of DNA read is",
                "name a FASTA of that under config key 'genome_fasta'",
            )
            return HG19_FASTA
        return _own_file(self.config.genome_fasta, "genome_fasta")

    @property
    def own_fasta(self):
        """Whether the sequence is a file of the user's."""
        return self.config.genome_fasta != "hg19"

    @cached_property
    def _sizes(self):
        return read_chrom_sizes(self.chrom_sizes)

    @cached_property
    def _is_hg19(self):
        """Whether chromosome 1 is hg19's, or there is none to tell."""
        known = first_length(self._sizes) is not None and not self.config.simulated
        return not known or name_assembly(self._sizes) == "hg19"

    def _require_hg19(self, what, fix):
        """Raise InputError if the table of chromosomes is of another assembly: positions would be
        wrong without a sign. what: what is of hg19, with its verb; fix: what to do."""
        if self._is_hg19:
            return
        first = first_length(self._sizes)
        theirs = name_assembly(self._sizes) or f"another assembly (chromosome 1 has {first:,} bp)"
        raise InputError(
            f"{what} of hg19, and config key 'chrom_sizes' ({self.chrom_sizes}) is of "
            f"{theirs}: {fix}"
        )

    def refuse_bundle(self, what):
        """Raise InputError for what is asked for, and cannot be had, of models that are trained."""
        if self.bundle:
            raise InputError(
                f"{what} needs data to train on, and config key 'bundle' ({self.bundle.path}) is "
                "for `snakemake predict` alone: leave the key out"
            )

    # ---- downloads ----

    def mirrored(self, file):
        """Where the simulated mirror holds a `file` of results/raw/; nothing for a real mirror."""
        if not self.config.simulated:
            return []
        return f"{SIMULATED_FILES if file.startswith('hg19/') else MIRROR}/{file}"

    def url(self, file):
        """Where a `file` of results/raw/ is fetched from."""
        if self.config.simulated:
            return self.mirrored(file)
        if file.startswith("hg19/"):
            return file.replace("hg19", self.config.genome_mirror, 1)
        return f"{self.config.mirror}/{file}"


def _own_file(path, key):
    """A file that a config key names. Raises InputError if it is not there."""
    place = f"config key {key!r}"
    if not Path(path).exists():
        raise InputError(f"{place}: there is no file {path}{_why_missing(path)}")
    if not Path(path).is_file():
        raise InputError(f"{place}: {path} is no regular file")
    refuse_braces(path, place)
    return path


def remc_expression(target):
    """REMC's table of the expression that a study's target is made of."""
    return f"{EXPRESSION}/57epigenomes.{TABLES[target.expression]}.pc.gz"


def refuse_braces(path, place):
    """Raise InputError for a path of an input of which Snakemake takes a part for a wildcard.
    place: what names it, for the message."""
    if braces := WILDCARD.search(str(path)):
        raise InputError(
            f"{place}: Snakemake takes {braces[0]} in {path} for a wildcard: rename the folder or "
            "file, or give the path of a link to it"
        )


def _why_missing(path):
    """What of a path as it stands in the configuration may be why a file is not there."""
    left = [text for text in re.findall(r"\{[^{}]*\}", path) if text not in ("{mark}", "{cell}")]
    if left:
        return f" ({left[0]} is no placeholder: those are {{mark}} and {{cell}})"
    unset = re.search(r"\$(\w+|\{\w+\})", path)
    if unset:
        return f" (the environment variable {unset[0]} is not set)"
    return "" if path.startswith("/") else f" (in {Path.cwd()})"
