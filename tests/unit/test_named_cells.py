"""Cells that a paper names as worst, median and best, against ranks worked out by hand."""

import pandas as pd
import pytest

from markexpr.evaluation.named_cells import compare_named_cells

SETTING = {
    "model": "net",
    "worst": ["E1", "E2"],
    "median": ["E5", "E3"],
    "best": ["E9", "E0"],
    "among": 8,
    "source": "x",
}


def metrics(values, metric="auc", model="net"):
    return pd.DataFrame(
        [("s", model, f"E{n}", 1, "test", metric, value) for n, value in values.items()],
        columns=["study", "model", "unit", "seed", "split", "metric", "value"],
    )


def test_cells_of_the_same_ranks_stand_side_by_side():
    # from the worst: 2, 1, 3, 5, 4, 6, 8, 7; E9 and E0 are not there
    values = {1: 0.62, 2: 0.61, 3: 0.63, 5: 0.64, 4: 0.65, 6: 0.66, 8: 0.67, 7: 0.68}
    table = compare_named_cells(metrics(values), SETTING, "auc").set_index("group")
    assert table["ours"].tolist() == ["E2, E1", "E5, E4", "E8, E7"]
    assert table["ranks_of_published"].tolist() == ["2, 1", "4, 3", "–, –"]
    assert table["shared"].tolist() == [2, 1, 0] and (table["cells"] == 8).all()
    # of 28 pairs one is ours, and 12 share one cell with it
    assert table["p"].tolist() == pytest.approx([1 / 28, 13 / 28, 1])
    assert table["p_holm"].tolist() == pytest.approx([3 / 28, 26 / 28, 1])
    assert (table["verdict"] == "not shown").all()
    # errors, not scores: turned around
    table = compare_named_cells(metrics(values, "mse"), SETTING, "mse").set_index("group")
    assert table["ours"].tolist() == ["E7, E8", "E4, E5", "E1, E2"]


def test_verdicts():
    values = {n: n / 100 for n in range(1, 57)}
    setting = {**SETTING, "median": ["E28", "E29"], "best": ["E56", "E10"], "among": 56}
    table = compare_named_cells(metrics(values), setting, "auc")
    # 1 of 1540 pairs twice; 1 + 2·54 of them share a cell
    assert table["p"].tolist() == pytest.approx([1 / 1540, 1 / 1540, 109 / 1540])
    assert table["verdict"].tolist() == ["supported", "supported", "not shown"]
    found = {
        "not comparable: simulated data": compare_named_cells(
            metrics(values), setting, "auc", simulated=True
        ),
        "not comparable: 56 of 57 cells": compare_named_cells(
            metrics(values), {**setting, "among": 57}, "auc"
        ),
        "not comparable: 1 of 56 cells": compare_named_cells(metrics({1: 0.5}), setting, "auc"),
        "not run": compare_named_cells(metrics(values, model="other"), setting, "auc"),
    }
    for verdict, table in found.items():
        assert (table["verdict"] == verdict).all()


def test_a_failed_fit_makes_a_cell_the_worst():
    values = {1: 0.6, 2: float("nan"), 3: 0.7, 4: 0.8, 5: 0.9}
    table = compare_named_cells(metrics(values), SETTING, "auc")
    assert table["ours"][0] == "E2, E1" and table["ranks_of_published"][0] == "2, 1"
