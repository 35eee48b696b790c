"""The one check wherever cells meet, and each place where they do."""

import json
from dataclasses import replace
from types import SimpleNamespace

import export_kaggle
import numpy as np
import pandas as pd
import pytest
import score_regimes
import subtract_cells
from conftest import ROOT

from markexpr import averages
from markexpr.data import measured
from markexpr.data.annotation import countable_genes, read_gene_info
from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.expression import read_gene_ids
from markexpr.data.measured import Measured, check_alike, from_plain, read_measured
from markexpr.data.samples import joined, load_cell, load_pair, load_pooled
from markexpr.data.tensors import Levels, list_median_genes, make_target
from markexpr.evaluation import controls
from markexpr.io.jobs import InputError
from markexpr.project import read_project
from markexpr.settings.units import UNSTATED

CELL = Measured(
    "A", "a.npz", ("m1", "m2"), 100, "reads", "RPKM", "", "log1p", "genomic", "w", "log2p1"
)


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(measured, "warn", lambda what, sample="": lines.append((sample, what)))
    return lines


def write(path, cell="A", marks=("m1", "m2"), bins=6, labels=False, how=None, **data):
    target = {"kind": "median_label", "label_mode": "numeric"} if labels else {"kind": "expression"}
    provenance = {
        "cell": cell,
        "expression_unit": "RPKM",
        "counts_unit": "reads",
        "data": {"normalise": "log1p", "target": target, **data},
        **(how or {}),
    }
    rng = np.random.default_rng(0)
    np.savez(
        path,
        X=rng.normal(size=(8, len(marks), bins)).astype(np.float32),
        target=np.arange(8, dtype=np.float32) % (2 if labels else 8),
        split=np.array(["train", "train", "valid", "test"] * 2),
        gene_id=np.array([f"G{number}" for number in range(8)]),
        marks=np.array(marks),
        bins=np.arange(bins),
        provenance=np.array(json.dumps(provenance)),
    )
    return str(path)


def test_what_is_alike_may_meet(said):
    check_alike(CELL, replace(CELL, cell="B"), "pooled")
    assert from_plain(CELL.plain()) == CELL and not said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"marks": ("m2", "m1")}, "different marks or bins"),
        ({"bins": 200}, "different marks or bins"),
        ({"counts_unit": "mean signal"}, "counts unit is 'reads' in one and 'mean signal'"),
        ({"normalise": "zscore"}, "normalise is 'log1p' in one and 'zscore' in the other"),
        ({"orientation": "transcription"}, "orientation is 'genomic'"),
        ({"expression_unit": "TPM"}, "expression unit is 'RPKM' in one and 'TPM' in the other"),
        (
            {"expression_unit": UNSTATED},
            r"'not stated' in the other \(state it by key expression_unit of source B\)",
        ),
        ({"labels": "text"}, "label mode is '' in one and 'text' in the other"),
    ],
)
def test_what_is_not_alike_may_not(said, change, message):
    with pytest.raises(InputError, match=f"A and B .*{message}.*they cannot be pooled"):
        check_alike(CELL, replace(CELL, cell="B", **change), "pooled")
    measured.warn_of_differences(
        [CELL, replace(CELL, cell="B", **change), replace(CELL, cell="C")], "drawn as one"
    )
    assert [sample for sample, _ in said] == ["B"] and "they are drawn as one" in said[0][1]


def test_units_that_nobody_states(said):
    one = replace(CELL, expression_unit=UNSTATED)
    check_alike(one, replace(one, cell="B"), "pooled")
    assert "state it by key expression_unit of their sources" in said[0][1]


def test_labels_by_other_units_are_warned_of(said):
    labels = replace(CELL, labels="numeric")
    check_alike(labels, replace(labels, cell="B", expression_unit="TPM"), "pooled")
    assert "expression unit is 'RPKM' in one and 'TPM' in the other" in said[0][1]
    said.clear()
    # published labels are of no unit; how they were made counts
    text = replace(CELL, labels="text")
    check_alike(text, replace(text, cell="B", expression_unit="published label"), "pooled")
    assert not said


OTHER = {"how": {"expression_unit": "TPM"}, "cell": "B"}


