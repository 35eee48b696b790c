"""Where published gaps come from: the parts add up, and a planted cause is found as such."""

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT

from markexpr.evaluation.gaps import (
    FACTORS,
    OURS,
    PARTS,
    PUBLISHED,
    UNEXPLAINED,
    average_corners,
    split_gain,
    split_gaps,
)
from markexpr.io.jobs import InputError
from markexpr.outputs import levels_of
from markexpr.project import read_project

BOOTSTRAP = {"replicates": 300, "seed": 1}
LEVELS = {
    "labels": ("text", "numeric"),
    "split": ("id_order", "random"),
    "genes": ("all", "thinned"),
}
CELLS = [f"E{number:03d}" for number in range(1, 9)]
OLD = {"value": 0.80, "labels": "text", "split": "id_order", "genes": "all", "source": ""}
NEW = {"value": 0.90, "labels": "numeric", "split": "random", "genes": "thinned", "source": ""}
GAPS = {"printed": {"old": OLD, "new": NEW}, "steps": [["old", "new"]]}


def metrics(auc):
    """results/metrics/{study}.tsv of two models. auc: function of model and place of a cell."""
    rows = [
        {
            "model": model,
            "unit": cell,
            "seed": 1,
            "split": "test",
            "metric": "auc",
            "value": auc(model, place),
        }
        for model in ("old", "new")
        for place, cell in enumerate(CELLS)
    ]
    return pd.DataFrame(rows)


def corners(auc):
    """All corners of two models. auc: function of levels, model and place of a cell."""
    settings = []
    for number in range(8):
        levels = {name: LEVELS[name][number >> bit & 1] for bit, name in enumerate(FACTORS)}
        settings.append((levels, metrics(lambda *at, levels=levels: auc(levels, *at))))
    return average_corners(settings, ["old", "new"], "auc")


def split(auc, **changes):
    table = split_gaps(corners(auc), {**GAPS, **changes}, BOOTSTRAP)
    return table.set_index("part")


def tangled(levels, model, cell):
    """All factors at once, with interactions of two, three and four of them."""
    on = [levels[name] == LEVELS[name][1] for name in FACTORS] + [model == "new"]
    one, two, three, four = map(float, on)
    return (
        0.7
        + 0.03 * one
        + 0.01 * two
        - 0.02 * three
        + 0.04 * four
        + 0.02 * one * four
        + 0.01 * one * two * three
        - 0.03 * one * two * three * four
        + 0.004 * np.sin(7 * cell + 3 * one + 5 * four)
    )


def test_the_parts_add_up_to_the_gap():
    table = split(tangled)
    assert table.loc[list(PARTS), "effect"].sum() == pytest.approx(table.loc[OURS, "effect"])
    ends = [
        np.mean([tangled(end, model, cell) for cell in range(8)])
        for model, end in (("old", OLD), ("new", NEW))
    ]
    assert table.loc[OURS, "effect"] == pytest.approx(ends[1] - ends[0])
    assert [float(table.loc[OURS, name]) for name in ("from", "to")] == pytest.approx(
        ends, abs=1e-4
    )
    assert table.loc[PUBLISHED, "effect"] == pytest.approx(0.1)
    assert table.loc[UNEXPLAINED, "effect"] == pytest.approx(0.1 - (ends[1] - ends[0]))
    assert (table.loc[[*PARTS, OURS], "ci_low"] <= table.loc[[*PARTS, OURS], "effect"]).all()


def test_a_planted_effect_of_labels_is_found_as_such():
    def planted(levels, model, cell):
        noise = np.random.default_rng([cell, *map(len, levels.values()), len(model)])
        return 0.8 + 0.1 * (levels["labels"] == "numeric") + noise.normal(0, 0.002)

    table = split(planted)
    assert table.loc["labels", "effect"] == pytest.approx(0.1, abs=0.005)
    assert table.loc["labels", "verdict"] == "raises it" and table.loc["labels", "ci_low"] > 0.09
    for part in ("split", "genes", "model"):
        assert abs(table.loc[part, "effect"]) < 0.005
        assert table.loc[part, "ci_low"] < 0.004 and table.loc[part, "ci_high"] > -0.004


def test_a_planted_effect_of_the_model_is_found_as_such():
    table = split(lambda levels, model, cell: 0.8 - 0.05 * (model == "new"))
    assert table.loc["model", "verdict"] == "lowers it"
    assert table.loc["model", "effect"] == pytest.approx(-0.05)
    assert table.loc[["labels", "split", "genes"], "effect"].abs().max() < 1e-12


