"""Models side by side: summaries over the units they share, drops, and tests of claims, against
numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from markexpr.evaluation.claims import adjust_by_holm, judge_claims
from markexpr.evaluation.comparisons import (
    average_seeds,
    cell_of_unit,
    group_cells,
    summarise,
    summarise_settings,
)
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
        and row["published_mean"] == 0.85
    )
    assert np.isnan(row["sd_over_seeds"])
    some = found.loc[("some", "cross")]
    assert (
        some["mean"] == pytest.approx(0.65)
        and some["drop"] == pytest.approx(0.15)
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
    table = judge_claims(data, claims, "auc")
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
    with pytest.raises(InputError, match="setting 'empty' has no run of a, b"):
        summarise_settings({"empty": metrics(c=[[0.9]])}, table, {"all": None})
