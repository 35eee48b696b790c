"""What an ensemble predicts for a sample: mean, spread, and the change between two."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from markexpr.data.samples import load_unseen, pair_unseen
from markexpr.data.tensors import Levels, build, build_unseen
from markexpr.io.jobs import InputError
from markexpr.predict.ensembles import combine, predict_by_all

DATA = {
    "window": "400bp_100bp",
    "marks": ["H3K4me3", "H3K9me3"],
    "orientation": "genomic",
    "normalise": "log1p",
    "target": {"kind": "expression", "transform": "log2p1", "expression": "rpkm"},
    "split": {"scheme": "random", "seed": 1, "test": 2, "valid": 0.1},
}
GENES = pd.DataFrame(
    {"gene_id": [f"g{n}" for n in range(8)], "chrom": "chr1", "strand": ["+", "-"] * 4}
)


def counts(seed, genes=8):
    rng = np.random.default_rng(seed)
    ids = np.array([f"g{n}" for n in range(genes)])
    drawn = rng.poisson(3, (genes, 2, 4))
    return {"gene_id": ids, "marks": np.array(["H3K9me3", "H3K4me3"]), "counts": drawn}


@pytest.fixture
def unseen(tmp_path):
    def make(name, seed, genes=8, **changes):
        arrays, how = build_unseen(name, {**DATA, **changes}, GENES, counts(seed, genes))
        provenance = {"cell": name, "data": {**DATA, **changes}, **how}
        np.savez(tmp_path / f"{name}.npz", **arrays, provenance=np.array(json.dumps(provenance)))
        return load_unseen(tmp_path / f"{name}.npz")

    return make


@pytest.mark.parametrize("how", [{}, {"orientation": "transcription"}, {"normalise": "none"}])
def test_a_model_sees_of_a_sample_what_it_saw_of_cells(unseen, how):
    levels = Levels(pd.Series(np.arange(8.0), index=GENES["gene_id"]), "RPKM")
    arrays, _ = build("x", {**DATA, **how}, GENES, counts(1), levels)
    np.testing.assert_array_equal(unseen("x", 1, **how).inputs["marks"], arrays["X"])


@pytest.mark.parametrize("fitted_on", ["all", "train"])
def test_z_scores_are_fitted_on_the_genes_that_they_were(unseen, fitted_on):
    how = {"normalise": "zscore", "zscore_genes": fitted_on}
    levels = Levels(pd.Series(np.arange(8.0), index=GENES["gene_id"]), "RPKM")
    arrays, _ = build("x", {**DATA, **how}, GENES, counts(1), levels)
    np.testing.assert_array_equal(unseen("x", 1, **how).inputs["marks"], arrays["X"])


def test_genes_without_counts_are_left_out_and_none_needs_expression(unseen):
    samples = unseen("x", 1, genes=5)
    assert list(samples.gene_id) == [f"g{n}" for n in range(5)]
    assert np.isnan(samples.target).all() and set(samples.split) == {"unseen"}


def test_a_pair_is_the_second_over_the_first(unseen):
    first, second = unseen("x", 1), unseen("y", 2, genes=6)
    pair = pair_unseen(first, second)
    np.testing.assert_array_equal(pair.inputs["a"], first.inputs["marks"][:6])
    np.testing.assert_array_equal(pair.inputs["b"], second.inputs["marks"])
    assert list(pair.gene_id) == [f"g{n}" for n in range(6)] and pair.cell[0] == "x-y"
    with pytest.raises(InputError, match="differ: orientation"):
        pair_unseen(first, unseen("z", 3, orientation="transcription"))


def params(**measured):
    known = {
        "cell": "E003",
        "where": "x",
        "marks": DATA["marks"],
        "bins": 4,
        "counts_unit": "reads",
        "expression_unit": "RPKM",
        "normalise": "log1p",
        "orientation": "genomic",
        "window": "400bp_100bp",
        "transform": "log2p1",
        **measured,
    }
    return {"inputs": {"marks": known["marks"], "bins": known["bins"]}, "measured": known}


def test_mean_and_spread_are_those_of_all_members(unseen):
    samples, rng = unseen("x", 1), np.random.default_rng(0)
    drawn = rng.normal(5, 2, (7, 8))
    mean, spread = predict_by_all(
        samples, ["path"] * 7, lambda place: (params(), lambda _: drawn[place])
    )
    np.testing.assert_allclose(mean, drawn.mean(axis=0))
    np.testing.assert_allclose(spread, drawn.std(axis=0, ddof=1))
    _, alone = predict_by_all(samples, ["path"], lambda place: (params(), lambda _: drawn[0]))
    assert np.isnan(alone).all()


def test_a_change_is_the_opposite_of_its_reverse_and_0_between_equal_samples(unseen):
    first, second = unseen("x", 1), unseen("y", 2)
    how = params(marks=DATA["marks"])

    def load(place):
        def predict(pair):  # as a model that has learned a mean change of 3
            return 3 + pair.inputs["b"].sum(axis=(1, 2)) - 0.5 * pair.inputs["a"].sum(axis=(1, 2))

        return how, predict

    change, _ = predict_by_all(pair_unseen(first, second), ["path"], load)
    back, _ = predict_by_all(pair_unseen(second, first), ["path"], load)
    none, _ = predict_by_all(pair_unseen(first, first), ["path"], load)
    np.testing.assert_allclose(change, -back)
    assert np.abs(change).max() > 1 and (none == 0).all()


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        ({"marks": ["H3K9me3", "H3K4me3"]}, "was trained on 4 bins of H3K9me3, H3K4me3"),
        ({"bins": 8}, "was trained on 8 bins"),
        ({"counts_unit": "mean signal"}, "counts unit is 'mean signal' in one and 'reads'"),
        ({"window": "800bp_200bp"}, "window is '800bp_200bp' in one"),
    ],
)
def test_a_member_that_saw_something_else_is_refused(unseen, measured, message):
    with pytest.raises(InputError, match=message):
        predict_by_all(unseen("x", 1), ["path"], lambda place: (params(**measured), None))


def test_the_unit_of_expression_is_the_members_own(unseen):
    found = predict_by_all(
        unseen("x", 1),
        ["path"],
        lambda place: (params(expression_unit="TPM"), lambda samples: np.ones(8)),
    )
    assert (found[0] == 1).all()


def test_ensembles_are_combined_as_if_each_had_as_many_members():
    rng = np.random.default_rng(1)
    members = rng.normal([[[1.0]], [[4.0]]], 1, (2, 500, 3))  # ensembles, members, genes
    mean, spread = combine(members.mean(axis=1), members.std(axis=1))
    np.testing.assert_allclose(mean, members.reshape(1000, 3).mean(axis=0))
    np.testing.assert_allclose(spread, members.reshape(1000, 3).std(axis=0))
    mean, spread = combine([[1.0, 2.0]], [[np.nan, np.nan]])
    assert list(mean) == [1, 2] and np.isnan(spread).all()


def test_changes_of_groups_are_summed_up_over_pairs_of_samples(tmp_path):
    from compare_groups import summarise, tell_worth

    drawn = np.array([[1.0, -2.0], [3.0, -1.0], [-1.0, -3.0]])
    paths = []
    for number, change in enumerate(drawn):
        paths.append(tmp_path / f"{number}.tsv")
        table = pd.DataFrame({"gene_id": ["a", "b"], "mean": change, "spread": [0.1, 0.2]})
        table.to_csv(paths[-1], sep="\t", index=False)
    found = summarise(paths)
    np.testing.assert_allclose(found["change"], [1, -2])
    np.testing.assert_allclose(found["spread_of_replicates"], drawn.std(axis=0, ddof=1))
    np.testing.assert_allclose(found["same_sign"], [2 / 3, 1])
    assert summarise(paths[:1])["spread_of_replicates"].isna().all()
    scores = pd.DataFrame({"unit": ["A-B", "A-C"], "metric": "pearson", "value": [0.2, 0.6]})
    scores.to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    row = tell_worth(tmp_path / "scores.tsv", "deepdiff/ridge")
    assert row["mean"] == pytest.approx(0.4) and (row["lowest"], row["highest"]) == (0.2, 0.6)


def test_values_of_any_transform_are_gathered_as_log2(tmp_path):
    from gather_predictions import find_unit, read_one

    table = pd.DataFrame({"gene_id": ["a"], "mean": [2.0], "spread": [0.5]})
    table.to_csv(tmp_path / "x.tsv", sep="\t", index=False)
    found = read_one(tmp_path / "x.tsv", {"predicts": "value", "transform": "log10p1"})
    assert found["mean"].iloc[0] == pytest.approx(np.log2(100))
    units = [SimpleNamespace(), SimpleNamespace()]
    for number, unit in enumerate(("RPKM", "TPM")):
        (tmp_path / f"{number}.yaml").write_text(f"measured: {{expression_unit: {unit}}}\n")
        units[number] = {"name": f"m{number}", "predicts": "value"}
    with pytest.raises(InputError, match=r"different units .*m0 'RPKM', m1 'TPM'"):
        find_unit([tmp_path / "0.yaml", tmp_path / "1.yaml"], units)
