"""Random forest (Breiman 2001), a baseline of DenseEnsemble (section 4.1), which prints no
settings: Breiman's for regression.

100 trees, a third of the features tried at each cut, at least 5 genes in a leaf.
"""

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor


def features(**inputs):
    """Signals of all marks and bins of each cell, float32 [samples, cells · marks · bins]."""
    return np.concatenate([marks.reshape(len(marks), -1) for marks in inputs.values()], axis=1)


def size(estimator):
    """Number of nodes of all trees."""
    return {"nodes": int(sum(tree.tree_.node_count for tree in estimator.estimators_))}


def build(n_marks, n_bins, seed, threads, labels, n_trees, tried, min_genes):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    kind = RandomForestClassifier if labels else RandomForestRegressor
    return kind(
        n_trees, max_features=tried, min_samples_leaf=min_genes, random_state=seed, n_jobs=threads
    )
