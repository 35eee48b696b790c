"""Verdicts on pairs of models, and what follows from them: standings, ranks and groups."""

import numpy as np
import pandas as pd
import pytest
from board_coverage import run_board
from scipy import stats

from markexpr.evaluation import equivalence
from markexpr.evaluation.equivalence import (
    AS_GOOD,
    BETTER,
    OPEN,
    TOO_FEW,
    WORSE,
    can_test,
    compare_all,
    decide,
    join_open,
    judge_cells,
    rank_in_cells,
    rank_models,
    say_standing,
)
from markexpr.evaluation.hierarchy import Draws, Replicated, summarise
from markexpr.report.ranks import find_lanes


@pytest.mark.parametrize(
    ("low", "high", "p", "verdict"),
    [
        (0.02, 0.05, 0.001, BETTER),
        (-0.05, -0.02, 0.001, WORSE),
        (0.02, 0.05, 0.06, OPEN),  # the test does not agree
        (-0.001, 0.05, 0.001, OPEN),  # the interval does not
        (0.001, 0.009, 0.001, AS_GOOD),  # told apart, and practically none
        (-0.009, 0.009, 1.0, AS_GOOD),
        (-0.01, 0.009, 1.0, OPEN),
        (np.nan, np.nan, np.nan, OPEN),
        (0.02, np.inf, 0.001, BETTER),
    ],
)
def test_verdicts(low, high, p, verdict):
    assert decide(low, high, p, 0.01) == verdict


def test_cells_can_be_too_few_for_the_tests_that_there_are():
    assert not can_test(5, 1) and can_test(6, 1)
    assert not can_test(6, 2) and can_test(7, 2)
    assert not can_test(12, 190) and can_test(13, 190)
    assert not can_test(56, 0)


def test_signed_ranks_are_scipys_on_the_side_of_the_mean():
    difference = np.random.default_rng(3).normal(0.5, 1, 12)
    theirs = stats.wilcoxon(difference, method="exact").pvalue
    assert judge_cells(difference) == pytest.approx(theirs)
    assert judge_cells(-difference) == pytest.approx(theirs)
    # one cell far above, all others below: no word for what is above on average
    assert judge_cells(np.r_[100.0, -np.arange(1.0, 12)]) == 1.0


def board(scores, replicates=300):
    """Summaries of models with these scores by cell, on the same draws, and the Draws."""
    cells = len(next(iter(scores.values())))
    draws = Draws(np.zeros(30, dtype=int), cells, replicates, 1)
    summaries = {}
    for name, values in scores.items():
        values = np.array(values, dtype=float)[:, None]
        found = Replicated(values, np.repeat(values[:, :, None], replicates, axis=2))
        summaries[name] = summarise(found, draws)
    return summaries, draws


def adjust_by_hand(p):
    """Holm 1979: the least p times the number of tests, the next times one less, and never less
    than the one before."""
    running, adjusted = 0.0, {}
    for place, index in enumerate(p.sort_values(kind="stable").index):
        running = max(running, p[index] * (len(p) - place))
        adjusted[index] = min(running, 1)
    return adjusted


def test_holms_families_are_the_pairs_of_models_and_those_with_references():
    rng = np.random.default_rng(0)
    base = rng.normal(0.7, 0.02, 10)
    scores = {
        name: base + shift + rng.normal(0, 0.01, 10)
        for name, shift in (("a", 0.0), ("b", 0.012), ("c", 0.03), ("mean", -0.2))
    }
    summaries, draws = board(scores)
    pairs = compare_all(summaries, ["mean"], draws, 0.001)
    assert list(zip(pairs["model"], pairs["other"])) == [
        ("c", "b"), ("c", "a"), ("b", "a"), ("c", "mean"), ("b", "mean"), ("a", "mean")
    ]  # fmt: skip
    assert (pairs["tested_by"] == "bootstrap and signed ranks").all()
    for family in (pairs[:3], pairs[3:]):
        by_hand = [adjust_by_hand(family[name]) for name in ("p_bootstrap", "p_cells")]
        larger = {index: max(one[index] for one in by_hand) for index in family.index}
        assert family["p_holm"].to_dict() == pytest.approx(larger)
    difference = scores["c"] - scores["b"]
    assert pairs["p_cells"][0] == pytest.approx(stats.wilcoxon(difference, method="exact").pvalue)
    assert pairs["cells_won"][0] == (difference > 0).mean()


def test_with_too_few_cells_the_bootstrap_speaks():
    summaries, draws = board({"a": [0.9, 0.901, 0.9], "b": [0.5, 0.501, 0.5002]})
    row = compare_all(summaries, [], draws, 0.005).iloc[0]
    assert row["tested_by"] == TOO_FEW and row["verdict"] == BETTER and row["cells"] == 3
    assert row["p_holm"] == row["p_bootstrap"] and np.isnan(row["p_cells"])


