"""Logistic regression on coarse logarithms of counts: for labels what `ridge` is for values. Not in
any of the papers."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from markexpr.models.linear import linear_model
from markexpr.models.signals import LogSums, check_bins, stack

NEEDS_COUNTS = True  # whatever the study's normalisation, unless logarithm is False


def features(**inputs):
    """Counts, float32 [samples, cells, marks, bins]."""
    return stack(inputs)


def build(n_marks, n_bins, seed, threads, labels, summed_bins, logarithm, strength):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    check_bins("logistic", n_bins, summed_bins)
    return make_pipeline(
        LogSums(summed_bins, logarithm=logarithm), StandardScaler(), linear_model(labels, strength)
    )