def test_an_interaction_is_shared_evenly():
    both = split(
        lambda levels, model, cell: 0.8 + 0.1 * (model == "new") * (levels["labels"] == "numeric")
    )
    assert both.loc["labels", "effect"] == pytest.approx(0.05)
    assert both.loc["model", "effect"] == pytest.approx(0.05)


def test_what_is_the_same_in_both_has_no_part():
    printed = {"old": OLD, "new": {**NEW, "labels": "text", "split": "id_order"}}
    table = split(tangled, printed=printed)
    assert table.loc[["labels", "split"], "verdict"].tolist() == ["the same in both"] * 2
    assert table.loc[["labels", "split"], "effect"].tolist() == [0, 0]
    assert table.loc[list(PARTS), "effect"].sum() == pytest.approx(table.loc[OURS, "effect"])


def test_nothing_is_compared_with_papers_on_simulated_data():
    table = split_gaps(corners(tangled), GAPS, BOOTSTRAP, simulated=True)
    assert table["part"].tolist() == [*PARTS, OURS]


def test_a_number_that_is_not_known_is_not_compared_with():
    unread = {name: value for name, value in NEW.items() if name != "value"}
    table = split(tangled, printed={"old": OLD, "new": unread})
    assert table.index.tolist() == [*PARTS, OURS]


def test_a_unit_without_a_score_in_some_corner_is_left_out_and_counted():
    def failing(levels, model, cell):
        failed = cell == 3 and model == "new" and levels["split"] == "random"
        return np.nan if failed else tangled(levels, model, cell)

    table = split(failing)
    assert (table["units"] == 7).all() and (table["left_out"] == 1).all()
    assert table.loc[list(PARTS), "effect"].sum() == pytest.approx(table.loc[OURS, "effect"])


def test_a_corner_that_was_not_run_is_named():
    some = {
        key: values
        for key, values in corners(tangled).items()
        if key != ("new", "text", "random", "all")
    }
    with pytest.raises(InputError, match="new was not run with labels text, split random, genes"):
        split_gaps(some, GAPS, BOOTSTRAP)


def test_one_cell_has_no_interval():
    alone = {key: values.iloc[:1] for key, values in corners(tangled).items()}
    table = split_gaps(alone, GAPS, BOOTSTRAP)
    assert table["ci_low"].isna().all() and not table["verdict"].str.contains("raises").any()


def test_gains_of_three_players_are_means_over_orders():
    worth = {"": 0, "a": 1, "b": 2, "c": 4, "ab": 5, "ac": 9, "bc": 6, "abc": 20}
    found = split_gain(lambda some: worth["".join(sorted(some))], ["a", "b", "c"])
    # abc: 1, acb: 1, bac: 3, bca: 14, cab: 5, cba: 14
    assert found["a"] == pytest.approx((1 + 1 + 3 + 14 + 5 + 14) / 6)
    assert sum(found.values()) == pytest.approx(20)


def test_the_shipped_study_has_all_settings_and_the_numbers_of_the_papers():
    project = read_project(ROOT, {"cells": ["E003"]})
    files = [
        path
        for name in ("gaps", "gaps_random")
        for path in project.lookup.paper(name).__wrapped__(None)
    ]
    assert files.count("results/tables/gaps/gaps.html") == 1
    studies = project.plan.studies
    named = [name for name in studies if name.split("_")[0] == "gaps"]
    settings = {tuple(levels_of(studies[name].data).values()) for name in named}
    assert len(named) == len(settings) == 8
    # what varies is all that does
    plain = [studies[name].data.plain() for name in named]
    for data in plain:
        del data["split"], data["target"]["label_mode"]
        data["genes"].pop("min_distance", None)
    assert all(data == plain[0] for data in plain)
    printed = pd.read_csv(ROOT / "config/published.tsv", sep="\t", comment="#")
    known = printed[(printed["statistic"] == "mean") & (printed["metric"] == "auc")]
    for model, number in studies["gaps"].gaps.printed.items():
        of_model = known.loc[known["model"] == model, "value"]
        assert of_model.empty or (of_model == number.value).all(), model


def test_a_step_names_models_that_have_a_number(tmp_path):
    study = yaml.safe_load((ROOT / "config/studies/gaps.yaml").read_text())["gaps"]
    given = {"gaps": {"gaps": {**study, "steps": [["deepchrome", "transfercrome"]]}}}
    with pytest.raises(InputError, match="transfercrome has no number; did you mean 'transferchro"):
        read_project(ROOT, {"overrides": given})