def test_both_tests_must_agree():
    """What suits the same genes of all cells wins in every cell; the bootstrap of genes is not
    taken in. What a few cells make is not taken for the others'."""
    draws = Draws(np.zeros(30, dtype=int), 12, 400, 1)
    noise = np.random.default_rng(0).normal(0, 0.05, 400)  # of genes, the same in all cells
    cells = 0.8 + np.random.default_rng(1).normal(0, 0.001, (12, 1))
    high = Replicated(cells + 0.03, (cells + 0.03)[:, :, None] + noise)
    low = Replicated(cells, np.repeat(cells[:, :, None], 400, axis=2))
    of_genes = {"high": summarise(high, draws), "low": summarise(low, draws)}
    row = compare_all(of_genes, [], draws, 0.001).iloc[0]
    assert row["p_cells"] < 0.001 and row["p_bootstrap"] > 0.05 and row["verdict"] == OPEN
    few = {"a": [0.9, 0.9, 0.9, 0.9, 0.9, *[0.499] * 7], "b": [0.5] * 12}
    summaries, draws = board(few)
    row = compare_all(summaries, [], draws, 0.001).iloc[0]
    assert row["p_bootstrap"] < 0.05 and row["p_cells"] > 0.05 and row["verdict"] == OPEN


# ---- simulated boards, of which the truth is known (tests/benchmarks/board_coverage.py) ----


def verdicts_of_boards(boards, cells, spread, gain, margin):
    found = []
    for seed in range(boards):
        summaries, draws = run_board(seed, cells, spread, 100, margin=gain)
        row = compare_all(summaries, [], draws, margin).iloc[0]
        turned = {BETTER: WORSE, WORSE: BETTER}.get(row["verdict"], row["verdict"])
        found.append(row["verdict"] if row["model"] == "m0" else turned)
    return found


def test_a_better_model_is_called_better_and_none_of_two_equal_ones_is():
    better = verdicts_of_boards(20, 8, 0.01, 0.12, 1e-9)
    assert better.count(BETTER) >= 19 and WORSE not in better
    equal = verdicts_of_boards(40, 8, 0.01, 0.0, 1e-9)
    assert equal.count(BETTER) + equal.count(WORSE) <= 2


def test_of_many_equal_models_none_is_called_better_as_often_as_intervals_alone_would():
    called = 0
    for seed in range(20):
        summaries, draws = run_board(seed, 12, 0.01, 100, models=5)
        pairs = compare_all(summaries, [], draws, 1e-9)
        called += pairs["verdict"].isin([BETTER, WORSE]).any()
    assert called <= 2


def test_models_within_the_margin_are_as_good_as_each_other_and_never_better():
    found = verdicts_of_boards(10, 8, 0.01, 0.01, 0.2)
    assert set(found) == {AS_GOOD}


# ---- what follows ----


def verdicts(**of):
    rows = [(*pair.split("_"), verdict) for pair, verdict in of.items()]
    return pd.DataFrame(rows, columns=["model", "other", "verdict"])


def test_best_is_said_only_where_each_other_is_worse_or_as_good():
    pairs = verdicts(a_b=BETTER, a_c=AS_GOOD, b_c=OPEN)
    assert say_standing(["a", "b", "c"], pairs) == {
        "a": "best",
        "b": "worse than the best",
        "c": "as good as the best",
    }
    pairs = verdicts(a_b=BETTER, a_c=OPEN, b_c=OPEN)
    assert say_standing(["a", "b", "c"], pairs) == {
        "a": "highest",
        "b": "worse than the highest",
        "c": "not told apart from the highest",
    }
    assert say_standing(["a"], verdicts()) == {"a": "the only model"} and say_standing([], 0) == {}


def test_ranks_share_ties_and_failed_fits_are_last():
    summaries, _ = board({"a": [0.9, 0.5, 0.5], "b": [0.8, 0.5, 0.4], "c": [np.nan, 0.6, 0.6]})
    assert rank_in_cells(summaries, ["a", "b", "c"]) == pytest.approx(
        {"a": (1 + 2.5 + 2) / 3, "b": (2 + 2.5 + 3) / 3, "c": (3 + 1 + 1) / 3}
    )
    assert rank_models(summaries) == ["a", "b", "c"]
    assert rank_models(summaries, ["a"]) == ["b", "c"]


def test_bars_join_neighbours_of_which_none_is_better():
    pairs = verdicts(
        a_b=OPEN, a_c=BETTER, a_d=BETTER, b_c=AS_GOOD, b_d=BETTER, c_d=WORSE
    )  # fmt: skip
    groups = join_open(list("abcd"), pairs)
    assert [(group.first, group.last) for group in groups] == [(0, 1), (1, 2)]
    assert find_lanes(groups) == [0, 1]
    apart = [equivalence.Group(0, 1), equivalence.Group(2, 3), equivalence.Group(3, 4)]
    assert find_lanes(apart) == [0, 0, 1]
