"""The one scorer: metrics of predictions against truth, and their bootstrap replicates.

A replicate weighs each gene by how often it was drawn. Many replicates are computed at once, some
hundred times faster than by calling scikit-learn for each. What correlations and errors need is
summed first over the rows of each gene (`Sums`), so that a replicate costs the same for one cell
and for many. Values and replicates equal those of scikit-learn and SciPy
(tests/unit/test_metrics.py).
"""

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd

from markexpr.evaluation.intervals import CACHED, bootstrap, interval
from markexpr.evaluation.metrics import (
    accuracy,
    auc,
    auprc,
    is_constant,
    mse,
    pearson,
    r2,
    ranks,
    spearman,
)

# A variance below this share of the mean squares that it is left over from is rounding, not spread:
# adding up n values rounds by at most n times 1e-16 of their squares, and n is 1e4 to 1e6.
ROUNDING = 1e-10


class _Ranked:
    """Genes in falling order of prediction; equal predictions share a group."""

    def __init__(self, y_true, y_pred):
        self.order = np.argsort(-y_pred, kind="stable")
        self.positive = (y_true[self.order] == 1).astype(float)
        self.right = ((y_pred >= 0.5) == (y_true == 1))[self.order].astype(float)
        sorted_pred = y_pred[self.order]
        self.last = np.flatnonzero(np.r_[sorted_pred[1:] != sorted_pred[:-1], True])

    def accumulate(self, weights):
        """Weight of positives and of negatives down to the end of each group, each [replicates,
        groups]."""
        positive = np.cumsum(weights * self.positive, axis=1)[:, self.last]
        return positive, np.cumsum(weights, axis=1)[:, self.last] - positive


