"""Is a sample like the training cells: distances that are known, exchanged marks that are told."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from markexpr.data import likeness
from markexpr.data.likeness import (
    COUNTS,
    EMPTY,
    LIKE,
    MEAN,
    NOT_COMPARED,
    PEAK,
    PROFILE,
    READS,
    UNLIKE,
    compare,
    explain,
    look_at,
    nearest_others,
    read_reference,
    shape,
    shape_distance,
    to_arrays,
)
from markexpr.data.windows import Window
from markexpr.io.files import write_npz
from markexpr.io.jobs import InputError

WINDOW = Window.parse("10000bp_100bp")
MARKS = ["H3K4me3", "H3K4me1", "H3K36me3"]
KB = (WINDOW.offsets + 50) / 1000
# sharp at the TSS, broad around it, rising along the gene
RATES = np.stack([0.5 + 9 * np.exp(-(KB**2)), 1 + 2 * np.exp(-((KB / 3) ** 2)), 1 + KB / 8])
GENES = pd.DataFrame({"gene_id": [f"g{place}" for place in range(400)], "strand": ["+", "-"] * 200})


def make_counts(seed, rates=RATES, depth=1.0):
    """Counts of a cell whose mean profiles along transcription are `rates` [marks, bins]."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(depth * rates, (len(GENES), *rates.shape)).astype(np.uint32)
    minus = (GENES["strand"] == "-").to_numpy()
    counts[minus] = counts[minus][:, :, ::-1]
    return {
        "counts": counts,
        "gene_id": GENES["gene_id"].to_numpy(dtype=str),
        "marks": np.array(MARKS),
        "total_reads": counts.sum(axis=(0, 2)) * 10,
    }


def look(seed=9, **options):
    return look_at(make_counts(seed, **options), MARKS, GENES, WINDOW, "liver")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return make_reference(tmp_path_factory.mktemp("reference"), 3)


def make_reference(folder, cells):
    path = folder / f"{cells}.npz"
    looks = [look(seed) for seed in range(cells)]
    names = [f"E00{seed + 1}" for seed in range(cells)]
    write_npz(path, **to_arrays(looks, names, MARKS, WINDOW, "reads", np.linspace(0, 1, 101)))
    return read_reference(path)


def verdicts(found, statistic):
    return found.find(statistic)["verdict"].tolist()


def test_a_look_says_what_counts_are_like():
    seen = look(1)
    counts = make_counts(1)["counts"]
    assert np.allclose(seen.values[MEAN], counts.mean(axis=(0, 2)))
    assert np.allclose(seen.values[EMPTY], (counts == 0).mean(axis=(0, 2)))
    assert np.allclose(seen.values[READS], counts.sum(axis=(0, 2)) * 10)
    outer = np.abs(KB) > 2.5
    assert seen.values[PEAK][0] == pytest.approx(
        counts[:, 0][:, np.abs(KB) < 1].mean() / counts[:, 0][:, outer].mean()
    )
    # along transcription, on either strand
    assert seen.profile[2, :20].mean() < 0.6 < 1.4 < seen.profile[2, -20:].mean()


def test_reads_of_no_file_are_not_known():
    counts = make_counts(1)
    del counts["total_reads"]
    assert np.isnan(look_at(counts, MARKS, GENES, WINDOW, "liver").values[READS]).all()


def test_other_genes_are_an_error():
    counts = {**make_counts(1), "gene_id": np.array([f"h{place}" for place in range(400)])}
    with pytest.raises(InputError, match="liver: none of the 400 genes of the models has counts"):
        look_at(counts, MARKS, GENES, WINDOW, "liver")


def test_distance_of_shapes_is_the_mean_log_ratio():
    assert shape_distance(np.ones(4), np.ones(4)) == 0
    # with what is added to both: (1.95 + 0.05) / (0.95 + 0.05) is twofold
    assert shape_distance(np.full(4, 1.95), np.full(4, 0.95)) == pytest.approx(1)
    assert shape_distance(np.r_[1.95, 0.95], np.r_[0.95, 0.95]) == pytest.approx(0.5)


def test_shapes_do_not_know_depth():
    profile = RATES[0]
    assert np.allclose(shape(profile, WINDOW), shape(7 * profile, WINDOW))
    assert shape(profile, WINDOW).mean() == pytest.approx(1)
    assert not shape(np.zeros(100), WINDOW).any()
    flanks = Window.parse("8000bp_100bp_flanks")
    assert shape(np.arange(160.0), flanks).shape == (2 * likeness.PARTS,)


def test_nearest_others_are_never_oneself():
    features = np.array([[[0.0]], [[1.0]], [[5.0]]])
    found = nearest_others(lambda one, other: np.abs(one - other).mean(axis=-1), features)
    assert found.ravel().tolist() == [1, 1, 4]
    assert np.isnan(nearest_others(lambda a, b: np.abs(a - b).mean(axis=-1), features[:1])).all()


def test_a_cell_like_the_others_is_like(reference):
    found = compare(look(), "reads", reference)
    assert set(found.table["verdict"]) == {LIKE}
    assert found.find(PROFILE)["nearest"].str.split().str[1].tolist() == MARKS
    assert explain(found, MARKS, 3, matched=False) == []


