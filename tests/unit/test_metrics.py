"""The scorer against scikit-learn and against what theory says."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from markexpr.evaluation import metrics, scorer
from markexpr.evaluation.intervals import draws


def sample(n=400, ties=True, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, 2, n)
    y_pred = 1 / (1 + np.exp(-(y_true + rng.normal(0, 1.5, n))))
    return y_true, np.round(y_pred, 2) if ties else y_pred


@pytest.mark.parametrize("ties", [True, False])
def test_weighted_metrics_equal_scikit_learns(ties):
    y_true, y_pred = sample(ties=ties)
    ranked = scorer._Ranked(y_true, y_pred)
    weights = np.random.default_rng(1).integers(0, 4, (5, len(y_true))).astype(float)
    ours = scorer._score_ranked(ranked, weights[:, ranked.order])
    for row, weight in enumerate(weights):
        assert ours["auc"][row] == pytest.approx(
            sk.roc_auc_score(y_true, y_pred, sample_weight=weight)
        )
        assert ours["auprc"][row] == pytest.approx(
            sk.average_precision_score(y_true, y_pred, sample_weight=weight)
        )
        assert ours["accuracy"][row] == pytest.approx(
            sk.accuracy_score(y_true, y_pred >= 0.5, sample_weight=weight)
        )


@pytest.mark.parametrize("ties", [True, False])
def test_curves_equal_scikit_learns_to_the_bit(ties):
    for n in (2, 3, 400):
        y_true, y_pred = sample(n, ties=ties)
        y_true[:2] = 0, 1
        ours, theirs = metrics.roc_curve(y_true, y_pred), sk.roc_curve(y_true, y_pred)
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs))
        expected = sk.average_precision_score(y_true, y_pred)
        assert metrics.auprc(y_true, y_pred) == pytest.approx(expected, rel=1e-14)
    assert np.isnan(metrics.auprc(np.ones(5), np.arange(5)))


def test_the_bootstrap_agrees_with_drawing_genes_one_replicate_at_a_time():
    y_true, y_pred = sample(150)
    rng = np.random.default_rng(3)
    slow = []
    for _ in range(2_000):
        drawn = rng.integers(0, 150, 150)
        slow.append(sk.roc_auc_score(y_true[drawn], y_pred[drawn]))
    fast = scorer.bootstrap_classification(y_true, y_pred, 2_000, seed=4)["auc"]
    assert np.mean(fast) == pytest.approx(np.mean(slow), abs=0.004)
    assert np.std(fast) == pytest.approx(np.std(slow), rel=0.1)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(5)
    true_auc = 0.76025  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt(2))
    covered = 0
    for _ in range(200):
        y_true = rng.integers(0, 2, 200)
        scores = (
            scorer.score_classification(y_true, rng.normal(y_true, 1), 300, seed=0)
            .set_index("metric")
            .loc["auc"]
        )
        covered += scores["ci_low"] <= true_auc <= scores["ci_high"]
    assert 0.89 <= covered / 200 <= 0.99


def test_scores_do_not_depend_on_the_order_of_genes_and_are_repeatable():
    y_true, y_pred = sample()
    first = scorer.score_classification(y_true, y_pred, 200, seed=1)
    assert first.equals(scorer.score_classification(y_true, y_pred, 200, seed=1))
    order = np.random.default_rng(0).permutation(len(y_true))
    again = scorer.score_classification(y_true[order], y_pred[order], 200, seed=1)
    assert np.allclose(again["value"], first["value"])


def test_one_class_alone_has_no_auc():
    scores = scorer.score_classification(np.ones(20), np.linspace(0, 1, 20), 100, seed=1).set_index(
        "metric"
    )
    assert np.isnan(scores.loc["auc", "value"]) and np.isnan(scores.loc["auc", "ci_low"])
    assert scores.loc["accuracy", "value"] == 0.5
    with pytest.raises(ValueError, match="not finite"):
        scorer.score_classification(np.array([0, 1]), np.array([0.5, np.nan]), 100, seed=1)


# ---- regression ----


def values(n=300, seed=0):
    rng = np.random.default_rng(seed)
    y_true = np.round(rng.normal(3, 2, n), 1)  # with ties
    return y_true, y_true + rng.normal(0, 1.5, n)


def test_point_values_equal_scipys_and_scikit_learns():
    y_true, y_pred = values()
    table = scorer.score_regression(y_true, y_pred, 200, 1).set_index("metric")["value"]
    assert table["pearson"] == pytest.approx(stats.pearsonr(y_true, y_pred).statistic)
    assert table["spearman"] == pytest.approx(stats.spearmanr(y_true, y_pred).statistic)
    assert table["mse"] == pytest.approx(sk.mean_squared_error(y_true, y_pred))
    assert table["r2"] == pytest.approx(sk.r2_score(y_true, y_pred))
    assert table["variance"] == pytest.approx(y_true.var())
    labels, scores = sample()
    assert metrics.auc(labels, scores) == pytest.approx(sk.roc_auc_score(labels, scores))
    assert np.array_equal(metrics.ranks(y_true), stats.rankdata(y_true))


def test_replicates_equal_the_metric_of_the_drawn_genes():
    y_true, y_pred = values(80)
    drawn = np.random.default_rng(2).integers(0, 80, 80)
    weights = np.bincount(drawn, minlength=80)[None].astype(float)
    moments = scorer.Sums(y_true, y_pred).moments(weights)
    x, y = y_true[drawn], y_pred[drawn]
    assert moments.pearson()[0] == pytest.approx(stats.pearsonr(x, y).statistic, rel=1e-12)
    assert moments.mse()[0] == pytest.approx(sk.mean_squared_error(x, y), rel=1e-12)
    assert moments.r2()[0] == pytest.approx(sk.r2_score(x, y), rel=1e-12)


def in_cells(n_genes=60, cells=4, seed=0):
    """Genes in several cells, some rows missing: true and predicted values, gene means, and the
    place of each row's gene."""
    rng = np.random.default_rng(seed)
    gene = np.repeat(np.arange(n_genes), cells)[rng.random(n_genes * cells) < 0.8]
    mean = rng.normal(3, 2, n_genes)[gene]
    y_true = mean + rng.normal(0, 1, len(gene))
    return y_true, (y_true + mean) / 2 + rng.normal(0, 1, len(gene)), mean, gene


