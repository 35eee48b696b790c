"""Tensors on disk to the samples that models train on and predict for."""

import hashlib
import json
from dataclasses import dataclass, field, replace

import numpy as np

from markexpr.data.annotation import read_genes
from markexpr.data.measured import Measured, check_alike, describe
from markexpr.data.residuals import take_residual
from markexpr.data.splits import (
    SPLITS,
    UNLABELLED,
    UNSEEN,
    choose_fold,
    leave_out,
    split_by_gene,
)
from markexpr.data.views import apply_view
from markexpr.io.jobs import InputError


@dataclass(frozen=True)
class Samples:
    """What one model is trained on and tested with; one row a gene in a cell.

    inputs: from the name of a model's argument to its array, first axis [samples] (`marks`: float32
    [samples, marks, bins])
    target: float32 [samples], NaN where it is hidden; split: str [samples], train, valid, test or
    unlabelled; gene_id, cell: str [samples]
    mark_names: the names along the marks axis; measured_in: the units of expression and of counts,
    by name; normalise: how inputs were made of counts; measured: all of how the cell was measured,
    of several cells that of the first
    auxiliary: further targets by name, float32 [samples] (`a`, `b`: of each cell of a pair)
    offset: what was taken from the target, float32 [samples], and belongs to a prediction (the
    model's key `residual`), or None; told: from each cell to the genes whose values had a part in
    the offsets of other cells' samples
    by_gene: inputs that are a gene's own whatever the cell, first axis [genes] (`sequence`: uint8
    [genes, bp]), and gene: int64 [samples], the row of each sample in them
    """

    inputs: dict
    target: np.ndarray
    split: np.ndarray
    gene_id: np.ndarray
    cell: np.ndarray
    mark_names: list
    auxiliary: dict = field(default_factory=dict)
    measured_in: dict = field(default_factory=dict)
    normalise: str = ""
    measured: Measured | None = None
    by_gene: dict = field(default_factory=dict)
    gene: np.ndarray | None = None
    offset: np.ndarray | None = None
    told: dict = field(default_factory=dict)

    def index(self, split):
        """Positions of the samples of one split, int64."""
        return np.flatnonzero(self.split == split)

    def where(self, keep, **changes):
        """The samples where `keep` (bool [samples]) holds; `changes` replaces arrays of theirs."""
        rows = {name: getattr(self, name)[keep] for name in ("target", "split", "gene_id", "cell")}
        named = {
            part: {name: values[keep] for name, values in getattr(self, part).items()}
            for part in ("inputs", "auxiliary")
        }
        for name in ("gene", "offset"):
            values = getattr(self, name)
            rows[name] = None if values is None else values[keep]
        return replace(self, **{**rows, **named, **changes})

    def digest(self):
        """Hash of all that training sees, so that a checkpoint is never resumed on other data."""
        content = hashlib.sha256()
        for arrays in (self.inputs, self.auxiliary, self.by_gene):
            for name in sorted(arrays):
                content.update(name.encode())
                # without a copy: a pooled study has 2 GB
                content.update(memoryview(np.ascontiguousarray(arrays[name])).cast("B"))
        content.update(self.target.tobytes())
        content.update("".join(self.split).encode())
        return content.hexdigest()


def load(how, inputs):
    """The samples of a job, from what the plan says of them and the job's input files by name.

    how: `kind`, and what it takes:
    cell: input `cell`
    pair: inputs `a` and `b`; `labels` as for load_pair
    pooled: inputs `cells` (several) and, for a model of DNA, `sequence`; `fold` as for load_pooled
    transfer: inputs `source` and `target`, as far as `trained_on` takes them, and `genes`, the
    study's genes, which `split` splits anew; `trained_on` and `source_genes` as for load_transfer

    It takes what in_run does as well. A model's `view` (markexpr.data.views) is made of input
    `reference` and `genes` as well, and `residual`, with its `tissues`, of input `others`.
    """
    samples = in_run(_load(how, inputs), how)
    if "view" in how:
        genes = read_genes(inputs["genes"]) if inputs.get("genes") else None
        reference = load_cell(inputs["reference"]) if inputs.get("reference") else None
        samples = apply_view(samples, how["view"], genes, reference)
    if "residual" in how:
        samples = take_residual(samples, inputs["others"], how["residual"].get("tissues"))
    return samples


