"""All published numbers beside ours, each with an interval and a reason."""

import numpy as np
import pandas as pd
import pytest

from markexpr.evaluation.published import (
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    Setting,
    beside_published,
)
from markexpr.evaluation.reproduction import count_outcomes, list_reproduced
from markexpr.io.jobs import InputError

UNITS = [f"E{number:03d}" for number in range(12)]
RNG = np.random.default_rng(3)
VALUES = 0.8 + RNG.normal(0, 0.03, (12, 2))


def metrics(values=VALUES, model="m"):
    return pd.DataFrame(
        {
            "model": model,
            "unit": unit,
            "seed": seed,
            "split": "test",
            "metric": "auc",
            "value": value,
        }
        for unit, seeds in zip(UNITS, values)
        for seed, value in enumerate(seeds)
    )


def published(**changes):
    row = {
        "study": "s",
        "model": "m",
        "split": "test",
        "metric": "auc",
        "statistic": "mean",
        "against": "",
        "value": 0.8,
        "n_units": 12,
        "label_mode": "text",
        "own_paper": "yes",
        "source": "a paper",
    }
    return pd.DataFrame([{**row, **changes}])


def ours(row, values=None, simulated=False, labels="text"):
    setting = Setting("s", simulated, labels, bootstrap={"replicates": 2000, "seed": 1})
    return beside_published(metrics() if values is None else values, row, setting)


def listed(row, table, **arguments):
    models = {"s": ["m"], "other": ["m"]}
    built = [("s", "s", table)] if (row["study"] == "s").any() else []
    return list_reproduced(row, built, models, **arguments)


def test_ours_has_an_interval_over_units_and_a_difference():
    row = ours(published(value=0.79)).iloc[0]
    means = VALUES.mean(axis=1)
    reach = 2.201 * means.std(ddof=1) / np.sqrt(12)  # Student's t of 11
    assert row["ours"] == pytest.approx(means.mean())
    # drawing seeds as well makes it wider than that of the means alone, and not much
    half = (row["ci_high"] - row["ci_low"]) / 2
    assert reach < half < 1.6 * reach
    assert row["ours"] == pytest.approx((row["ci_low"] + row["ci_high"]) / 2)
    assert row["difference"] == pytest.approx(means.mean() - 0.79)


@pytest.mark.parametrize(
    "statistic", ["median", "mean_drop", "mean_relative_drop", "mean_relative", "median_relative"]
)
def test_each_statistic_has_an_interval_around_it(statistic):
    against = "origin" if "drop" in statistic or "relative" in statistic else ""
    table = pd.concat([metrics(), metrics(VALUES + 0.1, "origin")])
    row = ours(published(statistic=statistic, against=against), table).iloc[0]
    assert row["ci_low"] < row["ours"] < row["ci_high"]
    # the two models go up and down together: their difference is known better than each
    if "drop" in statistic:
        assert row["ci_high"] - row["ci_low"] < 0.02


@pytest.mark.parametrize("statistic", ["min", "max"])
def test_the_ends_of_a_sample_have_no_interval(statistic):
    row = ours(published(statistic=statistic)).iloc[0]
    assert np.isfinite(row["ours"]) and np.isnan(row["ci_low"]) and np.isnan(row["ci_high"])


def test_what_does_not_compare_has_no_difference():
    for arguments in ({"simulated": True}, {"labels": "numeric"}):
        row = ours(published(), **arguments).iloc[0]
        assert np.isnan(row["difference"]) and row["outcome"] == NOT_RUN


@pytest.mark.parametrize(
    ("changes", "outcome", "reason"),
    [
        ({"value": 0.795}, REPRODUCED, "within 0.02"),
        ({"value": 0.95}, NOT_REPRODUCED, "not reproduced"),
        ({"n_units": 56}, NOT_RUN, "not comparable: 12 of 56 units"),
        ({"model": "svm"}, NOT_RUN, "study s has no model svm"),
        ({"study": "other"}, NOT_RUN, "study other was not built"),
    ],
)
def test_every_number_has_an_outcome_and_its_reason(changes, outcome, reason):
    row = published(**changes)
    table = listed(row, ours(row)).iloc[0]
    assert table["outcome"] == outcome and table["reason"].startswith(reason)
    assert np.isfinite(table["ours"]) == (outcome != NOT_RUN)
    assert table["published"] == row["value"][0] and table["source"] == "a paper"


def test_an_interval_that_reaches_beyond_the_tolerance_is_told():
    wide = metrics(0.8 + 5 * (VALUES - 0.8))
    row = published(value=round(float(wide["value"].mean()), 3))
    assert "reaches beyond 0.02" in listed(row, ours(row, wide))["reason"][0]
    narrow = metrics(0.8 + 0.01 * (VALUES - 0.8))
    assert "beyond" not in listed(published(), ours(published(), narrow))["reason"][0]


def test_on_simulated_data_nothing_is_compared():
    row = pd.concat([published(), published(study="other", model="x")], ignore_index=True)
    table = listed(row, ours(published()), simulated=True)
    assert (table["outcome"] == NOT_RUN).all() and (table["reason"] == "simulated data").all()
    shown = table[["ours", "ci_low", "ci_high", "difference", "units"]]
    assert shown.isna().all(axis=None)


def test_a_number_that_two_studies_compare_with_stands_twice_and_counts_once():
    row, other = published(), published(study="t", value=0.3)
    table = list_reproduced(
        pd.concat([row, other], ignore_index=True),
        [("s", "s", ours(row)), ("s_text", "s", ours(row, labels="numeric"))],
        {"t": ["m"]},
    )
    assert table["setting"].tolist() == ["s", "s_text", ""]
    assert count_outcomes(table) == "1 reproduced, 0 not reproduced, 1 not run"


def test_a_table_of_other_numbers_is_refused():
    with pytest.raises(InputError, match="delete it to make it anew"):
        listed(published(statistic="max"), ours(published()))
