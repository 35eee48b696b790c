"""MiniRocket (Dempster, Schmidt and Webb 2021, KDD, p. 248), then ridge or logistic regression.

From the paper: 84 kernels of nine weights, six of -1 and three of 2, in several dilations; of each
convolution, the shares of positions that lie above biases, which are quantiles of the convolution
of training series. The paper is of one channel. Of several, as its appendix proposes, a kernel in a
dilation adds up some channels, drawn at random. The maintained implementations need another pandas
than this pipeline, so this is one of its own.
"""

from itertools import combinations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from markexpr.models.linear import linear_model
from markexpr.models.signals import check_bins, stack, with_difference

NEEDS_COUNTS = True  # whatever the study's normalisation
LENGTH = 9  # of a kernel
KERNELS = list(combinations(range(LENGTH), 3))  # where the three weights of 2 stand
DILATIONS = 32  # of a kernel, at most
CHANNELS = 9  # that a kernel adds up, at most
BLOCK = 512  # series at once: what fits into the caches of a processor
GOLDEN = (np.sqrt(5) + 1) / 2


def choose_dilations(n_positions, n_features):
    """The dilations of each kernel and how many features are of each, int64 [dilations] both.

    Dilations are 2 to evenly spaced powers, rounded down, up to that with which a kernel is as long
    as the series (section 3.2); what falls on the same dilation is of one. A kernel has n_features
    in all, more of them where more powers fall on a dilation.
    """
    most = max(min(n_features, DILATIONS), 1)
    longest = np.log2((n_positions - 1) / (LENGTH - 1))
    powers = np.logspace(0, longest, most, base=2).astype(np.int64)
    dilations, times = np.unique(powers, return_counts=True)
    each = times * n_features // most
    for place in range(n_features - each.sum()):
        each[place % len(each)] += 1
    return dilations, each


def quantiles(n):
    """The first n members of a sequence that fills 0 to 1 evenly, float64 [n]: multiples of the
    golden ratio without their whole part."""
    return (np.arange(1, n + 1) * GOLDEN) % 1


def shifted(series, dilation):
    """Series moved by each weight of a kernel, 0 where there is none, float32 [9, series,
    positions]."""
    n, positions = series.shape
    moved = np.zeros((LENGTH, n, positions), dtype=series.dtype)
    for weight in range(LENGTH):
        by = (weight - LENGTH // 2) * dilation
        into = slice(max(-by, 0), positions - max(by, 0))
        moved[weight][:, into] = series[:, max(by, 0) : positions - max(-by, 0)]
    return moved


def convolve(series, kernel, dilation):
    """Convolution of series [series, positions] with a kernel of KERNELS, float32 of that shape;
    series are 0 beyond their ends."""
    moved = shifted(series, dilation)
    # weights of -1 and 2: all nine with -1, and three of them with 3 more
    return 3 * moved[list(kernel)].sum(axis=0) - moved.sum(axis=0)


class MiniRocket(TransformerMixin, BaseEstimator):
    """Shares of positive values of random convolutions, from counts [samples, cells, marks, bins]
    to float32 [samples, features].

    Series are ln(1 + count), a channel a mark; of a pair, those of both cells and their difference
    (ours). Each channel is divided by its standard deviation over the genes that fit (ours: else
    the mark with the most reads is the one that sums of channels are of).
    n_features: about so many, a multiple of 84 at least once.

    Fitted: scale_, float32 [channels]; dilations_; combinations_, of each dilation and kernel: its
    channels, whether it is padded, and its biases.
    """

    def __init__(self, n_features, seed):
        self.n_features, self.seed = n_features, seed

    def fit(self, X, y=None):
        series = self._series(X)
        spread = series.std(axis=(0, 2), dtype=np.float64)
        self.scale_ = np.where(spread > 0, spread, 1).astype(np.float32)
        rng = np.random.default_rng(self.seed)
        _, channels, positions = series.shape
        each_kernel = max(self.n_features // len(KERNELS), 1)
        self.dilations_, numbers = choose_dilations(positions, each_kernel)
        self.channels_, self.biases_ = [], []
        at, levels = 0, quantiles(each_kernel * len(KERNELS))
        for dilation, number in zip(self.dilations_, numbers):
            for kernel in KERNELS:
                chosen = self._draw_channels(rng, channels)
                example = series[rng.integers(len(series))] / self.scale_[:, None]
                values = convolve(example[chosen].sum(axis=0)[None], kernel, dilation)
                biases = np.quantile(values, levels[at : at + number])
                self.channels_.append(chosen)
                self.biases_.append(biases.astype(np.float32))
                at += number
        return self

    @staticmethod
    def _draw_channels(rng, channels):
        """Some channels, few more often than many (powers of 2 are drawn evenly), int64 sorted."""
        most = min(channels, CHANNELS)
        number = int(2 ** rng.uniform(0, np.log2(most + 1)))
        return np.sort(rng.choice(channels, number, replace=False))

    @staticmethod
    def _series(X):
        """Logarithms of counts, float32 [samples, channels, bins]."""
        logs = with_difference(np.log1p(X, dtype=np.float32))
        return logs.reshape(len(X), -1, X.shape[3])

    def transform(self, X):
        n_features = sum(len(biases) for biases in self.biases_)
        found = np.empty((len(X), n_features), dtype=np.float32)
        for start in range(0, len(X), BLOCK):
            series = self._series(X[start : start + BLOCK]) / self.scale_[:, None]
            found[start : start + BLOCK] = self._transform_block(series)
        return found

    def _transform_block(self, series):
        """Features of some series, float32 [series, features]."""
        shares, place = [], 0
        for number, dilation in enumerate(self.dilations_):
            # of each channel, moved by each weight: what all kernels of a dilation add up
            moved = np.stack(
                [shifted(series[:, channel], dilation) for channel in range(series.shape[1])]
            )
            every = moved.sum(axis=1)
            margin = dilation * (LENGTH // 2)
            for which, kernel in enumerate(KERNELS):
                values = np.zeros(series[:, 0].shape, dtype=np.float32)
                for channel in self.channels_[place]:
                    i, j, k = kernel
                    three = moved[channel, i] + moved[channel, j] + moved[channel, k]
                    values += 3 * three - every[channel]
                # every second one sees the whole series, 0 beyond its ends; the others the part
                # where the kernel lies within
                if (number + which) % 2:
                    values = values[:, margin:-margin]
                for bias in self.biases_[place]:
                    shares.append(np.count_nonzero(values > bias, axis=1) / values.shape[1])
                place += 1
        return np.stack(shares, axis=1)


def features(**inputs):
    """Counts, float32 [samples, cells, marks, bins]."""
    return stack(inputs)


def build(n_marks, n_bins, seed, threads, labels, n_features, strength):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    check_bins("minirocket", n_bins, LENGTH)
    return make_pipeline(
        MiniRocket(n_features, seed), StandardScaler(), linear_model(labels, strength)
    )