def in_run(samples, how):
    """Samples with the split that they have in one of several runs on the same tensors.

    how: test_fold (0-3), the fold of chromosomes that tests here, where each does in turn;
    left_out, the cells whose genes all test here, where the cells of each tissue are left out in
    turn. Without either they are as they are.
    """
    samples = in_fold(samples, how.get("test_fold"))
    if "left_out" not in how:
        return samples
    return replace(samples, split=leave_out(samples.split, samples.cell, how["left_out"]))


def in_fold(samples, fold):
    """Samples whose split holds folds of chromosomes, with the split in which one of them tests;
    fold None: as they are."""
    return samples if fold is None else replace(samples, split=choose_fold(samples.split, fold))


def _load(how, inputs):
    kind = how["kind"]
    if kind == "cell":
        return load_cell(inputs["cell"])
    if kind == "pair":
        return load_pair(inputs["a"], inputs["b"], how["labels"])
    if kind == "pooled":
        return load_pooled(inputs["cells"], inputs.get("sequence"), how["fold"])
    if kind == "transfer":
        return load_transfer(
            how["trained_on"],
            how.get("source_genes", "all"),
            split_by_gene(how["split"], read_genes(inputs["genes"])),
            source=inputs.get("source"),
            target=inputs.get("target"),
        )
    raise ValueError(f"unknown kind of samples {kind!r}")


def list_tensors(how, inputs):
    """The tensors that the samples of a job are made of, in their order: paths of
    results/tensors/{study}/{cell}.npz. how, inputs: as for load."""
    if how["kind"] == "pooled":
        return list(inputs["cells"])
    roles = {"cell": ["cell"], "pair": ["a", "b"], "transfer": ["source", "target"]}[how["kind"]]
    return [inputs.get(role) for role in roles if inputs.get(role)]


