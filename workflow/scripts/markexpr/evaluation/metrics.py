"""The metrics: what each number is, of one set of predictions against truth.

Plain numbers without intervals, which training and the simulator ask for as well. Values equal
those of scikit-learn and SciPy (tests/unit/test_metrics.py), which take a second or two to load.
"""

import numpy as np

LAST_DIGITS = 4 * np.finfo(float).eps  # sums of equal numbers, added up in another order, differ so


def ranks(values):
    """Ranks from 1, equal values sharing their mean rank, float64 [n]."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]


def is_constant(values):
    """Whether values are all equal, or differ by no more than the last digits of a double."""
    return np.ptp(values) <= LAST_DIGITS * np.max(np.abs(values))


def has_one_class(y_true):
    return len(np.unique(y_true)) < 2


def auc(y_true, y_pred):
    """Area under the ROC curve; NaN if there is one class only. y_true: 0/1 [genes]; y_pred: scores
    [genes]."""
    if has_one_class(y_true):
        return float("nan")
    high = np.asarray(y_true) == 1
    n_high, n_low = high.sum(), (~high).sum()
    # Mann and Whitney's
    return float((ranks(y_pred)[high].sum() - n_high * (n_high + 1) / 2) / (n_high * n_low))


def count_above(y_true, y_pred):
    """Of the genes at or above each predicted value, how many are high and how many are low: two
    arrays of int [values], from the highest value down. y_true, y_pred: as for auc."""
    order = np.argsort(y_pred, kind="stable")[::-1]
    y_true, y_pred = np.asarray(y_true)[order], np.asarray(y_pred)[order]
    last = np.flatnonzero(np.r_[y_pred[1:] != y_pred[:-1], True])
    high = np.cumsum(y_true == 1)[last]
    return high, last + 1 - high


def roc_curve(y_true, y_pred):
    """The ROC curve's rates of false and of true positives, two arrays, without points on the
    straight line between their neighbours. y_true, y_pred: as for auc; of both classes."""
    high, low = count_above(y_true, y_pred)
    bend = np.ones(len(high), dtype=bool)
    bend[1:-1] = (np.diff(low, 2) != 0) | (np.diff(high, 2) != 0)
    return np.r_[0, low[bend] / low[-1]], np.r_[0, high[bend] / high[-1]]


def auprc(y_true, y_pred):
    """Area under the precision-recall curve as average precision; NaN if there is one class
    only."""
    if has_one_class(y_true):
        return float("nan")
    high, low = count_above(y_true, y_pred)
    return float(np.sum(np.diff(high / high[-1], prepend=0) * (high / (high + low))))


def accuracy(y_true, y_pred):
    """Share of genes on the right side of probability 0.5."""
    return float(np.mean((y_pred >= 0.5) == (y_true == 1)))


def pearson(y_true, y_pred):
    """Pearson correlation; NaN if either is constant. y_true, y_pred: [genes]."""
    if is_constant(y_true) or is_constant(y_pred):
        return float("nan")
    return float(np.corrcoef(y_true, y_pred)[0, 1])


def spearman(y_true, y_pred):
    """Spearman correlation; NaN if either is constant."""
    return pearson(ranks(y_true), ranks(y_pred))


def mse(y_true, y_pred):
    """Mean squared error."""
    return float(np.mean((y_true - y_pred) ** 2))


def r2(y_true, y_pred):
    """Coefficient of determination: 1 - MSE / variance of y_true; NaN if that is 0."""
    return float("nan") if is_constant(y_true) else float(1 - mse(y_true, y_pred) / np.var(y_true))
