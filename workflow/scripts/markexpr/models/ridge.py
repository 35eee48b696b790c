"""Ridge regression on coarse logarithms of counts: the simplest model that a net should beat. Not
in any of the papers. For high or low there is `logistic`, on the same."""

from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from markexpr.models.signals import LogSums, check_bins, stack

NEEDS_COUNTS = True  # whatever the study's normalisation, unless logarithm is False


def features(**inputs):
    """Counts, float32 [samples, cells, marks, bins]."""
    return stack(inputs)


def build(n_marks, n_bins, seed, threads, labels, summed_bins, logarithm, strengths):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    check_bins("ridge", n_bins, summed_bins)
    return make_pipeline(
        LogSums(summed_bins, logarithm=logarithm), StandardScaler(), RidgeCV(alphas=list(strengths))
    )