def load_cell(path):
    """The samples of one cell from results/tensors/{study}/{cell}.npz. Raises InputError for values
    that are not finite."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in ("X", "target", "split", "gene_id", "marks")}
        provenance = json.loads(str(file["provenance"]))
    for name in ("X", "target"):
        bad = np.argwhere(~np.isfinite(arrays[name]))
        if bad.size:
            raise InputError(
                f"{path}: {name} of gene {arrays['gene_id'][bad[0][0]]} is not finite; "
                "delete the file to build it anew"
            )
    return Samples(
        inputs={"marks": arrays["X"]},
        target=arrays["target"],
        split=arrays["split"],
        gene_id=arrays["gene_id"],
        cell=np.full(len(arrays["target"]), provenance["cell"]),
        mark_names=[str(mark) for mark in arrays["marks"]],
        measured_in={name: provenance.get(name, "") for name in ("expression_unit", "counts_unit")},
        normalise=provenance.get("data", {}).get("normalise", ""),
        measured=describe(provenance, arrays["marks"], arrays["X"].shape[2], path),
    )


def load_unseen(path, sequence=None):
    """The inputs of a sample of which no expression is known, from
    results/predictions/inputs/{predictor}/{sample}.npz: targets are NaN, and all genes are of split
    `unseen`. sequence: as for load_pooled."""
    with np.load(path) as file:
        marks, gene_id, names = file["X"], file["gene_id"], file["marks"]
        provenance = json.loads(str(file["provenance"]))
    if not np.isfinite(marks).all():
        raise InputError(f"{path} holds a value that is not finite; delete the file")
    samples = Samples(
        inputs={"marks": marks},
        target=np.full(len(gene_id), np.nan, dtype=np.float32),
        split=np.full(len(gene_id), UNSEEN),
        gene_id=gene_id,
        cell=np.full(len(gene_id), provenance["cell"]),
        mark_names=[str(mark) for mark in names],
        normalise=provenance["data"]["normalise"],
        measured=describe(provenance, names, marks.shape[2], path),
    )
    if sequence is None:
        return samples
    return replace(
        samples,
        by_gene={"sequence": read_sequence(sequence, gene_id)},
        gene=np.arange(len(gene_id)),
    )


def pair_unseen(first, second):
    """The change from one sample to another, as load_pair, of samples by load_unseen."""
    check_alike(first.measured, second.measured, "compared")
    shared, rows_a, rows_b = np.intersect1d(first.gene_id, second.gene_id, return_indices=True)
    if not shared.size:
        raise InputError(f"{first.cell[0]} and {second.cell[0]} have no gene in common")
    order = np.argsort(rows_a)
    rows_a, rows_b = rows_a[order], rows_b[order]
    inputs = {"a": first.inputs["marks"][rows_a], "b": second.inputs["marks"][rows_b]}
    cell = f"{first.cell[0]}-{second.cell[0]}"
    keep = np.isin(np.arange(len(first.gene_id)), rows_a)
    return replace(first.where(keep, cell=np.full(len(rows_a), cell)), inputs=inputs)


def joined(first, second):
    """The samples of two cells one after the other. Raises InputError if they are not alike."""
    check_alike(first.measured, second.measured, "trained on together")
    rows = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("target", "split", "gene_id", "cell")
    }
    inputs = {
        name: np.concatenate([values, second.inputs[name]]) for name, values in first.inputs.items()
    }
    return replace(first, inputs=inputs, **rows)


def load_pair(a, b, labels=False):
    """The samples of a pair of cells, from their tensors: genes that both have, in the order of A.

    Inputs `a` and `b`; the target is the difference B - A of the cells' own, which is the log2 fold
    change if those are log2(N + 1) (the authors' code of DeepDiff); auxiliary targets are the
    cells' own, or with `labels` whether they are at or above the cell's median (Appendix 1.6).
    Raises InputError if the cells share no gene, put one in different splits, or are in different
    units.
    """
    first, second = load_cell(a), load_cell(b)
    check_alike(first.measured, second.measured, "subtracted")
    shared, rows_a, rows_b = np.intersect1d(first.gene_id, second.gene_id, return_indices=True)
    if not shared.size:
        raise InputError(
            f"{a} and {b} have no gene in common ({first.gene_id[0]}…, {second.gene_id[0]}…)"
        )
    order = np.argsort(rows_a)
    rows_a, rows_b = rows_a[order], rows_b[order]
    split = first.split[rows_a]
    other = np.flatnonzero(split != second.split[rows_b])
    if other.size:
        raise InputError(
            f"{a} and {b} put gene {first.gene_id[rows_a[other[0]]]} in different splits: a "
            "pair needs one split for both cells"
        )
    for part in SPLITS:
        if part in first.split and part not in split:
            raise InputError(f"{a} and {b} have no {part} gene in common")
    own = {"a": first.target, "b": second.target}
    if labels:
        own = {
            cell: (values >= np.median(values)).astype(np.float32) for cell, values in own.items()
        }
    return Samples(
        inputs={"a": first.inputs["marks"][rows_a], "b": second.inputs["marks"][rows_b]},
        target=second.target[rows_b] - first.target[rows_a],
        split=split,
        gene_id=first.gene_id[rows_a],
        cell=np.full(len(split), f"{first.cell[0]}-{second.cell[0]}"),
        mark_names=first.mark_names,
        auxiliary={"a": own["a"][rows_a], "b": own["b"][rows_b]},
        normalise=first.normalise,
        measured=first.measured,
    )


def load_pooled(paths, sequence=None, fold=None):
    """The samples of all cells, one after the other, from their tensors.

    sequence: results/sequence/{span}bp.npz for inputs by gene; fold: number, which (from 1) and
    over (rows or genes), cuts what trains or validates anew, a part of which validates: rows, each
    gene of each cell by itself, or genes with all of their cells. Raises InputError if cells have
    different marks or units, or a gene no sequence.
    """
    cells, size = [], 0
    for path in paths:
        with np.load(path) as file:
            size += len(file["target"])
    marks = None
    for path in paths:
        cell = load_cell(path)
        if marks is None:  # filled cell by cell: together they are held once, not twice
            first, marks, filled = (
                cell,
                np.empty((size, *cell.inputs["marks"].shape[1:]), dtype=np.float32),
                0,
            )
        check_alike(first.measured, cell.measured, "pooled")
        marks[filled : filled + len(cell.target)] = cell.inputs["marks"]
        filled += len(cell.target)
        cells.append(replace(cell, inputs={}))
    rows = {
        name: np.concatenate([getattr(cell, name) for cell in cells])
        for name in ("target", "split", "gene_id", "cell")
    }
    samples = replace(first, inputs={"marks": marks}, **rows)
    if fold:
        samples = replace(samples, split=assign_fold(samples, **fold))
    genes, row = np.unique(samples.gene_id, return_inverse=True)
    samples = replace(samples, gene=row)
    return (
        samples
        if sequence is None
        else replace(samples, by_gene={"sequence": read_sequence(sequence, genes)})
    )


def read_sequence(path, genes):
    """Sequences of some genes, uint8 [genes, bp], from results/sequence/{span}bp.npz. InputError
    for a gene that has none."""
    with np.load(path) as file:
        known, values = file["gene_id"], file["sequence"]
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known, genes, sorter=order), len(known) - 1)
    missing = known[order[place]] != genes
    if missing.any():
        raise InputError(
            f"{path} has no sequence of gene {genes[missing][0]}: delete it to build it anew"
        )
    return values[order[place]]


def assign_fold(samples, number, which, over):
    """The split of samples in fold `which` (from 1) of `number`: of what trains or validates, one
    part validates; the rest stays as it is."""
    split, open_ = samples.split.copy(), np.isin(samples.split, ("train", "valid"))
    keys = (
        [f"{gene}:{cell}" for gene, cell in zip(samples.gene_id[open_], samples.cell[open_])]
        if over == "rows"
        else samples.gene_id[open_]
    )
    # by a hash: a cell or gene more or less moves no other. Not a checksum, whose bits for gene and
    # cell would add up
    fold = np.array(
        [
            int.from_bytes(hashlib.blake2b(f"fold:{key}".encode(), digest_size=8).digest(), "big")
            % number
            for key in keys
        ]
    )
    split[open_] = np.where(fold == which - 1, "valid", "train")
    return split


def load_transfer(trained_on, source_genes, part, source=None, target=None):
    """The samples of a transfer from a source cell to a target cell (TransferChrome, section 2.4
    and figure 4).

    trained_on: `target`, trained and tested on the target; `source`, trained on the source (applied
    to the target elsewhere); `both`, trained on the labelled source and the unlabelled train and
    valid part of the target, tested on the rest; `none`, the target's test genes alone, for a model
    that was trained elsewhere.
    part: pandas Series by gene_id, train, valid or test; one for all cells, so that all are tested
    on the same genes.
    source_genes: `all`, the source's test part trains too (as the paper: the complete source), or
    `unseen`, it is left out, so that no gene is both trained on and tested. source, target: files
    as for load_cell.
    """
    if trained_on in ("target", "none"):
        samples = load_cell(target)
        split = part.loc[samples.gene_id].to_numpy(dtype=str)
        if trained_on == "target":
            return replace(samples, split=split)
        return samples.where(split == "test", split=split[split == "test"])
    labelled = load_cell(source)
    split = part.loc[labelled.gene_id].to_numpy(dtype=str)
    keep = np.full(len(split), True) if source_genes == "all" else split != "test"
    labelled = labelled.where(keep, split=np.where(split == "test", "train", split)[keep])
    if trained_on == "source":
        return labelled
    unlabelled = load_cell(target)
    test = part.loc[unlabelled.gene_id].to_numpy() == "test"
    # what is not in the samples cannot be learned from
    hidden = np.where(test, unlabelled.target, np.float32(np.nan))
    return joined(
        labelled, replace(unlabelled, target=hidden, split=np.where(test, "test", UNLABELLED))
    )
