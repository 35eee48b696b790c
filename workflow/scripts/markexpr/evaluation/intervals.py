"""Bootstrap draws of genes, and the intervals that replicates of a score give.

Genes are drawn, not rows: a gene that is drawn brings its rows of all cells. Models are compared on
the same draws, which the same number of genes and the same seed give.
"""

import numpy as np

QUANTILES = [0.025, 0.975]  # of the replicates, where a 95 % interval ends
CHUNK = 1 << 24  # weights held at once: 128 MB


def draws(n, replicates, seed):
    """Draw n genes with replacement, `replicates` times. Yields how often each was drawn, float64
    [some replicates, n], so that not all need be held at once."""
    rng, left = np.random.default_rng(seed), replicates
    while left:
        rows = min(left, max(1, CHUNK // n))
        drawn = rng.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)
        left -= rows


def bootstrap(score, n, replicates, seed):
    """Replicates of scores over n genes drawn with replacement, {name: float64 [replicates]}.

    score: function from weights [some replicates, n] to {name: float64 [some replicates]}.
    """
    parts = [score(weights) for weights in draws(n, replicates, seed)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def interval(value, replicated):
    """Percentile interval of a score, (low, high). Replicates that are NaN are left out; both ends
    are NaN if `value` is, or if no replicate is left.

    value: of the genes as they are; replicated: float64 [replicates].
    """
    defined = replicated[np.isfinite(replicated)]
    if not defined.size or not np.isfinite(value):
        return np.nan, np.nan
    low, high = np.quantile(defined, QUANTILES)
    return low, high


def difference(value, replicated, other_value, other_replicated):
    """How much higher one model's score is than another's, (difference, low, high). Both models'
    replicates must come from the same draws, float64 [replicates]."""
    change = value - other_value
    return (change, *interval(change, replicated - other_replicated))
