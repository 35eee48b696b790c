"""From a cell's counts and expression to what the models of one study see:
results/tensors/{study}/{cell}.npz."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from markexpr.data import splits
from markexpr.data.windows import Window
from markexpr.io.jobs import InputError, log

# ---- inputs: from counts to what a model sees ----


def orient(counts, minus):
    """Turn the bins of genes on the minus strand, so that transcription runs to the right.

    counts: [genes, marks, bins]; minus: bool [genes]. The papers do not do this: their windows are
    genomic.
    """
    turned = counts.copy()
    turned[minus] = counts[minus][:, :, ::-1]
    return turned


def recover_counts(values, how):
    """The counts behind normalised values, as far as they can be told: `how` was none or log1p.
    InputError for another."""
    if how not in ("none", "log1p"):
        raise InputError(
            f"counts cannot be told from values under normalise: {how}; use none or log1p"
        )
    return np.expm1(values) if how == "log1p" else values


def normalise(counts, how, fit=None):
    """Counts [genes, marks, bins] as float32 of the same shape, and what was fitted (a dict, empty
    but for zscore).

    how: `none`, the counts as they are (the authors' code of DeepChrome and DeepDiff); `log1p`,
    ln(1 + count) (DenseEnsemble, section 3); `zscore`, (count - mean) / sd per mark
    (TransferChrome, equation 1).
    fit: bool [genes], those over whose bins mean and sd are taken; all if None, as TransferChrome
    prints it. Raises InputError if a mark has the same count everywhere, so that there is no sd to
    divide by.
    """
    if how == "none":
        return counts.astype(np.float32), {}
    if how == "log1p":
        return np.log1p(counts.astype(np.float32)), {}
    if how != "zscore":
        raise ValueError(f"unknown normalisation {how!r}")
    fitted = (counts if fit is None else counts[fit]).astype(np.float64)
    mean, sd = fitted.mean(axis=(0, 2)), fitted.std(axis=(0, 2))
    if (sd == 0).any():
        raise InputError(
            f"mark number {int(np.argmin(sd)) + 1} has the same count in every bin of every "
            "gene: a z-score is undefined"
        )
    X = ((counts - mean[None, :, None]) / sd[None, :, None]).astype(np.float32)
    return X, {"mean": mean.tolist(), "sd": sd.tolist(), "genes": len(fitted)}


# ---- targets: from expression to what a model is asked for ----

TRANSFORMS = {
    "none": lambda values: values,
    "log2p1": lambda values: np.log2(values + 1),
    "log10p1": lambda values: np.log10(values + 1),
    "log1p": np.log1p,
    "arcsinh": np.arcsinh,
}

INVERSES = {
    "none": lambda values: values,
    "log2p1": lambda values: 2**values - 1,
    "log10p1": lambda values: 10**values - 1,
    "log1p": np.expm1,
    "arcsinh": np.sinh,
}


def is_high(expression, median, mode="numeric", decimals=3):
    """Whether each value is high against a median, bool, by the modes of median_label."""
    if mode == "numeric":
        return np.asarray(expression) >= median
    if mode == "text":
        threshold = f"{median:.{decimals}f}"
        return np.array([f"{value:.{decimals}f}" > threshold for value in expression])
    raise ValueError(f"unknown label mode {mode!r}")


def median_label(expression, mode="numeric", decimals=3, median_of=None):
    """High (1) or low (0) expression, against the median of the cell. Returns (labels float32
    [genes], the median).

    expression: [genes] of one cell, in any unit; median_of: the values whose median is taken,
    `expression` itself if None.
    mode: `numeric`, 1 where it is at or above the median (TransferChrome, section 2.1; ties are 1);
    `text`, 1 where it is greater as text with `decimals` decimals, as DeepChrome's published label
    files were made (docs/labels.md). Raises InputError if all genes would be of one class.
    """
    median = float(np.median(expression if median_of is None else median_of))
    high = is_high(expression, median, mode, decimals)
    if high.all() or not high.any():
        side = "below" if high.all() else "above"
        values = np.asarray(expression if median_of is None else median_of)
        equal = f" ({(values == median).mean():.0%} of {len(values):,} genes are at it)"
        raise InputError(
            f"the median expression is {median:g}{equal} and no gene is {side} it: labels by the "
            "median need varied expression"
        )
    return high.astype(np.float32), median


# ---- both, for the genes of one study ----


@dataclass
class Levels:
    """Expression of a cell: values by gene_id, in `unit` (RPKM, read count, …, as
    markexpr.settings.units.find_unit has it); label_only where there is nothing but labels."""

    values: pd.Series
    unit: str
    label_only: bool = False


def list_median_genes(genes, biotypes):
    """The genes whose median is meant by `median_of: all_genes`, whatever further rows a table of
    expression has: those of the gene table that are of the study's kinds. REMC's tables hold just
    these. genes: the gene table (gene_id, biotype)."""
    return genes.loc[genes["biotype"].isin(biotypes), "gene_id"].to_numpy(dtype=str)


def make_target(levels, gene_id, setting, all_genes=None):
    """The target of a study by gene, float32, and how it was made.

    levels: Levels of all genes of the expression table; gene_id: those of the study, all of them
    whether they have counts or not, so that a median is that of the cell and not of a subset;
    setting: the study's `target` block; all_genes: those of list_median_genes, whatever has a value
    if None. A source that has labels only gives those.
    """
    values = levels.values.loc[gene_id]
    if setting["kind"] == "median_label":
        if levels.label_only:
            return values.astype(np.float32), {"labels": "as published"}
        median_of = None
        if setting.get("median_of") == "all_genes":
            whole = levels.values
            median_of = whole if all_genes is None else whole[whole.index.isin(all_genes)]
            median_of = median_of.to_numpy()
        label, median = median_label(
            values.to_numpy(), setting.get("label_mode", "numeric"), median_of=median_of
        )
        return pd.Series(label, index=gene_id), {"median": median}
    if levels.label_only:
        raise InputError(
            "this source brings labels and no expression values: it fits studies of kind "
            "median_label only"
        )
    return TRANSFORMS[setting["transform"]](values).astype(np.float32), {}


def make_split(setting, genes, source_split, cell):
    """The split of each of the study's genes, by gene_id.

    genes: the study's list (gene_id, chrom); source_split: Series by gene_id, or None if the source
    brings none.
    """
    if setting["scheme"] != "source":
        return splits.split_by_gene(setting, genes, cell)
    if cell in setting.get("held_out_cells", []):
        return pd.Series("test", index=genes["gene_id"])
    if source_split is None:
        raise InputError(
            "split scheme 'source' needs a source that comes with a split (deepdiff_csv, "
            f"deepchrome_csv); that of {cell} does not"
        )
    return source_split


def pick_counts(counts, gene_id, marks, where):
    """The counts of some genes and marks, in their order, [genes, marks, bins].

    counts: the arrays of results/counts/{window}/{cell}.npz, which hold all of gene_id; where:
    names them in the InputError for a mark that they lack.
    """
    absent = [mark for mark in marks if mark not in counts["marks"]]
    if absent:
        raise InputError(
            f"{where}: the counts have no mark {absent[0]}; they have {', '.join(counts['marks'])}"
        )
    place = pd.Series(np.arange(len(counts["gene_id"])), index=counts["gene_id"])
    mark_index = [list(counts["marks"]).index(mark) for mark in marks]
    return counts["counts"][place[gene_id].to_numpy()][:, mark_index]


def build_unseen(sample, data, genes, counts):
    """The arrays of results/predictions/inputs/{predictor}/{sample}.npz but for the provenance, and
    what goes into it: what a model of a study sees of a sample whose expression nobody knows.

    data, genes, counts: as for build, of which all genes with counts are kept. Raises InputError as
    build does.
    """
    listed = genes["gene_id"].to_numpy(dtype=str)
    kept = listed[np.isin(listed, counts["gene_id"])]
    if not kept.size:
        raise InputError(
            f"{sample}: no gene of the models has counts ({listed[0]}…, {counts['gene_id'][0]}…)"
        )
    values = pick_counts(counts, kept, data["marks"], sample)
    fit = None
    if data["normalise"] == "zscore" and data["zscore_genes"] == "train":
        by_source = data["split"]["scheme"] == "source"  # the split of files that it does not have
        split = None if by_source else make_split(data["split"], genes, None, sample)
        fit = None if by_source else (split.loc[kept] == "train").to_numpy()
    X, fitted = make_inputs(sample, values, data, genes, kept, fit)
    arrays = {"X": X, "gene_id": kept, "marks": np.array(data["marks"])}
    arrays["bins"] = Window.parse(data["window"]).offsets
    unit = str(counts.get("unit", "reads"))
    return arrays, {"counts_unit": unit, "zscore": fitted, "genes": len(kept)}


def make_inputs(cell, values, data, genes, kept, fit):
    """What models see, float32 [genes, marks, bins], and what was fitted, as normalise.

    values: counts of the genes `kept`; data, genes: as for build; fit: as for normalise. Raises
    InputError for a negative signal of which log1p cannot be taken.
    """
    if data["orientation"] == "transcription":
        values = orient(values, (genes.set_index("gene_id")["strand"].loc[kept] == "-").to_numpy())
    if data["normalise"] == "log1p" and (values < 0).any():
        raise InputError(
            f"{cell}: the signal has negative values, of which log1p cannot be taken: choose "
            "normalise: none or zscore"
        )
    return normalise(values, data["normalise"], fit)


def build(cell, data, genes, counts, levels, all_genes=None):
    """The arrays of results/tensors/{study}/{cell}.npz but for the provenance, and what goes into
    it.

    data: the study's `data` block; genes: the study's list; counts: the arrays of
    results/counts/{window}/{cell}.npz; levels: Levels; all_genes: as for make_target. Raises
    InputError if genes, counts and
    expression have none in common, or a mark is missing.
    """
    listed = genes["gene_id"].to_numpy(dtype=str)
    known = levels.values.index
    # np.isin takes the square of the genes for text that pandas holds
    with_expression = listed[pd.Index(listed).isin(known)]
    if not with_expression.size:
        raise InputError(
            f"{cell}: the study's genes and the expression table have no gene in common "
            f"({listed[0]}…, {known[0]}…)"
        )
    target, how = make_target(levels, with_expression, data["target"], all_genes)

    counted = counts["gene_id"]
    kept = with_expression[np.isin(with_expression, counted)]
    if not kept.size:
        raise InputError(
            f"{cell}: no gene of the study has both counts ({counted[0]}…) and expression "
            f"({known[0]}…)"
        )
    values = pick_counts(counts, kept, data["marks"], cell)
    source_split = (
        pd.Series(counts["source_split"], index=counts["gene_id"])
        if "source_split" in counts
        else None
    )
    split = make_split(data["split"], genes, source_split, cell).loc[kept].to_numpy(dtype=str)
    names = splits.FOLDS if data["split"].get("fold") == "all" else splits.SPLITS
    sizes = {name: int((split == name).sum()) for name in names}
    summary = ", ".join(f"{number} {name}" for name, number in sizes.items())
    log.info(
        "%s: %d of the study's %d genes have counts and expression; %s",
        cell,
        len(kept),
        len(listed),
        summary,
    )
    silent = np.isin(listed, counted).sum() - len(kept)
    if silent:
        log.info(
            "%s: %d genes of the study have counts but no expression in this source, and are "
            "left out",
            cell,
            silent,
        )

    fit = None
    if data["normalise"] == "zscore" and data["zscore_genes"] == "train":
        fit = split == "train"
        if not fit.any():
            raise InputError(
                f"{cell} has no training gene under this split: choose zscore_genes: all"
            )
    X, fitted = make_inputs(cell, values, data, genes, kept, fit)
    arrays = {
        "X": X,
        "gene_id": kept,
        "marks": np.array(data["marks"]),
        "bins": Window.parse(data["window"]).offsets,
        "expression": levels.values.loc[kept].to_numpy(dtype=np.float64),
        "target": target.loc[kept].to_numpy(dtype=np.float32),
        "split": split,
    }
    genes_used = {
        "study": len(listed),
        "with_expression": len(with_expression),
        "kept": len(kept),
        **sizes,
    }
    return arrays, {
        "expression_unit": levels.unit,
        "counts_unit": str(counts.get("unit", "reads")),
        "genes": genes_used,
        "zscore": fitted,
        **how,
    }
