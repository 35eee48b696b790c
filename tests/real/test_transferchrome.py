"""Study transferchrome on real data: what labels made as text are, and each of its nets on the
published counts of E003 and E123."""

import numpy as np
import pandas as pd
import pytest
from conftest import snakemake

from markexpr.data.annotation import read_genes
from markexpr.data.expression import read_expressions
from markexpr.data.tensors import is_high
from markexpr.evaluation.metrics import auc
from markexpr.evaluation.scorer import score_classification

NETS = ("deepchrome", "attentivechrome", "convchrome", "transferchrome")


@pytest.fixture(scope="module")
def run(real, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    source = f"{{kind: deepdiff_csv, path: '{real}/deepdiff'}}"
    # fewer and larger steps than printed: 200 training genes are a thirtieth of a real run's
    models = (
        "{deepchrome: {training: {epochs: 12}}, attentivechrome: {training: {optimiser: "
        "{learning_rate: 0.002}, epochs: 7}}, "
        "transferchrome: {training: {batch_size: 4, epochs: 35, early_stopping: {patience: 0}}}}"
    )
    config = [
        f"mirror=file://{real}/mirror",
        "cells=[E003, E123]",
        f"sources={{E003: {source}, E123: {source}}}",
        f"overrides={{transferchrome: {{data: {{split: {{scheme: source}}}}, models: {models}}}}}",
    ]
    targets = [
        f"results/runs/transferchrome/{net}/{cell}/seed1/predictions.tsv.gz"
        for net in NETS
        for cell in ("E003", "E123")
    ]
    snakemake("--config", *config, "--", *targets, directory=folder)
    return folder / "results"


@pytest.mark.parametrize("net", NETS)
def test_each_net_tells_high_from_low_genes(run, net):
    for cell, at_least in (("E003", 0.80), ("E123", 0.83)):
        table = pd.read_csv(
            run / f"runs/transferchrome/{net}/{cell}/seed1/predictions.tsv.gz", sep="\t"
        ).query("split == 'test'")
        auc = (
            score_classification(table["y_true"], table["y_pred"], 500, 1)
            .set_index("metric")
            .loc["auc"]
        )
        assert auc["value"] > at_least and auc["ci_low"] > 0.65, (cell, auc.tolist())


@pytest.fixture(scope="module")
def rpkm(real):
    """REMC's table, genes by its 56 cells."""
    path = real / "mirror/byDataType/rna/expression/57epigenomes.RPKM.pc.gz"
    cells = pd.read_csv(path, sep="\t", nrows=0, index_col=False).columns[2:58]
    return read_expressions(path, list(cells))


def test_what_expression_alone_tells_about_other_cells(rpkm):
    """The two numbers that docs/studies/transferchrome.md sets beside transfers: how far cells
    agree, and the source's expression as a score."""
    cells, table = rpkm.columns, rpkm.to_numpy().T
    high = table >= np.median(table, axis=1, keepdims=True)
    agree = [np.mean(high[a] == high[b]) for a in range(len(cells)) for b in range(a)]
    assert np.mean(agree) == pytest.approx(0.826, abs=0.001)
    source = list(cells).index("E085")
    assert np.mean(
        [auc(high[cell], table[source]) for cell in range(len(cells)) if cell != source]
    ) == pytest.approx(0.877, abs=0.001)


def test_text_labels_are_right_in_seven_cells(rpkm, run):
    """Those with a median between 1 and 2 RPKM, taken over all genes; over the study's own it would
    be 15 cells, since it is lower."""
    genes = read_genes(run / "annotation/genes.transferchrome.tsv")["gene_id"]
    assert len(genes) == 17_609
    wrong = {}
    for cell, whole in rpkm.items():
        values, median = whole.loc[genes].to_numpy(), float(whole.median())
        wrong[cell] = np.mean(
            (is_high(values, median) != is_high(values, median, "text")) & (values != median)
        )
    assert sorted(cell for cell, share in wrong.items() if share == 0) == [
        "E056",
        "E057",
        "E059",
        "E100",
        "E116",
        "E117",
        "E123",
    ]
    assert 0.15 < np.mean(list(wrong.values())) < 0.2
