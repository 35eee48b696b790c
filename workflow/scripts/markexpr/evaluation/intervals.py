"""Bootstrap draws of genes and of cells, and the intervals that replicates of a score give.

Genes are drawn, not rows: a gene that is drawn brings its rows of all cells. A statement about
cells that no model was trained on is one about cells like them: they are drawn as well, and each
brings its genes (the bootstrap of crossed factors of Owen 2007, Ann Appl Stat 1:386). Models are
compared on the same draws, which the same numbers of genes and cells and the same seed give.
"""

import numpy as np
from scipy.special import stdtr, stdtrit  # not scipy.stats, which takes a second to load

LEVEL = 0.05
QUANTILES = [LEVEL / 2, 1 - LEVEL / 2]  # of the replicates, where a 95 % interval ends
CHUNK = 1 << 24  # weights held at once: 128 MB
# Weights that ranks are scored by at once: their cumulative sums then stay in a core's cache, which
# is three times as fast. Sums are products of matrices, and want more.
CACHED = 1 << 18


def draws(n, replicates, seed, cells=0, rest=False, chunk=None):
    """Draw n genes with replacement, `replicates` times, and as many times `cells` cells.

    rest: whether further cells, which are not drawn, are in every replicate, as one group behind
    those that are; chunk: weights held at once, CHUNK if not given. Yields the weight of each gene
    in each group of cells (in all, if no cell is drawn), float64 [some replicates, groups · n],
    genes of the first group first, so that not all need be held at once.
    """
    of_genes, of_cells = (np.random.default_rng(part) for part in (seed, [seed, 1]))
    groups, left = cells + rest if cells else 1, replicates
    while left:
        rows = min(left, max(1, (chunk or CHUNK) // (n * groups)))
        weights = _count_draws(of_genes, rows, n)
        if cells:
            drawn = _count_draws(of_cells, rows, cells)
            if rest:
                drawn = np.column_stack([drawn, np.ones(rows)])
            weights = (drawn[:, :, None] * weights[:, None, :]).reshape(rows, -1)
        yield weights
        left -= rows


def _count_draws(rng, rows, n):
    """How often each of n was drawn in n draws, float64 [rows, n]."""
    found = rng.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
    return np.bincount(found.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def bootstrap(score, n, replicates, seed, cells=0, rest=False, chunk=None):
    """Replicates of scores over n genes, and cells, drawn with replacement, {name: float64
    [replicates]}.

    score: function from weights as `draws` gives them to {name: float64 [some replicates]}; cells,
    rest, chunk: as for `draws`.
    """
    parts = [score(weights) for weights in draws(n, replicates, seed, cells, rest, chunk)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def interval(value, replicated, cells=0):
    """95 % interval of a score, (low, high). Replicates that are NaN are left out; both ends are
    NaN if `value` is, or if no replicate is left.

    value: of the genes as they are; replicated: float64 [replicates]; cells: how many were drawn,
    0 or at least 2. Without drawn cells it is the percentile interval. Percentiles of a handful of
    cells are too narrow: with cells it is value ± t · s · sqrt(n / (n - 1)), s the standard
    deviation of the replicates and t of n - 1 degrees of freedom (Hesterberg 2015, Am Stat 69:371,
    section 5.3, for the factor).
    """
    defined = replicated[np.isfinite(replicated)]
    if not defined.size or not np.isfinite(value):
        return np.nan, np.nan
    if cells:
        reach = stdtrit(cells - 1, QUANTILES[1]) * _spread(defined, cells)
        return value - reach, value + reach
    low, high = np.quantile(defined, QUANTILES)
    return low, high


def interval_of_mean(values, fewest=3):
    """95 % interval of the mean over cells by Student's t, (low, high); NaN for fewer than `fewest`
    cells, which is at least 2. What it says is said of more cells like these. values: float
    [cells]."""
    n = len(values)
    if n < fewest:
        return np.nan, np.nan
    reach = stdtrit(n - 1, QUANTILES[1]) * np.std(values, ddof=1) / np.sqrt(n)
    return np.mean(values) - reach, np.mean(values) + reach


def p_above_zero(value, replicated, cells=0):
    """One-sided p that a difference is no more than 0, by its replicates; NaN where `interval` is.

    Without drawn cells it is the share of replicates at or below 0, the value itself counted as
    one of them; with cells it is that of `value` over its standard error, by Student's t.
    """
    defined = replicated[np.isfinite(replicated)]
    if not defined.size or not np.isfinite(value):
        return np.nan
    if cells:
        spread = _spread(defined, cells)
        return float(stdtr(cells - 1, -value / spread)) if spread else float(value <= 0)
    return (1 + int((defined <= 0).sum())) / (1 + len(defined))


def _spread(replicated, cells):
    """Standard error of a score over drawn cells: replicates of n cells vary by (n - 1) / n too
    little."""
    return replicated.std() * np.sqrt(cells / (cells - 1))


def difference(value, replicated, other_value, other_replicated, cells=0):
    """How much higher one model's score is than another's, (difference, low, high). Both models'
    replicates must come from the same draws, float64 [replicates]; cells: as for `interval`."""
    change = value - other_value
    return (change, *interval(change, replicated - other_replicated, cells))
