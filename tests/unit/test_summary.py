"""Models side by side: summaries over the units they share, drops, and tests of claims, against
numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.stats import wilcoxon

from markexpr.evaluation.claims import adjust_by_holm, judge_claims, judge_signed_ranks
from markexpr.evaluation.comparisons import (
    average_seeds,
    cell_of_unit,
    count_failed,
    group_cells,
    summarise,
    summarise_settings,
    summarise_shares,
)
from markexpr.evaluation.regimes import Errors
from markexpr.io.jobs import InputError


def metrics(**values):
    """Rows of test AUC: model=[[one value a seed] for each of the units E1, E2, …]."""
    rows = [
        ("s", model, f"E{number}", seed, "test", "auc", value)
        for model, units in values.items()
        for number, seeds in enumerate(units, 1)
        for seed, value in enumerate(seeds, 1)
    ]
    noise = [
        ("s", model, "E1", 1, split, metric, 0.1)
        for model in values
        for split, metric in (("valid", "auc"), ("test", "auprc"))
    ]
    return pd.DataFrame(
        rows + noise, columns=["study", "model", "unit", "seed", "split", "metric", "value"]
    )


def judge(claims, data, **evidence):
    """Claims judged by test AUC, with `verdict` as it is of several seeds."""
    table = judge_claims(data, claims, "auc", **evidence)
    return table.assign(verdict=table["verdict"].str.removesuffix(" (one seed)"))


NAN = float("nan")
CLAIM = [{"better": "a", "than": "b", "source": "x"}, {"better": "b", "than": "a", "source": "x"}]
NOTHING = pd.DataFrame(columns=["model", "metric", "statistic", "value", "own_paper"])


def test_seeds_are_averaged_and_only_shared_units_count():
    mean, sd = average_seeds(
        metrics(a=[[0.7, 0.9], [0.6, 0.6], [0.5, 0.5]], b=[[0.9, 0.9], [0.8, 0.8]]),
        ["a", "b", "absent"],
        "auc",
    )
    assert mean.columns.tolist() == ["a", "b"] and mean.index.tolist() == ["E1", "E2"]
    assert mean["a"].tolist() == pytest.approx([0.8, 0.6])
    assert sd["a"].tolist() == pytest.approx([np.std([0.7, 0.9], ddof=1), 0])


def test_a_table_with_groups_drops_and_published_values():
    table = {"models": ["origin", "cross"], "metric": "auc", "against": {"cross": "origin"}}
    published = pd.DataFrame(
        [
            ("cross", "auc", "mean", 0.85, "yes"),
            ("cross", "auc", "mean_drop", 0.015, "yes"),
            ("cross", "auc", "mean_relative_drop", 0.016, "yes"),
            ("cross", "accuracy", "mean_drop", 0.02, "yes"),
            ("origin", "auc", "mean", 0.9, "no"),
        ],
        columns=NOTHING.columns,
    )
    data = metrics(origin=[[0.9], [0.8], [0.7]], cross=[[0.8], [0.8], [0.5]])
    found = summarise(
        data, table, {"all": None, "some": ["E1", "E3"], "none": ["E9"]}, published
    ).set_index(["cells", "model"])
    row = found.loc[("all", "cross")]
    assert row[["units", "min", "mean", "max", "median"]].tolist() == pytest.approx(
        [3, 0.5, 0.7, 0.8, 0.8]
    )
    assert (
        row["drop"] == pytest.approx(0.1)
        and row["published_drop"] == 0.015
        # 0.1 of a mean of 0.8
        and row["relative_drop"] == pytest.approx(0.125)
        and row["published_relative_drop"] == 0.016
        and row["published_mean"] == 0.85
    )
    assert np.isnan(row["sd_over_seeds"])
    some = found.loc[("some", "cross")]
    assert (
        some["mean"] == pytest.approx(0.65)
        and some["drop"] == pytest.approx(0.15)
        and some["relative_drop"] == pytest.approx(0.15 / 0.8)
        and np.isnan(some["published_mean"])
    )
    assert "none" not in found.index.get_level_values(0)
    assert np.isnan(found.loc[("all", "origin"), "drop"]) and np.isnan(
        found.loc[("all", "origin"), "published_mean"]
    )


def test_units_are_grouped_by_the_cell_they_test():
    assert cell_of_unit("E085-to-E003") == "E003" and cell_of_unit("E003") == "E003"
    labels = pd.DataFrame({"cell": ["E003", "E123"], "agree": [False, True]})
    assert group_cells(labels) == {"all": None, "both label modes agree": ["E123"]}


def test_claims_are_tested_pairwise():
    low = [0.70, 0.71, 0.72, 0.73, 0.74, 0.75, 0.76, 0.77]
    change = [0.01, -0.02, 0.03, -0.04, 0.05, -0.06, 0.07, -0.08]
    data = metrics(
        high=[[value + 0.01 * (n + 1)] for n, value in enumerate(low)],
        low=[[value] for value in low],
        mixed=[[value + more] for value, more in zip(low, change)],
        short=[[0.9]] * 4,
    )
    claims = [
        {"better": "high", "than": "low", "source": "x"},
        {"better": "low", "than": "high", "source": "x"},
        {"better": "mixed", "than": "low", "source": "x"},
        {"better": "short", "than": "low", "source": "x"},
        {"better": "high", "than": "absent", "source": "x"},
        {"better": "high", "than": "low", "source": "x", "cells": ["E1", "E2"]},
        {"better": "high", "than": "low", "source": "x", "ours": True},
    ]
    table = judge(claims, data)
    # eight differences of one sign: 1/256 one-sided, times 5 tests; of four units, at least 1/16
    # times 5
    assert table["p"][0] == pytest.approx(1 / 256) and table["p_holm"][0] == pytest.approx(5 / 256)
    assert table["verdict"].tolist() == [
        "supported",
        "contradicted",
        "not shown",
        "too few units",
        "not run",
        "too few units",
        "supported",
    ]
    assert table["p_holm"][6] == table["p"][6]  # ours is adjusted apart
    assert table["units"][5] == 2
    assert table["mean_difference"][0] == pytest.approx(0.045) and table["units_better"][
        :3
    ].tolist() == [8, 0, 4]
    assert table["p"][2] == pytest.approx(wilcoxon(change, alternative="greater").pvalue)


def test_a_verdict_of_one_seed_says_so():
    claim = [{"better": "a", "than": "b", "source": "x"}]
    for seeds, verdict in ((1, "supported (one seed)"), (2, "supported")):
        data = metrics(a=[[0.8] * seeds] * 6, b=[[0.7] * seeds] * 6)
        data = data[data["split"] == "test"]
        assert judge_claims(data, claim, "auc")["verdict"].tolist() == [verdict]
    # what was not run is of no seed
    absent = [{"better": "a", "than": "absent", "source": "x"}]
    assert judge_claims(data, absent, "auc")["verdict"].tolist() == ["not run"]


def test_a_verdict_names_where_models_are_not_as_the_paper():
    data = metrics(a=[[0.8]] * 6, b=[[0.7]] * 6)
    deviations = {"a": ["epochs 3 (paper: 5)"], "b": ["epochs 3 (paper: 5)", "pool 2 (paper: 4)"]}
    table = judge(CLAIM, data, deviations=deviations)
    assert table["deviations"].tolist() == ["epochs 3 (paper: 5); pool 2 (paper: 4)"] * 2


# ---- kinds of claims ----


def test_a_model_is_the_best_in_some_units():
    data = metrics(
        a=[[0.9], [0.9], [0.5], [0.8]], b=[[0.8], [0.9], [0.6], [NAN]], c=[[0.1], [0.2], [0.7], [0]]
    )
    among = ["a", "b", "c"]
    claims = [
        {"best": "a", "among": among, "in_units": 3, "of_units": 4, "source": "x"},
        {"best": "b", "among": among, "in_units": 3, "of_units": 4, "source": "x"},
        {"worst": "c", "among": among, "in_units": 2, "of_units": 4, "source": "x"},
        {"worst": "b", "among": among, "in_units": 1, "of_units": 10, "source": "x"},
        {"best": "a", "among": ["a", "d"], "in_units": 1, "of_units": 4, "source": "x"},
    ]
    table = judge(claims, data)
    # the second unit is a tie; a failed fit is the worst
    assert table["verdict"].tolist() == [
        "as stated: in 3 of 4",
        "not as stated: in 1 of 4",
        "as stated: in 2 of 4",
        "in 1 of 4; the paper has 10",
        "not run",
    ]
    assert table["claim"][0] == "a is best in 3 of 4" and table["failed"][0] == 1
    # counts are no tests: they cost the others nothing
    with_test = judge([*claims, CLAIM[0]], data)
    assert with_test["p"].iloc[-1] == with_test["p_holm"].iloc[-1]


def test_models_are_equal_within_a_margin():
    change = np.array([1, -2, 3, -1, 2, -3, 1, 1]) / 1000
    data = metrics(
        a=[[0.8 + more] for more in change], b=[[0.8]] * 8, c=[[0.7 + more] for more in change]
    )
    claims = [
        {"equal": ["a", "b"], "margin": margin, "source": "x"} for margin in (0.005, 0.0005)
    ] + [{"equal": ["a", "c"], "margin": 0.005, "source": "x"}]
    table = judge(claims, data)
    assert table["verdict"].tolist() == ["supported", "not shown", "contradicted"]
    expected = max(
        wilcoxon(change + 0.005, alternative="greater", method="exact").pvalue,
        wilcoxon(0.005 - change, alternative="greater", method="exact").pvalue,
    )
    assert table["p"][0] == pytest.approx(expected) and table["units_better"].tolist() == [8, 0, 0]
    assert judge(claims[:1], data[data["unit"] != "E1"])["differ"].tolist() == [7]


def errors(value, spread, cells, seed):
    replicates = value + spread * np.random.default_rng(seed).normal(size=2000)
    return Errors(value, replicates, cells)


def test_claims_on_rows_are_tested_on_the_draws_of_both_models():
    found = {
        ("competition", "a"): errors(3.0, 0.1, 6, 1),
        ("competition", "b"): errors(3.1, 0.1, 6, 1),  # the same draws: 0.1 apart in each
        ("competition", "c"): errors(3.1, 0.1, 6, 2),
        ("valid_seen", "a"): errors(2.0, 0.01, 0, 3),
        ("valid_seen", "b"): errors(2.2, 0.01, 0, 4),
    }
    claims = [
        {"better": "a", "than": other, "rows": "competition", "source": "x"} for other in "bcd"
    ] + [
        {"better": one, "than": other, "gap": ["valid_seen", "competition"], "source": "x"}
        for one, other in ("ab", "ba")
    ]
    table = judge(claims, metrics(a=[[0.5]]), errors=found)
    assert table["claim"].tolist()[2:4] == [
        "a > d on competition",
        "a rises less than b from valid_seen to competition",
    ]
    # error rises by 1.0 from validation to test in a, by 0.9 in b
    assert table["verdict"].tolist() == [
        "supported",
        "not shown",
        "not run",
        "contradicted",
        "supported",
    ]
    assert table["mean_difference"].tolist()[:2] == pytest.approx([0.1, 0.1])
    assert table["mean_difference"].tolist()[3:] == pytest.approx([-0.1, 0.1])
    assert table["over"][0] == "genes and 6 unseen cells" and table["units"].tolist()[:3] == [
        6,
        6,
        0,
    ]
    value = 0.1 / (np.sqrt(2) * 0.1 * np.sqrt(6 / 5))
    assert table["p"][1] == pytest.approx(stats.t.sf(value, 5), rel=0.1)


def test_the_mean_of_all_models_is_weighed_against_the_one_that_validation_chooses():
    ensembles = pd.DataFrame(
        {
            "model": "a",
            "unit": [f"E{number}" for number in range(6)],
            "seed": 1,
            "metric": "mse",
            "failed": 0,
            "ensemble": 1.0,
            "mean_of_members": 1.5,
            "chosen_members_value": [0.9, 0.8, 1.1, 0.9, 0.8, 0.7],
        }
    )
    claims = [{"ensemble": "a", "than": than, "source": "x"} for than in ("chosen", "mean")]
    table = judge(claims, metrics(a=[[0.5]]), ensembles=ensembles)
    assert table["units_better"].tolist() == [1, 6] and table["units"].tolist() == [6, 6]
    assert table["p"][1] == 1 / 64 and table["verdict"].tolist() == ["not shown", "supported"]
    assert judge(claims, metrics(a=[[0.5]]))["verdict"].tolist() == ["not run"] * 2
    without = ensembles.assign(chosen_members_value=NAN)  # no gene validates
    assert judge(claims[:1], metrics(a=[[0.5]]), ensembles=without)["verdict"][0] == "not run"


# ---- fits that failed ----


def test_a_model_with_failed_fits_wins_no_unit():
    data = metrics(a=[[NAN, NAN, 0.8]] * 6, b=[[0.7] * 3] * 6)
    table = judge(CLAIM, data)
    assert table["verdict"].tolist() == ["contradicted", "supported"]
    assert table["failed"].tolist() == [12, 12] and table["units_better"].tolist() == [0, 6]
    assert table["mean_difference"].isna().all() and table["p"][1] == 2**-6


def test_a_unit_in_which_all_fits_failed_stays():
    data = metrics(a=[[NAN, NAN], [0.8, 0.8], [0.8, 0.9]], b=[[0.5, 0.5], [0.7, 0.7], [0.7, 0.7]])
    mean, sd = average_seeds(data, ["a", "b"], "auc")
    assert mean.index.tolist() == ["E1", "E2", "E3"] and mean["b"].tolist() == [0.5, 0.7, 0.7]
    assert mean["a"].tolist() == pytest.approx([NAN, 0.8, 0.85], nan_ok=True)
    assert np.isnan(sd["a"].iloc[0])
    failed = count_failed(data, ["a", "b"], "auc")
    assert failed["a"].tolist() == [2, 0, 0] and failed["b"].tolist() == [0, 0, 0]


def test_a_failed_fit_is_worse_than_any_score():
    data = metrics(a=[[NAN], [0.8], [0.9]], b=[[-0.9], [0.7], [0.7]], both=[[NAN], [NAN], [0.7]])
    table = judge([*CLAIM, {"better": "a", "than": "both", "source": "x"}], data)
    # the failed fit's rank is 3 of 3: the positive ranks add up to 3
    assert table["units_better"].tolist() == [2, 1, 2] and table["p"][0] == 5 / 8
    # where both failed, neither wins
    assert table["units"].tolist() == [3, 3, 3] and table["differ"].tolist() == [3, 3, 2]
    assert table["failed"].tolist() == [1, 1, 3]


def test_tables_of_models_count_failed_fits_and_give_no_mean_without_them():
    data = metrics(a=[[NAN], [0.8], [0.9]], b=[[0.6], [0.7], [0.7]])
    block = {"models": ["a", "b"], "metric": "auc", "against": {"a": "b"}}
    found = summarise(data, block, {"all": None}, NOTHING).set_index("model")
    assert found["failed"].tolist() == [1, 0] and found["units"].tolist() == [3, 3]
    assert found.loc["a", ["min", "mean", "drop", "relative_drop"]].isna().all()
    assert found.loc["a", ["max", "median"]].tolist() == [0.9, 0.8]
    assert found.loc["b", ["min", "mean", "max", "median"]].tolist() == pytest.approx(
        [0.6, 2 / 3, 0.7, 0.7]
    )
    block = {"models": ["a", "b"], "metric": "auc", "relative_to": ["a", "b"]}
    shares = summarise_shares(data, block, NOTHING.assign(against="")).set_index("model")
    assert shares["failed"].tolist() == [1, 0] and np.isnan(shares.loc["a", "mean_auc"])
    assert np.isnan(shares.loc["a", "mean % of b"])
    # a share of a failed fit says nothing: two units are left
    assert shares.loc["b", "mean % of a"] == pytest.approx(50 * (7 / 8 + 7 / 9))


def test_shares_of_a_model_of_another_study():
    own = metrics(a=[[0.6], [0.8], [0.9]], svr=[[0.5], [0.5], [0.5]])
    other = metrics(svr=[[0.3], [0.2]])  # two of the three units
    block = {
        "models": ["a", "svr"],
        "metric": "auc",
        "relative_to": ["svr"],
        "relative_to_study": "flanks",
    }
    published = pd.DataFrame(
        [("a", "auc", "mean_relative", 1.5, "yes", "svr")], columns=[*NOTHING, "against"]
    )
    found = summarise_shares(own, block, published, other).set_index("model")
    assert found["mean % of svr of flanks"].tolist() == pytest.approx(
        [300, 100 * (5 / 3 + 2.5) / 2]
    )
    assert found["median % of svr of flanks"]["a"] == pytest.approx(300)
    assert found["published mean % of svr"]["a"] == pytest.approx(150)
    within = {key: value for key, value in block.items() if key != "relative_to_study"}
    table = summarise_shares(own, within, published).set_index("model")
    assert table["mean % of svr"]["a"] == pytest.approx(100 * (0.6 + 0.8 + 0.9) / 3 / 0.5)


def test_a_unit_that_no_model_can_be_scored_on_is_no_failure():
    data = metrics(a=[[NAN], [0.8]], b=[[NAN], [0.7]])
    alike = pd.DataFrame(
        [("s", model, "E1", 1, "test", "prevalence", 1.0) for model in "ab"], columns=data.columns
    )
    mean, _ = average_seeds(pd.concat([data, alike]), ["a", "b"], "auc")
    assert mean.index.tolist() == ["E2"]
    assert len(average_seeds(data, ["a", "b"], "auc")[0]) == 2  # both failed


# ---- the signed-rank test ----


@pytest.mark.parametrize("zeros", [0, 9, 10, 12, 52])
def test_units_that_are_equal_make_nothing_significant(zeros):
    change = np.r_[[1, 2, 3, 4], np.zeros(zeros)] / 64  # binary fractions: ties stay exact zeros
    data = metrics(a=[[0.5 + more] for more in change], b=[[0.5]] * len(change))
    row = judge(CLAIM[:1], data).iloc[0]
    assert row["p"] == row["least_p"] == 1 / 16 and row["verdict"] == "too few units"
    assert row["differ"] == 4 and row["units"] == 4 + zeros


def test_rounding_of_equal_scores_is_no_difference():
    data = metrics(a=[[0.1 + 0.2]] * 6, b=[[0.3]] * 6)
    row = judge(CLAIM[:1], data).iloc[0]
    assert row["differ"] == 0 and row["p"] == 1 and row["units_better"] == 0


@pytest.mark.parametrize("seed", range(40))
def test_p_is_the_share_of_all_signs(seed):
    rng = np.random.default_rng(seed)
    change = rng.normal(0.3, 1, rng.integers(1, 12))
    change = np.round(change, rng.choice([0, 1, 8]))  # with zeros and ties
    greater, less = judge_signed_ranks(change)
    left = change[change != 0]
    ranks = stats.rankdata(np.abs(left))
    signs = (np.arange(2 ** len(left))[:, None] >> np.arange(len(left))) & 1
    sums, found = signs @ ranks, ranks[left > 0].sum()
    assert greater == pytest.approx((sums >= found).mean(), rel=1e-12)
    assert less == pytest.approx((sums <= found).mean(), rel=1e-12)
    if len(left) and len(set(np.abs(left))) == len(left):
        exact = wilcoxon(left, alternative="greater", method="exact").pvalue
        assert greater == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("digits", [1, 8])
def test_many_units_are_tested_exactly_and_very_many_by_the_normal_law(digits, monkeypatch):
    change = np.round(np.random.default_rng(0).normal(0.1, 1, 400), digits)
    exact = judge_signed_ranks(change)
    if digits == 8:
        theirs = wilcoxon(change, alternative="greater", method="exact").pvalue
        assert exact[0] == pytest.approx(theirs, rel=1e-9)
    monkeypatch.setattr("markexpr.evaluation.claims.EXACT", 100)
    assert judge_signed_ranks(change) == pytest.approx(exact, rel=0.02)
    left = change[change != 0]
    theirs = [
        wilcoxon(left, alternative=way, method="asymptotic", correction=True).pvalue
        for way in ("greater", "less")
    ]
    assert judge_signed_ranks(change) == pytest.approx(theirs, rel=1e-2)


def test_holms_adjustment():
    assert adjust_by_holm([0.01, np.nan, 0.04, 0.03]) == pytest.approx(
        [0.03, np.nan, 0.06, 0.06], nan_ok=True
    )
    assert adjust_by_holm([0.9, 0.8]).max() == 1


def test_settings_stand_below_each_other():
    table = {"models": ["a", "b"], "metric": "auc", "against": {"b": "a"}}
    found = summarise_settings(
        {"as printed": metrics(a=[[0.9]], b=[[0.8]]), "other": metrics(a=[[0.7]])},
        table,
        {"all": None},
    )
    assert found[["setting", "model", "mean"]].values.tolist() == [
        ["as printed", "a", 0.9],
        ["as printed", "b", 0.8],
        ["other", "a", 0.7],
    ]
    # a setting with fewer units: the others are shown on these as well
    found = summarise_settings(
        {"as printed": metrics(a=[[0.9], [0.5]]), "other": metrics(a=[[0.7]])},
        table,
        {"all": None},
    )
    assert found[["setting", "units", "mean"]].values.tolist() == [
        ["as printed", 1, 0.9],
        ["other", 1, 0.7],
    ]
    with pytest.raises(InputError, match="setting 'empty' has no run of a, b"):
        summarise_settings({"empty": metrics(c=[[0.9]])}, table, {"all": None})
