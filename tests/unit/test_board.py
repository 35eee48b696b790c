"""The board: rows that all models are compared on, blocks of genes, where models stand, what they
cost, and the studies that stand on it."""

from dataclasses import replace
from types import SimpleNamespace

import compare_models as compare_models_script
import gather_board
import numpy as np
import pandas as pd
import pytest
import tabulate_board
import yaml
from conftest import with_studies

from markexpr.evaluation.board import (
    COLUMNS,
    add_costs,
    compare_models,
    find_costs,
    join_splits,
    measure_jobs,
    set_side_by_side,
)
from markexpr.evaluation.tested import Part, draw, find_blocks, gather, score_model
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import InputError
from markexpr.outputs import boards_of_tasks, is_on_board, list_files, studies_on_board
from markexpr.project import read_project
from markexpr.report import pairs as pairs_table
from markexpr.report import ranks, standing, wins
from markexpr.settings.studies import load_studies

GENES = [f"ENSG{number:03d}" for number in range(80)]
PLACES = pd.DataFrame(
    {"chrom": ["chr1"] * 40 + ["chr2"] * 40, "tss": [5_000_000 * n for n in range(40)] * 2},
    index=GENES,
)
TRUTH = {
    cell: np.random.default_rng(n).normal(size=80) for n, cell in enumerate(("E1", "E2", "E3"))
}
KINDS = {"good": "net", "poor": "estimator", "mean": "control", "simulator_truth": "truth"}
NOISE = {"good": 0.5, "poor": 3.0, "mean": 1.5, "simulator_truth": 0.1}


def predictions(model, cell, seed=1, genes=GENES, truth=None):
    rng = np.random.default_rng([list(NOISE).index(model), seed, int(cell[1])])
    y_true = TRUTH[cell] if truth is None else truth
    table = pd.DataFrame(
        {
            "gene_id": GENES,
            "cell": cell,
            "split": "test",
            "y_true": y_true,
            "y_pred": y_true + NOISE[model] * rng.normal(size=80),
            "gene_seen": 0,
            "cell_seen": 1,
            "tissue_seen": 1,
        }
    )
    return table[table["gene_id"].isin(genes)].iloc[::-1]  # order must not matter


def runs(models=("good", "poor"), cells=("E1", "E2", "E3"), seeds=(1,), folds=True):
    for model in models:
        for cell in cells:
            for seed in seeds:
                whole = predictions(model, cell, seed)
                if not folds:
                    yield model, cell, seed, whole
                    continue
                for fold, genes in enumerate((GENES[:40], GENES[40:])):
                    yield model, f"{cell}-fold{fold}", seed, whole[whole["gene_id"].isin(genes)]


# ---- rows ----


def test_rows_are_of_test_genes_by_cell_and_fold():
    train = predictions("good", "E1").assign(split="train", gene_id="no test gene")
    tested = gather([*runs(), ("good", "E1-fold0", 2, train)])
    assert tested.cells == ["E1", "E2", "E3"]
    assert set(tested.genes) == {Part(cell, fold) for cell in tested.cells for fold in (0, 1)}
    part = Part("E2", 1)
    assert list(tested.genes[part]) == GENES[40:]
    assert np.array_equal(tested.truth[part], TRUTH["E2"][40:])
    own = predictions("good", "E2").set_index("gene_id").loc[GENES[40:], "y_pred"]
    assert np.array_equal(tested.predicted["good"][1][part], own)
    assert not tested.left_out


def test_a_pooled_run_has_its_cells_in_its_rows():
    whole = pd.concat([predictions("good", cell) for cell in TRUTH])
    tested = gather([("good", "pooled", 1, whole)])
    assert set(tested.genes) == {Part(cell, 0) for cell in TRUTH}


def test_a_model_that_lacks_rows_is_left_out_and_one_that_has_more_is_compared_on_those_of_all():
    short = [run for run in runs(["poor"]) if run[1] != "E3-fold1"]
    less = [("mean", unit, 1, table.iloc[1:]) for _, unit, _, table in runs(["mean"])]
    tested = gather([*runs(["good", "simulator_truth"]), *short, *less])
    assert tested.left_out == {
        "poor": "seed 1 has no predictions of test genes of E3",
        "mean": "seed 1 lacks 1 test genes of E1, as ENSG039",
    }
    assert list(tested.predicted) == ["good", "simulator_truth"]
    fewer = [(name, unit, 1, table.iloc[5:]) for name, unit, _, table in runs()]
    more = list(runs(["mean"]))
    tested = gather([*fewer, *more])
    part = Part("E1", 0)
    assert list(tested.genes[part]) == GENES[:35] and not tested.left_out
    own = predictions("mean", "E1").set_index("gene_id").loc[GENES[:35], "y_pred"]
    assert np.array_equal(tested.predicted["mean"][1][part], own)


