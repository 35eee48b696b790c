"""Extremely randomised trees (Geurts, Ernst and Wehenkel 2006, Machine Learning 63:3) on logarithms
of counts. Not in any of the papers."""

from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.pipeline import make_pipeline

from markexpr.models.signals import LogSums, check_bins, stack

NEEDS_COUNTS = True  # whatever the study's normalisation, unless logarithm is False


def features(**inputs):
    """Counts, float32 [samples, cells, marks, bins]."""
    return stack(inputs)


def size(estimator):
    """Number of nodes of all trees."""
    return {"nodes": int(sum(tree.tree_.node_count for tree in estimator[-1].estimators_))}


def build(
    n_marks, n_bins, seed, threads, labels, summed_bins, logarithm, n_trees, tried, min_genes
):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    check_bins("extra_trees", n_bins, summed_bins)
    kind = ExtraTreesClassifier if labels else ExtraTreesRegressor
    trees = kind(
        n_trees, max_features=tried, min_samples_leaf=min_genes, random_state=seed, n_jobs=threads
    )
    return make_pipeline(LogSums(summed_bins, difference=True, logarithm=logarithm), trees)
