"""The benchmark and the ablation for real on three simulated cells: each fold tests in turn, models
are chosen by validation genes, and the board, controls and effects follow from predictions."""

import pandas as pd
import pytest
import yaml
from conftest import snakemake

TABLES = [
    "benchmark/board_high_low.html",
    "benchmark/controls.html",
    "benchmark/randomised.html",
    "benchmark_unseen/seen.tsv",
    "ablation/ablation.html",
]
CELLS = ["E003", "E116", "E123"]
UNITS = [f"{cell}-fold{fold}" for cell in CELLS for fold in range(4)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark")
    targets = [f"results/tables/{name}" for name in TABLES]
    snakemake(
        "--configfile",
        "tests/workflow/benchmark.yaml",
        "--",
        *targets,
        "results/benchmark/board.tsv",
        directory=folder,
    )
    return folder / "results"


def predictions(run, study, model, unit):
    path = run / f"runs/{study}/{model}/{unit}/seed1/predictions.tsv.gz"
    return pd.read_csv(path, sep="\t")


def table(run, name):
    return pd.read_csv(run / f"tables/{name}.tsv", sep="\t")


def test_every_gene_tests_once_and_is_new_where_it_does(run):
    for cell in CELLS:
        folds = [
            predictions(run, "benchmark", "logistic", f"{cell}-fold{fold}") for fold in range(4)
        ]
        tested = pd.concat([fold[fold["split"] == "test"] for fold in folds])
        assert not tested["gene_id"].duplicated().any()
        assert set(tested["gene_id"]) == set(folds[0]["gene_id"])
        assert not tested["gene_seen"].any() and tested["cell_seen"].all()


def test_candidates_are_chosen_by_validation_genes(run):
    for model in ("deepchrome", "logistic"):
        for unit in UNITS:
            path = run / f"runs/benchmark/{model}/{unit}/seed1/params.yaml"
            params = yaml.safe_load(path.read_text())
            values = [candidate["valid_auc"] for candidate in params["tuning"]]
            assert len(values) == 2 and values[params["chosen"]] == max(values)


def test_the_board_says_what_it_can(run):
    board = pd.read_csv(run / "benchmark/board.tsv", sep="\t")
    rows = board.set_index("model")
    assert "logistic_other_cell" not in rows.index  # a control of its own
    assert rows.loc["simulator_truth", "standing"] == "reference"
    assert set(rows["kind"]) == {"net", "estimator", "truth"}
    ranked = rows.drop(index="simulator_truth")
    assert (ranked["ci_low"] < ranked["value"]).all() and ranked["value"].between(0.3, 1).all()
    assert (ranked["value"] < rows.loc["simulator_truth", "value"]).all()
    # three cells cannot make a signed-rank test significant
    pairs = table(run, "benchmark/pairs")
    assert pairs["tested_by"].str.contains("too few cells").all()


def test_controls_of_structure_pass_and_another_cells_targets_are_worse(run):
    controls = table(run, "benchmark/controls").set_index("control")
    for name in (
        "test genes train nothing",
        "no test row was seen",
        "targets are those of their genes",
        "expression is that of its gene",
        "simulator's truth",
        "permuted cell",
    ):
        assert set(controls.loc[[name], "verdict"]) == {"PASS"}, name
    assert (run / "controls.tsv").exists()


def test_a_tissue_that_is_left_out_trains_nothing(run):
    cells = {"BLOOD": {"E116", "E123"}, "ESC": {"E003"}}
    # a control needs two cells that train
    runs = [("ridge", "BLOOD"), ("markexpr_net", "BLOOD"), ("ridge", "ESC"), ("gene_mean", "ESC")]
    for model, tissue in runs:
        left_out = predictions(run, "benchmark_unseen", model, f"pooled-without-{tissue}")
        tested = left_out["split"] == "test"
        assert set(left_out.loc[tested, "cell"]) == cells[tissue]
        assert not left_out.loc[tested, "cell_seen"].any()
        assert not left_out.loc[tested, "tissue_seen"].any()
        assert not set(left_out.loc[~tested, "cell"]) & cells[tissue]


def test_the_ablation_compares_within_cells(run):
    changes = table(run, "ablation/ablation")
    assert set(changes["axis"]) == {"window", "normalise", "direction", "target", "cells"}
    first = changes[changes["level"].isin(["5kb", "plain", "each alone"])]
    assert (first["difference"] == 0).all()
    assert changes["value"].between(-1, 1).all()
    ranked = table(run, "ablation/ablation_ranked")
    assert len(ranked) == 8 and ranked["valid"].is_monotonic_decreasing
