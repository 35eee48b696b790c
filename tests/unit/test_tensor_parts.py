"""Normalisation, orientation, targets, and how they come together."""

import numpy as np
import pandas as pd
import pytest

from markexpr.data import tensors
from markexpr.data.tensors import (
    TRANSFORMS,
    Levels,
    median_label,
    normalise,
    orient,
)
from markexpr.io.jobs import InputError


def test_none_and_log1p():
    counts = np.array([[[0, 1, 10]]], dtype=np.uint32)
    assert normalise(counts, "none")[0].tolist() == [[[0, 1, 10]]]
    assert np.allclose(normalise(counts, "log1p")[0], np.log([[[1, 2, 11]]]))
    assert normalise(counts, "log1p")[0].dtype == np.float32


def test_zscore_per_mark_over_all_or_training_genes():
    counts = (
        np.random.default_rng(0)
        .poisson([[[3.0]], [[30.0]]], (2, 50, 20))
        .transpose(1, 0, 2)
        .astype(np.uint32)
    )
    X, fitted = normalise(counts, "zscore")
    assert np.allclose(X.mean(axis=(0, 2)), 0, atol=1e-5) and np.allclose(
        X.std(axis=(0, 2)), 1, atol=1e-5
    )
    assert fitted["genes"] == 50
    train = np.arange(50) < 30
    X, fitted = normalise(counts, "zscore", train)
    assert np.allclose(X[train].mean(axis=(0, 2)), 0, atol=1e-5) and not np.allclose(
        X.mean(axis=(0, 2)), 0, atol=1e-5
    )
    assert np.allclose(
        X[40, 1], (counts[40, 1] - counts[train, 1].mean()) / counts[train, 1].std(), atol=1e-5
    )
    with pytest.raises(InputError, match="mark number 2 has the same count"):
        normalise(np.stack([counts[:, 0], np.ones_like(counts[:, 0])], axis=1), "zscore")


def test_orientation_turns_genes_of_the_minus_strand_only():
    counts = np.arange(12).reshape(2, 2, 3)
    turned = orient(counts, np.array([False, True]))
    assert turned[0].tolist() == counts[0].tolist() and turned[1].tolist() == [
        [8, 7, 6],
        [11, 10, 9],
    ]
    assert counts[1, 0].tolist() == [6, 7, 8]


def test_a_tie_with_the_median_is_high():
    label, median = median_label(np.array([0.0, 1.0, 2.0, 2.0, 9.0]))
    assert median == 2
    assert label.tolist() == [0, 0, 1, 1, 1]
    with pytest.raises(InputError, match="no gene is below it"):
        median_label(np.zeros(5))


def test_labels_compare_numbers_unless_told_to_compare_text_as_published():
    # the published label files call NFYA with 13.3 RPKM low against a median of 3.33: "13.3" <
    # "3.33" as text
    expression = np.array([13.3, 3.33, 0.5, 4.1, 1.2])
    assert median_label(expression)[0].tolist() == [1, 1, 0, 1, 0]
    assert median_label(expression, "text")[0].tolist() == [0, 0, 0, 1, 0]


def test_transforms():
    assert TRANSFORMS["log2p1"](np.array([0.0, 1.0, 7.0])).tolist() == [0, 1, 3]
    assert TRANSFORMS["log10p1"](np.array([99.0])).tolist() == [2]
    assert np.allclose(TRANSFORMS["log1p"](np.array([np.e - 1])), 1)
    assert np.allclose(TRANSFORMS["arcsinh"](np.array([1.0])), np.log(1 + np.sqrt(2)))


@pytest.fixture
def parts():
    ids = [f"G{number:02d}" for number in range(30)]
    genes = pd.DataFrame({"gene_id": ids, "chrom": "chr1", "strand": ["+", "-"] * 15})
    rng = np.random.default_rng(0)
    # counts of some genes only, in another order
    counts = {
        "counts": rng.poisson(4, (24, 2, 100)).astype(np.uint32),
        "gene_id": np.array(ids[29:5:-1]),
        "marks": np.array(["A", "B"]),
    }
    levels = Levels(pd.Series(np.arange(30.0), index=ids), "RPKM")
    data = {
        "window": "10000bp_100bp",
        "marks": ["B", "A"],
        "orientation": "genomic",
        "normalise": "none",
        "target": {"kind": "median_label"},
        "split": {"scheme": "id_order", "parts": {"train": 1, "valid": 1, "test": 1}},
    }
    return data, genes, counts, levels


