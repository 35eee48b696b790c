"""Ridge regression on coarse logarithms of counts: the simplest model that a net should beat. Not
in any of the papers."""

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from markexpr.io.jobs import InputError

NEEDS_COUNTS = True  # whatever the study's normalisation
COARSE = 20  # bins that are summed: 2 kb of bins of 100 bp


def features(**inputs):
    """ln(1 + count) of every mark in windows of COARSE bins, of each cell, float64 [samples, cells
    · marks · windows]."""
    parts = []
    for counts in inputs.values():
        n, marks, bins = counts.shape
        if counts.min() < 0 or bins < COARSE:
            raise InputError(
                f"ridge takes logarithms of counts in windows of {COARSE} bins: it needs "
                "signals that are not negative, and as many bins"
            )
        whole = bins // COARSE * COARSE
        sums = counts[:, :, :whole].reshape(n, marks, -1, COARSE).sum(axis=3, dtype=np.float64)
        parts.append(np.log1p(sums).reshape(n, -1))
    return np.concatenate(parts, axis=1)


def build(n_marks, n_bins, seed, threads, strengths):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    return make_pipeline(StandardScaler(), RidgeCV(alphas=list(strengths)))
