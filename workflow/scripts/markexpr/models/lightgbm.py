"""Gradient-boosted trees of LightGBM (Ke et al. 2017, NeurIPS) on logarithms of counts. Not in any
of the papers."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from markexpr.io.jobs import InputError
from markexpr.models.signals import LogSums, check_bins, stack

NEEDS_COUNTS = True  # whatever the study's normalisation, unless logarithm is False


def load_library():
    """The library. Raises InputError where the system lacks what it links to."""
    try:
        import lightgbm  # here: a second, which others of these modules need not wait for
    except OSError as error:
        raise InputError(
            f"LightGBM cannot be loaded ({error}): install libgomp (Debian's package libgomp1)"
        ) from error
    return lightgbm


class BoostedTrees(BaseEstimator):
    """Trees that are grown one after the other, each on what those before it leave, X [genes,
    features].

    labels: whether y is 0 and 1, and the probability of 1 is predicted; n_trees; rate: what each
    counts; leaves, depth: of a tree, at most; min_genes: in a leaf, at least; features, genes: the
    shares of them that a tree sees, drawn anew for each; l1, l2: penalties on the leaves' values.

    Fitted: model_, the trees as LightGBM writes them, a text.
    """

    def __init__(
        self,
        labels,
        n_trees,
        rate,
        leaves,
        depth,
        min_genes,
        features,
        genes,
        l1,
        l2,
        seed,
        threads,
    ):
        self.labels, self.n_trees, self.rate = labels, n_trees, rate
        self.leaves, self.depth, self.min_genes = leaves, depth, min_genes
        self.features, self.genes, self.l1, self.l2 = features, genes, l1, l2
        self.seed, self.threads = seed, threads

    def fit(self, X, y):
        library = load_library()
        data = library.Dataset(np.asarray(X, dtype=np.float32), y, params={"verbosity": -1})
        trees = library.train(self._settings(), data, num_boost_round=self.n_trees)
        self.model_ = trees.model_to_string()
        return self

    def _settings(self):
        return {
            "objective": "binary" if self.labels else "regression",
            "learning_rate": self.rate,
            "num_leaves": self.leaves,
            "max_depth": self.depth,
            "min_data_in_leaf": self.min_genes,
            "feature_fraction": self.features,
            "bagging_fraction": self.genes,
            "bagging_freq": 1 if self.genes < 1 else 0,
            "lambda_l1": self.l1,
            "lambda_l2": self.l2,
            "seed": self.seed,
            "num_threads": self.threads,
            # the same trees on every machine and with any number of threads
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }

    def predict(self, X):
        """Values, or for labels the probability of 1, float64 [genes]."""
        trees = load_library().Booster(model_str=self.model_)
        return trees.predict(np.asarray(X, dtype=np.float32), num_threads=self.threads)

    def predict_proba(self, X):
        """The probabilities of 0 and of 1, float64 [genes, 2]."""
        high = self.predict(X)
        return np.stack([1 - high, high], axis=1)


def features(**inputs):
    """Counts, float32 [samples, cells, marks, bins]."""
    return stack(inputs)


def size(estimator):
    """Number of leaves of all trees."""
    text = estimator[-1].model_
    counts = [line for line in text.splitlines() if line.startswith("num_leaves=")]
    return {"leaves": sum(int(line.removeprefix("num_leaves=")) for line in counts)}


def build(n_marks, n_bins, seed, threads, labels, summed_bins, logarithm, **trees):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    check_bins("lightgbm", n_bins, summed_bins)
    return make_pipeline(
        LogSums(summed_bins, difference=True, logarithm=logarithm),
        BoostedTrees(labels=labels, seed=seed, threads=threads, **trees),
    )
