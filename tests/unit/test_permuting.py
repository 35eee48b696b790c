"""Targets and marks that do not belong together: what models of controls are fitted on."""

import json

import numpy as np
import pytest

from markexpr.data.permuting import (
    draw_order,
    load_to_fit,
    permute_targets,
    randomise_marks,
    take_targets,
)
from markexpr.data.samples import Samples, load_cell
from markexpr.io.jobs import InputError
from markexpr.randomising import list_variants, randomise

GENES = np.array([f"G{number:03}" for number in range(120)])
SPLIT = np.array(["train", "valid", "test", "unlabelled"] * 30)


def cell(name, genes=GENES, seed=0):
    rng = np.random.default_rng(seed)
    n = len(genes)
    return Samples(
        {"marks": rng.normal(size=(n, 3, 4)).astype(np.float32)},
        np.arange(n, dtype=np.float32) + 1000 * seed,
        SPLIT[:n],
        genes,
        np.full(n, name),
        ["a", "b", "c"],
        auxiliary={"a": -np.arange(n, dtype=np.float32)},
    )


def write(path, name, seed):
    own = cell(name, seed=seed)
    np.savez(
        path,
        X=own.inputs["marks"],
        target=own.target,
        split=own.split,
        gene_id=own.gene_id,
        marks=np.array(own.mark_names),
        provenance=np.array(json.dumps({"cell": name})),
    )
    return str(path)


def test_targets_of_training_and_validation_genes_are_permuted_and_no_others():
    samples = cell("E003")
    found = permute_targets(samples, "E003:1")
    known = np.isin(SPLIT, ("train", "valid"))
    assert sorted(found.target[known]) == sorted(samples.target[known])
    assert (found.target[known] != samples.target[known]).mean() > 0.9
    assert (found.target[~known] == samples.target[~known]).all()
    # what belongs to a target moves with it
    assert (found.auxiliary["a"] == -found.target).all()
    assert found.inputs is samples.inputs and (found.split == samples.split).all()
    # no gene's own target is told by where another's went
    assert abs(np.corrcoef(found.target[known], samples.target[known])[0, 1]) < 0.4


def test_a_permutation_is_of_its_key_and_of_no_order_of_the_file():
    samples = cell("E003")
    order = np.random.default_rng(1).permutation(len(GENES))
    turned = samples.where(order)
    found, again = (permute_targets(some, "E003:1") for some in (samples, turned))
    assert (found.target[order] == again.target).all()
    assert (permute_targets(samples, "E003:2").target != found.target).any()


def test_cells_are_permuted_each_by_itself():
    names = np.repeat(["E003", "E004"], 60)
    samples = cell("E003")
    samples = samples.where(np.full(120, True), cell=names)
    found = permute_targets(samples, "pooled:1")
    for name in ("E003", "E004"):
        rows = names == name
        assert sorted(found.target[rows]) == sorted(samples.target[rows])


def test_targets_of_another_cell_are_taken_by_gene():
    own, other = cell("E003"), cell("E004", genes=GENES[::-1][:100], seed=2)
    found = take_targets(own, other)
    assert found.gene_id.tolist() == GENES[20:].tolist()
    expected = dict(zip(other.gene_id, other.target))
    assert [expected[gene] for gene in found.gene_id] == found.target.tolist()
    assert (found.inputs["marks"] == own.inputs["marks"][20:]).all()
    assert (found.split == own.split[20:]).all() and set(found.cell) == {"E003"}
    strangers = cell("E005", genes=np.array([f"H{number:03}" for number in range(120)]))
    with pytest.raises(InputError, match="E003 has no gene in common with E005"):
        take_targets(own, strangers)


def test_pooled_cells_take_the_targets_of_one_another():
    def both(first, second):
        one, two = cell(first, seed=1), cell(second, seed=2)
        rows = {
            name: np.concatenate([getattr(one, name), getattr(two, name)])
            for name in ("target", "split", "gene_id", "cell")
        }
        return Samples(
            {"marks": np.zeros((240, 3, 4), np.float32)}, mark_names=one.mark_names, **rows
        )

    found = take_targets(both("E003", "E004"), both("E009", "E003"))
    assert (found.target[:120] == cell("E009", seed=1).target).all()
    assert (found.target[120:] == cell("E003", seed=2).target).all()


def test_samples_of_a_fit_are_as_the_plan_says(tmp_path):
    inputs = {
        "cell": write(tmp_path / "E003.npz", "E003", 1),
        "targets_of_cell": write(tmp_path / "E004.npz", "E004", 2),
    }
    how = {"kind": "cell"}
    own, other = load_cell(inputs["cell"]), load_cell(inputs["targets_of_cell"])
    assert load_to_fit(how, inputs).digest() == own.digest()
    permuted = load_to_fit(how, inputs, "target", "E003:1")
    assert permuted.digest() == permute_targets(own, "E003:1").digest() != own.digest()
    taken = load_to_fit({**how, "targets_of": {"cell": "targets_of_cell"}}, inputs, "cell")
    assert (taken.target == other.target).all()
    assert (taken.inputs["marks"] == own.inputs["marks"]).all()


def test_marks_of_other_genes():
    samples = cell("E003")
    order = draw_order(samples, 0)
    assert sorted(order) == list(range(120)) and (order != np.arange(120)).mean() > 0.9
    inputs = {**samples.inputs, "other": np.arange(120)}
    found = randomise_marks(inputs, [1], 3, order)
    marks = samples.inputs["marks"]
    assert (found["marks"][:, 1] == marks[order, 1]).all()
    assert (found["marks"][:, [0, 2]] == marks[:, [0, 2]]).all()
    assert (found["other"] == inputs["other"]).all()


def test_each_mark_and_all_others():
    assert list(list_variants(["a"])) == ["none", "all"]
    variants = list_variants(["a", "b", "c"])
    assert list(variants) == [
        "none", "a", "b", "c", "all but a", "all but b", "all but c", "all",
    ]  # fmt: skip
    assert variants["all but b"] == [0, 2] and variants["all"] == [0, 1, 2]


def test_a_fit_is_asked_of_its_test_genes_alone():
    samples, asked = cell("E003"), []

    def predict(some):
        asked.append(some)
        return some.inputs["marks"][:, 1].mean(axis=1)

    found = randomise(samples, predict, {"genes": 20, "draws": 2})
    assert found["predicted"].shape == (8, 2, 20)
    assert all(set(some.split) == {"test"} and len(some.target) == 20 for some in asked)
    whole, single, others = (
        found["predicted"][list(found["variants"]).index(name)]
        for name in ("none", "b", "all but b")
    )
    # the fit reads mark b alone: others change nothing, and b everything
    assert (others == whole).all() and (single != whole).any(axis=1).all()
    assert (found["target"] == asked[0].target).all()