@pytest.mark.parametrize(
    "meet",
    [
        load_pair,
        lambda a, b: load_pooled([a, b]),
        lambda a, b: joined(load_cell(a), load_cell(b)),
        lambda a, b: controls.predict("gene_mean", "A", load_cell(a), {"B": load_cell(b)}, {}),
        lambda a, b: controls.predict("nearest_cell", "A", load_cell(a), {"B": load_cell(b)}, {}),
        lambda a, b: averages.check_members(
            load_cell(a),
            {
                "inputs": {"marks": ["m1", "m2"], "bins": 6},
                "measured": read_measured(b).plain(),
            },
            "params.yaml",
        ),
        lambda a, b: score_regimes.main(job(tensors=[a, b])),
        lambda a, b: subtract_cells.main(job(tensors=[a, b])),
        lambda a, b: export_kaggle.main(job(tensors=[a, b])),
    ],
)
def test_every_place_where_cells_meet(tmp_path, meet):
    a = write(tmp_path / "a.npz")
    b = write(tmp_path / "b.npz", **OTHER)
    with pytest.raises(InputError, match=r"A and B|B and A") as error:
        meet(a, b)
    assert "expression unit is" in str(error.value) and f"{b}" in str(error.value)


def job(**inputs):
    return SimpleNamespace(input=SimpleNamespace(**inputs))


def test_a_pair_needs_genes_of_every_part(tmp_path):
    a, b = write(tmp_path / "a.npz"), write(tmp_path / "b.npz", cell="B")
    with np.load(b) as file:
        arrays = dict(file)
    kept = arrays["split"] != "test"
    rows = ("X", "target", "split", "gene_id")
    np.savez(b, **{name: x[kept] if name in rows else x for name, x in arrays.items()})
    with pytest.raises(InputError, match="have no test gene in common"):
        load_pair(a, b)


def test_the_median_of_all_genes_is_of_the_genes_that_studies_take():
    """Rows of a user's table that are no protein-coding genes do not move it."""
    genes = pd.DataFrame(
        {"gene_id": list("abcdef"), "biotype": ["protein_coding"] * 4 + ["lincRNA"] * 2}
    )
    values = pd.Series([1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0], index=list("abcdefx"))
    setting = {"kind": "median_label", "median_of": "all_genes"}
    coding = list_median_genes(genes, ["protein_coding"])
    label, how = make_target(Levels(values, "RPKM"), np.array(["a", "c"]), setting, coding)
    assert how["median"] == 2.5 and label.tolist() == [0, 1]
    with pytest.raises(InputError, match=r"the median expression is 0 \(71% of 7 genes are at it"):
        make_target(
            Levels(pd.Series([0.0] * 5 + [1, 2], index=list("abcdefg")), "RPKM"),
            np.array(list("abcdefg")),
            setting,
        )


MINE = {"kind": "bam", "path": "/d/{mark}.bam", "expression": "/d/x.tsv"}


@pytest.mark.parametrize(
    ("study", "source", "message"),
    [
        ("deepdiff", MINE, "E003 and mine meet.*'read count' in one and 'not stated' in the other"),
        ("deepdiff", MINE, "; state it by key expression_unit of source mine"),
        ("deepdiff", {**MINE, "expression_unit": "TPM"}, "'read count' in one and 'TPM'"),
        ("deepdiff", {**MINE, "expression_unit": "counts"}, None),
        ("deepdiff", {**MINE, "kind": "bigwig", "expression_unit": "counts"}, "is mean signal"),
        ("wakawaka", {**MINE, "expression_unit": "rpkm"}, None),
        ("wakawaka", MINE, "E003 and mine meet, and cannot"),
        ("dense_ensemble", MINE, "E003 and mine meet, and cannot"),
        ("transferchrome_cross_cell", MINE, None),  # labels
        ("transferchrome_cross_cell", {**MINE, "kind": "bigwig"}, "mine is mean signal"),
        ("deepchrome", {**MINE, "kind": "bigwig"}, None),  # each cell alone
    ],
)
def test_cells_that_cannot_meet_are_named_before_the_first_job(study, source, message):
    given = {
        "cells": ["E003", "E071", "mine"],
        "pairs": ["E003-mine"],
        "sources": {"mine": source},
    }
    project = read_project(ROOT, given)
    if message is None:
        project.check_targets([study])
        return
    for check in (
        lambda: project.check_targets([study]),
        lambda: read_project(ROOT, {**given, "studies": [study]}),
    ):
        with pytest.raises(InputError, match=message):
            check()


def test_all_genes_of_remc_are_those_of_its_tables(real):
    folder = real / "mirror/byDataType/rna/expression"
    sizes = read_chrom_sizes(ROOT / "config/hg19.chrom.sizes")
    genes, _ = countable_genes(
        read_gene_info(folder / "Ensembl_v65.Gencode_v10.ENSG.gene_info"), sizes
    )
    for name in ("RPKM", "N"):
        ids = read_gene_ids(folder / f"57epigenomes.{name}.pc.gz")
        assert set(list_median_genes(genes, ["protein_coding"])) == set(ids)
