"""Study deepdiff for real on two simulated cells: all that it names is built, from files that say
what they should."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import jobs_of, snakemake

CONFIG = ["--configfile", "tests/workflow/deepdiff.yaml"]
VARIANTS = ["raw_d", "raw_c", "raw", "aux", "raw_aux", "aux_siamese", "raw_aux_siamese"]
BASELINES = ["svr_best_bin", "svr_two_layer", "relief_forest", "attentivechrome", "ridge"]


@pytest.fixture(scope="module")
def run(counted, tmp_path_factory):
    folder = shutil.copytree(counted, tmp_path_factory.mktemp("study") / "deepdiff")
    snakemake(*CONFIG, "--", "deepdiff", directory=folder)
    return folder / "results"


def predictions(run, model, unit="E123-E003"):
    return pd.read_csv(
        run / f"runs/deepdiff/{model}/{unit}/seed1/predictions.tsv.gz", sep="\t"
    ).set_index("gene_id")


def share(value, against):
    """A value in per cent of another; NaN where that is 0 or less, as on few genes it may be."""
    return 100 * value / against if against > 0 else np.nan


def test_every_table_and_figure_is_there(run):
    for name in ("figure4", "predicted", "attributions", "mark_attention", "inputs", "profiles"):
        assert (run / f"figures/deepdiff/{name}.png").read_bytes()[:4] == b"\x89PNG"
    tables = "table1 table1b mark_statements sizes claims published scores settings"
    for name in tables.split():
        assert "simulated data" in (run / f"tables/deepdiff/{name}.html").read_text()
    for name in (
        "figures/deepdiff_classification/figure2.png",
        "tables/deepdiff_classification/table3.html",
        "tables/deepdiff_tuned/table1.html",
        "figures/deepdiff_tuned/figure4.png",
    ):
        assert (run / name).exists()


def test_the_target_is_the_log_fold_change_of_counts(run):
    path = run / "raw/byDataType/rna/expression/57epigenomes.N.pc.gz"
    counts = pd.read_csv(path, sep="\t", index_col=False).set_index("gene_id")
    expected = np.log2((counts["E003"] + 1) / (counts["E123"] + 1))
    for model in [*VARIANTS, *BASELINES, "simulator_truth"]:
        found = predictions(run, model)
        assert np.allclose(found["y_true"], expected[found.index], atol=1e-4), model
        assert (
            set(found["cell"]) == {"E123-E003"}
            and found["split"].value_counts().to_dict()["train"] > 100
        )


def test_attentivechrome_subtracts_what_it_predicts_for_each_cell(run):
    pair, a, b = (
        predictions(run, "attentivechrome", unit) for unit in ("E123-E003", "E123", "E003")
    )
    assert np.allclose(
        pair["y_pred"], b.loc[pair.index, "y_pred"] - a.loc[pair.index, "y_pred"], atol=1e-5
    )


def test_scores_are_of_the_predictions(run):
    metrics = pd.read_csv(run / "metrics/deepdiff.tsv", sep="\t")
    test = metrics[(metrics["split"] == "test") & (metrics["unit"] == "E123-E003")].pivot(
        index="model", columns="metric", values="value"
    )
    for model in ("raw_aux", "ridge"):
        here = predictions(run, model).query("split == 'test'")
        assert test.loc[model, "pearson"] == pytest.approx(
            np.corrcoef(here["y_true"], here["y_pred"])[0, 1], abs=1e-4
        )
        assert test.loc[model, "mse"] == pytest.approx(
            ((here["y_true"] - here["y_pred"]) ** 2).mean(), rel=1e-4
        )
    # the simulator's truth is the bar, and ridge is well above chance
    assert test.loc["simulator_truth", "pearson"] > 0.6 and test.loc["ridge", "pearson"] > 0.1
    assert (test["pearson"] < test.loc["simulator_truth", "pearson"] + 0.02).all()


def test_table_1_is_relative(run):
    table = pd.read_csv(run / "tables/deepdiff/table1.tsv", sep="\t").set_index("model")
    metrics = pd.read_csv(run / "metrics/deepdiff.tsv", sep="\t")
    value = metrics[
        (metrics["split"] == "test")
        & (metrics["metric"] == "pearson")
        & (metrics["unit"] == "E123-E003")
    ].set_index("model")["value"]
    assert table.loc["ridge", "mean % of svr_two_layer"] == pytest.approx(
        share(value["ridge"], value["svr_two_layer"]), rel=1e-4, nan_ok=True
    )
    assert table.loc["raw_c", "published mean % of svr_two_layer"] == pytest.approx(163.59)
    assert table.loc["svr_two_layer", "mean % of svr_two_layer"] == pytest.approx(
        share(1, value["svr_two_layer"]) * value["svr_two_layer"], nan_ok=True
    )


def test_table_1b_is_relative_to_the_svr_around_both_ends_of_genes(run):
    table = pd.read_csv(run / "tables/deepdiff/table1b.tsv", sep="\t").set_index("model")
    value = {}
    for study in ("deepdiff", "deepdiff_flanks"):
        metrics = pd.read_csv(run / f"metrics/{study}.tsv", sep="\t")
        value[study] = metrics[
            (metrics["split"] == "test")
            & (metrics["metric"] == "pearson")
            & (metrics["unit"] == "E123-E003")
        ].set_index("model")["value"]
    expected = share(value["deepdiff"]["ridge"], value["deepdiff_flanks"]["svr_two_layer"])
    assert table.loc["ridge", "mean % of svr_two_layer of deepdiff_flanks"] == pytest.approx(
        expected, rel=1e-4, nan_ok=True
    )
    # the paper's number is of this denominator
    assert table.loc["raw_c", "published mean % of svr_two_layer"] == pytest.approx(163.59)


def test_figure_5_says_in_which_cell_genes_are_higher(run):
    table = pd.read_csv(run / "tables/deepdiff/mark_attention.tsv", sep="\t")
    found = table.groupby("change")["higher_in"].first().to_dict()
    assert found == {"up": "E003", "down": "E123"}
    assert table.groupby("change")["rank"].apply(sorted).tolist() == [[1, 2, 3, 4, 5]] * 2
    statements = pd.read_csv(run / "tables/deepdiff/mark_statements.tsv", sep="\t")
    assert len(statements) == 6 and statements["genes"][0] == "higher in E003 (up)"
    assert set(statements["holds"]) <= {"yes", "no"}


def test_attention_of_both_levels_is_saved_for_test_genes(run):
    for variant in VARIANTS:
        with np.load(run / f"attention/deepdiff/{variant}/E123-E003/seed1.npz") as file:
            n = (predictions(run, variant)["split"] == "test").sum()
            names = [name for name in file.files if name.startswith(("bins_", "marks_"))]
            assert names and len(file["gene_id"]) == n
            for name in names:
                assert len(file[name]) == n and np.allclose(
                    file[name].astype(float).sum(axis=-1), 1, atol=0.01
                )
                assert file[name].shape[1] == len(file[f"rows_{name}"])


def test_estimators_are_saved_without_pickle(run):
    from markexpr.estimators import load_estimator

    path = run / "runs/deepdiff/ridge/E123-E003/seed1/model.skops"
    model = load_estimator(path)
    with (
        np.load(run / "tensors/deepdiff/E123.npz") as a,
        np.load(run / "tensors/deepdiff/E003.npz") as b,
    ):
        from markexpr.models.ridge import features

        ours = pd.Series(model.predict(features(a=a["X"], b=b["X"])), index=a["gene_id"])
    found = predictions(run, "ridge")
    assert np.allclose(ours[found.index], found["y_pred"], atol=1e-4)


def test_classification_is_on_rpkm(run):
    with np.load(run / "tensors/deepdiff_classification/E003.npz") as file:
        assert np.allclose(file["target"], np.log2(file["expression"] + 1), atol=1e-5)
        assert json.loads(str(file["provenance"]))["expression_unit"] == "RPKM"
    params = yaml.safe_load(
        (run / "runs/deepdiff_classification/aux/E123-E003/seed1/params.yaml").read_text()
    )
    assert params["training"]["auxiliary"]["kind"] == "classification"
    assert "cells_loss" in pd.read_csv(
        run / "runs/deepdiff_classification/aux/E123-E003/seed1/history.tsv", sep="\t"
    )


def test_bins_around_both_ends_of_a_gene(run):
    """The TSS part is the centre of the wide window; the TTS part equals a count of the reads by
    hand."""
    with np.load(run / "counts/8000bp_100bp_flanks/E003.npz") as file:
        flanks, genes, marks = file["counts"], file["gene_id"].tolist(), file["marks"].tolist()
    with np.load(run / "counts/20000bp_100bp/E003.npz") as file:
        wide = file["counts"][[file["gene_id"].tolist().index(gene) for gene in genes]]
    assert flanks.shape[2] == 160 and np.array_equal(flanks[:, :, :80], wide[:, :, 60:140])
    table = pd.read_csv(run / "annotation/genes.tsv", sep="\t").set_index("gene_id")
    path = run / "raw/byFileType/alignments/consolidated/E003-H3K36me3.tagAlign.gz"
    reads = pd.read_csv(
        path, sep="\t", header=None, usecols=[0, 1, 2], names=["chrom", "start", "end"]
    )
    for gene in (genes[0], genes[len(genes) // 2], genes[-1]):
        row = table.loc[gene]
        here = reads[reads["chrom"] == row["chrom"]]
        starts = row["tts"] - 4000 + 100 * np.arange(80)
        expected = [
            ((here["start"] < start + 100) & (here["end"] > start)).sum() for start in starts
        ]
        assert flanks[genes.index(gene), marks.index("H3K36me3"), 80:].tolist() == expected
    with np.load(run / "tensors/deepdiff_flanks/E003.npz") as file:
        assert file["X"].shape[1:] == (5, 160)


def test_the_full_run_lists_ten_pairs_and_every_model(tmp_path):
    jobs = jobs_of(snakemake("-n", "--", "deepdiff", directory=tmp_path).printed)
    # 7 variants on 10 pairs, AttentiveChrome on 9 cells, both again as tuned; the variants again
    # for the appendix
    assert jobs["train_model"] == 2 * (7 * 10 + 9) + 7 * 10
    # 4 estimators, again as tuned and on the bins around both ends of the genes; one again for the
    # appendix
    assert jobs["fit_estimator"] == 3 * 4 * 10 + 10 and jobs["subtract_cells"] == 2 * 10
    assert jobs["count_reads"] == 2 * 9 and jobs["build_tensors"] == 4 * 9
    assert jobs["save_attention"] == 3 * 7 * 10
