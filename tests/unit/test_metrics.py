"""The scorer against scikit-learn and against what theory says."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from markexpr.evaluation import metrics


def sample(n=400, ties=True, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, 2, n)
    y_pred = 1 / (1 + np.exp(-(y_true + rng.normal(0, 1.5, n))))
    return y_true, np.round(y_pred, 2) if ties else y_pred


@pytest.mark.parametrize("ties", [True, False])
def test_weighted_metrics_equal_scikit_learns(ties):
    y_true, y_pred = sample(ties=ties)
    ranked = metrics._Ranked(y_true, y_pred)
    weights = np.random.default_rng(1).integers(0, 4, (5, len(y_true))).astype(float)
    ours = metrics._weighted(ranked, weights[:, ranked.order])
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


def test_the_bootstrap_agrees_with_drawing_genes_one_replicate_at_a_time():
    y_true, y_pred = sample(150)
    rng = np.random.default_rng(3)
    slow = []
    for _ in range(2_000):
        drawn = rng.integers(0, 150, 150)
        slow.append(sk.roc_auc_score(y_true[drawn], y_pred[drawn]))
    fast = metrics.bootstrap_classification(y_true, y_pred, 2_000, seed=4)["auc"]
    assert np.mean(fast) == pytest.approx(np.mean(slow), abs=0.004)
    assert np.std(fast) == pytest.approx(np.std(slow), rel=0.1)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(5)
    true_auc = 0.76025  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt(2))
    covered = 0
    for _ in range(200):
        y_true = rng.integers(0, 2, 200)
        scores = (
            metrics.score_classification(y_true, rng.normal(y_true, 1), 300, seed=0)
            .set_index("metric")
            .loc["auc"]
        )
        covered += scores["ci_low"] <= true_auc <= scores["ci_high"]
    assert 0.89 <= covered / 200 <= 0.99


def test_scores_do_not_depend_on_the_order_of_genes_and_are_repeatable():
    y_true, y_pred = sample()
    first = metrics.score_classification(y_true, y_pred, 200, seed=1)
    assert first.equals(metrics.score_classification(y_true, y_pred, 200, seed=1))
    order = np.random.default_rng(0).permutation(len(y_true))
    again = metrics.score_classification(y_true[order], y_pred[order], 200, seed=1)
    assert np.allclose(again["value"], first["value"])


def test_one_class_alone_has_no_auc():
    scores = metrics.score_classification(
        np.ones(20), np.linspace(0, 1, 20), 100, seed=1
    ).set_index("metric")
    assert np.isnan(scores.loc["auc", "value"]) and np.isnan(scores.loc["auc", "ci_low"])
    assert scores.loc["accuracy", "value"] == 0.5
    with pytest.raises(ValueError, match="not finite"):
        metrics.score_classification(np.array([0, 1]), np.array([0.5, np.nan]), 100, seed=1)


# ---- regression ----


def values(n=300, seed=0):
    rng = np.random.default_rng(seed)
    y_true = np.round(rng.normal(3, 2, n), 1)  # with ties
    return y_true, y_true + rng.normal(0, 1.5, n)


def test_point_values_equal_scipys_and_scikit_learns():
    y_true, y_pred = values()
    table = metrics.score_regression(y_true, y_pred, 200, 1).set_index("metric")["value"]
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
    correlation, error, variance = metrics._moments(y_true, y_pred, weights)
    assert correlation[0] == pytest.approx(stats.pearsonr(y_true[drawn], y_pred[drawn]).statistic)
    assert error[0] == pytest.approx(sk.mean_squared_error(y_true[drawn], y_pred[drawn]))
    assert 1 - error[0] / variance[0] == pytest.approx(sk.r2_score(y_true[drawn], y_pred[drawn]))


def test_intervals_of_a_correlation_are_fishers():
    y_true, y_pred = values(500)
    row = metrics.score_regression(y_true, y_pred, 4_000, 1).set_index("metric").loc["pearson"]
    low, high = stats.pearsonr(y_true, y_pred).confidence_interval()
    assert (row["ci_low"], row["ci_high"]) == (
        pytest.approx(low, abs=0.015),
        pytest.approx(high, abs=0.015),
    )


def test_constants_have_no_correlation_and_nan_is_refused():
    y_true, y_pred = values(50)
    table = metrics.score_regression(y_true, np.ones(50), 200, 1).set_index("metric")["value"]
    assert np.isnan(table["pearson"]) and np.isnan(table["spearman"]) and np.isfinite(table["mse"])
    assert np.isnan(
        metrics.score_regression(np.ones(50), y_pred, 200, 1).set_index("metric").loc["r2", "value"]
    )
    with pytest.raises(ValueError, match="not finite"):
        metrics.score_regression(np.r_[y_true[1:], np.nan], y_pred, 200, 1)
