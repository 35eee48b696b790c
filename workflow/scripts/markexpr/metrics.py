"""The one scorer: metrics of predictions against truth, and their bootstrap intervals.

Point values are scikit-learn's. The bootstrap weighs each gene by how often it was drawn and computes all replicates
at once from one sorting of the predictions, which is some hundred times faster than calling scikit-learn for each; the
two are equal (tests/unit/test_metrics.py).
"""

import numpy as np
import pandas as pd
from sklearn import metrics as sk

CHUNK = 1 << 24  # weights held at once


def _one_class(y_true):
    return len(np.unique(y_true)) < 2


def auc(y_true, y_pred):
    """Area under the ROC curve; NaN if there is one class only. y_true: 0/1 [genes]; y_pred: scores [genes]."""
    return float("nan") if _one_class(y_true) else float(sk.roc_auc_score(y_true, y_pred))


def auprc(y_true, y_pred):
    """Area under the precision-recall curve as average precision; NaN if there is one class only."""
    return float("nan") if _one_class(y_true) else float(sk.average_precision_score(y_true, y_pred))


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
        """Weight of positives and of negatives down to the end of each group, each [replicates, groups]."""
        positive = np.cumsum(weights * self.positive, axis=1)[:, self.last]
        return positive, np.cumsum(weights, axis=1)[:, self.last] - positive


def _weighted(ranked, weights):
    """AUC, AUPRC and accuracy of each row of weights [replicates, genes] (in ranked order); NaN where one class has no weight."""
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
    return {"auc": area, "auprc": average_precision, "accuracy": (weights * ranked.right).sum(axis=1) / weights.sum(axis=1)}


def bootstrap_classification(y_true, y_pred, replicates, seed):
    """Replicates of each metric over genes drawn with replacement, {metric: float [replicates]}."""
    rng = np.random.default_rng(seed)
    ranked, n = _Ranked(y_true, y_pred), len(y_true)
    parts, left = [], replicates
    while left:
        rows = min(left, max(1, CHUNK // n))
        drawn = rng.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
        parts.append(_weighted(ranked, np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)))
        left -= rows
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def score_classification(y_true, y_pred, replicates, seed):
    """Score probabilities against labels.

    y_true: 0/1 [genes]; y_pred: probability of 1 [genes]. Returns a DataFrame of metric, value, ci_low, ci_high, n:
    AUC, AUPRC and accuracy with percentile bootstrap 95 % intervals over genes, and prevalence, the share of label 1
    (what AUPRC is by chance). Raises ValueError for predictions that are not finite.
    """
    y_true, y_pred = np.asarray(y_true, dtype=float), np.asarray(y_pred, dtype=float)
    if not (np.isfinite(y_true).all() and np.isfinite(y_pred).all()):
        raise ValueError("predictions that are not finite cannot be scored")
    draws = bootstrap_classification(y_true, y_pred, replicates, seed)
    rows = []
    for name, metric in {"auc": auc, "auprc": auprc, "accuracy": accuracy}.items():
        value = metric(y_true, y_pred)
        defined = draws[name][~np.isnan(draws[name])]
        low, high = np.quantile(defined, [0.025, 0.975]) if defined.size and not np.isnan(value) else (np.nan, np.nan)
        rows.append((name, value, low, high, len(y_true)))
    rows.append(("prevalence", y_true.mean(), np.nan, np.nan, len(y_true)))
    return pd.DataFrame(rows, columns=["metric", "value", "ci_low", "ci_high", "n"])
