"""Feature selection by ReliefF, then a random forest (Li et al. 2015, BMC Bioinformatics 16:S10),
as regression of the change between two cells.

As DeepDiff's baseline (section 4.2), which chooses 50, 70 or 100 features and 10 to 200 trees.
"""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import KFold, cross_val_predict
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
    takes time with their square; all then grow the forest)."""

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
        # features that are the same for all genes would be divided by their range of 0
        varied = np.flatnonzero(np.ptp(X[chosen], axis=0) > 0)
        neighbours = min(self.neighbours, len(chosen) - 1)
        relief = ReliefF(n_neighbors=neighbours, n_jobs=self.threads).fit(
            X[chosen][:, varied].astype(np.float64), y[chosen].astype(np.float64)
        )
        self.ranked_ = varied[relief.top_features_]
        cut = KFold(self.folds, shuffle=True, random_state=self.seed)
        best = (-np.inf, None)
        for n in self.n_features:
            for trees in self.n_trees:
                predicted = cross_val_predict(
                    self._forest(trees), X[chosen][:, self.ranked_[:n]], y[chosen], cv=cut
                )
                score = np.nan_to_num(pearson(y[chosen], predicted), nan=-1.0)
                best = max(best, (score, (n, trees)))
        score, (n, trees) = best
        log.info("%d features and %d trees: cross-validated Pearson %.3f", n, trees, score)
        self.kept_ = self.ranked_[:n]
        self.forest_ = self._forest(trees).fit(X[:, self.kept_], y)
        return self

    def _forest(self, trees):
        return RandomForestRegressor(
            n_estimators=trees, random_state=self.seed, n_jobs=self.threads
        )

    def predict(self, X):
        return self.forest_.predict(X[:, self.kept_])


def build(n_marks, n_bins, seed, threads, n_features, n_trees, neighbours, folds, search_genes):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    return ReliefForest(
        list(n_features), list(n_trees), neighbours, folds, search_genes, seed, threads
    )
