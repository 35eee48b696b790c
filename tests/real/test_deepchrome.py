"""DeepChrome on the real published counts of E003 and E123, by the pipeline."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import snakemake


@pytest.fixture(scope="module")
def run(real, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    source = f"{{kind: deepdiff_csv, path: '{real}/deepdiff'}}"
    config = [
        f"mirror=file://{real}/mirror",
        "cells=[E003, E123]",
        f"sources={{E003: {source}, E123: {source}}}",
        "overrides={deepchrome: {data: {split: {scheme: source}}}}",
    ]
    snakemake("--config", *config, directory=folder)
    return folder / "results"


def test_it_tells_high_from_low_genes(run):
    metrics = pd.read_csv(run / "metrics/deepchrome.tsv", sep="\t")
    auc = metrics[(metrics["metric"] == "auc") & (metrics["split"] == "test")].set_index("unit")
    assert auc["n"].tolist() == [100, 100]
    # 200 training genes; a ridge regression on coarse log counts of the same genes reaches 0.84 and
    # 0.96 on all of them
    assert auc.loc["E003", "value"] > 0.80 and auc.loc["E123", "value"] > 0.85
    assert (auc["ci_low"] > 0.7).all()


def test_tensors_are_the_published_counts(real, run):
    with np.load(run / "tensors/deepchrome/E003.npz") as file:
        assert file["X"].shape == (400, 5, 100)
        assert [(file["split"] == name).sum() for name in ("train", "valid", "test")] == [
            200,
            100,
            100,
        ]
        provenance = json.loads(str(file["provenance"]))
        gene, marks = file["gene_id"].tolist().index("ENSG00000130749"), file["marks"].tolist()
        values = file["X"][gene, marks.index("H3K4me1")]
    # the label is against the median of all genes of the cell, not of the 400
    assert (
        provenance["genes"]["with_expression"] == 19_795
        and provenance["expression_unit"] == "read count"
    )
    rows = pd.read_csv(real / "deepdiff/E003.train.csv.gz", header=None)
    published = rows[rows[0].str.startswith("ENSG00000130749_")][1].to_numpy()
    assert np.allclose(values, np.log1p(published[50:150]))


def test_the_biology_is_visible(run):
    table = pd.read_csv(run / "tables/deepchrome/profiles.tsv", sep="\t")
    table = table[table["mark"] == "H3K4me3"]
    for cell in ("E003", "E123"):
        high = table[(table["cell"] == cell) & (table["expression"] == "high")]
        low = table[(table["cell"] == cell) & (table["expression"] == "low")]
        near = high["offset"].abs() < 1_000
        assert (
            high[near]["mean_reads"].mean()
            > 5 * high[high["offset"].abs() > 4_000]["mean_reads"].mean()
        )
        assert (
            high[near]["mean_reads"].mean()
            > 2 * low[low["offset"].abs() < 1_000]["mean_reads"].mean()
        )
