"""Scores of several runs on the same draws of genes.

A gene that is drawn brings its rows in all runs, cells and folds: the spread of a mean over runs is
then that of the genes, however alike the runs are (a bootstrap of clusters).
"""

from dataclasses import dataclass

import numpy as np

from markexpr.evaluation import metrics
from markexpr.evaluation.intervals import CACHED, draws
from markexpr.evaluation.scorer import weigh

# what a prediction that knows nothing scores
CHANCE = {"auc": 0.5, "pearson": 0.0, "spearman": 0.0}


@dataclass(frozen=True)
class Part:
    """Rows that are scored by themselves: the test genes of one run in one cell.

    gene_id: str [genes], each once; y_true, y_pred: float [genes].
    """

    gene_id: np.ndarray
    y_true: np.ndarray
    y_pred: np.ndarray


def list_parts(table, split="test"):
    """The Parts of one run, a cell each. table: its predictions, a DataFrame."""
    here = table[table["split"] == split]
    columns = ("gene_id", "y_true", "y_pred")
    return [
        Part(*(rows[name].to_numpy() for name in columns))
        for _, rows in here.groupby("cell", sort=False)
    ]


def score(part, metric):
    """A Part's score. One value for all genes says nothing of them: it scores as chance does. NaN
    if the true values are all alike."""
    if metrics.is_constant(part.y_true):
        return np.nan
    if metrics.is_constant(part.y_pred):
        return CHANCE[metric]
    return getattr(metrics, metric)(part.y_true, part.y_pred)


def replicate(parts, metric, replicates, seed):
    """Scores of Parts over genes as they are, float64 [parts], and over genes drawn with
    replacement from those of all parts, the same draws for all, float64 [parts, replicates]."""
    genes = np.unique(np.concatenate([part.gene_id for part in parts]))
    places = [np.searchsorted(genes, part.gene_id) for part in parts]
    weighers = [_weigher(part, metric) for part in parts]
    found = []
    for weights in draws(len(genes), replicates, seed, chunk=CACHED):
        found.append([weigher(weights[:, place]) for weigher, place in zip(weighers, places)])
    return np.array([score(part, metric) for part in parts]), np.concatenate(found, axis=1)


def _weigher(part, metric):
    value = score(part, metric)
    if np.isnan(value) or metrics.is_constant(part.y_pred):
        return lambda weights: np.full(len(weights), value)
    return weigh(metric, part.y_true, part.y_pred)


def average(values, replicated):
    """The mean of scores over parts, and its standard error by the replicates. Parts without a
    score are left out; NaN and NaN if none has one. values, replicated: as from replicate."""
    kept = np.isfinite(values)
    if not kept.any():
        return np.nan, np.nan
    means = np.nanmean(replicated[kept], axis=0)
    return float(values[kept].mean()), float(np.nanstd(means))
