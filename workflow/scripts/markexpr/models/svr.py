"""Support vector regression of the change between two cells, one model a bin (Cheng and Gerstein
2011, Nucleic Acids Research 40:553).

As DeepDiff's baselines (section 4.2): an RBF kernel on the differences of the marks in a bin. One
layer takes the best bin; two layers give the predictions of all bins to another such regression.
"""

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import KFold
from sklearn.svm import SVR

from markexpr.evaluation.metrics import pearson
from markexpr.io.jobs import log

NEEDS_COUNTS = True


def features(a, b):
    """Counts of both cells, float32 [samples, 2, marks, bins]."""
    return np.stack([a, b], axis=1)


def _predict_out_of_fold(model, X, y, folds):
    """Each sample as predicted by the model fitted on the other folds, float64 [samples]: what
    scikit-learn's cross_val_predict returns, without its checks, which take longer than small fits.
    """
    predicted = np.empty(len(y))
    for train, held_out in folds.split(X):
        predicted[held_out] = clone(model).fit(X[train], y[train]).predict(X[held_out])
    return predicted


def _search(X, y, costs, gamma, folds):
    """The cost with the best cross-validated Pearson correlation, this correlation, and the
    out-of-fold predictions with it, float64 [samples]. X: [samples, inputs]."""
    predicted = [_predict_out_of_fold(SVR(C=cost, gamma=gamma), X, y, folds) for cost in costs]
    scores = np.nan_to_num([pearson(y, values) for values in predicted], nan=-1.0)
    best = scores.argmax()
    return costs[best], scores[best], predicted[best]


def _predict_both(X, y, train, held_out, costs, gamma, folds):
    """Predictions of a bin by models that know of the samples `train` alone: for these out of
    fold, for the samples `held_out` by a model of all of them. X: [samples, marks]."""
    cost, _, out_of_fold = _search(X[train], y[train], costs, gamma, folds)
    return out_of_fold, SVR(C=cost, gamma=gamma).fit(X[train], y[train]).predict(X[held_out])


class BinwiseSVR(BaseEstimator, RegressorMixin):
    """One RBF SVR a bin, X [samples, 2, marks, bins]: counts of two cells, of whose marks a kernel
    sees the differences.

    inputs: `counts`, the differences of counts; `log1p`, of ln(1 + count); `standardised`, of
    counts, less their mean and divided by their standard deviation over the training genes, mark
    by mark and bin by bin (a difference that never varies stays 0).
    layers: 1, the bin and cost with the best cross-validated Pearson correlation; 2, all bins, each
    with its best cost, and an SVR on their predictions. This second SVR trains on out-of-fold
    predictions: those of models that trained on the same genes are too good to weigh bins by.
    costs: C to choose from; gamma: of all kernels, as scikit-learn names it; folds: of the
    cross-validation; search_genes: at most so many genes, drawn at random, choose (all then train).

    Fitted: pearson_ [bins], the cross-validated Pearson correlation of each bin with its best cost;
    inner_score_, that of the best bin, or of the second layer.
    """

    def __init__(self, inputs, layers, costs, gamma, folds, search_genes, seed, threads):
        self.inputs = inputs
        self.layers, self.costs, self.gamma, self.folds = layers, costs, gamma, folds
        self.search_genes, self.seed, self.threads = search_genes, seed, threads

    def fit(self, X, y):
        if self.inputs == "standardised":
            difference, spread = X[:, 1] - X[:, 0], np.std(X[:, 1] - X[:, 0], axis=0)
            self.mean_, self.sd_ = difference.mean(axis=0), np.where(spread > 0, spread, 1)
        X = self._subtract(X)
        rng = np.random.default_rng(self.seed)
        chosen = rng.permutation(len(y))[: self.search_genes]
        found = self._map_bins(_search, X[chosen], y[chosen], self.costs, self.gamma, self._folds())
        costs, scores, _ = zip(*found)
        self.pearson_ = np.array(scores)
        best = self.pearson_.argmax()
        self.inner_score_ = float(self.pearson_[best])
        log.info(
            "best bin %d of %d: cross-validated Pearson %.3f",
            best + 1,
            X.shape[2],
            self.inner_score_,
        )
        self.bins_ = np.arange(X.shape[2]) if self.layers == 2 else np.array([best])
        make = [SVR(C=costs[place], gamma=self.gamma) for place in self.bins_]
        self.first_ = self._parallel()(
            delayed(model.fit)(X[:, :, place], y) for model, place in zip(make, self.bins_)
        )
        if self.layers == 2:
            predicted = self._predict_folds(X[chosen], y[chosen])
            scores = np.nan_to_num([pearson(y[chosen], row) for row in predicted], nan=-1.0)
            cost, self.inner_score_ = self.costs[scores.argmax()], float(scores.max())
            log.info("second layer: cross-validated Pearson %.3f", self.inner_score_)
            out_of_fold = self._parallel()(
                delayed(_predict_out_of_fold)(model, X[:, :, place], y, self._folds())
                for model, place in zip(make, self.bins_)
            )
            self.second_ = SVR(C=cost, gamma=self.gamma).fit(np.stack(out_of_fold, axis=1), y)
        return self

    def _predict_folds(self, X, y):
        """Cross-validated predictions of both layers with each cost of the second, float64 [costs,
        samples]. In each fold the first layer, its costs and its out-of-fold predictions are made
        anew, of the other folds alone: a bin's cost that was chosen with the fold's genes already
        knows something of them.
        """
        predicted = np.empty((len(self.costs), len(y)))
        for train, held_out in self._folds().split(X):
            parts = self._map_bins(
                _predict_both, X, y, train, held_out, self.costs, self.gamma, self._folds()
            )
            known, new = (np.stack(part, axis=1) for part in zip(*parts))
            for row, cost in enumerate(self.costs):
                second = SVR(C=cost, gamma=self.gamma).fit(known, y[train])
                predicted[row, held_out] = second.predict(new)
        return predicted

    def _subtract(self, X):
        """What kernels see, float32 [samples, marks, bins], of the counts of two cells."""
        if self.inputs == "log1p":
            return np.log1p(X[:, 1]) - np.log1p(X[:, 0])
        difference = X[:, 1] - X[:, 0]
        return (difference - self.mean_) / self.sd_ if self.inputs == "standardised" else difference

    def _folds(self):
        return KFold(self.folds, shuffle=True, random_state=self.seed)

    def _parallel(self):
        return Parallel(n_jobs=self.threads)

    def _map_bins(self, function, X, *arguments):
        """What the function returns for each bin of X, as a list."""
        return self._parallel()(
            delayed(function)(X[:, :, place], *arguments) for place in range(X.shape[2])
        )

    def predict(self, X):
        X = self._subtract(X)
        parts = self._parallel()(
            delayed(model.predict)(X[:, :, place]) for model, place in zip(self.first_, self.bins_)
        )
        first = np.stack(parts, axis=1)
        return self.second_.predict(first) if self.layers == 2 else first[:, 0]


def build(
    n_marks, n_bins, seed, threads, labels, inputs, layers, costs, gamma, folds, search_genes
):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    return BinwiseSVR(inputs, layers, list(costs), gamma, folds, search_genes, seed, threads)
