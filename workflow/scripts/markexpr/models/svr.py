"""Support vector regression of the change between two cells, one model a bin (Cheng and Gerstein
2011, Nucleic Acids Research 40:553).

As DeepDiff's baselines (section 4.2): an RBF kernel on the differences of the marks in a bin. One
layer takes the best bin; two layers give the predictions of all bins to another such regression.
"""

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.svm import SVR

from markexpr.evaluation.metrics import pearson
from markexpr.io.jobs import log


def features(a, b):
    """Difference of the signals of two cells, float32 [samples, marks, bins]."""
    return b - a


def _search(X, y, costs, folds):
    """Cross-validated Pearson correlation of each cost, float [costs]."""
    found = [pearson(y, cross_val_predict(SVR(C=cost), X, y, cv=folds)) for cost in costs]
    return np.nan_to_num(found, nan=-1.0)


class BinwiseSVR(BaseEstimator, RegressorMixin):
    """One RBF SVR a bin, X [samples, marks, bins].

    layers: 1, the bin and cost with the best cross-validated Pearson correlation; 2, all bins, each
    with its best cost, and an SVR on their predictions, which are those for the genes they were
    trained on, as in the paper. costs: C to choose from; folds: of the cross-validation;
    search_genes: at most so many genes, drawn at random, choose (all then train).
    """

    def __init__(self, layers, costs, folds, search_genes, seed, threads):
        self.layers, self.costs, self.folds, self.search_genes, self.seed, self.threads = (
            layers,
            costs,
            folds,
            search_genes,
            seed,
            threads,
        )

    def fit(self, X, y):
        rng = np.random.default_rng(self.seed)
        chosen = rng.permutation(len(y))[: self.search_genes]
        cut = KFold(self.folds, shuffle=True, random_state=self.seed)
        parallel = Parallel(n_jobs=self.threads)
        bins = range(X.shape[2])
        found = np.array(
            parallel(
                delayed(_search)(X[chosen][:, :, place], y[chosen], self.costs, cut)
                for place in bins
            )
        )
        self.pearson_ = found.max(axis=1)
        best = found.argmax(axis=1)
        self.bins_ = np.array(bins) if self.layers == 2 else np.array([self.pearson_.argmax()])
        log.info(
            "best bin %d of %d: cross-validated Pearson %.3f",
            self.pearson_.argmax() + 1,
            X.shape[2],
            self.pearson_.max(),
        )
        self.first_ = parallel(
            delayed(SVR(C=self.costs[best[place]]).fit)(X[:, :, place], y) for place in self.bins_
        )
        if self.layers == 2:
            first = self._first_layer(X)
            second = _search(first[chosen], y[chosen], self.costs, cut)
            self.second_ = SVR(C=self.costs[second.argmax()]).fit(first, y)
        return self

    def _first_layer(self, X):
        parts = Parallel(n_jobs=self.threads)(
            delayed(model.predict)(X[:, :, place]) for model, place in zip(self.first_, self.bins_)
        )
        return np.stack(parts, axis=1)

    def predict(self, X):
        first = self._first_layer(X)
        return self.second_.predict(first) if self.layers == 2 else first[:, 0]


def build(n_marks, n_bins, seed, threads, layers, costs, folds, search_genes):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    return BinwiseSVR(layers, list(costs), folds, search_genes, seed, threads)