def residual(values, given):
    """What a straight line in `given` leaves of values."""
    return values - np.polyval(np.polyfit(given, values, 1), given)


@pytest.mark.parametrize("offset", [0, 1e6])
def test_a_gene_is_drawn_with_its_rows_of_all_cells(offset):
    *values, gene = in_cells()
    y_true, y_pred, mean = (column + offset for column in values)
    drawn = np.random.default_rng(2).integers(0, 60, 60)
    weights = np.bincount(drawn, minlength=60)[None].astype(float)
    moments = scorer.Sums(y_true, y_pred, mean, gene, 60).moments(weights)
    rows = np.concatenate([np.flatnonzero(gene == one) for one in drawn])
    x, y, m = y_true[rows], y_pred[rows], mean[rows]
    exact = {"rel": 1e-12 if offset == 0 else 1e-8}  # the data themselves are rounded
    assert moments.pearson()[0] == pytest.approx(stats.pearsonr(x, y).statistic, **exact)
    assert moments.mse()[0] == pytest.approx(sk.mean_squared_error(x, y), **exact)
    assert moments.r2()[0] == pytest.approx(sk.r2_score(x, y), **exact)
    beyond = stats.pearsonr(x - m, y - m).statistic
    assert moments.pearson_beyond_mean()[0] == pytest.approx(beyond, **exact)
    if offset:  # polyfit is less exact than we are
        x, y, m = x - offset, y - offset, m - offset
    partial = stats.pearsonr(residual(x, m), residual(y, m)).statistic
    assert moments.partial_pearson()[0] == pytest.approx(partial, rel=1e-8)


def test_replicates_over_cells_are_those_of_draws_by_gene_name():
    y_true, y_pred, _, gene = in_cells()
    names = np.array([f"G{place:02}" for place in range(60)])[gene]
    replicated = scorer.bootstrap_regression(y_true, y_pred, 20, 7, genes=names)
    (weights,) = draws(60, 20, 7)
    for place, weight in enumerate(weights):
        rows = np.repeat(np.arange(len(gene)), weight[gene].astype(int))
        assert replicated["pearson"][place] == pytest.approx(
            stats.pearsonr(y_true[rows], y_pred[rows]).statistic
        )
        assert replicated["spearman"][place] == pytest.approx(
            stats.pearsonr(stats.rankdata(y_true)[rows], stats.rankdata(y_pred)[rows]).statistic
        )


def test_intervals_of_a_correlation_are_fishers():
    y_true, y_pred = values(500)
    row = scorer.score_regression(y_true, y_pred, 4_000, 1).set_index("metric").loc["pearson"]
    low, high = stats.pearsonr(y_true, y_pred).confidence_interval()
    assert (row["ci_low"], row["ci_high"]) == (
        pytest.approx(low, abs=0.015),
        pytest.approx(high, abs=0.015),
    )


def test_constants_have_no_correlation_and_nan_is_refused():
    y_true, y_pred = values(50)
    table = scorer.score_regression(y_true, np.ones(50), 200, 1).set_index("metric")["value"]
    assert np.isnan(table["pearson"]) and np.isnan(table["spearman"]) and np.isfinite(table["mse"])
    assert np.isnan(
        scorer.score_regression(np.ones(50), y_pred, 200, 1).set_index("metric").loc["r2", "value"]
    )
    with pytest.raises(ValueError, match="not finite"):
        scorer.score_regression(np.r_[y_true[1:], np.nan], y_pred, 200, 1)


