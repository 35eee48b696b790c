"""From expression to what a model is asked for."""

import numpy as np

from markexpr.jobs import InputError

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
    """High (1) or low (0) expression, against the median of the cell. Returns (labels float32 [genes], the median).

    expression: [genes] of one cell, in any unit; median_of: the values whose median is taken, `expression` itself if None.
    mode: `numeric`, 1 where it is at or above the median (TransferChrome, section 2.1; ties are 1); `text`, 1 where it is
    greater as text with `decimals` decimals, as DeepChrome's published label files were made (docs/studies.md).
    Raises InputError if all genes would be of one class.
    """
    median = float(np.median(expression if median_of is None else median_of))
    high = is_high(expression, median, mode, decimals)
    if high.all() or not high.any():
        side = "below" if high.all() else "above"
        raise InputError(f"the median expression is {median:g} and no gene is {side} it: labels by the median need varied expression")
    return high.astype(np.float32), median


def log2_fold_change(a, b):
    """log2((b + 1) / (a + 1)) of counts or RPKM of the same genes in two cells, float64 [genes] (DeepDiff's code)."""
    return np.log2(np.asarray(b, dtype=np.float64) + 1) - np.log2(np.asarray(a, dtype=np.float64) + 1)
