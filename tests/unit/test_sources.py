"""DeepDiff's published csv files."""

import numpy as np
import pytest

from markexpr.jobs import InputError
from markexpr.sources import DEEPDIFF_MARKS, read_deepdiff_csv
from markexpr.windows import Window

WIDE, NARROW = Window.parse("20000bp_100bp"), Window.parse("10000bp_100bp")


def write(path, genes, seed=0):
    counts = np.random.default_rng(seed).integers(0, 50, (len(genes), 200, 5))
    with open(path, "w") as file:
        for gene, block in zip(genes, counts):
            for number, row in enumerate(block, 1):
                file.write(f"{gene}_A_B_{number}," + ",".join(map(str, row)) + "\n")
    return counts


@pytest.fixture
def files(tmp_path):
    paths, counts = {}, {}
    for seed, split in enumerate(("train", "valid", "test")):
        paths[split] = tmp_path / f"E003.{split}.csv"
        counts[split] = write(paths[split], [f"ENSG{seed}{number}" for number in range(3)], seed)
    return paths, counts


def test_counts_marks_and_splits_arrive_where_they_belong(files):
    paths, written = files
    counts, gene_id, split = read_deepdiff_csv(paths, WIDE, ["H3K36me3", "H3K4me1"])
    assert counts.shape == (9, 2, 200)
    assert counts.dtype == np.uint32
    assert split.tolist() == ["train"] * 3 + ["valid"] * 3 + ["test"] * 3
    assert gene_id[4] == "ENSG11"
    assert np.array_equal(counts[4, 0], written["valid"][1, :, DEEPDIFF_MARKS.index("H3K36me3")])
    assert np.array_equal(counts[4, 1], written["valid"][1, :, DEEPDIFF_MARKS.index("H3K4me1")])


def test_the_centre_of_the_published_window(files):
    wide, narrow = (read_deepdiff_csv(files[0], window, DEEPDIFF_MARKS)[0] for window in (WIDE, NARROW))
    assert np.array_equal(narrow, wide[:, :, 50:150])


def replace_line(path, number, text):
    lines = path.read_text().splitlines()
    lines[number - 1] = text
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (7, "ENSG10_A_B_7,1,2,-3,4,5", r"line 7: counts must be whole numbers >= 0"),
        (7, "ENSG10_A_B_7,1,2,,4,5", r"line 7: counts must be whole numbers >= 0"),
        (7, "ENSG10_A_B_8,1,2,3,4,5", r"line 7: expected bin 7 of 200, got 'ENSG10_A_B_8'"),
        (250, "ENSG99_A_B_50,1,2,3,4,5", r"lines 201 to 400 mix the bins of several genes"),
    ],
)
def test_wrong_rows_are_named(files, line, text, message):
    replace_line(files[0]["valid"], line, text)
    with pytest.raises(InputError, match=message) as error:
        read_deepdiff_csv(files[0], WIDE, DEEPDIFF_MARKS)
    assert "E003.valid.csv" in str(error.value)


def test_a_file_cut_short_is_named(files):
    path = files[0]["test"]
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-30]))
    with pytest.raises(InputError, match=r"line 570: .*cut short"):
        read_deepdiff_csv(files[0], WIDE, DEEPDIFF_MARKS)


def test_a_gene_in_two_splits_is_named(files):
    write(files[0]["test"], ["ENSG00"], seed=9)
    with pytest.raises(InputError, match="gene ENSG00 stands twice"):
        read_deepdiff_csv(files[0], WIDE, DEEPDIFF_MARKS)


def test_an_unknown_mark_or_missing_file_is_named(files):
    with pytest.raises(InputError, match="no mark H3K27ac"):
        read_deepdiff_csv(files[0], WIDE, ["H3K27ac"])
    files[0]["train"].unlink()
    with pytest.raises(InputError, match=r"E003\.train\.csv does not exist; check the 'path'"):
        read_deepdiff_csv(files[0], WIDE, DEEPDIFF_MARKS)