def test_rows_marks_labels_and_splits_come_together(parts):
    data, genes, counts, levels = parts
    arrays, how = tensors.build("E003", data, genes, counts, levels)
    assert arrays["gene_id"].tolist() == [f"G{number:02d}" for number in range(6, 30)]
    row = counts["gene_id"].tolist().index("G10")
    assert np.array_equal(arrays["X"][4], counts["counts"][row][[1, 0]])
    # label and split are of the whole list of 30, though 24 have counts
    assert how["median"] == 14.5 and arrays["target"].tolist() == [0.0] * 9 + [1.0] * 15
    assert [(arrays["split"] == name).sum() for name in ("train", "valid", "test")] == [4, 10, 10]
    assert how["genes"] == {
        "study": 30,
        "with_expression": 30,
        "kept": 24,
        "train": 4,
        "valid": 10,
        "test": 10,
    }


def test_orientation_zscore_and_transform_are_keys(parts):
    data, genes, counts, levels = parts
    plain = tensors.build("E003", data, genes, counts, levels)[0]["X"]
    turned = tensors.build("E003", {**data, "orientation": "transcription"}, genes, counts, levels)[
        0
    ]["X"]
    assert np.array_equal(turned[0], plain[0]) and np.array_equal(turned[1], plain[1, :, ::-1])
    by_train, how = tensors.build(
        "E003", {**data, "normalise": "zscore", "zscore_genes": "train"}, genes, counts, levels
    )
    assert how["zscore"]["genes"] == 4 and np.allclose(
        by_train["X"][:4].mean(axis=(0, 2)), 0, atol=1e-5
    )
    target = {"kind": "expression", "transform": "log2p1", "expression": "rpkm"}
    assert (
        tensors.build("E003", {**data, "target": target}, genes, counts, levels)[0]["target"][1]
        == 3
    )  # log2(7 + 1)


def test_a_sources_own_labels_and_split(parts):
    data, genes, counts, _ = parts
    counts = {**counts, "source_split": np.array(["train"] * 12 + ["test"] * 12)}
    levels = Levels(
        pd.Series(np.tile([0.0, 1.0], 12), index=counts["gene_id"]), "label", label_only=True
    )
    arrays, how = tensors.build(
        "E003", {**data, "split": {"scheme": "source"}}, genes, counts, levels
    )
    assert (
        arrays["target"].tolist() == levels.values[arrays["gene_id"]].tolist()
        and how["labels"] == "as published"
    )
    assert (arrays["split"] == "test").sum() == 12
    with pytest.raises(InputError, match="brings labels and no expression values"):
        tensors.build(
            "E003",
            {**data, "target": {"kind": "expression", "transform": "none"}},
            genes,
            counts,
            levels,
        )


def test_nothing_in_common_and_missing_marks_are_named(parts):
    data, genes, counts, levels = parts
    for changes, message in (
        (
            {"levels": Levels(pd.Series([1.0, 2.0], index=["X1", "X2"]), "RPKM")},
            r"expression table have no gene in common \(G00…, X1…\)",
        ),
        (
            {"counts": {**counts, "gene_id": np.array([f"Y{n}" for n in range(24)])}},
            "no gene of the study has both counts",
        ),
        ({"data": {**data, "marks": ["C"]}}, "the counts have no mark C; they have A, B"),
        (
            {"data": {**data, "split": {"scheme": "source"}}},
            "needs a source that comes with a split",
        ),
    ):
        arguments = {"data": data, "genes": genes, "counts": counts, "levels": levels, **changes}
        with pytest.raises(InputError, match=message):
            tensors.build("E003", **arguments)


def test_the_median_is_that_of_the_study_or_of_all_genes():
    levels = Levels(pd.Series([0.0, 1.0, 2.0, 3.0, 4.0], index=list("abcde")), "RPKM")
    kept = np.array(["a", "b", "c"])
    label, how = tensors.make_target(levels, kept, {"kind": "median_label"})
    assert how["median"] == 1 and label.tolist() == [0, 1, 1]
    label, how = tensors.make_target(
        levels, kept, {"kind": "median_label", "median_of": "all_genes"}
    )
    assert how["median"] == 2 and label.tolist() == [0, 0, 1]
