"""The hierarchical bootstrap: scores by blocks of genes, draws of cells, seeds and blocks, and the
intervals that follow."""

import numpy as np
import pytest
from scipy import stats

from markexpr.evaluation import hierarchy, metrics
from markexpr.evaluation.hierarchy import Draws, Replicated, Summary, judge, subtract, summarise

BLOCKS = 12


def some_genes(labels, n=240, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.normal(size=n)
    y_pred = np.round(y_true + rng.normal(size=n), 1)  # many are equal
    block = rng.integers(0, BLOCKS, n)
    return ((y_true > 0).astype(float) if labels else y_true), y_pred, block


@pytest.mark.parametrize("metric", ["auc", "pearson", "mse"])
def test_a_replicate_is_the_score_of_genes_repeated_as_often_as_their_block_is_drawn(metric):
    y_true, y_pred, block = some_genes(metric == "auc")
    weights = np.random.default_rng(1).multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), 5)
    weights = np.vstack([np.ones(BLOCKS), weights]).astype(float)
    found = hierarchy.REPLICATE[metric](y_true, y_pred, block, weights)
    for row, value in zip(weights, found):
        times = row[block].astype(int)
        expected = getattr(metrics, metric)(np.repeat(y_true, times), np.repeat(y_pred, times))
        assert value == pytest.approx(expected, abs=1e-12)


def test_an_auc_without_one_class_is_undefined():
    y_true, y_pred = np.array([1.0, 1, 0, 0]), np.array([0.9, 0.1, 0.3, 0.2])
    weights = np.array([[1.0, 1], [2, 0]])
    found = hierarchy.replicate_auc(y_true, y_pred, np.array([0, 0, 1, 1]), weights)
    assert found[0] == 0.5 and np.isnan(found[1])


def test_cells_seeds_and_blocks_are_drawn_with_replacement_and_alike_for_all():
    draws = Draws([0, 0, 0, 1, 1], cells=4, replicates=200, seed=1)
    assert (draws.blocks[:, :3].sum(axis=1) == 3).all()  # each fold keeps its share
    assert (draws.blocks[:, 3:].sum(axis=1) == 2).all()
    assert (draws.cells.sum(axis=1) == 4).all() and draws.cells.max() > 1
    seeds = draws.weigh_seeds(3)
    assert np.array_equal(seeds.sum(axis=2), 3 * draws.cells)  # within the cells that are drawn
    assert np.array_equal(seeds, draws.weigh_seeds(3))
    assert draws.block_freedom == 3
    again = Draws([0, 0, 0, 1, 1], cells=4, replicates=200, seed=1)
    assert np.array_equal(again.blocks, draws.blocks) and np.array_equal(again.cells, draws.cells)
    other = Draws([0, 0, 0, 1, 1], cells=4, replicates=200, seed=2)
    assert not np.array_equal(other.blocks, draws.blocks)


def test_one_cell_is_not_drawn_and_a_fit_of_all_cells_has_one_seed_in_all():
    assert (Draws([0, 0], cells=1, replicates=20, seed=1).cells == 1).all()
    draws = Draws([0, 0], cells=3, replicates=50, seed=1, one_fit_of_all=True)
    seeds = draws.weigh_seeds(2)
    for row, cells in zip(seeds, draws.cells):
        share = row[cells > 0] / cells[cells > 0, None]
        assert (share == share[0]).all() and share[0].sum() == 2


def test_a_cell_scores_the_mean_over_its_folds_and_never_their_predictions_together():
    high, low = (np.array([1.0, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1]))
    draws = Draws([0, 0, 1, 1], cells=1, replicates=10, seed=1)
    folds = [(high, low, np.array([0, 0, 1, 1])), (high, low - 5, np.array([2, 2, 3, 3]))]
    value, replicated = hierarchy.score_fits(folds, draws, "auc")
    assert value == metrics.auc(high, low)  # pooled, the shift of -5 would change it
    assert replicated.shape == (10,)


