"""A linear model of how much of each mark there is in the whole window: the floor. What a model of
bins has above it, it has from where the signal lies. Not in any of the papers."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from markexpr.models.linear import linear_model
from markexpr.models.signals import LogSums, stack

NEEDS_COUNTS = True  # whatever the study's normalisation


def features(**inputs):
    """Counts, float32 [samples, cells, marks, bins]."""
    return stack(inputs)


def build(n_marks, n_bins, seed, threads, labels, strength):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    return make_pipeline(LogSums(n_bins), StandardScaler(), linear_model(labels, strength))
