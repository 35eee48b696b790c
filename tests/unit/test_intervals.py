"""Bootstrap draws, intervals, and the difference of two models on the same draws."""

import numpy as np
import pytest
from scipy import stats

from markexpr.evaluation import intervals


def test_draws_come_in_parts_that_are_repeatable(monkeypatch):
    whole = np.concatenate(list(intervals.draws(50, 30, 1)))
    assert whole.shape == (30, 50) and (whole.sum(axis=1) == 50).all()
    assert np.array_equal(whole, np.concatenate(list(intervals.draws(50, 30, 1))))
    assert not np.array_equal(whole, np.concatenate(list(intervals.draws(50, 30, 2))))
    monkeypatch.setattr(intervals, "CHUNK", 200)
    parts = list(intervals.draws(50, 30, 1))
    assert [len(part) for part in parts] == [4] * 7 + [2]
    assert np.array_equal(np.concatenate(parts), whole)
    monkeypatch.setattr(intervals, "CHUNK", 10)  # less than one replicate
    assert [len(part) for part in intervals.draws(50, 3, 1)] == [1, 1, 1]


def test_intervals_of_a_mean_are_scipys():
    values = np.random.default_rng(0).normal(2, 1, 200)
    replicated = intervals.bootstrap(
        lambda weights: {"mean": weights @ values / weights.sum(axis=1)}, 200, 4_000, 1
    )["mean"]
    low, high = intervals.interval(values.mean(), replicated)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=4_000, method="percentile", random_state=1
    ).confidence_interval
    assert (low, high) == (
        pytest.approx(theirs.low, abs=0.02),
        pytest.approx(theirs.high, abs=0.02),
    )


def test_undefined_replicates_are_left_out_and_an_undefined_value_has_no_interval():
    replicated = np.r_[np.arange(101.0), np.nan, np.nan]
    assert intervals.interval(50.0, replicated) == (2.5, 97.5)
    assert np.isnan(intervals.interval(np.nan, replicated)).all()
    assert np.isnan(intervals.interval(50.0, np.full(3, np.nan))).all()


def test_models_that_err_alike_differ_by_less_than_their_own_intervals():
    rng = np.random.default_rng(0)
    error = rng.exponential(1, 300)
    errors = {"a": error, "b": error + 0.1, "same": error}
    replicated = intervals.bootstrap(
        lambda weights: {name: weights @ own / 300 for name, own in errors.items()}, 300, 500, 1
    )
    change, low, high = intervals.difference(
        errors["b"].mean(), replicated["b"], errors["a"].mean(), replicated["a"]
    )
    assert (change, low, high) == pytest.approx((0.1, 0.1, 0.1))
    own_low, own_high = intervals.interval(errors["b"].mean(), replicated["b"])
    assert own_high - own_low > 0.1
    assert intervals.difference(1.0, replicated["same"], 1.0, replicated["a"]) == (0, 0, 0)
