"""From a cell's counts and expression to what the models of one study see: results/tensors/{study}/{cell}.npz."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from markexpr import splits
from markexpr.jobs import InputError, log
from markexpr.normalise import normalise, orient
from markexpr.targets import TRANSFORMS, median_label
from markexpr.windows import Window


@dataclass
class Levels:
    """Expression of a cell: values by gene_id, in `unit` (RPKM, read count, …); label_only where there is nothing but labels."""

    values: pd.Series
    unit: str
    label_only: bool = False


def make_target(levels, gene_id, setting):
    """The target of a study by gene, float32, and how it was made.

    levels: Levels of all genes of the expression table; gene_id: those of the study, all of them whether they have counts or not, so
    that a median is that of the cell and not of a subset; setting: the study's `target` block. A source that has labels only gives those.
    """
    values = levels.values.loc[gene_id]
    if setting["kind"] == "median_label":
        if levels.label_only:
            return values.astype(np.float32), {"labels": "as published"}
        median_of = levels.values.to_numpy() if setting.get("median_of") == "all_genes" else None
        label, median = median_label(values.to_numpy(), setting.get("label_mode", "numeric"), median_of=median_of)
        return pd.Series(label, index=gene_id), {"median": median}
    if levels.label_only:
        raise InputError("this source brings labels and no expression values: it fits studies of kind median_label only")
    return TRANSFORMS[setting["transform"]](values).astype(np.float32), {}


def make_split(setting, genes, source_split, cell):
    """The split of each of the study's genes, by gene_id.

    genes: the study's list (gene_id, chrom); source_split: Series by gene_id, or None if the source brings none.
    """
    if setting["scheme"] != "source":
        return splits.split_by_gene(setting, genes, cell)
    if cell in setting.get("held_out_cells", []):
        return pd.Series("test", index=genes["gene_id"])
    if source_split is None:
        raise InputError(f"split scheme 'source' needs a source that comes with a split (deepdiff_csv, deepchrome_csv); that of {cell} does not")
    return source_split


def pick_counts(counts, gene_id, marks, where):
    """The counts of some genes and marks, in their order, [genes, marks, bins].

    counts: the arrays of results/counts/{window}/{cell}.npz, which hold all of gene_id; where: names them in the InputError for
    a mark that they lack.
    """
    absent = [mark for mark in marks if mark not in counts["marks"]]
    if absent:
        raise InputError(f"{where}: the counts have no mark {absent[0]}; they have {', '.join(counts['marks'])}")
    place = pd.Series(np.arange(len(counts["gene_id"])), index=counts["gene_id"])
    mark_index = [list(counts["marks"]).index(mark) for mark in marks]
    return counts["counts"][place[gene_id].to_numpy()][:, mark_index]


def build(cell, data, genes, counts, levels):
    """The arrays of results/tensors/{study}/{cell}.npz but for the provenance, and what goes into it.

    data: the study's `data` block; genes: the study's list; counts: the arrays of results/counts/{window}/{cell}.npz; levels: Levels.
    Raises InputError if genes, counts and expression have none in common, or a mark is missing.
    """
    listed = genes["gene_id"].to_numpy(dtype=str)
    known = levels.values.index
    with_expression = listed[np.isin(listed, known)]
    if not with_expression.size:
        raise InputError(f"{cell}: the study's genes and the expression table have no gene in common ({listed[0]}…, {known[0]}…)")
    target, how = make_target(levels, with_expression, data["target"])

    counted = counts["gene_id"]
    kept = with_expression[np.isin(with_expression, counted)]
    if not kept.size:
        raise InputError(f"{cell}: no gene of the study has both counts ({counted[0]}…) and expression ({known[0]}…)")
    values = pick_counts(counts, kept, data["marks"], cell)
    source_split = pd.Series(counts["source_split"], index=counts["gene_id"]) if "source_split" in counts else None
    split = make_split(data["split"], genes, source_split, cell).loc[kept].to_numpy(dtype=str)
    sizes = {name: int((split == name).sum()) for name in splits.SPLITS}
    summary = ", ".join(f"{number} {name}" for name, number in sizes.items())
    log.info("%s: %d of the study's %d genes have counts and expression; %s", cell, len(kept), len(listed), summary)
    silent = np.isin(listed, counted).sum() - len(kept)
    if silent:
        log.warning("%s: %d genes of the study have counts but no expression in this source, and are left out", cell, silent)

    if data["orientation"] == "transcription":
        values = orient(values, (genes.set_index("gene_id")["strand"].loc[kept] == "-").to_numpy())
    fit = None
    if data["normalise"] == "zscore" and data["zscore_genes"] == "train":
        fit = split == "train"
        if not fit.any():
            raise InputError(f"{cell} has no training gene under this split: choose zscore_genes: all")
    if data["normalise"] == "log1p" and (values < 0).any():
        raise InputError(f"{cell}: the signal has negative values, of which log1p cannot be taken: choose normalise: none or zscore")
    X, fitted = normalise(values, data["normalise"], fit)
    arrays = {
        "X": X,
        "gene_id": kept,
        "marks": np.array(data["marks"]),
        "bins": Window.parse(data["window"]).offsets,
        "expression": levels.values.loc[kept].to_numpy(dtype=np.float64),
        "target": target.loc[kept].to_numpy(dtype=np.float32),
        "split": split,
    }
    genes_used = {"study": len(listed), "with_expression": len(with_expression), "kept": len(kept), **sizes}
    return arrays, {"expression_unit": levels.unit, "counts_unit": str(counts.get("unit", "reads")), "genes": genes_used, "zscore": fitted, **how}
