"""ShallowChrome (Frasca et al. 2022, BMC Bioinformatics 23:151): logistic regression on one number
of each mark, that of its most significant peak at the gene, wherever it lies.

From the paper's abstract: peaks are called; a gene's feature of a mark is `statistically
significant` and `dynamically located`; logistic regression on these. Ours, as no more of the method
could be read: peaks are bins of the window (the paper calls them on all reads), the test that says
which are significant, and of which background; the number that is taken, and its logarithm; the
penalty. For values and changes, which the paper does not predict, ridge regression stands in the
place of logistic regression.
"""

import numpy as np
from scipy.stats import poisson
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from markexpr.models.linear import linear_model
from markexpr.models.signals import stack

NEEDS_COUNTS = True  # whatever the study's normalisation


class PeakHeights(TransformerMixin, BaseEstimator):
    """The highest peak of each mark, from counts [samples, cells, marks, bins] to float64 [samples,
    cells · marks]: ln(1 + fold enrichment) of the highest bin if it is significant, else 0.

    A bin of c reads is significant if a Poisson law would give as many or more with at most the
    probability p_value. Its mean is the background: of a bin of the mark, over all bins of the
    genes that fit. Fold enrichment is c above the background. Since the law depends on the count
    alone, the highest bin is the most significant.

    Fitted: background_, float64 [cells, marks]; least_, the smallest significant count.
    """

    def __init__(self, p_value):
        self.p_value = p_value

    def fit(self, X, y=None):
        mean = X.mean(axis=(0, 3), dtype=np.float64)
        self.background_ = np.maximum(mean, np.finfo(np.float32).tiny)  # of a mark without reads
        self.least_ = poisson.isf(self.p_value, self.background_) + 1
        return self

    def transform(self, X):
        highest = X.max(axis=3).astype(np.float64)
        enrichment = np.where(highest >= self.least_, highest / self.background_, 0)
        return np.log1p(enrichment).reshape(len(X), -1)


def features(**inputs):
    """Counts, float32 [samples, cells, marks, bins]."""
    return stack(inputs)


def build(n_marks, n_bins, seed, threads, labels, p_value, strength):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    return make_pipeline(PeakHeights(p_value), StandardScaler(), linear_model(labels, strength))
