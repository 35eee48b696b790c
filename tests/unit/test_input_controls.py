"""A mark over its control: enrichment by hand, and chance."""

import numpy as np
import pytest
from scipy.stats import binom

from markexpr.data.input_controls import compare_with_controls, measure_enrichment
from markexpr.data.windows import Window
from markexpr.io.jobs import InputError

WINDOW = Window.parse("6000bp_1000bp")  # bins 2 and 3 are the promoter


def counts(*promoters):
    return np.array([[99, 99, number, 0, 99, 99] for number in promoters], dtype=np.uint32)


def test_enrichment_is_at_equal_depth():
    found = measure_enrichment(counts(40, 20), counts(10, 20), WINDOW, (1000, 500))
    # 60 reads of 1000 against 30 of 500
    assert found.ratio == pytest.approx(1)
    assert measure_enrichment(counts(60), counts(10), WINDOW, (1000, 1000)).ratio == 6


def test_a_gene_is_above_by_more_than_chance():
    deep = (1000, 1000)
    for reads in range(1, 30):
        chance = binom.sf(reads - 1, reads + 5, 0.5)
        found = measure_enrichment(counts(reads, 0), counts(5, 5), WINDOW, deep)
        assert found.above == (0.5 if 2 * chance < 0.05 else 0), reads


def test_an_input_is_not_above_an_input():
    rng = np.random.default_rng(1)
    one, other = (rng.poisson(3, (5000, 6)) for _ in range(2))
    assert measure_enrichment(one, other, WINDOW, (1e6, 1e6)).above == 0
    peaks = one + 40 * (np.arange(5000) % 100 == 0)[:, None]
    assert measure_enrichment(peaks, other, WINDOW, (1e6, 1e6)).above == pytest.approx(
        0.01, abs=2e-3
    )


def test_signal_is_compared_as_it_is():
    found = measure_enrichment(counts(5, 1) / 10, counts(1, 1) / 10, WINDOW)
    assert found.ratio == pytest.approx(3) and found.above == 0.5


def test_an_empty_control_is_no_number():
    assert measure_enrichment(counts(5), counts(0), WINDOW, (10, 10)).ratio == np.inf
    assert np.isnan(measure_enrichment(counts(0), counts(0), WINDOW, (10, 0)).ratio)


def test_marks_find_their_control():
    genes = np.array(["g1", "g2"])
    own = {
        "gene_id": genes,
        "marks": np.array(["a", "b"]),
        "counts": np.stack([counts(30, 30), counts(1, 1)], axis=1),
        "total_reads": np.array([100, 100]),
    }
    controls = {
        "gene_id": genes,
        "marks": np.array(["a"]),
        "counts": counts(1, 1)[:, None],
        "total_reads": np.array([100]),
    }
    found = compare_with_controls(own, controls, {"a": "a", "b": "a"}, WINDOW)
    assert (found["a"].ratio, found["b"].ratio) == (30, 1)
    assert (found["a"].above, found["b"].above) == (1, 0)
    with pytest.raises(InputError, match="around different genes"):
        compare_with_controls(own, {**controls, "gene_id": genes[::-1]}, {"a": "a"}, WINDOW)
