"""Study wakawaka for real on three simulated cells, one of them held out: all that it names is
built, and says what it should."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from conftest import jobs_of, snakemake

from markexpr.data.batches import Inputs
from markexpr.data.samples import load_pooled
from markexpr.models import load_model

CONFIG = ["--configfile", "tests/workflow/wakawaka.yaml"]
NETS = [
    "wakawaka",
    "wakawaka_by_gene",
    "histone_only",
    "dna_only",
    *(f"experiment{number}" for number in range(1, 7)),
]


@pytest.fixture(scope="module")
def run(counted, tmp_path_factory):
    folder = shutil.copytree(counted, tmp_path_factory.mktemp("study") / "wakawaka")
    snakemake(*CONFIG, "--", "wakawaka", directory=folder)
    return folder / "results"


def predictions(run, model, unit="pooled"):
    return pd.read_csv(run / f"runs/wakawaka/{model}/{unit}/seed1/predictions.tsv.gz", sep="\t")


def table(run, name):
    return pd.read_csv(run / f"tables/wakawaka/{name}.tsv", sep="\t")


def test_every_table_and_figure_is_there(run):
    for name in (
        "figure2",
        "cross_validation",
        "losses",
        "gene_marks",
        "gene_sequence",
        "gene_attributions",
        "regimes",
        "predicted",
    ):
        assert (run / f"figures/wakawaka/{name}.png").read_bytes()[:4] == b"\x89PNG"
    for name in ("regimes", "published", "claims", "sizes", "scores", "leave_one_out"):
        assert "simulated data" in (run / f"tables/wakawaka/{name}.html").read_text()


def test_one_model_predicts_all_genes_of_all_cells(run):
    for model in [*NETS, "ridge", "gene_mean", "simulator_truth"]:
        found = predictions(run, model)
        assert found.groupby("cell").size().to_dict() == {"E003": 300, "E116": 300, "E123": 300}, (
            model
        )
        assert set(found.loc[found["cell"] == "E123", "split"]) == {"test"}
        assert not found.duplicated(["gene_id", "cell"]).any()
    # the same genes as the study whose data these are
    split = found[found["cell"] == "E003"].set_index("gene_id")["split"]
    genes = pd.read_csv(run / "annotation/genes.wakawaka.tsv", sep="\t")["gene_id"]
    assert set(split.index) == set(genes) and (split == "test").sum() == 45


def test_predictions_are_those_of_the_saved_model(run):
    torch.set_num_threads(1)
    folder = run / "runs/wakawaka/experiment3/pooled/seed1"
    model, params = load_model(folder / "params.yaml", folder / "weights.safetensors")
    samples = load_pooled(
        [run / f"tensors/wakawaka/{cell}.npz" for cell in ("E003", "E116", "E123")],
        run / "sequence/10000bp.npz",
    )
    found = model.outputs(Inputs(samples, torch.device("cpu"))).numpy()
    assert params["samples"] == {"train": 2 * 229, "valid": 2 * 26, "test": 2 * 45 + 300}
    assert np.allclose(found, predictions(run, "experiment3")["y_pred"], atol=1e-4)


def test_folds_validate_every_row_once(run):
    folds = [predictions(run, "wakawaka_folds", f"fold{which}") for which in (1, 2, 3, 4)]
    valid = pd.concat([fold[fold["split"] == "valid"] for fold in folds])
    assert len(valid) == 2 * 255 and not valid.duplicated(["gene_id", "cell"]).any()
    params = yaml.safe_load(
        (run / "runs/wakawaka/wakawaka_folds/fold2/seed1/params.yaml").read_text()
    )
    assert params["samples_from"]["fold"] == {"number": 4, "which": 2, "over": "rows"}


def test_scores_of_all_cells_and_of_regimes(run):
    metrics = pd.read_csv(run / "metrics/wakawaka.tsv", sep="\t")
    here = predictions(run, "ridge").query("split == 'test'")
    mse = ((here["y_true"] - here["y_pred"]) ** 2).mean()
    row = metrics.query("model == 'ridge' and split == 'test' and metric == 'mse'").iloc[0]
    assert (
        row["unit"] == "pooled"
        and row["value"] == pytest.approx(mse, rel=1e-4)
        and row["ci_low"] < mse < row["ci_high"]
    )
    regimes = table(run, "regimes").set_index(["regime", "model"])
    assert regimes.loc[("competition", "ridge"), "mse"] == pytest.approx(mse, rel=1e-4)
    assert set(regimes.index.get_level_values("model")) == {
        *NETS,
        "ridge",
        "gene_mean",
        "simulator_truth",
    }
    published = table(run, "published")
    assert (
        set(published["model"]) == {"wakawaka", *(f"experiment{number}" for number in range(1, 7))}
        and published["ours"].notna().all()
    )


def test_attributions_of_one_gene_and_of_many(run):
    with np.load(run / "attributions/wakawaka/genes.npz") as file:
        arrays = dict(file)
    assert arrays["cell"].tolist() == ["E003"] and len(arrays["gene_id"]) == 21
    assert arrays["gene_marks"].shape == arrays["gene_marks_attribution"].shape == (5, 100)
    assert arrays["gene_bases_gradient"].shape == arrays["mean_bases_gradient"].shape == (4, 10_000)
    # beyond the 2 kb that this model reads nothing counts
    assert (
        np.abs(arrays["gene_bases_gradient"][:, :4000]).max() == 0
        and np.abs(arrays["gene_bases_gradient"][:, 4000:6000]).max() > 0
    )


def test_the_full_run_has_one_fit_a_model_and_four_folds(tmp_path):
    jobs = jobs_of(snakemake("-n", "--", "wakawaka", directory=tmp_path).printed)
    assert (
        jobs["train_model_pooled"] == 10 + 4
        and jobs["fit_estimator_pooled"] == jobs["predict_control"] == 1
    )
    assert jobs["extract_sequence"] == 1 and jobs["build_tensors"] == 56