def test_exchanged_marks_are_told(reference):
    found = compare(look(rates=RATES[[0, 2, 1]]), "reads", reference)
    assert verdicts(found, PROFILE) == [LIKE, UNLIKE, UNLIKE]
    words = {mark: what for mark, kind, what in explain(found, MARKS, 3, False)}
    assert "like that of H3K36me3" in words["H3K4me1"]
    assert "the two marks are likely exchanged in the sheet" in words["H3K4me1"]
    assert "likely exchanged" in words["H3K36me3"]


def test_the_file_of_another_mark_is_told(reference):
    found = compare(look(rates=RATES[[0, 0, 2]]), "reads", reference)
    ((mark, kind, what),) = [line for line in explain(found, MARKS, 3, False) if line[1] != "depth"]
    assert (mark, kind) == ("H3K4me1", "profile")
    assert "is it the file of H3K4me3? Mend its line of the sheet" in what


def test_an_input_in_place_of_a_mark_is_told(reference):
    rates = RATES.copy()
    rates[0] = RATES[0].mean()
    ((mark, _, what),) = explain(compare(look(rates=rates), "reads", reference), MARKS, 3, False)
    assert mark == "H3K4me3" and "an input control (or IgG) in place of the mark" in what


def test_marks_that_are_all_unlike_are_another_assembly(reference):
    found = compare(look(rates=np.full_like(RATES, 2.0)), "reads", reference)
    said = explain(found, MARKS, 3, matched=False)
    assert said[0][:2] == ["", "assembly"] and "different assemblies" in said[0][2]


@pytest.mark.parametrize(
    ("depth", "words"),
    [(0.3, "fewer than in any training cell"), (3.0, "more than in any training cell")],
)
def test_depth_is_told_unless_it_is_mapped_away(reference, depth, words):
    found = compare(look(depth=depth), "reads", reference)
    assert verdicts(found, MEAN) == [UNLIKE] * 3 and verdicts(found, COUNTS) == [UNLIKE] * 3
    assert verdicts(found, PROFILE) == [LIKE] * 3
    said = explain(found, MARKS, 3, matched=False)
    assert [kind for _, kind, _ in said] == ["depth"] * 3 and words in said[0][2]
    assert explain(found, MARKS, 3, matched=True) == []


def test_signal_is_not_compared_with_reads(reference):
    found = compare(look(depth=0.1), "mean signal", reference)
    for statistic in (READS, MEAN, EMPTY, COUNTS):
        assert set(verdicts(found, statistic)) == {NOT_COMPARED}
    assert verdicts(found, PROFILE) == [LIKE] * 3


def test_the_limit_is_a_stated_margin(reference):
    """Half again the farthest that a training cell is from its nearest, or the least distance."""
    shapes = shape(reference.profile, WINDOW)
    spread = nearest_others(shape_distance, shapes).max(axis=0)
    assert np.allclose(compare(look(), "reads", reference).limits, np.maximum(1.5 * spread, 0.1))
    assert (1.5 * spread < 0.1).any()
    far = replace(
        reference, profile=reference.profile * np.linspace(1, 3, 100) ** [[[0]], [[1]], [[3]]]
    )
    assert (compare(look(), "reads", far).limits > 0.1).all()


def test_one_training_cell_tells_marks_apart(tmp_path):
    alone = make_reference(tmp_path, 1)
    assert verdicts(compare(look(), "reads", alone), PROFILE) == [LIKE] * 3
    found = compare(look(rates=RATES[[0, 2, 1]]), "reads", alone)
    assert verdicts(found, PROFILE) == [LIKE, UNLIKE, UNLIKE]
    assert verdicts(found, COUNTS) == [NOT_COMPARED] * 3
    # a little nearer to another mark is no reason for a word
    between = RATES.copy()
    between[1] = 0.45 * RATES[1] / RATES[1].mean() + 0.55 * RATES[2] / RATES[2].mean()
    seen = compare(look(rates=between), "reads", alone)
    assert seen.to_marks[1].argmin() == 2 and verdicts(seen, PROFILE) == [LIKE] * 3
    (first, *_) = explain(found, MARKS, 1, matched=False)
    assert "unlike that of the training cell (" in first[2] and "exchanged" in first[2]


def test_a_range_is_widened_on_both_sides():
    within = likeness._is_within
    assert within(1.5, 0.5, 1, 0) and not within(1.51, 0.5, 1, 0)
    assert within(0.34, 0.5, 1, 0) and not within(0.33, 0.5, 1, 0)
    assert within(-1.5, -1, -0.5, 0) and not within(-1.6, -1, -0.5, 0)
    assert within(0.05, 0, 0.001, 0.05) and not within(0.06, 0, 0.001, 0.05)


def test_a_damaged_reference_is_one_line(tmp_path):
    path = tmp_path / "reference.npz"
    path.write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(InputError, match=r"reference\.npz .*delete it, and run again"):
        read_reference(path)
