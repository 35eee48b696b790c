"""What estimators see of counts: those of all cells of a sample in one array, and logarithms of
them in wider bins. Nothing here is learned from genes."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from markexpr.io.jobs import InputError


def stack(inputs):
    """Counts of the cells of each sample, float32 [samples, cells, marks, bins]: one cell, or the
    two of a pair. inputs: from name to counts [samples, marks, bins]."""
    counts = list(inputs.values())
    return counts[0][:, None] if len(counts) == 1 else np.stack(counts, axis=1)


def check_bins(architecture, n_bins, needed):
    """Raise InputError if a window has fewer bins than a model sums or slides over."""
    if n_bins < needed:
        raise InputError(
            f"{architecture} needs {needed} bins at least, and the window has {n_bins}: take fewer "
            "in the model's block, or a wider window"
        )


def with_difference(values):
    """Of a pair, the difference B - A as a third cell: [samples, cells, …]; one cell as it is."""
    if values.shape[1] != 2:
        return values
    return np.concatenate([values, values[:, 1:] - values[:, :1]], axis=1)


class LogSums(TransformerMixin, BaseEstimator):
    """ln(1 + count) of each mark in wider bins, from counts [samples, cells, marks, bins] to
    float64 [samples, cells · marks · windows].

    bins: how many are summed, from the left; what is over at the right is left out; mean: of their
    mean in place of their sum; difference: that of the two cells of a pair follows, for models that
    cannot make it themselves, such as trees and kernels; logarithm: False leaves sums as they are,
    of signals that are no counts.
    """

    def __init__(self, bins, mean=False, difference=False, logarithm=True):
        self.bins, self.mean, self.difference = bins, mean, difference
        self.logarithm = logarithm

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        n, cells, marks, bins = X.shape
        whole = bins // self.bins * self.bins
        parts = X[..., :whole].reshape(n, cells, marks, -1, self.bins)
        values = parts.sum(axis=4, dtype=np.float64)
        if self.mean:
            values /= self.bins
        if self.logarithm:
            np.log1p(values, out=values)
        return (with_difference(values) if self.difference else values).reshape(n, -1)

    def __sklearn_is_fitted__(self):
        return True
