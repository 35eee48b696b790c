"""Mean attention over marks: which genes and which cell, spread over seeds, and what the paper
says of it, by hand."""

import numpy as np
import pandas as pd
import pytest
from plot_mark_attention import draw, judge, sum_by_mark, tabulate

from markexpr.io.jobs import InputError

MARKS = ["m1", "m2", "m3"]
SETTING = {"unit": "E123-E116", "up": 2.0, "down": -2.0}
CHANGE = np.array([3.0, 4.0, -3.0, 0.0])  # two genes up, one down
SEEDS = [
    pd.DataFrame([[0.5, 0.3, 0.2], [0.7, 0.1, 0.2], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0]]),
    pd.DataFrame([[0.3, 0.5, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]]),
]
for table in SEEDS:
    table.columns = MARKS


def state(**keys):
    return {**SETTING, "statements": [{"source": "somewhere", **keys}]}


def test_up_is_higher_in_the_second_cell():
    table = tabulate(SEEDS[:1], CHANGE, SETTING)
    assert table.groupby("change")["higher_in"].unique().str[0].to_dict() == {
        "up": "E116",
        "down": "E123",
    }
    assert table.groupby("change")["genes"].unique().str[0].to_dict() == {"up": 2, "down": 1}


def test_means_ranks_and_errors_of_one_seed():
    table = tabulate(SEEDS[:1], CHANGE, SETTING)
    up = table[table["change"] == "up"].set_index("mark")
    assert up["attention"].tolist() == pytest.approx([0.6, 0.2, 0.2])
    assert up["rank"].tolist() == [1, 2, 3]
    # sd of two values 0.2 apart, over the root of two
    assert up["standard_error"].tolist() == pytest.approx([0.1, 0.1, 0.0])
    assert up["sd_over_seeds"].isna().all() and (up["seeds"] == 1).all()


def test_several_seeds_are_averaged_and_their_spread_is_told():
    table = tabulate(SEEDS, CHANGE, SETTING)
    up = table[table["change"] == "up"].set_index("mark")
    assert up["attention"].tolist() == pytest.approx([0.5, 0.3, 0.2])
    assert up["sd_over_seeds"].tolist() == pytest.approx([np.std([0.6, 0.4], ddof=1)] * 2 + [0])
    # over genes, of their means over seeds: 0.4 and 0.6
    assert up.loc["m1", "standard_error"] == pytest.approx(0.1)
    figure = draw(table, SETTING)
    said = figure.legends[0].get_texts()
    assert [text.get_text() for text in said] == [
        "higher in E116: log2 fold change > 2 (2 genes)",
        "higher in E123: log2 fold change < -2 (1 genes)",
    ]


@pytest.mark.parametrize(
    ("statement", "holds", "holds_in", "other_way"),
    [
        # up: m1 0.5, m2 0.3, m3 0.2 (first seed 0.6, 0.2, 0.2; second 0.4, 0.4, 0.2);
        # down: m1 0.2, m2 0.4, m3 0.4 (first seed 0.2, 0.5, 0.3; second 0.2, 0.3, 0.5)
        ({"change": "up", "marks": ["m1", "m2"], "ranks": [1, 2]}, "yes", "2 of 2 seeds", "no"),
        ({"change": "up", "marks": ["m3"], "ranks": [1]}, "no", "0 of 2 seeds", "no"),
        ({"change": "down", "marks": ["m2"], "ranks": [1]}, "yes", "1 of 2 seeds", "no"),
        ({"change": "up", "marks": ["m1"], "above_other": True}, "yes", "2 of 2 seeds", "no"),
        ({"change": "up", "marks": ["m1", "m3"], "above_other": True}, "no", "0 of 2 seeds", "no"),
        ({"change": "up", "marks": ["m3"], "above_other": False}, "yes", "2 of 2 seeds", "no"),
    ],
)
def test_a_statement_is_judged_on_the_mean_and_in_each_seed(statement, holds, holds_in, other_way):
    row = judge(SEEDS, CHANGE, state(**statement)).iloc[0]
    assert (row["holds"], row["holds_in"]) == (holds, holds_in)
    assert row["if_read_the_other_way"] == other_way


def test_a_statement_says_of_which_cell_it_is_and_what_ranks_there_are():
    row = judge(SEEDS[:1], CHANGE, state(change="down", marks=["m3", "m1"], ranks=[2, 3])).iloc[0]
    assert row["genes"] == "higher in E123 (down)" and row["ranks"] == "2, 3"
    assert (row["said"], row["holds_in"]) == ("rank 2 or 3", "1 of 1 seed")


def test_a_direction_without_genes_is_left_out():
    setting = {**state(change="down", marks=["m1"], ranks=[1]), "down": -9.0}
    assert tabulate(SEEDS, CHANGE, setting)["change"].unique().tolist() == ["up"]
    row = judge(SEEDS, CHANGE, setting).iloc[0]
    assert (row["holds"], row["if_read_the_other_way"]) == ("no genes", "yes")
    with pytest.raises(InputError, match="no test gene of E123-E116 changes by more than 9"):
        tabulate(SEEDS, CHANGE, {**setting, "up": 9.0})


def test_rows_of_a_mark_are_added_and_level_twos_averaged():
    raw = {"marks_raw": np.array([[0.5, 0.2, 0.3]]), "rows_marks_raw": ["a m1", "a m2", "b m1"]}
    assert sum_by_mark(raw).iloc[0].to_dict() == pytest.approx({"m1": 0.8, "m2": 0.2})
    cells = {
        "marks_a": np.array([[0.5, 0.5]]),
        "rows_marks_a": ["a m1", "a m2"],
        "marks_b": np.array([[0.1, 0.9]]),
        "rows_marks_b": ["b m1", "b m2"],
    }
    assert sum_by_mark(cells).iloc[0].to_dict() == pytest.approx({"m1": 0.3, "m2": 0.7})