def _score_ranked(ranked, weights):
    """AUC, AUPRC and accuracy of each row of weights [replicates, genes] (in ranked order); NaN
    where one class has no weight."""
    positive, negative = ranked.accumulate(weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        all_positive, all_negative = positive[:, -1:], negative[:, -1:]
        above = np.diff(positive, axis=1, prepend=0)
        beside = np.diff(negative, axis=1, prepend=0)
        area = (beside * (positive - above / 2)).sum(axis=1) / (all_positive * all_negative)[:, 0]
        drawn = positive + negative
        precision = np.divide(positive, drawn, out=np.zeros_like(positive), where=drawn > 0)
        average_precision = (above * precision).sum(axis=1) / all_positive[:, 0]
    undefined = (all_positive * all_negative)[:, 0] == 0
    area[undefined] = average_precision[undefined] = np.nan
    return {
        "auc": area,
        "auprc": average_precision,
        "accuracy": (weights * ranked.right).sum(axis=1) / weights.sum(axis=1),
    }


class Sums:
    """Sums over the rows of each gene: what the moments of any choice of genes are made of.

    A row is a gene in a cell. The sums are of rows (n), of squared errors, and of true (x),
    predicted (y) and gene-mean (m) values and their products. Values are taken less their median
    over all rows first, since squares of large values would cancel; less their mean, one outlier
    would leave all others far from 0. table: float64 [genes, names].
    """

    def __init__(self, y_true, y_pred, gene_mean=None, gene=None, n_genes=None):
        """y_true, y_pred: float [rows]; gene_mean: float [rows], what else may explain both; gene:
        int [rows], the place of each row's gene among n_genes; None if each row is a gene."""
        if gene is None:
            gene, n_genes = np.arange(len(y_true)), len(y_true)
        values = {"x": y_true, "y": y_pred} | ({} if gene_mean is None else {"m": gene_mean})
        if len(y_true):
            values = {
                name: np.zeros(len(column)) if is_constant(column) else column - np.median(column)
                for name, column in values.items()
            }
        rows = {"n": np.ones(len(y_true)), "error": (y_true - y_pred) ** 2, **values}
        for one, other in combinations_with_replacement(values, 2):
            rows[one + other] = values[one] * values[other]
        self.names = list(rows)
        self.table = np.empty((n_genes, len(rows)))
        for place, column in enumerate(rows.values()):
            self.table[:, place] = np.bincount(gene, weights=column, minlength=n_genes)

    def moments(self, weights):
        """The Moments of genes so weighted, float64 [replicates, genes]."""
        totals = dict(zip(self.names, (weights @ self.table).T))
        n = totals.pop("n")
        with np.errstate(invalid="ignore"):  # no weight at all: NaN
            return Moments({name: total / n for name, total in totals.items()})


class Moments:
    """Weighted means of errors, values and products, and the scores that follow from them, each
    float64 [replicates]; NaN where a score is undefined."""

    def __init__(self, means):
        """means: from the names that Sums gives to float64 [replicates]."""
        self.means = means

    def _covariance(self, one, other):
        return self.means[one + other] - self.means[one] * self.means[other]

    def _variance(self, name):
        return _drop_rounding(self._covariance(name, name), self.means[name * 2])

    def mse(self):
        """Mean squared error."""
        return self.means["error"]

    def r2(self):
        """Coefficient of determination; NaN if the true values do not vary."""
        return 1 - self.mse() / self._variance("x")

    def pearson(self):
        """Pearson correlation of true and predicted values; NaN if either does not vary."""
        return (
            self._covariance("x", "y") / np.sqrt(self._variance("x")) / np.sqrt(self._variance("y"))
        )

    def pearson_beyond_mean(self):
        """Pearson correlation after the gene mean is subtracted from both; NaN if nothing is left
        of either."""
        squares, mm = self.means, self._covariance("m", "m")
        xm, ym = self._covariance("x", "m"), self._covariance("y", "m")
        x_left = self._covariance("x", "x") - 2 * xm + mm
        y_left = self._covariance("y", "y") - 2 * ym + mm
        x_left = _drop_rounding(x_left, squares["xx"] + squares["mm"])
        y_left = _drop_rounding(y_left, squares["yy"] + squares["mm"])
        return (self._covariance("x", "y") - xm - ym + mm) / np.sqrt(x_left) / np.sqrt(y_left)

    def partial_pearson(self):
        """Partial correlation given the gene mean; NaN if that does not vary, or if it explains all
        of either."""
        xm, ym, mm = self._covariance("x", "m"), self._covariance("y", "m"), self._variance("m")
        x_left = _drop_rounding(self._covariance("x", "x") - xm**2 / mm, self.means["xx"])
        y_left = _drop_rounding(self._covariance("y", "y") - ym**2 / mm, self.means["yy"])
        return (self._covariance("x", "y") - xm * ym / mm) / np.sqrt(x_left) / np.sqrt(y_left)


def _drop_rounding(variance, mean_square):
    """Variances that are more than rounding of the mean squares they are left over from; else
    NaN."""
    return np.where(variance > ROUNDING * mean_square, variance, np.nan)


def _check_finite(y_true, y_pred):
    y_true, y_pred = np.asarray(y_true, dtype=float), np.asarray(y_pred, dtype=float)
    if not (np.isfinite(y_true).all() and np.isfinite(y_pred).all()):
        raise ValueError("predictions that are not finite cannot be scored")
    return y_true, y_pred


def _tabulate(values, replicated, n, **alone):
    """DataFrame of metric, value, ci_low, ci_high, n. alone: values that have no interval."""
    rows = [(name, value, *interval(value, replicated[name]), n) for name, value in values.items()]
    rows += [(name, value, np.nan, np.nan, n) for name, value in alone.items()]
    return pd.DataFrame(rows, columns=["metric", "value", "ci_low", "ci_high", "n"])


def bootstrap_classification(y_true, y_pred, replicates, seed):
    """Replicates of AUC, AUPRC and accuracy over genes drawn with replacement, {metric: float64
    [replicates]}. y_true: 0/1 [genes]; y_pred: probability of 1 [genes]."""
    ranked = _Ranked(y_true, y_pred)

    def score(weights):
        return _score_ranked(ranked, weights)

    return bootstrap(score, len(y_true), replicates, seed, chunk=CACHED)


def bootstrap_regression(y_true, y_pred, replicates, seed, genes=None):
    """Replicates of Pearson and Spearman correlation, MSE and R² over genes drawn with replacement,
    {metric: float64 [replicates]}. Ranks are those of all values.

    y_true, y_pred: float [rows]; genes: of each row, if there are several of a gene (in several
    cells), which are drawn together.
    """
    places = {}
    if genes is not None:
        found, gene = np.unique(genes, return_inverse=True)
        places = {"gene": gene, "n_genes": len(found)}
    values = Sums(y_true, y_pred, **places)
    ranked = Sums(ranks(y_true), ranks(y_pred), **places)

    def score(weights):
        moments = values.moments(weights)
        return {
            "pearson": moments.pearson(),
            "spearman": ranked.moments(weights).pearson(),
            "mse": moments.mse(),
            "r2": moments.r2(),
        }

    return bootstrap(score, len(values.table), replicates, seed)


def score_regression(y_true, y_pred, replicates, seed, genes=None):
    """Score values against values.

    y_true, y_pred: float [rows]; genes: of each row, as in bootstrap_regression. Returns a
    DataFrame of metric, value, ci_low, ci_high, n: Pearson and Spearman correlation, MSE and R²
    with percentile bootstrap 95 % intervals over genes, and the variance of y_true, which is the
    MSE of its mean. Raises ValueError for values that are not finite.
    """
    y_true, y_pred = _check_finite(y_true, y_pred)
    values = {
        "pearson": pearson(y_true, y_pred),
        "spearman": spearman(y_true, y_pred),
        "mse": mse(y_true, y_pred),
        "r2": r2(y_true, y_pred),
    }
    replicated = bootstrap_regression(y_true, y_pred, replicates, seed, genes)
    return _tabulate(values, replicated, len(y_true), variance=y_true.var())


def score_classification(y_true, y_pred, replicates, seed):
    """Score probabilities against labels.

    y_true: 0/1 [genes]; y_pred: probability of 1 [genes]. Returns a DataFrame of metric, value,
    ci_low, ci_high, n: AUC, AUPRC and accuracy with percentile bootstrap 95 % intervals over genes,
    and prevalence, the share of label 1 (what AUPRC is by chance). Raises ValueError for
    predictions that are not finite.
    """
    y_true, y_pred = _check_finite(y_true, y_pred)
    values = {
        "auc": auc(y_true, y_pred),
        "auprc": auprc(y_true, y_pred),
        "accuracy": accuracy(y_true, y_pred),
    }
    replicated = bootstrap_classification(y_true, y_pred, replicates, seed)
    return _tabulate(values, replicated, len(y_true), prevalence=y_true.mean())


def weigh(metric, y_true, y_pred):
    """A function from weights of genes, float64 [replicates, genes], to a metric under each,
    float64 [replicates]. metric: auc, auprc or accuracy of labels, pearson, spearman or mse of
    values."""
    if metric in ("auc", "auprc", "accuracy"):
        ranked = _Ranked(y_true, y_pred)
        return lambda weights: _score_ranked(ranked, weights[:, ranked.order])[metric]
    if metric == "spearman":
        y_true, y_pred = ranks(y_true), ranks(y_pred)
    sums, name = Sums(y_true, y_pred), "pearson" if metric == "spearman" else metric
    return lambda weights: getattr(sums.moments(weights), name)()


# by the kind of a study's target
SCORERS = {"median_label": score_classification, "expression": score_regression}
