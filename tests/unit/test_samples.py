"""Samples of a job, from what the plan says of them and the job's input files."""

import json

import numpy as np
import pandas as pd
import pytest

from markexpr.data.samples import (
    list_tensors,
    load,
    load_cell,
    load_pair,
    load_pooled,
    load_transfer,
)
from markexpr.data.splits import split_by_gene

GENES = [f"G{number:02}" for number in range(40)]
SPLIT = {"scheme": "random", "seed": 1, "test": 0.5, "valid": 0.1}


def write(path, cell, seed):
    rng = np.random.default_rng(seed)
    np.savez(
        path,
        X=rng.normal(0, 1, (len(GENES), 2, 6)).astype(np.float32),
        target=rng.normal(3, 1, len(GENES)).astype(np.float32),
        split=np.array(["train", "valid", "test", "train"] * 10),
        gene_id=np.array(GENES),
        marks=np.array(["a", "b"]),
        provenance=np.array(json.dumps({"cell": cell, "expression_unit": "RPKM"})),
    )
    return str(path)


@pytest.fixture
def files(tmp_path):
    genes = pd.DataFrame({"gene_id": GENES, "chrom": "chr1", "tss": 1, "strand": "+", "name": "x"})
    genes.to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    sequence = np.zeros((len(GENES), 8), dtype=np.uint8)
    np.savez(tmp_path / "8bp.npz", gene_id=np.array(GENES), sequence=sequence)
    return {
        "E003": write(tmp_path / "E003.npz", "E003", 1),
        "E004": write(tmp_path / "E004.npz", "E004", 2),
        "genes": str(tmp_path / "genes.tsv"),
        "sequence": str(tmp_path / "8bp.npz"),
    }


def assert_same(samples, expected):
    assert samples.digest() == expected.digest()
    assert samples.cell.tolist() == expected.cell.tolist()
    assert samples.gene_id.tolist() == expected.gene_id.tolist()


def test_a_cell(files):
    how, inputs = {"kind": "cell"}, {"cell": files["E003"]}
    assert_same(load(how, inputs), load_cell(files["E003"]))
    assert load(how, inputs).measured_in == {"expression_unit": "RPKM", "counts_unit": ""}
    assert list_tensors(how, inputs) == [files["E003"]]


@pytest.mark.parametrize("labels", [False, True])
def test_a_pair(files, labels):
    how, inputs = {"kind": "pair", "labels": labels}, {"a": files["E003"], "b": files["E004"]}
    assert_same(load(how, inputs), load_pair(files["E003"], files["E004"], labels))
    assert set(load(how, inputs).auxiliary["a"]) == {0, 1} or not labels
    assert list_tensors(how, inputs) == [files["E003"], files["E004"]]


def test_all_cells_pooled(files):
    cells, fold = [files["E004"], files["E003"]], {"number": 4, "which": 2, "over": "rows"}
    whole, inputs = {"kind": "pooled", "fold": None}, {"cells": cells}
    assert_same(load(whole, inputs), load_pooled(cells))
    assert_same(load({**whole, "fold": fold}, inputs), load_pooled(cells, fold=fold))
    assert load({**whole, "fold": fold}, inputs).split.tolist() != load_pooled(cells).split.tolist()
    dna = load(whole, {**inputs, "sequence": files["sequence"]})
    assert dna.by_gene["sequence"].shape == (40, 8) and not load(whole, inputs).by_gene
    assert list_tensors(whole, inputs) == cells


@pytest.mark.parametrize(
    ("trained_on", "roles"),
    [("target", ["target"]), ("source", ["source"]), ("both", ["source", "target"])],
)
@pytest.mark.parametrize("source_genes", ["all", "unseen"])
def test_a_transfer(files, trained_on, roles, source_genes):
    cells = {"source": files["E003"], "target": files["E004"]}
    cells = {role: cells[role] for role in roles}
    how = {"kind": "transfer", "trained_on": trained_on, "source_genes": source_genes}
    genes = pd.read_csv(files["genes"], sep="\t")
    part = split_by_gene(SPLIT, genes)
    samples = load({**how, "split": SPLIT}, {**cells, "genes": files["genes"]})
    assert_same(samples, load_transfer(trained_on, source_genes, part, **cells))
    assert list_tensors(how, cells) == list(cells.values())


def test_a_cell_that_a_model_of_another_is_applied_to(files):
    how = {"kind": "transfer", "trained_on": "none", "split": SPLIT}
    samples = load(how, {"target": files["E004"], "genes": files["genes"]})
    part = split_by_gene(SPLIT, pd.read_csv(files["genes"], sep="\t"))
    assert samples.gene_id.tolist() == [gene for gene in GENES if part[gene] == "test"]
    assert set(samples.split) == {"test"} and set(samples.cell) == {"E004"}


def test_a_kind_that_is_not_known(files):
    with pytest.raises(ValueError, match="unknown kind of samples 'cells'"):
        load({"kind": "cells"}, files)
