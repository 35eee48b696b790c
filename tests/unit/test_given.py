"""Predictions that were made elsewhere: the rows of all models, or a clear error."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from markexpr.data.given import read_given
from markexpr.data.samples import Samples
from markexpr.io.jobs import InputError

GENES = np.array([f"ENSG{number:03d}" for number in range(6)])
SPLIT = np.array(["train", "train", "valid", "test", "test", "unlabelled"])
PREDICTED = np.array([0.1, 0.2, 0.3, 0.4, 0.5])


def samples(cells=("E003",)):
    n = len(cells)
    return Samples(
        inputs={"marks": np.zeros((6 * n, 1, 4), dtype=np.float32)},
        target=np.arange(6 * n, dtype=np.float32),
        split=np.tile(SPLIT, n),
        gene_id=np.tile(GENES, n),
        cell=np.repeat(cells, 6),
        mark_names=["H3K4me3"],
    )


def read(tmp_path, table, unit="E003", cells=("E003",), labels=True, **named):
    path = tmp_path / "given.tsv"
    table.to_csv(path, sep="\t", index=False)
    run = SimpleNamespace(unit=unit, seed=1)
    return read_given(path, run, samples(cells), named.pop("named_by_path", True), labels, **named)


def table(**columns):
    return pd.DataFrame({"gene_id": GENES[:5], "y_pred": PREDICTED, **columns})


def test_rows_are_found_by_gene_whatever_their_order(tmp_path):
    kept, predicted = read(tmp_path, table().iloc[::-1])
    assert kept.gene_id.tolist() == GENES[:5].tolist() and kept.target.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(predicted, PREDICTED)


def test_test_genes_alone_are_enough(tmp_path):
    kept, predicted = read(tmp_path, table().iloc[3:])
    assert kept.split.tolist() == ["test", "test"] and predicted.tolist() == [0.4, 0.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(4), "lacks ENSG004 of E003, which is one of the split test"),
        (lambda t: t.drop(1), "lacks ENSG001 of E003, which is one of the split train"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "has ENSG000 of E003 twice"),
        (lambda t: t.replace("ENSG001", "ENSG9"), "has ENSG9, which is no gene of E003"),
        # trains without its label in the study
        (lambda t: t.replace("ENSG001", "ENSG005"), "has ENSG005, which is no gene of E003"),
        (
            lambda t: t.astype({"y_pred": object}).replace({"y_pred": {0.2: "high"}}),
            "line 3: the prediction of ENSG001 is high",
        ),
        (lambda t: t.assign(y_pred=[0.1, None, 0.3, 0.4, 0.5]), "ENSG001 is empty"),
        (lambda t: t.assign(y_pred=[0.1, np.inf, 0.3, 0.4, 0.5]), "ENSG001 is inf"),
        (lambda t: t.assign(y_pred=t["y_pred"] * 3), r"y_pred goes from 0.3 to 1.5: of labels"),
        (lambda t: t.rename(columns={"y_pred": "pred"}), "has no column y_pred"),
        (lambda t: t.assign(seed=2), "has no row of seed 1"),
        (lambda t: t.assign(unit="E116"), "has no row of E003"),
        (lambda t: t.assign(cell="E116"), "has no row of E003"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, message):
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path, change(table()))
    assert str(tmp_path / "given.tsv") in str(error.value)


def test_a_file_for_all_units_must_say_which(tmp_path):
    with pytest.raises(InputError, match="does not say of which cell or unit its rows are"):
        read(tmp_path, table(), named_by_path=False)


@pytest.mark.parametrize("columns", [{}, {"unit": "pooled"}])
def test_a_unit_of_several_cells_needs_the_cell_of_each_row(tmp_path, columns):
    with pytest.raises(InputError, match="pooled has 2: add the column cell"):
        read(tmp_path, table(**columns), "pooled", ("E003", "E116"))


def test_values_are_no_probabilities(tmp_path):
    assert read(tmp_path, table(y_pred=PREDICTED * 30), labels=False)[1].max() == 15


def test_one_file_has_several_cells_and_seeds(tmp_path):
    parts = [
        table(y_pred=PREDICTED / scale, cell=cell, seed=seed)
        for cell, seed, scale in (("E116", 1, 2), ("E003", 1, 1), ("E003", 2, 3))
    ]
    file = pd.concat(parts)
    assert read(tmp_path, file, named_by_path=False)[1].tolist() == PREDICTED.tolist()
    cells = ("E003", "E116")
    kept, predicted = read(tmp_path, file, "pooled", cells, named_by_path=False)
    assert kept.cell.tolist() == ["E003"] * 5 + ["E116"] * 5
    np.testing.assert_allclose(predicted, [*PREDICTED, *PREDICTED / 2])


def test_of_several_folds_a_file_by_cell_has_test_genes(tmp_path):
    kept, _ = read(tmp_path, table(cell="E003"), "E003-fold0", named_by_path=False, in_fold=True)
    assert kept.split.tolist() == ["test", "test"]
    by_unit = table(unit="E003-fold0")
    kept, _ = read(tmp_path, by_unit, "E003-fold0", named_by_path=False, in_fold=True)
    assert len(kept.target) == 5
