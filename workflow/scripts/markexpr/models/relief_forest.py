"""Feature selection by ReliefF, then a random forest (Li et al. 2015, BMC Bioinformatics 16:S10),
as regression of the change between two cells.

As DeepDiff's baseline (section 4.2), which chooses 50, 70 or 100 features and 10 to 200 trees.
"""

import itertools

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import KFold
from skrebate import ReliefF

from markexpr.evaluation.metrics import pearson
from markexpr.io.jobs import log


def features(a, b):
    """Difference of the signals of two cells, float32 [samples, marks · bins]."""
    return (b - a).reshape(len(a), -1)


class ReliefForest(BaseEstimator, RegressorMixin):
    """X [samples, features]. n_features, n_trees: to choose from, by cross-validated Pearson
    correlation in `folds`; neighbours: of ReliefF;
    search_genes: at most so many genes, drawn at random, rank the features and choose (ReliefF
    takes time with their square; all then grow the forest).

    To choose, each fold's features are ranked by the genes of the other folds alone: ranks that
    have seen a fold's genes fit them even where there is nothing to learn. All search genes rank
    the features of the final forest.

    Fitted: inner_score_, the best cross-validated Pearson correlation; ranked_, features from the
    best on; kept_, those that the forest sees.
    """

    def __init__(self, n_features, n_trees, neighbours, folds, search_genes, seed, threads):
        self.n_features, self.n_trees, self.neighbours, self.folds = (
            n_features,
            n_trees,
            neighbours,
            folds,
        )
        self.search_genes, self.seed, self.threads = search_genes, seed, threads

    def fit(self, X, y):
        chosen = np.random.default_rng(self.seed).permutation(len(y))[: self.search_genes]
        pairs = list(itertools.product(self.n_features, self.n_trees))
        predicted = self._predict_folds(X[chosen], y[chosen], pairs)
        scores = np.nan_to_num([pearson(y[chosen], row) for row in predicted], nan=-1.0)
        (n, trees), self.inner_score_ = pairs[scores.argmax()], float(scores.max())
        log.info(
            "%d features and %d trees: cross-validated Pearson %.3f", n, trees, self.inner_score_
        )
        self.ranked_ = self._rank(X[chosen], y[chosen])
        self.kept_ = self.ranked_[:n]
        self.forest_ = self._forest(trees).fit(X[:, self.kept_], y)
        return self

    def _predict_folds(self, X, y, pairs):
        """Cross-validated predictions with each pair of numbers of features and of trees, float64
        [pairs, samples]."""
        predicted = np.empty((len(pairs), len(y)))
        for train, held_out in KFold(self.folds, shuffle=True, random_state=self.seed).split(X):
            ranked = self._rank(X[train], y[train])
            for row, (n, trees) in enumerate(pairs):
                forest = self._forest(trees).fit(X[train][:, ranked[:n]], y[train])
                predicted[row, held_out] = forest.predict(X[held_out][:, ranked[:n]])
        return predicted

    def _rank(self, X, y):
        """Features from the best on, int [features that vary]."""
        # features that are the same for all genes would be divided by their range of 0
        varied = np.flatnonzero(np.ptp(X, axis=0) > 0)
        relief = ReliefF(n_neighbors=min(self.neighbours, len(y) - 1), n_jobs=self.threads)
        relief.fit(X[:, varied].astype(np.float64), y.astype(np.float64))
        return varied[relief.top_features_]

    def _forest(self, trees):
        return RandomForestRegressor(
            n_estimators=trees, random_state=self.seed, n_jobs=self.threads
        )

    def predict(self, X):
        return self.forest_.predict(X[:, self.kept_])


def build(
    n_marks, n_bins, seed, threads, labels, n_features, n_trees, neighbours, folds, search_genes
):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    return ReliefForest(
        list(n_features), list(n_trees), neighbours, folds, search_genes, seed, threads
    )