def of_cells(values, blocks=40, spread=0.0, seed=0):
    """A Summary of cells with these values, and genes that add a spread to all; its Draws."""
    draws = Draws(np.zeros(blocks, dtype=int), len(values), 2000, 1)
    noise = np.random.default_rng(seed).normal(0, spread, 2000)
    values = np.array(values, dtype=float)[:, None]
    return summarise(Replicated(values, values[:, :, None] + noise), draws), draws


def test_intervals_are_wider_than_those_of_genes_alone_where_cells_differ():
    alike, draws = of_cells([0.5] * 8, spread=0.01)
    differ, _ = of_cells([0.3, 0.7] * 4, spread=0.01)
    low, high, _ = judge(alike, draws)
    wide_low, wide_high, _ = judge(differ, draws)
    assert high - low == pytest.approx(2 * 1.96 * 0.01, rel=0.1)
    assert wide_high - wide_low > 5 * (high - low)


def test_cells_alone_give_students_interval_of_their_mean():
    values = [0.1, 0.4, 0.35, 0.2, 0.6]
    found, draws = of_cells(values)
    low, high, p = judge(found, draws)
    theirs = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (low, high) == pytest.approx(theirs, abs=0.02)
    assert p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.005)


def test_two_cells_that_agree_have_the_interval_of_their_genes():
    """Student's t of one degree of freedom is for what comes of cells alone."""
    found, draws = of_cells([0.50, 0.501], spread=0.01)
    low, high, _ = judge(found, draws)
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 39) * 0.01, rel=0.1)
    far, _ = of_cells([0.3, 0.7], spread=0.01)
    low, high, _ = judge(far, draws)
    assert high - low > 4


def test_seeds_that_serve_all_cells_count_with_their_few_degrees_of_freedom():
    values = np.array([[0.4, 0.6]] * 6)  # two seeds, alike in all cells
    for shared in (True, False):
        draws = Draws(np.zeros(40, dtype=int), 6, 500, 1, shared)
        found = summarise(Replicated(values, np.repeat(values[:, :, None], 500, axis=2)), draws)
        low, high, _ = judge(found, draws)
        assert (high - low > 2) == shared  # t of one degree of freedom, and not of five cells


def test_the_difference_of_models_is_of_the_same_draws():
    one, draws = of_cells([0.5, 0.6, 0.7], spread=0.05)
    other, _ = of_cells([0.49, 0.59, 0.69], spread=0.05)
    change = subtract(one, other)
    assert judge(change, draws)[:2] == pytest.approx((0.01, 0.01))
    assert judge(subtract(one, one), draws) == (0.0, 0.0, 1.0)


def fails(values):
    draws = Draws(np.zeros(5, dtype=int), len(values), 400, 1)
    values = np.array(values, dtype=float)[:, None]
    return summarise(Replicated(values, np.repeat(values[:, :, None], 400, axis=2)), draws), draws


def test_a_failed_fit_is_worse_than_any_score():
    failed, draws = fails([0.5, 0.5, 0.5, np.nan])
    sound, _ = fails([0.1, 0.1, 0.1, 0.1])
    assert failed.value == -np.inf
    change = subtract(sound, failed)
    low, high, p = judge(change, draws)
    assert (low, high) == (pytest.approx(-0.4), np.inf)  # drawn in most replicates, not in all
    assert p > 0.05
    both = subtract(failed, failed)
    assert both.value == 0 and judge(both, draws)[:2] == (0, 0)
    never, _ = fails([np.nan] * 4)
    assert judge(subtract(sound, never), draws)[0] == np.inf
    assert judge(subtract(sound, never), draws)[2] < 0.05


def test_undefined_replicates_are_left_out_of_intervals():
    draws = Draws([0, 0, 0], 2, 4, 1)
    found = Summary(0.5, np.array([0.4, 0.6, np.nan, np.nan]), np.array([0.5, 0.5]), [])
    assert np.isfinite(judge(found, draws)).all()
    undefined = Summary(np.nan, found.replicated, found.of_cells, [])
    assert np.isnan(judge(undefined, draws)).all()
