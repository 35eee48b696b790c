"""The hierarchical bootstrap of models' scores: cells, seeds within them, and blocks of genes.

A replicate draws cells with replacement; for each cell that is drawn, as many seeds as there are,
with replacement; and, once for all cells, blocks of neighbouring genes. Cells and genes are crossed
factors, since all cells have the same genes: each is drawn by itself (Owen 2007, Ann Appl Stat
1:386). Neighbours share reads of their windows and regulation, so that they are drawn together, as
in a block bootstrap (Kuensch 1989, Ann Stat 17:1217). All models have the same draws: the
difference of two replicates is a replicate of the difference.

A score of a cell is the mean over its fits (chromosome folds) of the score of each fit's own test
genes: predictions of different fits are never ranked or correlated together.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit  # not scipy.stats, which takes a second to load

from markexpr.evaluation import metrics
from markexpr.evaluation.intervals import QUANTILES
from markexpr.evaluation.scorer import Sums

FAILED = -np.inf  # what a failed fit counts as: worse than any score


class Draws:
    """The draws that all models share.

    blocks: float [replicates, blocks], how often each block of genes is drawn; cells: int
    [replicates, cells], how often each cell is. One cell is not drawn: of one, nothing follows for
    others.
    """

    def __init__(self, strata, cells, replicates, seed, one_fit_of_all=False):
        """strata: int [blocks], blocks of one number are drawn among themselves, so that each fold
        has its share of genes in every replicate; cells: how many there are; one_fit_of_all:
        whether a fit serves all cells, so that its seed is the same in all of them."""
        self.strata, self.seed, self.one_fit_of_all = np.asarray(strata), seed, one_fit_of_all
        rng = np.random.default_rng([seed, 2])
        self.blocks = np.zeros((replicates, len(self.strata)))
        for stratum in np.unique(self.strata):
            here = np.flatnonzero(self.strata == stratum)
            self.blocks[:, here] = rng.multinomial(
                len(here), np.full(len(here), 1 / len(here)), replicates
            )
        rng = np.random.default_rng([seed, 3])
        self.cells = (
            rng.multinomial(cells, np.full(cells, 1 / cells), replicates)
            if cells > 1
            else np.ones((replicates, cells), dtype=int)
        )

    @property
    def block_freedom(self):
        """Degrees of freedom of the blocks: their number less one a stratum."""
        return max(len(self.strata) - len(np.unique(self.strata)), 1)

    def weigh_seeds(self, seeds):
        """How often each seed of each cell is drawn, float [replicates, cells, seeds]; the same for
        all models of so many seeds."""
        rng = np.random.default_rng([self.seed, 4, seeds])
        chances = np.full(seeds, 1 / seeds)
        if self.one_fit_of_all:
            drawn = rng.multinomial(seeds, chances, len(self.cells))
            return (self.cells[:, :, None] * drawn[:, None, :]).astype(float)
        return rng.multinomial(self.cells * seeds, chances).astype(float)


# ---- the score of one fit in one cell, and its replicates ----


def replicate_auc(y_true, y_pred, block, weights):
    """AUC with blocks of genes so weighted, float64 [replicates]; NaN where one class is not drawn.

    y_true: 0/1 [genes]; y_pred: [genes]; block: int [genes]; weights: float [replicates, blocks].
    A pair of a high and a low gene counts as often as both their blocks are drawn. How many pairs
    of two blocks are in the right order is counted once, so that a replicate costs blocks² and not
    genes (equal predictions count half).
    """
    n_blocks = weights.shape[1]
    _, place = np.unique(y_pred, return_inverse=True)
    where, shape = place * n_blocks + block, (place.max() + 1, n_blocks)
    high, low = (
        np.bincount(where, weights=of_class, minlength=shape[0] * n_blocks).reshape(shape)
        for of_class in (y_true == 1, y_true != 1)
    )
    below = np.cumsum(low, axis=0) - low / 2  # low genes below each value, by block
    in_order = high.T @ below
    all_high, all_low = weights @ high.sum(axis=0), weights @ low.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ((weights @ in_order) * weights).sum(axis=1) / (all_high * all_low)


def replicate_pearson(y_true, y_pred, block, weights):
    """Pearson correlation with blocks so weighted, as replicate_auc."""
    return Sums(y_true, y_pred, gene=block, n_genes=weights.shape[1]).moments(weights).pearson()


def replicate_mse(y_true, y_pred, block, weights):
    """Mean squared error with blocks so weighted, as replicate_auc."""
    return Sums(y_true, y_pred, gene=block, n_genes=weights.shape[1]).moments(weights).mse()


REPLICATE = {"auc": replicate_auc, "pearson": replicate_pearson, "mse": replicate_mse}


@dataclass
class Replicated:
    """Scores of one model.

    values: float64 [cells, seeds], NaN where a fit failed; replicates: float64 [cells, seeds,
    replicates], of the blocks alone: neither cells nor seeds are drawn in them.
    """

    values: np.ndarray
    replicates: np.ndarray


def score_fits(fits, draws, metric):
    """The score of a cell by one seed: the mean over its fits. Returns (value, float64
    [replicates]); NaN if a fit has no score.

    fits: list of (y_true, y_pred, block), one a fold, each of the genes that it tests.
    """
    values, replicates = [], []
    for y_true, y_pred, block in fits:
        present, place = np.unique(block, return_inverse=True)
        values.append(getattr(metrics, metric)(y_true, y_pred))
        weights = draws.blocks[:, present]
        replicates.append(REPLICATE[metric](y_true, y_pred, place, weights))
    return float(np.mean(values)), np.mean(replicates, axis=0)


# ---- over cells and seeds ----


@dataclass
class Summary:
    """A model's score, or the difference of two, over cells.

    value: mean over seeds, then cells; replicated: float64 [replicates] of it, -inf (or inf) where
    a failed fit was drawn; of_cells: float64 [cells], means over seeds, infinite where a fit
    failed; of_seeds: what variance its value has by the draw of seeds that serve all cells, and of
    how many seeds: a list of (variance, seeds).
    """

    value: float
    replicated: np.ndarray
    of_cells: np.ndarray
    of_seeds: list


def summarise(found, draws):
    """The Summary of one model. found: Replicated."""
    failed = np.isnan(found.values)
    filled = np.where(failed[:, :, None], 0.0, found.replicates)
    _, seeds = found.values.shape
    weights = draws.weigh_seeds(seeds)
    replicated = np.einsum("rcs,csr->r", weights, filled) / weights.sum(axis=(1, 2))
    replicated[(weights * failed).sum(axis=(1, 2)) > 0] = FAILED
    of_cells = np.where(failed, FAILED, found.values).mean(axis=1)
    of_seeds = []
    if seeds > 1 and not failed.any() and (draws.one_fit_of_all or len(of_cells) == 1):
        of_seeds = [(found.values.mean(axis=0).var(ddof=1) / seeds, seeds)]
    return Summary(float(of_cells.mean()), replicated, of_cells, of_seeds)


def subtract(one, other):
    """How much higher one model scores than another on the same draws, a Summary. Failed fits lose
    by more than any score; where those of both are drawn, there is no difference."""
    return Summary(
        float(_less(one.value, other.value)),
        _less(one.replicated, other.replicated),
        _less(one.of_cells, other.of_cells),
        one.of_seeds + other.of_seeds,
    )


def _less(one, other):
    with np.errstate(invalid="ignore"):
        change = np.asarray(one - other)
    return np.where((one == FAILED) & (other == FAILED), 0.0, change)


def judge(summary, draws):
    """95 % interval of a Summary, and two-sided p that it is 0: (low, high, p).

    Percentiles of a handful of cells are too narrow. The interval is value ± t · s: s² is the
    variance of the replicates, in which what comes of n cells is raised by n / (n - 1) (Hesterberg
    2015, Am Stat 69:371, section 5.3), and t has Satterthwaite's (1946, Biometrics Bulletin 2:110)
    degrees of freedom, n - 1 if all variance is that of cells and nearly those of the blocks of
    genes if none is. The same is done for seeds where one fit serves all cells, or there is one
    cell. If a failed fit is drawn in some replicates, ends are percentiles, infinite where so many
    failed, and p is twice the share of replicates on the other side of 0.
    """
    replicated = summary.replicated[~np.isnan(summary.replicated)]
    if not replicated.size or np.isnan(summary.value):
        return np.nan, np.nan, np.nan
    if not np.isfinite(replicated).all():
        low, high = np.quantile(replicated, QUANTILES, method="inverted_cdf")
        beyond = min((replicated <= 0).mean(), (replicated >= 0).mean())
        return float(low), float(high), min(1.0, 2 * beyond + 1 / len(replicated))
    spread, freedom = _find_spread(replicated.var(), summary, draws)
    if spread == 0:
        return summary.value, summary.value, float(summary.value == 0)
    reach = stdtrit(freedom, QUANTILES[1]) * spread
    p = 2 * stdtr(freedom, -abs(summary.value) / spread)
    return summary.value - reach, summary.value + reach, float(p)


def _find_spread(variance, summary, draws):
    """Standard error of a Summary and its degrees of freedom. variance: of its replicates."""
    parts = list(summary.of_seeds)
    if len(summary.of_cells) > 1:
        n = len(summary.of_cells)
        parts.append((summary.of_cells.var(ddof=1) / n, n))
    rest = max(variance - sum(part * (n - 1) / n for part, n in parts), 0.0)
    total = rest + sum(part for part, _ in parts)
    squares = rest**2 / draws.block_freedom + sum(part**2 / (n - 1) for part, n in parts)
    return np.sqrt(total), total**2 / squares if squares else 1.0
