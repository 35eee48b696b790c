"""DeepDiff and the ridge regression beside it on the published counts of E123 and E003, by the
pipeline."""

import numpy as np
import pandas as pd
import pytest
from conftest import snakemake

from markexpr.evaluation.scorer import score_regression


@pytest.fixture(scope="module")
def run(real, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    source = f"{{kind: deepdiff_csv, path: '{real}/deepdiff'}}"
    config = [
        f"mirror=file://{real}/mirror",
        "pairs=[E123-E003]",
        f"sources={{E003: {source}, E123: {source}}}",
        # of four costs the two that are chosen
        "overrides={deepdiff: {data: {split: {scheme: source}}}, deepdiff_tuned: {models: {raw_d: "
        "{training: {epochs: 15}}, svr_two_layer: {estimator: {costs: [1, 10]}}}}}",
    ]
    # tuned: on 200 genes and 15 epochs the authors' rate has hardly begun
    targets = [
        f"results/runs/deepdiff_tuned/{model}/E123-E003/seed1/predictions.tsv.gz"
        for model in ("raw_d", "ridge", "svr_two_layer")
    ]
    snakemake("--config", *config, "--", *targets, directory=folder)
    return folder / "results"


def test_the_change_is_that_of_the_published_counts(real, run):
    counts = [
        pd.read_csv(real / f"deepdiff/{cell}.expr.csv.gz", header=None, index_col=0)[1]
        for cell in ("E123", "E003")
    ]
    expected = np.log2((counts[1] + 1) / (counts[0] + 1))
    found = pd.read_csv(
        run / "runs/deepdiff_tuned/raw_d/E123-E003/seed1/predictions.tsv.gz", sep="\t"
    ).set_index("gene_id")
    assert len(found) == 400 and found["split"].value_counts().to_dict() == {
        "train": 200,
        "valid": 100,
        "test": 100,
    }
    assert np.allclose(found["y_true"], expected[found.index], atol=1e-4)
    assert found["y_true"].std() == pytest.approx(
        3.89, abs=0.5
    )  # of all genes of the published files


def test_nets_ridge_and_regressions_in_two_layers_predict_it(run):
    # the authors' code reaches 0.50 to 0.68 on these training genes with its seven variants
    for model, at_least in (("raw_d", 0.45), ("ridge", 0.55), ("svr_two_layer", 0.45)):
        table = pd.read_csv(
            run / f"runs/deepdiff_tuned/{model}/E123-E003/seed1/predictions.tsv.gz", sep="\t"
        ).query("split == 'test'")
        score = (
            score_regression(table["y_true"], table["y_pred"], 500, 1)
            .set_index("metric")
            .loc["pearson"]
        )
        assert score["value"] > at_least and score["ci_low"] > 0.25, (model, score.tolist())
