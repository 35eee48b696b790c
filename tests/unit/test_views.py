"""Views and residuals: what a model sees, and what it is asked for."""

import numpy as np
import pandas as pd
import pytest

from markexpr.data.residuals import mean_of_others, take_residual
from markexpr.data.samples import Samples
from markexpr.data.views import apply_view
from markexpr.io.jobs import InputError
from markexpr.io.runs import tabulate
from markexpr.project import read_project
from markexpr.seen import Trained

GENES = pd.DataFrame({"gene_id": ["g0", "g1", "g2", "g3"], "strand": ["+", "-", "+", "-"]})


def make_samples(cells=("E003",), normalise="none"):
    rng = np.random.default_rng(1)
    n = 4 * len(cells)
    counts = rng.poisson(5, (n, 2, 8)).astype(np.float32)
    return Samples(
        inputs={"marks": np.log1p(counts) if normalise == "log1p" else counts},
        target=np.arange(n, dtype=np.float32),
        split=np.array(["train", "train", "valid", "test"] * len(cells)),
        gene_id=np.array(["g0", "g1", "g2", "g3"] * len(cells)),
        cell=np.repeat(cells, 4),
        mark_names=["a", "b"],
        normalise=normalise,
    )


def test_a_view_takes_the_middle():
    samples = make_samples()
    seen = apply_view(samples, {"bins": 4, "normalise": "none"}).inputs["marks"]
    assert (seen == samples.inputs["marks"][:, :, 2:6]).all()


def test_a_view_of_logarithms_starts_from_their_counts():
    plain, logged = make_samples(), make_samples(normalise="log1p")
    view = {"bins": 8, "normalise": "none"}
    np.testing.assert_allclose(
        apply_view(logged, view).inputs["marks"], plain.inputs["marks"], atol=1e-5
    )


def test_genes_on_the_minus_strand_are_turned():
    samples = make_samples()
    view = {"bins": 8, "orientation": "transcription"}
    seen = apply_view(samples, view, GENES).inputs["marks"]
    assert (seen[1] == samples.inputs["marks"][1, :, ::-1]).all()
    assert (seen[0] == samples.inputs["marks"][0]).all()


def test_a_z_score_is_of_the_training_genes_of_each_cell():
    samples = make_samples(("E003", "E116"))
    changed = make_samples(("E003", "E116"))
    changed.inputs["marks"][3] += 100  # of a test gene
    view = {"bins": 8, "normalise": "zscore"}
    seen, other = (apply_view(one, view).inputs["marks"] for one in (samples, changed))
    rows = samples.split != "test"
    assert (seen[rows] == other[rows]).all()
    for cell in ("E003", "E116"):
        train = (samples.cell == cell) & (samples.split == "train")
        np.testing.assert_allclose(seen[train].mean(axis=(0, 2)), 0, atol=1e-5)


def test_quantiles_are_those_of_the_reference():
    samples, reference = make_samples(), make_samples()
    samples.inputs["marks"] *= 7  # another depth
    seen = apply_view(samples, {"bins": 8, "normalise": "quantile"}, reference=reference)
    expected = np.log1p(reference.inputs["marks"])
    np.testing.assert_allclose(
        np.sort(seen.inputs["marks"][:, 0].ravel()), np.sort(expected[:, 0].ravel()), atol=0.2
    )


def test_a_view_wider_than_the_window_is_refused():
    with pytest.raises(InputError, match="no wider"):
        apply_view(make_samples(), {"bins": 10})


# ---- residuals ----

KNOWN = pd.DataFrame(
    {"E003": [9.0, 9.0], "E116": [1.0, 2.0], "E123": [3.0, 4.0], "E114": [100.0, np.nan]},
    index=["g0", "g1"],
)


def of_two_genes():
    samples = make_samples()
    return samples.where(np.isin(samples.gene_id, ["g0", "g1"]))


def test_the_mean_is_of_other_cells_of_the_tissue():
    tissues = {"E003": "BLOOD", "E116": "BLOOD", "E123": "BLOOD", "E114": "LUNG"}
    assert list(mean_of_others(of_two_genes(), KNOWN, tissues)) == [2.0, 3.0]


def test_the_mean_of_a_lone_cell_is_of_all_others():
    tissues = {"E003": "ESC", "E116": "BLOOD", "E123": "BLOOD", "E114": "LUNG"}
    found = mean_of_others(of_two_genes(), KNOWN, tissues)
    assert list(found) == [pytest.approx(104 / 3), 3.0]


def test_without_another_cell_nothing_can_be_taken_away():
    with pytest.raises(InputError, match="add cells"):
        mean_of_others(of_two_genes(), KNOWN[["E003"]])


def test_predictions_are_given_back_with_what_was_taken_away(tmp_path):
    samples = of_two_genes()
    for cell in KNOWN:
        np.savez(
            tmp_path / f"{cell}.npz", target=KNOWN[cell], gene_id=KNOWN.index.to_numpy(dtype=str)
        )
    paths = [tmp_path / f"{cell}.npz" for cell in ("E003", "E116", "E123")]
    found = take_residual(samples, paths)
    assert list(found.target) == [samples.target[0] - 2, samples.target[1] - 3]
    table = tabulate(found, np.array([0.5, -0.5]), Trained())
    assert list(table["y_true"]) == list(samples.target)
    assert list(table["y_pred"]) == [2.5, 2.5]


# ---- what the plan makes of them ----


def plan_of(root, **model):
    split = {"scheme": "chromosome", "fold": "all", "held_out_cells": None}
    overrides = {
        "dense_ensemble": {
            "data": {"split": split},
            "in_paper": {"data.split.seed": None, "data.split.valid_drawn": None},
            "models": {"ridge": model},
        },
        "wakawaka": {"cross_validation": None},  # which has the same split
    }
    return read_project(root, {"cells": ["E003", "E116"], "overrides": overrides}).plan


def test_a_run_reads_what_its_view_needs(root):
    view = {"span": 4000, "normalise": "quantile", "orientation": "transcription"}
    run = plan_of(root, view=view).runs("dense_ensemble", "ridge")[0]
    assert run.samples["view"] == {
        "bins": 40,
        "normalise": "quantile",
        "orientation": "transcription",
    }
    assert run.needs["reference"] == "results/tensors/dense_ensemble/E003.npz"
    assert run.needs["genes"].endswith("genes.dense_ensemble.tsv")


def test_a_run_of_residuals_reads_the_other_cells(root):
    run = plan_of(root, residual="gene_mean").runs("dense_ensemble", "ridge")[0]
    assert len(run.needs["others"]) == 2


@pytest.mark.parametrize("span", [4100, 20000])
def test_a_view_that_cannot_be_made_is_refused(root, span):
    with pytest.raises(InputError, match="even number of bins"):
        plan_of(root, view={"span": span})
