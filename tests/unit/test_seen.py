"""Was this seen? What each way of making a run says of genes, cells and tissues."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import subtract_cells
from test_samples import GENES, write

from markexpr.data.samples import load
from markexpr.io.runs import read_predictions, tabulate, write_run
from markexpr.project import read_project
from markexpr.seen import SEEN, Trained, told_by, trained_by, trained_on
from markexpr.tissues import list_tissues

TISSUES = {"E003": "ESC", "E004": "ESC", "E116": "BLOOD", "E123": "BLOOD"}
TRAIN = {gene for place, gene in enumerate(GENES) if place % 4 in (0, 3)}  # as `write` splits


@pytest.fixture
def tensors(tmp_path):
    return {
        cell: write(tmp_path / f"{cell}.npz", cell, seed) for seed, cell in enumerate(TISSUES, 1)
    }


def predictions(samples, trained):
    """As they are written and read back."""
    return tabulate(samples, np.zeros(len(samples.target)), trained)


def kinds(table):
    """Which combinations of the columns SEEN a table has."""
    return set(table[SEEN].itertuples(index=False, name=None))


def test_a_cell_alone_has_seen_itself_and_its_training_genes(tensors):
    samples = load({"kind": "cell"}, {"cell": tensors["E003"]})
    table = predictions(samples, trained_on(samples, TISSUES))
    assert set(table.loc[table["gene_seen"], "gene_id"]) == TRAIN
    assert table["cell_seen"].all() and table["tissue_seen"].all()
    # genes that validate choose the epoch, and are not seen
    assert not table.loc[table["split"] == "valid", "gene_seen"].any()


def test_cells_that_are_left_out_train_nothing_and_are_not_seen(tensors):
    how = {"kind": "pooled", "fold": None, "left_out": ["E116", "E123"]}
    samples = load(how, {"cells": list(tensors.values())})
    out = np.isin(samples.cell, ["E116", "E123"])
    assert set(samples.split[out]) == {"test"} and set(samples.cell[~out]) == {"E003", "E004"}
    trained = trained_on(samples, TISSUES)
    assert trained.cells == {"E003", "E004"} and trained.genes == TRAIN
    table = predictions(samples, trained)
    assert kinds(table[out]) == {(True, False, False), (False, False, False)}
    # as if tensors of the whole did not leave them out
    whole = load({**how, "left_out": ["E123"]}, {"cells": list(tensors.values())})
    table = predictions(whole, trained_on(whole, TISSUES))
    assert kinds(table[table["cell"] == "E123"]) == {(True, False, True), (False, False, True)}
    assert table.loc[table["cell"] == "E116", "cell_seen"].all()


def test_what_trains_without_labels_is_not_seen(tensors, tmp_path):
    genes = pd.DataFrame({"gene_id": GENES, "chrom": "chr1", "tss": 1, "strand": "+", "name": "x"})
    genes.to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    inputs = {
        "source": tensors["E003"],
        "target": tensors["E116"],
        "genes": str(tmp_path / "genes.tsv"),
    }
    split = {"scheme": "random", "seed": 1, "test": 0.5, "valid": 0.1}
    how = {"kind": "transfer", "trained_on": "both", "source_genes": "unseen", "split": split}
    samples = load(how, inputs)
    assert "unlabelled" in samples.split
    table = predictions(samples, trained_on(samples, TISSUES))
    assert kinds(table[table["split"] == "test"]) == {(False, False, False)}
    # all genes of the source train, those as well that test in the target
    samples = load({**how, "source_genes": "all"}, inputs)
    table = predictions(samples, trained_on(samples, TISSUES))
    assert kinds(table[table["split"] == "test"]) == {(True, False, False)}


def test_the_mean_of_fits_has_seen_what_any_of_them_has(tensors):
    fits = []
    for cell in ("E003", "E116"):
        samples = load({"kind": "cell"}, {"cell": tensors[cell]})
        if cell == "E116":  # it trains on another gene, which the first one tests
            samples.split[2] = "train"
        fits.append(predictions(samples, trained_on(samples, TISSUES)))
    trained = trained_by(fits, TISSUES)
    assert trained.genes == TRAIN | {"G02"} and trained.cells == {"E003", "E116"}
    unseen = load({"kind": "cell"}, {"cell": tensors["E123"]})
    table = predictions(unseen, trained)
    assert not table["cell_seen"].any() and table["tissue_seen"].all()
    assert table.set_index("gene_id")["gene_seen"][["G02", "G06"]].tolist() == [True, False]
    alone = trained_by(fits[:1], TISSUES)
    assert not predictions(unseen, alone)["tissue_seen"].any()


def test_a_pair_is_seen_if_either_of_its_cells_is(tensors):
    samples = load({"kind": "pair", "labels": False}, {"a": tensors["E003"], "b": tensors["E116"]})
    trained = trained_on(samples, TISSUES)
    assert trained.cells == {"E003", "E116"}
    pairs = pd.DataFrame({"gene_id": "G00", "cell": ["E003-E116", "E004-E123", "E123-E003"]})
    assert trained.mark(pairs)["cell_seen"].tolist() == [True, False, True]
    assert trained.mark(pairs)["tissue_seen"].tolist() == [True, True, True]
    of_one = Trained(cells=frozenset({"E003"}), tissue_of=TISSUES)
    assert of_one.mark(pairs)["tissue_seen"].tolist() == [True, True, True]
    assert of_one.mark(pairs.assign(cell="E116-E123"))["tissue_seen"].tolist() == [False] * 3


def test_a_difference_has_seen_what_either_fit_has(tensors, tmp_path):
    paths = {}
    for name, cell in (("a", "E003"), ("b", "E116")):
        samples = load({"kind": "cell"}, {"cell": tensors[cell]})
        trained = trained_on(samples, TISSUES)
        if name == "b":
            trained = replace(trained, genes=trained.genes | {"G02"})
        paths[name] = tmp_path / f"{cell}.tsv.gz"
        write_run({"predictions": paths[name]}, predictions(samples, trained))
    output = {"predictions": tmp_path / "pair.tsv.gz"}
    subtract_cells.main(
        SimpleNamespace(
            input=SimpleNamespace(**paths, tensors=[]),
            output=output,
        )
    )
    table = read_predictions(output["predictions"])
    assert set(table.loc[table["gene_seen"], "gene_id"]) == TRAIN | {"G02"}
    assert table["cell_seen"].all() and set(table["cell"]) == {"E003-E116"}


def test_a_model_that_is_trained_on_nothing_has_seen_nothing(tensors):
    samples = load({"kind": "cell"}, {"cell": tensors["E003"]})
    assert kinds(predictions(samples, Trained())) == {(False, False, False)}


def test_a_cell_whose_tissue_is_not_known_is_an_error():
    table = pd.DataFrame({"gene_id": ["G00"], "cell": ["E999"]})
    with pytest.raises(KeyError):
        Trained(cells=frozenset({"E003"}), tissue_of=TISSUES).mark(table)


def test_a_control_has_seen_genes_in_other_cells(tensors):
    others = {cell: load({"kind": "cell"}, {"cell": tensors[cell]}) for cell in ("E003", "E004")}
    others["E004"].split[2] = "train"
    known = told_by(others, TISSUES)
    table = pd.DataFrame(
        [(gene, cell) for cell in ("E003", "E004", "E116") for gene in ("G00", "G01", "G02")],
        columns=["gene_id", "cell"],
    )
    marked = known.mark(table).set_index(["cell", "gene_id"])
    # G00 trains in both cells, G01 validates, and G02 trains in E004 alone, which is not told of it
    assert marked["gene_seen"].tolist() == [*(True, False, True), *(True, False, False)] + [
        *(True, False, True)
    ]
    assert not marked["cell_seen"].any()
    assert marked["tissue_seen"].groupby("cell").all().tolist() == [True, True, False]
    # alone in company, a cell knows nothing of its own
    alone = told_by({"E003": others["E003"]}, TISSUES).mark(table[table["cell"] == "E003"])
    assert kinds(alone) == {(False, False, False)}


def test_a_model_of_residuals_has_seen_what_it_is_given_back_with(tensors):
    inputs = {"cell": tensors["E003"], "others": [tensors["E004"], tensors["E116"]]}
    samples = load({"kind": "cell", "residual": {}}, inputs)
    table = predictions(samples, trained_on(samples, TISSUES))
    assert kinds(table) == {(True, True, True)}  # test genes as well
    # its own tensors among those whose means are taken tell it nothing
    inputs["others"] = [tensors["E003"], tensors["E116"]]
    samples = load({"kind": "cell", "residual": {}}, inputs)
    of_other = samples.where(samples.split == "test")
    assert kinds(predictions(of_other, trained_on(of_other, TISSUES))) == {(True, False, False)}
    samples.told.pop("E116")
    table = predictions(samples, trained_on(samples, TISSUES))
    assert kinds(table[table["split"] == "test"]) == {(False, True, True)}


# ---- tissues ----


def test_every_cell_has_a_tissue(root):
    source = {"kind": "bam", "path": "/data/{cell}/{mark}.bam"}
    sources = {"liver1": source, "liver2": {**source, "tissue": "LIVER"}, "E003": source}
    given = {"sources": sources, "cells": ["liver1", "liver2", "E003", "E116"]}
    tissues = read_project(root, given).tissues
    assert len(tissues) == 58
    names = ("E003", "E116", "E071", "liver1", "liver2", "E066")
    assert [tissues[cell] for cell in names] == [
        "ESC",
        "BLOOD",
        "BRAIN",
        "liver1",
        "LIVER",
        "LIVER",
    ]


def test_a_sample_of_the_sheet_may_have_a_tissue(root, tmp_path):
    sheet = tmp_path / "samples.tsv"
    sheet.write_text("sample\tmark\tpath\ttissue\ns1\tH3K4me3\t/data/a.bam\tLIVER\n")
    assert read_project(root, {"samples": str(sheet)}).tissues["s1"] == "LIVER"


def test_a_cell_is_not_taken_for_one_of_a_tissue_that_is_called_like_it():
    own = {"BRAIN": SimpleNamespace(tissue=None)}
    with pytest.raises(Exception, match="BRAIN is the name of a cell and the tissue of E071"):
        list_tissues({"E071": "BRAIN"}, own)
    assert list_tissues({"E071": "BRAIN"}, {"BRAIN": SimpleNamespace(tissue="SKIN")}) == {
        "E071": "BRAIN",
        "BRAIN": "SKIN",
    }


def test_the_tissue_of_a_source_makes_no_counts_and_no_tensors_anew(root):
    """It is a word about the cell, and none of its numbers."""
    source = {"kind": "bam", "path": "/data/{cell}/{mark}.bam"}
    wildcards = SimpleNamespace(cell="liver1", study="deepchrome")
    for tissue in ({}, {"tissue": "LIVER"}):
        given = {"sources": {"liver1": {**source, **tissue}}, "cells": ["liver1"]}
        assert read_project(root, given).lookup.source(wildcards) == source
