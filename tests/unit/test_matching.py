"""Quantile matching: exact on a monotone change, and refused where it must not be silent."""

import numpy as np
import pytest

from markexpr.data.likeness import Reference
from markexpr.data.matching import (
    LEVELS,
    from_log,
    is_matched,
    match_counts,
    match_quantiles,
    measure_quantiles,
    to_log,
)
from markexpr.data.windows import Window
from markexpr.io import jobs
from markexpr.io.jobs import InputError


def make_counts(seed=1):
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(0.5, 6, (300, 2, 20))).astype(np.uint32)


def test_levels_are_in_order_and_look_closely_at_the_tail():
    assert LEVELS[0] == 0 and LEVELS[-1] == 1 and (np.diff(LEVELS) > 0).all()
    assert (LEVELS > 0.99).sum() >= 30


def test_logarithms_of_signal_keep_its_sign():
    values = np.array([-3.0, 0, 0.5, 100])
    assert np.allclose(from_log(to_log(values)), values)
    assert np.allclose(to_log(values)[2:], np.log1p(values[2:]))


@pytest.mark.parametrize(
    "change", [lambda x: 7.0 * x, np.sqrt, lambda x: x.astype(float) ** 2 - 5, np.log1p]
)
def test_matching_is_exact_on_a_monotone_change(change):
    """Whatever a track made of the reads, as long as it kept their order: the same comes out."""
    counts = make_counts()
    aim = measure_quantiles(make_counts(2))
    assert np.array_equal(match_quantiles(change(counts), aim), match_quantiles(counts, aim))


def test_a_cell_matched_to_itself_is_itself():
    counts = make_counts()
    found = match_quantiles(counts, measure_quantiles(counts))
    # between two levels, as exactly as they lie close
    assert np.abs(to_log(found) - to_log(counts)).max() < 0.03
    small = counts <= 5
    assert np.abs(found - counts)[small].max() < 0.05


def test_each_mark_gets_the_distribution_that_is_asked_for():
    counts, other = make_counts(1) * np.array([1, 9])[None, :, None], make_counts(2)
    aim = measure_quantiles(other)
    found = match_quantiles(counts, aim)
    assert np.allclose(found.mean(axis=(0, 2)), other.mean(axis=(0, 2)), rtol=0.03)
    for mark in range(2):
        before, after = counts[:, mark].ravel(), found[:, mark].ravel()
        order = np.argsort(before, kind="stable")
        assert (np.diff(after[order]) >= 0).all()
        assert len(np.unique(after[before == 0])) == 1


def reference(unit="reads"):
    quantiles = np.stack([measure_quantiles(make_counts(seed)) for seed in (2, 3)])
    window = Window.parse("2000bp_100bp")
    return Reference(["E1", "E2"], ["a", "b"], window, unit, {}, None, quantiles, None)


def arrays(unit="reads"):
    return {
        "counts": make_counts()[:, ::-1],
        "gene_id": np.array([f"g{place}" for place in range(300)]),
        "marks": np.array(["b", "a"]),
        "unit": np.array(unit),
    }


def test_reads_are_left_as_they_are_unless_asked():
    counts = arrays()
    assert match_counts("liver", counts, reference(), counts["gene_id"], "auto") == (counts, "none")
    assert match_counts("liver", counts, reference(), counts["gene_id"], "none") == (counts, "none")


def test_marks_and_genes_are_taken_by_name():
    counts, known = arrays(), reference()
    genes = np.array(["g7", "g3", "unknown"])
    found, how = match_counts("liver", counts, known, genes, "quantile")
    assert how == "quantile" and found["gene_id"].tolist() == ["g7", "g3"]
    assert found["marks"].tolist() == ["a", "b"]
    expected = match_quantiles(make_counts()[[7, 3]], known.quantiles.mean(axis=0))
    assert np.allclose(found["counts"], expected)


def test_signal_for_models_of_reads_is_matched_with_a_warning(monkeypatch):
    monkeypatch.setattr(jobs, "_warnings", [])
    counts = arrays("mean signal")
    found, how = match_counts("liver", counts, reference(), counts["gene_id"], "auto")
    assert how == "quantile" and str(found["unit"]) == "reads"
    ((sample, _, what),) = jobs.list_warnings()
    assert sample == "liver" and "hold mean signal, and the models were trained on reads" in what


def test_signal_for_models_of_signal_is_left():
    assert not is_matched("auto", "mean signal", "mean signal", "liver")


def test_signal_is_refused_where_matching_is_off():
    with pytest.raises(
        InputError, match=r"liver: its files hold mean signal.*predict\.match to auto"
    ):
        is_matched("none", "mean signal", "reads", "liver")
