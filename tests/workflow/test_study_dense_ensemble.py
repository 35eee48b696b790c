"""Study dense_ensemble for real on three simulated cells, one of them held out: all that it names
is built, and says what it should."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from conftest import jobs_of, snakemake

from markexpr.data.batches import Inputs
from markexpr.data.samples import load_cell
from markexpr.models import load_model

CONFIG = ["--configfile", "tests/workflow/dense_ensemble.yaml"]
NETS = ["densenet", "densenet_code", "resnet", "alexnet", "simple_cnn", "transformer"]
MODELS = [*NETS, "random_forest", "ridge"]
CONTROLS = ["gene_mean", "nearest_cell"]


@pytest.fixture(scope="module")
def folder(counted, tmp_path_factory):
    folder = shutil.copytree(counted, tmp_path_factory.mktemp("study") / "dense_ensemble")
    snakemake(*CONFIG, "--", "dense_ensemble", directory=folder)
    return folder


@pytest.fixture
def run(folder):
    return folder / "results"


def predictions(run, model, unit, seed=1):
    return pd.read_csv(
        run / f"runs/dense_ensemble/{model}/{unit}/seed{seed}/predictions.tsv.gz", sep="\t"
    ).set_index("gene_id")


def table(run, name):
    return pd.read_csv(run / f"tables/dense_ensemble/{name}.tsv", sep="\t")


def test_every_table_and_figure_is_there(run):
    for name in (
        "losses",
        "regimes",
        "competition",
        "figure5",
        "attributions",
        "ensemble",
        "predicted",
        "profiles",
    ):
        assert (run / f"figures/dense_ensemble/{name}.png").read_bytes()[:4] == b"\x89PNG"
    for name in ("regimes", "ensemble", "leave_one_out", "sizes", "claims", "published", "scores"):
        assert "simulated data" in (run / f"tables/dense_ensemble/{name}.html").read_text()


def test_an_unseen_cell_is_the_mean_of_the_seen_cells_models(run):
    torch.set_num_threads(1)
    samples = load_cell(run / "tensors/dense_ensemble/E123.npz")
    genes, split = samples.gene_id, samples.split
    assert set(split) == {"test"}
    for model in ("densenet", "alexnet"):
        each = []
        for cell in ("E003", "E116"):
            runs = run / f"runs/dense_ensemble/{model}/{cell}/seed1"
            net, params = load_model(runs / "params.yaml", runs / "weights.safetensors")
            assert params["unit"] == cell
            each.append(net.outputs(Inputs(samples, torch.device("cpu"))).numpy())
        found = predictions(run, model, "E123")
        assert np.allclose(found.loc[genes, "y_pred"], np.mean(each, axis=0), atol=1e-4)
        members = pd.read_csv(
            run / f"runs/dense_ensemble/{model}/E123/seed1/members.tsv", sep="\t"
        ).set_index("member")
        truth = found.loc[genes, "y_true"].to_numpy()
        assert members.loc["E116", "mse"] == pytest.approx(
            ((truth - each[1]) ** 2).mean(), rel=1e-4
        )
    for model in MODELS:
        assert (
            len(predictions(run, model, "E123")) == 300
            and not (run / f"runs/dense_ensemble/{model}/E123/seed1/params.yaml").exists()
        )


def test_the_gene_mean_is_that_of_other_cells_where_the_gene_trains(run):
    cells = {cell: predictions(run, "ridge", cell) for cell in ("E003", "E116")}
    assert all(set(own["split"]) == {"train", "valid", "test"} for own in cells.values())
    # where a gene trains: there, and nowhere else, is its value known
    trained = pd.DataFrame(
        {cell: own["y_true"].where(own["split"] == "train") for cell, own in cells.items()}
    )
    unseen, seen = predictions(run, "gene_mean", "E123"), predictions(run, "gene_mean", "E003")
    expected = trained.mean(axis=1).fillna(np.nanmean(trained.to_numpy()))
    assert np.allclose(unseen["y_pred"], expected.loc[unseen.index], atol=1e-4)
    other = trained["E116"].fillna(trained["E116"].mean())
    assert np.allclose(seen["y_pred"], other.loc[seen.index], atol=1e-4)
    # the same genes are held out in every cell, and each draws its own validation genes
    first, second = (own["split"].sort_index() for own in cells.values())
    assert ((first == "test") == (second == "test")).all()
    assert (first == "valid").sum() == (second == "valid").sum() == 26
    assert 0 < ((first == "valid") & (second == "train")).sum() <= 26


def test_what_was_seen_is_what_trained(run):
    """E123 is held out, and of one tissue with E116."""
    trains = [predictions(run, "densenet", cell)["split"] == "train" for cell in ("E003", "E116")]
    known = trains[0] | trains[1].reindex(trains[0].index, fill_value=False)
    for model in ("densenet", "ridge"):
        unseen = predictions(run, model, "E123")
        assert unseen["gene_seen"].astype(bool).equals(known[unseen.index])
        assert set(unseen["cell_seen"]) == {0} and set(unseen["tissue_seen"]) == {1}
    assert set(predictions(run, "simulator_truth", "E123")["gene_seen"]) == {0}
    # a control has seen the genes of E003 in E116, which is of another tissue
    control = predictions(run, "gene_mean", "E003")
    assert (
        control["gene_seen"].astype(bool).equals(trains[1].reindex(control.index, fill_value=False))
    )
    assert set(control["cell_seen"]) == set(control["tissue_seen"]) == {0}
    kinds = table(run, "seen").set_index(["model", "gene_seen", "cell_seen", "tissue_seen"])
    assert kinds.loc[("densenet", 1, 0, 1), "rows"] == known[unseen.index].sum()
    assert kinds.loc[("densenet", 0, 1, 1), "cells"] == 2


def test_regimes_are_scored_on_their_rows(run):
    regimes = table(run, "regimes").set_index(["regime", "model"])
    assert set(regimes.index.get_level_values("model")) == {*MODELS, *CONTROLS, "simulator_truth"}
    assert (
        regimes.loc[("unseen", "densenet"), "rows"] == 300
        and regimes.loc[("test_seen", "densenet"), "rows"] == 90
    )
    unseen = predictions(run, "ridge", "E123")
    assert regimes.loc[("unseen", "ridge"), "mse"] == pytest.approx(
        ((unseen["y_true"] - unseen["y_pred"]) ** 2).mean(), rel=1e-4
    )
    assert regimes.loc[("unseen", "simulator_truth"), "verdict"] == (
        "beats the gene mean in this one cell"
    )
    assert (
        regimes.loc[("unseen", "simulator_truth"), "mse"] < regimes.loc[("unseen", "ridge"), "mse"]
    )
    published = table(run, "published").set_index(["model", "split", "statistic"])["ours"]
    pooled = published.loc[("densenet", "test", "pooled")]
    assert (
        np.allclose(pooled, regimes.loc[("competition", "densenet"), "mse"], atol=1e-3)
        and len(pooled) == 2
    )
    # and the range of the saliency that is drawn
    maps = []
    for cell in ("E003", "E116"):
        with np.load(run / f"attributions/dense_ensemble/densenet/{cell}/seed1.npz") as file:
            maps.append(file["saliency_marks"])
    for statistic, value in (("gradient_min", np.min(maps)), ("gradient_max", np.max(maps))):
        assert published.loc[("densenet", "test", statistic)].item() == pytest.approx(value, 1e-3)


def test_losses_are_kept_by_step(run):
    for model, epochs in (("densenet", 3), ("resnet", 2)):
        folder = run / f"runs/dense_ensemble/{model}/E003/seed1"
        steps, history = (
            pd.read_csv(folder / "steps.tsv", sep="\t"),
            pd.read_csv(folder / "history.tsv", sep="\t"),
        )
        params = yaml.safe_load((folder / "params.yaml").read_text())
        assert (
            steps["step"].iloc[-1] == epochs * -(-params["samples"]["train"] // 20)
            and steps["step"].is_monotonic_increasing
        )
        assert params["best_epoch"] == epochs == len(history)
        assert (
            abs(
                steps.groupby("epoch")["train_loss"].mean().iloc[-1]
                / history["train_loss"].iloc[-1]
                - 1
            )
            < 0.25
        )


def test_sizes_are_those_of_the_nets(run):
    sizes = table(run, "sizes").set_index("model")
    assert (
        sizes.loc["densenet", "parameters"] == 13507
        and sizes.loc["densenet_code", "parameters"] == 13207
    )
    assert sizes.loc["random_forest", "nodes"] > 100 and set(sizes.index) == set(MODELS)


def test_attributions_are_of_every_mark_and_bin(run):
    with np.load(run / "attributions/dense_ensemble/densenet/E003/seed1.npz") as file:
        for name in (
            "saliency_marks",
            "saliency_marks_turned",
            "integrated_gradients_marks",
            "integrated_gradients_marks_turned",
        ):
            assert file[name].shape == (5, 100) and np.isfinite(file[name]).all()
        assert (file["saliency_marks"] >= 0).all() and len(file["gene_id"]) == 30
        # turning genes moves nothing between marks
        assert np.allclose(
            file["saliency_marks"].sum(axis=1), file["saliency_marks_turned"].sum(axis=1), rtol=1e-3
        )


def test_the_full_run_trains_fifty_cells_and_averages_six(tmp_path):
    jobs = jobs_of(snakemake("-n", "--", "dense_ensemble", directory=tmp_path).printed)
    assert jobs["train_model"] == 6 * 50 and jobs["fit_estimator"] == 2 * 50
    assert (
        jobs["average_models"] == 6 * 6
        and jobs["average_estimators"] == 2 * 6
        and jobs["predict_control"] == 2 * 56
    )
    assert jobs["save_attributions"] == 6 and jobs["leave_one_out"] == 1


def test_a_held_out_cell_needs_a_cell_that_trains(tmp_path):
    target = "results/runs/dense_ensemble/densenet/E071/seed1/predictions.tsv.gz"
    failed = snakemake(
        "-n", "--config", "cells=[E071]", "--", target, directory=tmp_path, check=False
    )
    assert (
        failed.returncode
        and "it holds E071 out, and no other cell is among 'cells' to train on" in failed.printed
    )
