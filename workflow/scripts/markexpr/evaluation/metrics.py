"""The one scorer: metrics of predictions against truth, and their bootstrap intervals.

The bootstrap weighs each gene by how often it was drawn and computes all replicates at once, which
is some hundred times faster than calling scikit-learn for each. Values and replicates equal those
of scikit-learn and SciPy (tests/unit/test_metrics.py).
"""

from functools import partial

import numpy as np
import pandas as pd

CHUNK = 1 << 24  # weights held at once


def ranks(values):
    """Ranks from 1, equal values sharing their mean rank, float64 [n]."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]


def _one_class(y_true):
    return len(np.unique(y_true)) < 2


def auc(y_true, y_pred):
    """Area under the ROC curve; NaN if there is one class only. y_true: 0/1 [genes]; y_pred: scores
    [genes]."""
    if _one_class(y_true):
        return float("nan")
    high = np.asarray(y_true) == 1
    n_high, n_low = high.sum(), (~high).sum()
    # Mann and Whitney's: every epoch of training asks for it, and scikit-learn takes a second to
    # load
    return float((ranks(y_pred)[high].sum() - n_high * (n_high + 1) / 2) / (n_high * n_low))


def auprc(y_true, y_pred):
    """Area under the precision-recall curve as average precision; NaN if there is one class
    only."""
    from sklearn.metrics import average_precision_score

    return float("nan") if _one_class(y_true) else float(average_precision_score(y_true, y_pred))


def accuracy(y_true, y_pred):
    """Share of genes on the right side of probability 0.5."""
    return float(np.mean((y_pred >= 0.5) == (y_true == 1)))


def pearson(y_true, y_pred):
    """Pearson correlation; NaN if either is constant. y_true, y_pred: [genes]."""
    if np.ptp(y_true) == 0 or np.ptp(y_pred) == 0:
        return float("nan")
    return float(np.corrcoef(y_true, y_pred)[0, 1])


class _Ranked:
    """Genes in falling order of prediction; equal predictions share a group."""

    def __init__(self, y_true, y_pred):
        self.order = np.argsort(-y_pred, kind="stable")
        self.positive = (y_true[self.order] == 1).astype(float)
        self.right = ((y_pred >= 0.5) == (y_true == 1))[self.order].astype(float)
        sorted_pred = y_pred[self.order]
        self.last = np.flatnonzero(np.r_[sorted_pred[1:] != sorted_pred[:-1], True])

    def cumulative(self, weights):
        """Weight of positives and of negatives down to the end of each group, each [replicates,
        groups]."""
        positive = np.cumsum(weights * self.positive, axis=1)[:, self.last]
        return positive, np.cumsum(weights, axis=1)[:, self.last] - positive


def _weighted(ranked, weights):
    """AUC, AUPRC and accuracy of each row of weights [replicates, genes] (in ranked order); NaN
    where one class has no weight."""
    positive, negative = ranked.cumulative(weights)
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


def draws(n, replicates, seed):
    """How often each of n genes is drawn in each replicate, float [rows, n], some replicates at a
    time."""
    rng, left = np.random.default_rng(seed), replicates
    while left:
        rows = min(left, max(1, CHUNK // n))
        drawn = rng.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)
        left -= rows


def _finite(y_true, y_pred):
    y_true, y_pred = np.asarray(y_true, dtype=float), np.asarray(y_pred, dtype=float)
    if not (np.isfinite(y_true).all() and np.isfinite(y_pred).all()):
        raise ValueError("predictions that are not finite cannot be scored")
    return y_true, y_pred


def _with_intervals(metrics, y_true, y_pred, bootstrap, replicates, seed):
    draws, rows = bootstrap(y_true, y_pred, replicates, seed), []
    for name, metric in metrics.items():
        value = metric(y_true, y_pred)
        defined = draws[name][~np.isnan(draws[name])]
        low, high = (
            np.quantile(defined, [0.025, 0.975])
            if defined.size and not np.isnan(value)
            else (np.nan, np.nan)
        )
        rows.append((name, value, low, high, len(y_true)))
    return pd.DataFrame(rows, columns=["metric", "value", "ci_low", "ci_high", "n"])


def _with_row(table, name, value, n):
    return pd.concat(
        [table, pd.DataFrame([(name, value, np.nan, np.nan, n)], columns=table.columns)],
        ignore_index=True,
    )


def bootstrap_classification(y_true, y_pred, replicates, seed):
    """Replicates of each metric over genes drawn with replacement, {metric: float [replicates]}."""
    ranked = _Ranked(y_true, y_pred)
    parts = [_weighted(ranked, weights) for weights in draws(len(y_true), replicates, seed)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class _Grouped:
    """Weights [replicates, genes] of values of which several are of one gene, as far as _moments
    needs them: sums first, by gene."""

    def __init__(self, weights, row):
        self.weights, self.row = weights, row

    def sum(self, axis):
        return self @ np.ones(len(self.row))

    def __matmul__(self, values):
        return self.weights @ np.bincount(self.row, weights=values, minlength=self.weights.shape[1])


def _moments(y_true, y_pred, weights):
    """Pearson correlation and mean squared error of each row of weights [replicates, genes];
    correlation NaN where it is undefined."""
    n = weights.sum(axis=1)
    # centred first: sums of squares of large values would cancel
    x, y = y_true - y_true.mean(), y_pred - y_pred.mean()
    means = {
        name: weights @ values / n
        for name, values in {"x": x, "y": y, "xx": x * x, "yy": y * y, "xy": x * y}.items()
    }
    spread = (means["xx"] - means["x"] ** 2) * (means["yy"] - means["y"] ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(
            spread > 0, (means["xy"] - means["x"] * means["y"]) / np.sqrt(spread), np.nan
        )
    return correlation, weights @ (y_true - y_pred) ** 2 / n, means["xx"] - means["x"] ** 2


def spearman(y_true, y_pred):
    """Spearman correlation; NaN if either is constant."""
    return pearson(ranks(y_true), ranks(y_pred))


def mse(y_true, y_pred):
    """Mean squared error."""
    return float(np.mean((y_true - y_pred) ** 2))


def r2(y_true, y_pred):
    """Coefficient of determination: 1 - MSE / variance of y_true; NaN if that is 0."""
    return float("nan") if np.ptp(y_true) == 0 else float(1 - mse(y_true, y_pred) / np.var(y_true))


def bootstrap_regression(y_true, y_pred, replicates, seed, genes=None):
    """Replicates of each metric over genes drawn with replacement, {metric: float [replicates]}.
    Ranks are those of all values.

    genes: of each value, if there are several of a gene (in several cells), which are drawn
    together.
    """
    ranked = ranks(y_true), ranks(y_pred)
    parts, row = [], None if genes is None else np.unique(genes, return_inverse=True)[1]
    for weights in draws(len(y_true) if row is None else int(row.max()) + 1, replicates, seed):
        weights = weights if row is None else _Grouped(weights, row)
        correlation, error, variance = _moments(y_true, y_pred, weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            explained = np.where(variance > 0, 1 - error / variance, np.nan)
        parts.append(
            {
                "pearson": correlation,
                "spearman": _moments(*ranked, weights)[0],
                "mse": error,
                "r2": explained,
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def score_regression(y_true, y_pred, replicates, seed, genes=None):
    """Score values against values, both [genes]. Returns a DataFrame of metric, value, ci_low,
    ci_high, n: Pearson and Spearman correlation, MSE and R² with percentile bootstrap 95 %
    intervals over genes, and the variance of y_true, which is the MSE of its mean. Raises
    ValueError for values that are not finite."""
    y_true, y_pred = _finite(y_true, y_pred)
    metrics = {"pearson": pearson, "spearman": spearman, "mse": mse, "r2": r2}
    table = _with_intervals(
        metrics, y_true, y_pred, partial(bootstrap_regression, genes=genes), replicates, seed
    )
    return _with_row(table, "variance", y_true.var(), len(y_true))


def score_classification(y_true, y_pred, replicates, seed):
    """Score probabilities against labels.

    y_true: 0/1 [genes]; y_pred: probability of 1 [genes]. Returns a DataFrame of metric, value,
    ci_low, ci_high, n: AUC, AUPRC and accuracy with percentile bootstrap 95 % intervals over genes,
    and prevalence, the share of label 1 (what AUPRC is by chance). Raises ValueError for
    predictions that are not finite.
    """
    y_true, y_pred = _finite(y_true, y_pred)
    table = _with_intervals(
        {"auc": auc, "auprc": auprc, "accuracy": accuracy},
        y_true,
        y_pred,
        bootstrap_classification,
        replicates,
        seed,
    )
    return _with_row(table, "prevalence", y_true.mean(), len(y_true))


# by the kind of a study's target
SCORERS = {"median_label": score_classification, "expression": score_regression}
