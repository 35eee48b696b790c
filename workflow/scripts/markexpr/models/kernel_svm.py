"""A support vector machine with a radial kernel on logarithms of mean counts: of all bins at once,
where `svr` has one model a bin. Not in any of the papers."""

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from markexpr.models.signals import LogSums, check_bins, stack

NEEDS_COUNTS = True  # whatever the study's normalisation


class KernelSVM(BaseEstimator):
    """An RBF support vector machine of some of the training genes, X [genes, features].

    labels: whether y is 0 and 1; cost: C; width: of the kernel, γ = width / (features · variance
    of the features), so that 1 is scikit-learn's `scale`; max_genes: at most so many genes train,
    drawn at random, since time grows with their square.

    What it says of labels ranks genes and is no frequency: the distance from the border between
    both classes, d, as 1 / (1 + exp(-d)).
    """

    def __init__(self, labels, cost, width, max_genes, seed):
        self.labels, self.cost, self.width = labels, cost, width
        self.max_genes, self.seed = max_genes, seed

    def fit(self, X, y):
        chosen = np.random.default_rng(self.seed).permutation(len(y))[: self.max_genes]
        X, y = X[chosen], y[chosen]
        gamma = self.width / (X.shape[1] * max(X.var(), 1e-12))
        # cache_size: of kernel values, in MB
        kind = SVC if self.labels else SVR
        self.machine_ = kind(C=self.cost, gamma=gamma, cache_size=1000).fit(X, y)
        return self

    def predict(self, X):
        return self.machine_.predict(X)

    def predict_proba(self, X):
        """Scores of low and of high that rank genes, float64 [genes, 2]."""
        high = expit(self.machine_.decision_function(X))
        return np.stack([1 - high, high], axis=1)


def features(**inputs):
    """Counts, float32 [samples, cells, marks, bins]."""
    return stack(inputs)


def size(estimator):
    """Number of genes that the machine keeps."""
    return {"support_genes": int(estimator[-1].machine_.n_support_.sum())}


def build(n_marks, n_bins, seed, threads, labels, averaged_bins, cost, width, max_genes):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    check_bins("kernel_svm", n_bins, averaged_bins)
    return make_pipeline(
        LogSums(averaged_bins, mean=True, difference=True),
        StandardScaler(),
        KernelSVM(labels, cost, width, max_genes, seed),
    )
