"""Published numbers beside ours, and tables for people."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from compare_published import read_saliency

from markexpr.evaluation.published import Setting, beside_published
from markexpr.io.jobs import InputError
from markexpr.tables import scores_wide, write_html


def metrics(values, model="m"):
    rows = [
        ("s", model, f"E{n}", seed, "test", "auc", value, value - 0.1, value + 0.1, 50)
        for n, pair in enumerate(values)
        for seed, value in enumerate(pair)
    ]
    return pd.DataFrame(
        rows,
        columns=[
            "study",
            "model",
            "unit",
            "seed",
            "split",
            "metric",
            "value",
            "ci_low",
            "ci_high",
            "n",
        ],
    )


def published(**changes):
    row = {
        "study": "s",
        "model": "m",
        "split": "test",
        "metric": "auc",
        "statistic": "mean",
        "against": None,
        "value": 0.8,
        "n_units": 2,
        "label_mode": "text",
        "source": "x",
    }
    return pd.DataFrame([{**row, **changes}])


OURS = pd.concat([metrics([(0.7, 0.8), (0.85, 0.89)]), metrics([(0.82,), (0.9,)], "origin")])


@pytest.mark.parametrize(
    ("row", "arguments", "ours", "verdict"),
    [
        ({}, (False, "text"), 0.81, "within 0.02"),
        ({"value": 0.9}, (False, "text"), 0.81, "not reproduced"),
        ({"statistic": "max"}, (False, "text"), 0.87, "not reproduced"),
        ({}, (False, "numeric"), 0.81, "not comparable: text labels there, numeric here"),
        ({}, (True, "text"), 0.81, "not comparable: simulated data"),
        ({"n_units": 56}, (False, "text"), 0.81, "not comparable: 2 of 56 units"),
        (
            {},
            (False, "text", "2 cells of other sources"),
            0.81,
            "not comparable: 2 cells of other sources",
        ),
        ({"model": "svm"}, (False, "text"), None, "not run"),
        # 0.82 and 0.90 of `origin` on the same units: 0.86 on average
        (
            {"statistic": "mean_drop", "against": "origin", "value": 0.05},
            (False, "text"),
            0.05,
            "within 0.005",
        ),
        (
            {"statistic": "mean_drop", "against": "origin", "value": 0.04},
            (False, "text"),
            0.05,
            "not reproduced",
        ),
        # 0.05 of 0.86
        (
            {"statistic": "mean_relative_drop", "against": "origin", "value": 0.058},
            (False, "text"),
            0.05 / 0.86,
            "within 0.005",
        ),
        (
            {"statistic": "mean_relative_drop", "against": "origin", "value": 0.05},
            (False, "text"),
            0.05 / 0.86,
            "not reproduced",
        ),
        (
            {"label_mode": "unknown"},
            (False, "text"),
            0.81,
            "within 0.02 (how the paper made its labels is unknown; text here)",
        ),
        (
            {"statistic": "mean_drop", "against": "svm", "value": 0.04},
            (False, "text"),
            None,
            "not run",
        ),
    ],
)
def test_verdicts(row, arguments, ours, verdict):
    result = beside_published(OURS, published(**row), Setting("s", *arguments)).iloc[0]
    assert result["verdict"] == verdict
    assert pd.isna(result["ours"]) if ours is None else result["ours"] == pytest.approx(ours)


def test_failed_fits_are_named_and_lose():
    failed = OURS.reset_index(drop=True)
    failed.loc[0, "value"] = float("nan")  # the first seed of the first unit
    for statistic, ours, verdict in (
        ("mean", None, "not reproduced (1 fit failed)"),
        ("max", 0.87, "not reproduced (1 fit failed)"),
    ):
        row = beside_published(
            failed, published(statistic=statistic), Setting("s", False, "text")
        ).iloc[0]
        assert row["verdict"] == verdict and row["units"] == 2 and row["failed"] == 1
        assert pd.isna(row["ours"]) if ours is None else row["ours"] == pytest.approx(ours)
    row = published(statistic="mean_drop", against="origin", value=0.05)
    row = beside_published(failed, row, Setting("s", False, "text")).iloc[0]
    assert pd.isna(row["ours"]) and row["verdict"] == "not reproduced (1 fit failed)"


def test_verdicts_name_one_seed_and_where_a_model_is_not_as_the_paper():
    one_seed = OURS[OURS["seed"] == 0]
    row = published(value=0.775)
    setting = Setting("s", False, "text", deviations={"m": ["epochs 3 (paper: 5)"], "other": ["x"]})
    found = beside_published(one_seed, row, setting)["verdict"][0]
    assert found == "within 0.02 (one seed); not as the paper: epochs 3 (paper: 5)"
    found = beside_published(OURS, published(value=0.1), setting)["verdict"][0]
    assert found == "not reproduced; not as the paper: epochs 3 (paper: 5)"


def test_a_model_with_a_failed_fit_stands_below_those_without():
    table = pd.concat([metrics([(0.9, float("nan"))], "failed"), metrics([(0.7, 0.7)], "whole")])
    assert scores_wide(table, "test")["model"].tolist() == ["whole"] * 2 + ["failed"] * 2


@pytest.mark.parametrize(("statistic", "ours"), [("gradient_min", 0.002), ("gradient_max", 0.07)])
def test_a_range_of_gradients_is_set_beside_that_of_the_maps_and_not_judged(statistic, ours):
    maps = [np.array([[0.01, 0.002], [0.03, 0.02]]), np.array([[0.004, 0.07]])]
    row = published(metric="gradient", statistic=statistic, value=0.04, label_mode="none")
    found = beside_published(OURS, row, Setting("s", False, "none"), saliency=maps).iloc[0]
    assert found["ours"] == ours and found["units"] == 2
    verdict = "not comparable: the paper does not say over which genes its range is"
    assert found["verdict"] == verdict
    found = beside_published(OURS, row, Setting("s", False, "none")).iloc[0]
    assert np.isnan(found["ours"]) and found["verdict"] == "not run"


def test_the_saliency_of_a_unit_is_that_along_the_genome(tmp_path):
    arrays = {
        "saliency_marks": [[1.0, 2.0]],
        "saliency_marks_turned": [[9.0, 9.0]],
        "integrated_gradients_marks": [[9.0, 9.0]],
    }
    np.savez(tmp_path / "a.npz", **arrays)
    assert read_saliency(tmp_path / "a.npz").tolist() == [[1.0, 2.0]]


def test_rows_of_all_cells_together_come_from_the_regimes():
    regimes = pd.DataFrame(
        [
            ("valid_seen", "m", 3.2, 50),
            ("competition", "m", 3.5, 56),
            ("competition", "other", 9.0, 56),
        ],
        columns=["regime", "model", "mse", "cells"],
    )
    for split, value, n_units, ours, verdict in (
        ("valid", 3.21, 50, 3.2, "within 0.05"),
        ("test", 3.4, 56, 3.5, "not reproduced"),
        ("test", 3.5, 50, 3.5, "not comparable: 56 of 50 units"),
    ):
        row = published(
            statistic="pooled",
            metric="mse",
            split=split,
            value=value,
            n_units=n_units,
            label_mode="none",
        )
        result = beside_published(OURS, row, Setting("s", False, "none"), regimes).iloc[0]
        assert result["ours"] == ours and result["verdict"] == verdict
    assert beside_published(OURS, row, Setting("s", False, "none")).iloc[0]["verdict"] == "not run"


def test_an_unknown_statistic_is_named():
    with pytest.raises(InputError, match="unknown statistic 'mode'"):
        beside_published(OURS, published(statistic="mode"), Setting("s", False, "text"))


def test_scores_side_by_side_best_model_first_and_truth_last(tmp_path):
    table = pd.concat(
        [
            metrics([(0.7,)], "worse"),
            metrics([(0.9,)], "better"),
            metrics([(0.95,)], "simulator_truth"),
            metrics([(float("nan"),)], "none"),
        ]
    )
    wide = scores_wide(table, "test")
    assert (
        wide["model"].tolist()[:2] == ["better", "worse"]
        and wide["auc"][0] == "0.900 [0.800, 1.000]"
    )
    assert "nan" not in " ".join(wide["auc"])
    assert wide["model"].tolist().index("simulator_truth") > 1
    job = SimpleNamespace(
        output=SimpleNamespace(html=tmp_path / "a.html"), params=SimpleNamespace(simulated=True)
    )
    write_html(wide, "Scores <b>", job, "a note")
    page = (tmp_path / "a.html").read_text()
    assert (
        "Scores &lt;b&gt; (simulated data)" in page
        and "0.900 [0.800, 1.000]" in page
        and "http" not in page
    )


def test_a_page_folds_long_texts_and_says_what_one_seed_tells(tmp_path):
    job = SimpleNamespace(
        output=SimpleNamespace(html=tmp_path / "a.html"), params=SimpleNamespace(simulated=False)
    )
    for seeds, said in ((1, True), (2, False), (None, False)):
        write_html(pd.DataFrame({"verdict": ["a <b> " * 40]}), "T", job, "A note.", seeds=seeds)
        page = (tmp_path / "a.html").read_text()
        assert ("<p>A note. One seed: " in page) == said and ("One seed" in page) == said
        assert "<summary>a &lt;b&gt; a" in page and page.count("&lt;b&gt;") > 40