def test_what_is_not_of_the_same_data_is_refused():
    shifted = [
        ("poor", "E1", 1, predictions("poor", "E1", truth=np.roll(TRUTH["E1"], 1))),
        ("poor", "E2", 1, predictions("poor", "E2")),
    ]
    sound = list(runs(["good"], ["E1", "E2"], folds=False))
    with pytest.raises(InputError, match="good and poor have other true values of 80 test genes"):
        gather([*sound, *shifted])
    fewer = [("good", unit, 1, table.iloc[5:]) for _, unit, _, table in sound]
    fewer += [("mean", *run[1:]) for run in fewer]
    with pytest.raises(InputError, match="and poor have other true values of 75 test genes"):
        gather([*fewer, *shifted])  # on the rows of all, where the one has more
    with pytest.raises(InputError, match="E1 has a test gene twice"):
        gather([*sound, ("good", "E1-fold0", 1, predictions("good", "E1"))])
    with pytest.raises(InputError, match="no run has a test gene"):
        gather([("good", "E1", 1, predictions("good", "E1").assign(split="valid"))])


def test_cells_of_one_true_value_are_dropped():
    constant = predictions("good", "E1", truth=np.ones(80))
    tested = gather([("good", "E1", 1, constant), *runs(["good"], ["E2"], folds=False)])
    assert tested.drop_alike() == ["E1"] and tested.cells == ["E2"]


# ---- blocks ----


def test_blocks_are_stretches_of_chromosomes_and_strata_are_the_folds():
    tested = gather(runs())
    blocks = find_blocks(tested.genes, PLACES, 10_000_000)
    assert len(blocks.strata) == 40  # two genes each
    assert (np.bincount(blocks.of[Part("E1", 0)])[:20] <= 2).all()
    assert sorted(blocks.strata) == [0] * 20 + [1] * 20
    same = blocks.of[Part("E1", 0)], blocks.of[Part("E3", 0)]
    assert np.array_equal(*same)
    assert not set(same[0]) & set(blocks.of[Part("E1", 1)])
    whole = find_blocks(gather(runs(folds=False)).genes, PLACES, 10_000_000)
    assert set(whole.strata) == {0}
    unknown = find_blocks(tested.genes, PLACES.drop(GENES[:2]), 10_000_000)
    assert len(unknown.strata) == 41  # each of the two by itself, and not with their neighbours


# ---- scores ----

SETTING = {
    "metrics": ["pearson", "mse"],
    "margin": 0.01,
    "block": 10_000_000,
    "bootstrap": {"replicates": 200, "seed": 1},
    "kinds": KINDS,
    "one_fit_of_all": False,
}


def test_a_score_is_the_mean_over_folds_then_seeds_then_cells():
    tested = gather(runs(seeds=(1, 2)))
    blocks = find_blocks(tested.genes, PLACES, SETTING["block"])
    draws = draw(tested, blocks, 50, 1, False)
    found = score_model(tested, "poor", blocks, draws, "pearson")
    assert found.values.shape == (3, 2) and found.replicates.shape == (3, 2, 50)
    table = predictions("poor", "E2", 2).sort_values("gene_id")
    by_hand = [
        np.corrcoef(half["y_true"], half["y_pred"])[0, 1] for half in (table[:40], table[40:])
    ]
    assert found.values[1, 1] == pytest.approx(np.mean(by_hand))
    standing, _ = compare_models(tested, PLACES, SETTING)
    value = standing.set_index("model").loc["poor", "value"]
    assert value == pytest.approx(found.values.mean())


@pytest.fixture(scope="module")
def compared():
    short = [run for run in runs(["poor"]) if run[1] != "E3-fold1"]
    short = [("half", *run[1:]) for run in short]
    tested = gather([*runs(list(KINDS)), *short])
    setting = {**SETTING, "kinds": {**KINDS, "half": "net"}}
    return *compare_models(tested, PLACES, setting), setting


