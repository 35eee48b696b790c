"""What counts look like beside expression: profiles, correlations, depth. One cell at a time, so
that memory stays small."""

import json

import numpy as np
import pandas as pd

from markexpr.data.annotation import read_genes
from markexpr.data.tensors import is_high, orient, pick_counts
from markexpr.evaluation.metrics import auc


def load_oriented(counts_path, tensors_path, genes):
    """Counts of one cell for the study's genes, bins along transcription, with their expression.

    genes: the study's list (gene_id, strand). Returns (cell, marks [marks], offsets of bin centres
    in bp [bins], counts [genes, marks, bins], expression [genes]).
    """
    cell = str(tensors_path).rsplit("/", 1)[1].removesuffix(".npz")
    with np.load(tensors_path) as file:
        gene_id, expression, marks, bins = (
            file["gene_id"],
            file["expression"],
            file["marks"],
            file["bins"],
        )
    with np.load(counts_path) as file:
        counts = pick_counts(dict(file), gene_id, marks, counts_path)
    counts = orient(
        counts, np.isin(gene_id, genes.loc[genes["strand"] == "-", "gene_id"].to_numpy(dtype=str))
    )
    return cell, marks, bins + (bins[1] - bins[0]) / 2, counts, expression


def over_cells(measure, job):
    """One table of `measure` (profile, correlation) over all cells of a job with inputs counts,
    tensors and genes."""
    genes = read_genes(job.input.genes)
    pairs = zip(job.input.counts, job.input.tensors)
    return pd.concat((measure(*load_oriented(*pair, genes)) for pair in pairs), ignore_index=True)


def label_modes(path):
    """How far labels of one cell's tensors depend on whether expression is compared with its median
    as number or as text.

    Returns a dict of cell, genes, median, differing (share of genes), text_prevalence (share of
    high labels as text), auc_of_expression (the AUC that the expression itself has against labels
    made as text) and agree. Labels that came as published differ from nothing
    known: NaN, and not agree.
    """
    with np.load(path) as file:
        expression, provenance = file["expression"], json.loads(str(file["provenance"]))
    row = {
        "cell": provenance["cell"],
        "genes": len(expression),
        "median": provenance.get("median", np.nan),
    }
    if "median" not in provenance:
        return {
            **row,
            "differing": np.nan,
            "text_prevalence": np.nan,
            "auc_of_expression": np.nan,
            "agree": False,
        }
    numeric, text = (is_high(expression, row["median"], mode) for mode in ("numeric", "text"))
    # a gene at the median itself is high as number and not greater as text: a matter of ties, not
    # of text
    differing = float(np.mean((numeric != text) & (expression != row["median"])))
    return {
        **row,
        "differing": differing,
        "text_prevalence": text.mean(),
        "auc_of_expression": auc(text, expression),
        "agree": differing == 0,
    }


def title_of(what, table):
    """A figure's title that says how many cells it is of and which way the windows run."""
    n_cells = table["cell"].nunique()
    return (
        f"{what}, {n_cells} cell{'s' if n_cells > 1 else ''}, direction of transcription to the "
        "right"
    )


def profile(cell, marks, offsets, counts, expression):
    """Mean counts of genes at or above, and of genes below, the median expression: a row per mark,
    class and bin."""
    high = expression >= np.median(expression)
    tables = []
    for level, chosen in (("high", high), ("low", ~high)):
        mean = counts[chosen].mean(axis=0) if chosen.any() else np.full(counts.shape[1:], np.nan)
        for mark, values in zip(marks, mean):
            columns = {"cell": cell, "mark": mark, "expression": level, "genes": int(chosen.sum())}
            tables.append(pd.DataFrame({**columns, "offset": offsets, "mean_reads": values}))
    return pd.concat(tables)


def correlation(cell, marks, offsets, counts, expression):
    """Spearman correlation of each bin's count with expression over genes: a row per mark and bin;
    NaN where all counts are equal."""
    ranks = pd.DataFrame(counts.reshape(len(counts), -1)).rank().to_numpy(copy=True)
    target = pd.Series(expression).rank().to_numpy()
    ranks -= ranks.mean(axis=0)
    target = target - target.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = (target @ ranks) / np.sqrt((target**2).sum() * (ranks**2).sum(axis=0))
    rho = rho.reshape(counts.shape[1:])
    return pd.concat(
        pd.DataFrame({"cell": cell, "mark": mark, "offset": offsets, "spearman": values})
        for mark, values in zip(marks, rho)
    )


def depth(cell, file):
    """Reads of a cell by mark, from the arrays of results/counts: total reads where known, mean per
    bin, share of empty bins, dispersion.

    dispersion is the variance of a bin's count over genes by its mean, averaged over bins: 1 for
    counts without any difference between genes.
    """
    counts = file["counts"].astype(np.float64)
    mean, variance = counts.mean(axis=0), counts.var(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.nanmean(np.where(mean > 0, variance / mean, np.nan), axis=1)
    return pd.DataFrame(
        {
            "cell": cell,
            "mark": file["marks"],
            "unit": str(file["unit"]),
            "total_reads": file.get("total_reads", pd.NA),
            "mean_per_bin": counts.mean(axis=(0, 2)),
            "empty_bins": (counts == 0).mean(axis=(0, 2)),
            "dispersion": ratio,
        }
    )
