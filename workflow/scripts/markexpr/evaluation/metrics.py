"""The metrics: what each number is, of one set of predictions against truth.

Plain numbers without intervals, which training and the simulator ask for as well. Values equal
those of scikit-learn and SciPy (tests/unit/test_metrics.py).
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
    # Mann and Whitney's: every epoch of training asks for it, and scikit-learn takes a second to
    # load
    return float((ranks(y_pred)[high].sum() - n_high * (n_high + 1) / 2) / (n_high * n_low))


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
