"""Normalisation, labels and splits."""

import numpy as np
import pytest

from markexpr.jobs import InputError
from markexpr.normalise import normalise
from markexpr.splits import thirds
from markexpr.targets import median_label


def test_normalisation():
    counts = np.array([[[0, 1, 10]]], dtype=np.uint32)
    assert normalise(counts, "none").tolist() == [[[0, 1, 10]]]
    assert np.allclose(normalise(counts, "log1p"), np.log([[[1, 2, 11]]]))
    assert normalise(counts, "log1p").dtype == np.float32


def test_a_tie_with_the_median_is_high():
    label, median = median_label(np.array([0.0, 1.0, 2.0, 2.0, 9.0]))
    assert median == 2
    assert label.tolist() == [0, 0, 1, 1, 1]
    with pytest.raises(InputError, match="no gene is below it"):
        median_label(np.zeros(5))


def test_labels_compare_numbers_and_not_text():
    # the published label files compare "13.3" with "3.33" as text and call it low
    assert median_label(np.array([13.3, 3.33, 0.5]))[0].tolist() == [1, 1, 0]


def test_thirds_are_in_the_order_of_ids_whatever_the_order_of_the_list():
    ids = np.array([f"ENSG{number:05d}" for number in range(19_802)])
    split = thirds(ids)
    assert [(split == name).sum() for name in ("train", "valid", "test")] == [6601, 6601, 6600]
    assert (split[0], split[6601], split[-1]) == ("train", "valid", "test")
    order = np.random.default_rng(0).permutation(len(ids))
    assert np.array_equal(thirds(ids[order]), split[order])