def test_models_are_ranked_and_references_are_not(compared):
    table, pairs, _ = compared
    assert list(table.columns) == COLUMNS
    rows = table.set_index("model")
    assert list(rows.index) == ["good", "poor", "mean", "simulator_truth", "half"]
    assert rows.loc["good", "standing"] == "best"
    assert rows.loc["poor", "standing"] == "worse than the best"
    assert rows.loc["mean", "standing"] == rows.loc["simulator_truth", "standing"] == "reference"
    assert rows.loc["half", "standing"].startswith("not compared: seed 1 has no predictions")
    assert rows["mean_rank"].notna().tolist() == [True, True, False, False, False]
    assert rows.loc["good", "against_controls"] == "better than mean"
    assert rows.loc["poor", "against_controls"] == "worse than mean"
    # no model is tested against what is known to be the best possible
    assert list(zip(pairs["model"], pairs["other"])) == [
        ("good", "poor"), ("good", "mean"), ("poor", "mean")
    ]  # fmt: skip
    known = rows.loc[["good", "poor", "mean", "simulator_truth"]]
    assert ((known["ci_low"] < known["value"]) & (known["value"] < known["ci_high"])).all()
    assert (known["mse_low"] >= 0).all() and (known["ci_high"] <= 1).all()


def test_a_model_with_a_failed_fit_has_no_mean_and_is_last():
    constant = [
        (name, unit, seed, table.assign(y_pred=0.5) if unit == "E1-fold0" else table)
        for name, unit, seed, table in runs(["good"])
    ]
    tested = gather([*constant, *runs(["poor"])])
    table, pairs = compare_models(tested, PLACES, SETTING)
    assert table["model"].tolist() == ["poor", "good"] and table["failed"].tolist() == [0, 1]
    assert np.isnan(table["value"][1]) and np.isfinite(table["mse"][1])
    assert pairs["difference"][0] == np.inf and pairs["cells_won"][0] == pytest.approx(1 / 3)
    # in the other cells it is far better: one failed fit tells nothing of the two
    assert table["standing"].tolist() == ["highest", "not told apart from the highest"]


# ---- costs ----


def test_costs_are_of_what_was_measured(tmp_path):
    folder = tmp_path / "results/runs/s/good/E1-fold0/seed1"
    folder.mkdir(parents=True)
    told = {"model": "good", "parameters": 12, "tuning": [{"seconds": 1}, {"seconds": 2}]}
    (folder / "params.yaml").write_text(yaml.safe_dump(told))
    (folder / "weights.safetensors").write_bytes(b"x" * 2500)
    jobs = tmp_path / "benchmarks/train_model/s/good"
    for unit, seconds, memory in (("E1-fold0", "10.5", "NA"), ("E2-fold0", "20.5", "300.25")):
        (jobs / unit).mkdir(parents=True)
        text = f"s\th:m:s\tmax_rss\n{seconds}\t0:00:10\t{memory}\n"
        (jobs / unit / "seed1.tsv").write_text(text)
    files = ["weights.safetensors", "model.skops"]
    found = find_costs("s", [folder / "params.yaml"], files, tmp_path / "benchmarks")
    assert found == {
        "good": {
            "candidates": 2,
            "parameters": 12,
            "file_kb": 2.5,
            "seconds": 15.5,
            "memory_mb": 300.25,
        }
    }
    assert measure_jobs(tmp_path / "benchmarks", "s", "poor") == {}
    assert measure_jobs(tmp_path / "none", "s", "good") == {}


# ---- tables and figures ----


def job(folder, name, table, pairs, setting):
    paths = {kind: folder / f"{name}.{kind}" for kind in ("tsv", "html", "svg", "png")}
    return SimpleNamespace(
        output=SimpleNamespace(**paths),
        params=SimpleNamespace(simulated=True),
        wildcards=SimpleNamespace(study="s"),
        standing=table,
        pairs=pairs,
        setting=setting,
    )