# ---- undefined scores ----


def every_score(moments):
    """All correlations and R² of some replicates, [replicates, scores]."""
    scores = (
        moments.pearson(),
        moments.r2(),
        moments.pearson_beyond_mean(),
        moments.partial_pearson(),
    )
    return np.stack(scores, axis=1)


@pytest.mark.parametrize("constant", [0.0, 0.1, -2.3456789, 1e8, 1e8 + 0.1, 1e15 + 1, 1e-300])
def test_a_constant_has_no_correlation_in_any_replicate(constant):
    y_true, y_pred, mean, gene = in_cells()
    flat = np.full(len(gene), constant)
    (weights,) = draws(60, 200, 1)
    sums = scorer.Sums(y_true, flat, mean, gene, 60).moments(weights)
    assert np.isnan(sums.pearson()).all() and np.isnan(sums.partial_pearson()).all()
    assert np.isfinite(sums.mse()).all() and np.isfinite(sums.r2()).all()
    sums = scorer.Sums(flat, y_pred, mean, gene, 60).moments(weights)
    assert np.isnan(sums.pearson()).all() and np.isnan(sums.r2()).all()
    sums = scorer.Sums(y_true, y_pred, flat, gene, 60).moments(weights)
    assert np.isnan(sums.partial_pearson()).all()
    row = scorer.score_regression(y_true, flat, 200, 1, genes=gene).set_index("metric")
    assert row.loc[["pearson", "spearman"], ["value", "ci_low", "ci_high"]].isna().all(axis=None)


@pytest.mark.parametrize("scale", [1e-12, 1, 1e12])
def test_what_the_gene_mean_explains_wholly_has_no_correlation_beyond_it(scale):
    *values, gene = in_cells()
    y_true, y_pred, mean = (column * scale for column in values)
    (weights,) = draws(60, 200, 1)
    # a written prediction has nine digits, and one of a network is a 32-bit number
    for copy in (mean, mean.astype(np.float32).astype(float)):
        moments = scorer.Sums(y_true, copy, mean, gene, 60).moments(weights)
        assert np.isnan(moments.pearson_beyond_mean()).all()
        assert np.isnan(moments.partial_pearson()).all()
        assert np.isfinite(moments.pearson()).all()
    shifted = scorer.Sums(y_true, 3 * mean + 5 * scale, mean, gene, 60).moments(weights)
    assert np.isnan(shifted.partial_pearson()).all()
    assert np.isfinite(shifted.pearson_beyond_mean()).all()
    # what it does not explain has one, however small its numbers
    moments = scorer.Sums(y_true, y_pred, mean, gene, 60).moments(weights)
    assert np.isfinite(every_score(moments)).all()


def test_one_gene_and_ties_are_no_spread():
    y_true, y_pred = values(30)
    one = np.zeros((1, 30))
    one[0, 4] = 30  # a replicate that drew one gene only
    assert np.isnan(scorer.Sums(y_true, y_pred, y_pred).moments(one).pearson()).all()
    assert np.isnan(every_score(scorer.Sums(y_true, y_pred, y_true).moments(one))).all()
    tied = np.where(np.arange(30) < 20, 1e8 + 0.1, np.arange(30.0))
    weights = np.zeros((3, 30))
    weights[0, [2, 5, 7]], weights[1, :20], weights[2] = (1, 3, 5), 1, 1
    correlation = scorer.Sums(y_true, tied).moments(weights).pearson()
    assert np.isnan(correlation[:2]).all()
    assert correlation[2] == pytest.approx(stats.pearsonr(y_true, tied).statistic)
    single = scorer.score_regression(y_true[:1], y_pred[:1], 50, 1).set_index("metric")
    assert single.loc[["pearson", "spearman", "r2"], ["value", "ci_low"]].isna().all(axis=None)
    assert single.loc["mse", "value"] == pytest.approx(single.loc["mse", "ci_low"])


def test_small_spread_on_a_large_offset_is_still_a_spread():
    y_true, y_pred = values(200)
    (weights,) = draws(200, 50, 1)
    plain = scorer.Sums(y_true, y_pred).moments(weights).pearson()
    moved = scorer.Sums(y_true + 1e8, y_pred * 1e-3 - 1e6).moments(weights).pearson()
    assert moved == pytest.approx(plain, abs=1e-6)


def test_a_replicate_without_any_row_has_no_score():
    y_true, y_pred = values(5)
    moments = scorer.Sums(y_true, y_pred, y_true).moments(np.zeros((2, 5)))
    assert np.isnan(every_score(moments)).all() and np.isnan(moments.mse()).all()
    empty = np.empty(0)
    nothing = scorer.Sums(empty, empty, empty, np.empty(0, dtype=int), 5)
    assert np.isnan(every_score(nothing.moments(np.ones((2, 5))))).all()
