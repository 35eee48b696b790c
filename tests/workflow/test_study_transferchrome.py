"""Study transferchrome for real on simulated cells: all that it names is built, transfers are what
they say, and noise teaches nothing."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, jobs_of, snakemake

from markexpr.evaluation.scorer import score_classification
from markexpr.outputs import list_files_of_paper
from markexpr.project import read_project
from markexpr.settings.reading import read_yaml

CONFIG = ["--configfile", "tests/workflow/transferchrome.yaml"]
CROSS_CELL = "transferchrome_cross_cell"
ATTENTION = "results/attention/transferchrome/{net}/E123/seed1.npz"
CROSS = f"results/runs/{CROSS_CELL}/transferchrome_cross/E085-to-E123/seed1"


@pytest.fixture(scope="module")
def run(counted, tmp_path_factory):
    folder = shutil.copytree(counted, tmp_path_factory.mktemp("study") / "transferchrome")
    # and what no figure asks for
    targets = ["transferchrome", ATTENTION.format(net="attentivechrome")]
    snakemake(*CONFIG, "--", *targets, directory=folder)
    return folder


def table(run, name, study="transferchrome"):
    return pd.read_csv(run / f"results/tables/{study}/{name}.tsv", sep="\t")


def predictions(run, model, unit, study="transferchrome"):
    path = run / f"results/runs/{study}/{model}/{unit}/seed1/predictions.tsv.gz"
    return pd.read_csv(path, sep="\t")


def test_every_table_and_figure_is_there(run):
    results, settings = run / "results", read_project(ROOT, read_yaml(ROOT / CONFIG[1]))
    files = list_files_of_paper(settings.lookup.subject("transferchrome"))
    for path in files:
        if path.endswith(".png"):
            assert (run / path).read_bytes()[:4] == b"\x89PNG", path
        else:
            assert "simulated data" in (run / path).read_text(), path
    shown = {path.split("/", 2)[2] for path in files}
    assert {
        "transferchrome/figure3.png",
        "transferchrome/figure6.png",
        "transferchrome/table2.html",
        "transferchrome/settings.html",
        "transferchrome/named_cells.html",
        "transferchrome_cross_cell/figure4.png",
        "transferchrome_cross_cell/table3.html",
        "transferchrome_text/published.html",
    } <= shown
    assert "transferchrome_text/named_cells.html" not in shown  # its net is not trained here
    assert (results / "tables/transferchrome/labels.tsv").exists()


def test_tables_have_every_model(run):
    assert set(table(run, "table2")["model"]) == {
        "deepchrome",
        "attentivechrome",
        "convchrome",
        "transferchrome",
    }
    assert set(table(run, "table2")["cells"]) == {
        "all",
        "both label modes agree",
    }  # E123 is one whose labels agree
    table3 = table(run, "table3", CROSS_CELL)
    table3 = table3[table3["cells"] == "all"].set_index("model")
    assert len(table3) == 9 and (table3["units"] == 1).all()
    drop = table3.loc["transferchrome_origin", "mean"] - table3.loc["transferchrome_cross", "mean"]
    assert table3.loc["transferchrome_cross", "drop"] == pytest.approx(drop, abs=2e-6)
    assert table3.loc["transferchrome_cross", "published_drop"] == 0.015
    relative = drop / table3.loc["transferchrome_origin", "mean"]
    assert table3.loc["transferchrome_cross", "relative_drop"] == pytest.approx(relative, abs=2e-6)
    assert table3.loc["transferchrome_cross", "published_relative_drop"] == 0.015
    nine = table(run, "table3b", CROSS_CELL).set_index(["cells", "model"]).loc["all"]
    assert list(nine.index)[-1] == "transferchrome_cross_last" and (nine["units"] == 1).all()
    published = table(run, "published", CROSS_CELL)
    assert len(published) == 10 and published["ours"].notna().all()
    names = ["as printed", "split by chromosome", "labels as text", "z-score of training genes"]
    assert table(run, "settings")["setting"].unique().tolist() == [
        f"{name}, settings changed by overrides" for name in names
    ]
    claims = pd.concat([table(run, "claims"), table(run, "claims", CROSS_CELL)])
    said = claims["verdict"].str.removesuffix(" (one seed)")
    counted = claims["over"] == "units, counted"
    assert len(claims) == 25 and set(said[~counted]) == {"too few units", "not run"}
    assert counted.sum() == 1 and "of 1" in said[counted].iloc[0]


def test_all_transfers_are_tested_on_the_same_genes(run):
    tested = {}
    for model in (
        "transferchrome_origin",
        "transferchrome_uncross",
        "transferchrome_cross",
        "simulator_truth",
        "deepchrome_uncross",
    ):
        here = predictions(run, model, "E085-to-E123", CROSS_CELL).query("split == 'test'")
        assert set(here["cell"]) == {"E123"}
        tested[model] = here.set_index("gene_id")["y_true"].sort_index()
    assert all(other.equals(tested["transferchrome_origin"]) for other in tested.values())
    n = len(np.load(run / "results/tensors/transferchrome/E123.npz")["gene_id"])
    assert (
        len(tested["transferchrome_cross"]) == n // 2
        or len(tested["transferchrome_cross"]) == (n + 1) // 2
    )


def test_z_scores_of_a_transfer_are_of_the_genes_that_train(run):
    """In source and target; the tensors of the study as printed have those of all genes."""
    study = "transferchrome_cross_cell_zscore_train"
    for cell in ("E085", "E123"):
        with np.load(run / f"results/tensors/{study}/{cell}.npz") as file:
            X, split = file["X"], file["split"]
            fitted = json.loads(str(file["provenance"]))["zscore"]
        assert fitted["genes"] == (split == "train").sum() < len(split) / 2
        assert np.allclose(X[split == "train"].mean(axis=(0, 2)), 0, atol=1e-4)
        assert np.allclose(X[split == "train"].std(axis=(0, 2)), 1, atol=1e-4)
        assert not np.allclose(X.mean(axis=(0, 2)), 0, atol=1e-4)
        with np.load(run / f"results/tensors/{CROSS_CELL}/{cell}.npz") as file:
            assert np.allclose(file["X"].mean(axis=(0, 2)), 0, atol=1e-4)
            assert (file["split"] == split).all()
    # what trains by the tensors is what trains in the transfer
    here = predictions(run, "transferchrome_origin", "E085-to-E123", study)
    genes = here.loc[here["split"] == "train", "gene_id"]
    with np.load(run / f"results/tensors/{study}/E123.npz") as file:
        assert set(genes) == set(file["gene_id"][file["split"] == "train"])


def test_the_last_epoch_is_at_full_strength(run):
    params = f"results/runs/{CROSS_CELL}/transferchrome_cross_last/E085-to-E123/seed1/params.yaml"
    params = yaml.safe_load((run / params).read_text())
    assert params["best_epoch"] == 2 and params["best"]["lambda"] == pytest.approx(1, abs=1e-3)


def test_what_a_transfer_trains_on(run):
    params = {
        name: yaml.safe_load(
            (run / f"results/runs/{CROSS_CELL}/{name}/seed1/params.yaml").read_text()
        )["samples"]
        for name in (
            "transferchrome_cross/E085-to-E123",
            "transferchrome_uncross/E085",
            "transferchrome_uncross_unseen/E085",
        )
    }
    cross, uncross, unseen = params.values()
    assert (
        cross["unlabelled"] + cross["test"]
        == cross["train"] + cross["valid"]
        == uncross["train"] + uncross["valid"]
    )
    assert "test" not in uncross and unseen["train"] + unseen["valid"] == cross["unlabelled"]
    # one fit on the source serves all targets
    assert not (
        run
        / f"results/runs/{CROSS_CELL}/transferchrome_uncross/E085-to-E123"
        / "seed1/weights.safetensors"
    ).exists()
    cells = (
        predictions(run, "transferchrome_cross", "E085-to-E123", CROSS_CELL)
        .groupby("split")["cell"]
        .unique()
    )
    assert {split: list(names) for split, names in cells.items()} == {
        "train": ["E085"],
        "valid": ["E085"],
        "test": ["E123"],
    }


def test_flipped_labels_of_the_target_leave_the_weights_bit_identical(run, tmp_path):
    folder = tmp_path / "flipped"
    shutil.copytree(run, folder)
    tensors = folder / f"results/tensors/{CROSS_CELL}/E123.npz"
    with np.load(tensors) as file:
        arrays = dict(file)
    np.savez_compressed(tensors, **{**arrays, "target": 1 - arrays["target"]})
    (folder / CROSS / "weights.safetensors").unlink()
    snakemake(
        *CONFIG,
        "--rerun-triggers",
        "params",
        "--",
        f"{CROSS}/weights.safetensors",
        directory=folder,
    )
    assert (folder / CROSS / "weights.safetensors").read_bytes() == (
        run / CROSS / "weights.safetensors"
    ).read_bytes()
    changed = pd.read_csv(folder / CROSS / "predictions.tsv.gz", sep="\t")
    before = predictions(run, "transferchrome_cross", "E085-to-E123", CROSS_CELL)
    test = before["split"] == "test"
    assert (changed["y_true"][test] == 1 - before["y_true"][test]).all() and (
        changed["y_true"][~test] == before["y_true"][~test]
    ).all()


def test_attention_is_saved_by_class(run):
    with np.load(run / ATTENTION.format(net="transferchrome")) as file:
        for level in ("high", "low"):
            assert file[f"positions_{level}"].shape == (2, 50, 50)
            assert np.allclose(file[f"positions_{level}"].sum(axis=2), 1, atol=1e-4)
    with np.load(run / ATTENTION.format(net="attentivechrome")) as file:
        assert file["bins_high"].shape == (5, 100) and file["marks_low"].shape == (5,)
        assert np.allclose(file["bins_low"].sum(axis=1), 1, atol=1e-4) and np.isclose(
            file["marks_high"].sum(), 1, atol=1e-4
        )


def test_other_ablation_cells_retrain_nothing(run):
    overlay = yaml.safe_load((ROOT / CONFIG[1]).read_text())
    overlay["overrides"]["transferchrome"]["models"]["transferchrome_alpha"] = {"cells": ["E123"]}
    (run / "other.yaml").write_text(yaml.safe_dump(overlay))
    assert (
        "Nothing to be done"
        in snakemake(
            "-n", "--configfile", run / "other.yaml", "--", "transferchrome", directory=run
        ).printed
    )


def test_a_model_is_not_trained_on_what_it_is_not_for(run):
    for path, said in (
        (
            f"{CROSS_CELL}/transferchrome_cross/E123",
            "has no unit E123; known are E085-to-E123",
        ),
        (
            "transferchrome/transferchrome/E085-to-E123",
            "model transferchrome of study transferchrome has no unit E085-to-E123; known are",
        ),
    ):
        target = f"results/runs/{path}/seed1/predictions.tsv.gz"
        assert said in snakemake(*CONFIG, "-n", "--", target, directory=run, check=False).printed


@pytest.fixture(scope="module")
def null(tmp_path_factory):
    """Every architecture on a mirror without any link from marks to expression."""
    folder = tmp_path_factory.mktemp("null")
    units = {
        **dict.fromkeys(
            ("deepchrome", "attentivechrome", "convchrome", "transferchrome"),
            ("E123", "transferchrome"),
        ),
        "transferchrome_cross": ("E085-to-E123", CROSS_CELL),
    }
    targets = [
        f"results/runs/{study}/{model}/{unit}/seed1/predictions.tsv.gz"
        for model, (unit, study) in units.items()
    ]
    settings = {
        "simulate": "{genes: 900, 'null': true}",
        "overrides": "{transferchrome: {models: {convchrome: {training: {epochs: 10}}}}}",
    }
    snakemake(
        *CONFIG,
        "--config",
        *(f"{key}={value}" for key, value in settings.items()),
        "--",
        *targets,
        directory=folder,
    )
    return {model: predictions(folder, model, *where) for model, where in units.items()}


def test_on_noise_every_model_is_at_chance(null):
    for model, table in null.items():
        test = table[table["split"] == "test"]
        scores = score_classification(
            test["y_true"], test["y_pred"], replicates=1000, seed=1
        ).set_index("metric")
        assert scores.loc["auc", "ci_low"] < 0.5 < scores.loc["auc", "ci_high"], (
            model,
            scores.loc["auc"].tolist(),
        )


def test_the_full_run_lists_every_job(tmp_path):
    jobs = jobs_of(snakemake("-n", "--", "transferchrome", directory=tmp_path).printed)
    # 4 models on 56 cells in 4 settings; 5 ablations on 9 cells; 3 nets trained in each of 55
    # targets; 2 adversarial ones; and 4 that are trained once on the source
    train = 4 * 56 * 4 + 5 * 9 + 3 * 55 + 2 * 55 + 4
    # on 9 targets: cross to its last epoch, and origin and cross with the z-score of training
    # genes; of these uncross is trained once
    assert jobs["train_model"] == train + 3 * 9 + 1
    assert jobs["apply_model"] == 4 * 55 + 9
    assert jobs["count_reads"] == 56 and jobs["build_tensors"] == 6 * 56 and jobs["download"] == 282
    assert jobs["save_attention"] == 56
    assert jobs["plot_models"] == 8 and jobs["tabulate_models"] == 7