def test_tables_and_figures_of_a_study(compared, tmp_path):
    table, pairs, setting = compared
    table = add_costs(table, {"good": {"candidates": 3, "seconds": 1.5, "parameters": 7}})
    for name, part in (
        ("standing", standing), ("pairs", pairs_table), ("ranks", ranks), ("wins", wins)
    ):  # fmt: skip
        part.show(job(tmp_path, name, table, pairs, setting))
        assert {path.suffix for path in tmp_path.glob(f"{name}.*")} in (
            {".tsv", ".html"},
            {".svg", ".png"},
        )
    back = read_tsv(tmp_path / "standing.tsv")
    assert back["candidates"].tolist()[0] == 3 and back["standing"].tolist()[0] == "best"
    assert (
        "3 cells, seeds and blocks of genes are drawn" in (tmp_path / "standing.html").read_text()
    )
    assert "too few cells to test" in (tmp_path / "pairs.html").read_text()


def test_one_model_alone_is_said_to_be(tmp_path):
    tested = gather(runs(["good"], ["E1"]))
    table, pairs = compare_models(tested, PLACES, SETTING)
    table = add_costs(table, {})
    assert table["standing"].tolist() == ["the only model"] and pairs.empty
    for name, part in (("ranks", ranks), ("wins", wins), ("standing", standing)):
        part.show(job(tmp_path, name, table, pairs, SETTING))
    assert "nothing follows for others" in (tmp_path / "standing.html").read_text()


def test_splits_stand_side_by_side_in_the_order_of_the_first(compared, tmp_path):
    table, _, _ = compared
    table = add_costs(table, {"good": {"seconds": 1.5}})
    other = table[table["model"] != "mean"].assign(value=table["value"] / 2)
    other.loc[other["model"] == "half", "model"] = "only_here"
    for name, one in (("one", table), ("other", other)):
        write_tsv(tmp_path / f"{name}.tsv", one)
    read = {name: read_tsv(tmp_path / f"{name}.tsv") for name in ("one", "other")}
    long = join_splits({"by chromosome": ("a", read["one"]), "random": ("b", read["other"])}, "v")
    assert long["study"].tolist() == ["a"] * 5 + ["b"] * 4 and set(long["task"]) == {"v"}
    side = set_side_by_side(long).set_index("model")
    assert list(side.index) == ["good", "poor", "mean", "simulator_truth", "half", "only_here"]
    assert side.loc["good", "r, by chromosome"].startswith(f"{table['value'][0]:.3f} [")
    assert side.loc["good", "r, random"].startswith(f"{table['value'][0] / 2:.3f}")
    assert side.loc["half", "r, by chromosome"] == "–" and side.loc["good", "seconds"] == 1.5
    assert pd.isna(side.loc["mean", "r, random"])
    figure = tabulate_board.draw(long)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["good", "poor"]
    assert figure.axes[0].get_title() == "by chromosome\n(3 cells, 1 seed)"


def test_labels_of_references_do_not_overlap():
    places = tabulate_board.spread_out(np.array([0.1, 0.11, 0.12, 0.5]), 0.05)
    assert (np.diff(places) >= 0.05 - 1e-6).all() and places[3] == 0.5
    assert places[:3].mean() == pytest.approx(0.11)


# ---- which studies stand on it ----

MARKS = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]


def studies(tmp_path, tasks, **board):
    root = {"base": "dense_ensemble", "board": {"tasks": tasks, **board}}
    root |= {"title": "x", "data": {"split": {"scheme": "chromosome", "fold": "all"}}}
    models = {"ridge": {"architecture": "ridge", "estimator": {}}}
    root |= {"attributions": None, "models": models, "paper": {"citation": "ours"}}
    variant = {"title": "y", "base": "root"}
    variant |= {"data": {"split": {"scheme": "random", "seed": 1, "test": 0.2}}}
    return with_studies(tmp_path, root=root, variant=variant)


VALUE = {"title": "value", "studies": {"by chromosome": "root", "random": "variant"}}


def test_a_board_is_of_its_study_and_names_others(tmp_path, root):
    folder = studies(tmp_path, {"value": VALUE}, equivalence={"pearson": 0.02})
    every = load_studies(folder, {}, MARKS)
    assert every["root"].board.equivalence.plain() == {"auc": 0.005, "pearson": 0.02}
    assert every["variant"].board is None  # not inherited
    settings = read_project(root, {"cells": ["E003", "E116"]})
    plan = type(settings.plan)(every, ["E003", "E116"], [], [1, 2], simulated=True)
    assert plan.board_of("variant") == every["root"].board and plan.board_of("deepchrome") is None
    assert plan.kinds("root") == {"ridge": "estimator", "simulator_truth": "truth"}
    subject = replace(settings.lookup.subject("deepchrome"), plan=plan)
    on_board = replace(subject, name="variant")
    assert is_on_board(on_board) and not boards_of_tasks(on_board)
    holder = replace(subject, name="root")
    assert boards_of_tasks(holder) == ["board_value"]
    assert studies_on_board(holder, "value") == {"by chromosome": "root", "random": "variant"}
    files = list_files(holder)
    assert "results/tables/root/board.html" in files
    assert "results/figures/root/board_value.png" in files
    assert "results/tables/variant/standing.html" in list_files(on_board)
    assert not is_on_board(subject)


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (
            {"value": {"title": "v", "studies": {"a": "rot"}}},
            r"study root: board.tasks.value.studies names the unknown study 'rot'; did you mean",
        ),
        (
            {"value": {"title": "v", "studies": {"a": "root", "b": "root"}}},
            "'root' stands twice: name it under one split",
        ),
        (
            {"value": {"title": "v", "studies": {"a": "root", "b": "deepchrome"}}},
            "names deepchrome, which predicts labels, and root, which predicts values",
        ),
        ({}, "board.tasks"),
    ],
)
def test_a_board_that_cannot_be_is_refused(tmp_path, tasks, message):
    with pytest.raises(InputError, match=message):
        load_studies(studies(tmp_path, tasks), {}, MARKS)


# ---- the jobs, from files to files ----


def as_job(folder, output, inputs, **params):
    paths = {name: folder / path for name, path in output.items()}
    return SimpleNamespace(
        input=inputs,
        output=Named(paths),
        params=SimpleNamespace(simulated=True, **params),
        wildcards=SimpleNamespace(study="root", task="value"),
    )


class Named(dict):
    __getattr__ = dict.__getitem__


def both(kind, *names):
    suffixes = {"table": ("tsv", "html"), "figure": ("svg", "png")}[kind]
    return {f"{name}_{suffix}": f"{name}.{suffix}" for name in names for suffix in suffixes}


def test_jobs_go_from_predictions_to_the_board(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = []
    for model, unit, seed, table in runs(list(KINDS)):
        path = tmp_path / f"results/runs/root/{model}/{unit}/seed{seed}/predictions.tsv.gz"
        write_tsv(path, table, float_format="%.9g")
        paths.append(path)
    fit = tmp_path / "results/runs/root/good/E1-fold0/seed1/params.yaml"
    fit.write_text(yaml.safe_dump({"model": "good", "parameters": 5}))
    genes = PLACES.assign(strand="+", name="x").rename_axis("gene_id").reset_index()
    write_tsv(tmp_path / "genes.tsv", genes)
    inputs = SimpleNamespace(predictions=paths, genes=tmp_path / "genes.tsv", fits=[fit])
    outputs = both("table", "standing", "pairs") | both("figure", "ranks", "wins")
    setting = {"equivalence": {"auc": 0.005, "pearson": 0.01}, "block": 10_000_000}
    compare = as_job(
        tmp_path,
        outputs,
        inputs,
        board=setting,
        metrics=["pearson", "mse"],
        bootstrap={"replicates": 100, "seed": 1},
        kinds=KINDS,
        pooled=False,
        fit_files=["weights.safetensors"],
    )
    compare_models_script.main(compare)
    found = read_tsv(tmp_path / "standing.tsv").set_index("model")
    assert found.loc["good", "standing"] == "best" and found.loc["good", "parameters"] == 5
    assert read_tsv(tmp_path / "pairs.tsv")["verdict"].iloc[0] == "better"

    names = {"table_tsv": "t.tsv", "table_html": "t.html", "figure_svg": "f.svg"}
    names |= {"figure_png": "f.png"}
    studies_of_splits = {"by chromosome": "root"}
    task = as_job(
        tmp_path, names, [tmp_path / "standing.tsv"], studies=studies_of_splits, title="Values"
    )
    tabulate_board.main(task)
    assert "Values (simulated data)" in (tmp_path / "t.html").read_text()

    whole = as_job(tmp_path, {"tsv": "board.tsv", "html": "board.html"}, [tmp_path / "t.tsv"])
    gather_board.main(whole)
    board = read_tsv(tmp_path / "board.tsv")
    assert board["task"].tolist() == ["value"] * 4 and set(board["split"]) == {"by chromosome"}
    assert board.set_index("model").loc["good", "value"] == found.loc["good", "value"]
