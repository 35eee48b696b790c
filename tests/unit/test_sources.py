"""Published counts: DeepDiff's and DeepChrome's csv files, the class competition's npz."""

import numpy as np
import pytest

from markexpr.data.sources import (
    DEEPCHROME_ORDER,
    DEEPDIFF,
    read_deepchrome_csv,
    read_deepdiff_csv,
    read_kaggle_npz,
    write_kaggle_npz,
)
from markexpr.data.windows import Window
from markexpr.io.jobs import InputError

DEEPDIFF_MARKS = DEEPDIFF.marks
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
    wide, narrow = (
        read_deepdiff_csv(files[0], window, DEEPDIFF_MARKS)[0] for window in (WIDE, NARROW)
    )
    assert np.array_equal(narrow, wide[:, :, 50:150])


def replace_line(path, number, text):
    lines = path.read_text().splitlines()
    lines[number - 1] = text
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (7, "ENSG10_A_B_7,1,2,-3,4,5", r"line 7: counts must be whole numbers"),
        (7, "ENSG10_A_B_7,1,2,,4,5", r"line 7: counts must be whole numbers"),
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


# ---- DeepChrome's files ----


def write_deepchrome(path, genes, seed=0, label=None):
    counts = np.random.default_rng(seed).integers(0, 50, (len(genes), 100, 5))
    with open(path, "w") as file:
        for number, (gene, block) in enumerate(zip(genes, counts)):
            for bin_number, row in enumerate(block, 1):
                file.write(
                    f"{gene},{bin_number},"
                    + ",".join(map(str, row))
                    + f",{number % 2 if label is None else label}\n"
                )
    return counts


@pytest.fixture
def classification(tmp_path):
    paths, counts = {}, {}
    for seed, split in enumerate(("train", "valid", "test")):
        paths[split] = tmp_path / f"{split}.csv"
        counts[split] = write_deepchrome(
            paths[split],
            ["000003", "132958"] if split == "train" else [f"2000{seed}{n}" for n in range(2)],
            seed,
        )
    return paths, counts


def test_deepchromes_genes_marks_and_labels(classification):
    paths, written = classification
    counts, gene_id, split, label = read_deepchrome_csv(paths, NARROW, ["H3K4me3", "H3K27me3"])
    assert gene_id[:2].tolist() == ["ENSG00000000003", "ENSG00000132958"]
    assert counts.shape == (6, 2, 100) and label.tolist() == [0, 1] * 3 and split[2] == "valid"
    assert np.array_equal(counts[1, 0], written["train"][1, :, DEEPCHROME_ORDER.index("H3K4me3")])


def test_a_gene_that_stands_twice_in_deepchromes_files_is_kept_once(classification):
    paths, _ = classification
    text = paths["train"].read_text()
    paths["train"].write_text(text + "".join(text.splitlines(keepends=True)[:100]))
    assert len(read_deepchrome_csv(paths, NARROW, ["H3K4me3"])[1]) == 6


def test_wrong_rows_of_deepchromes_files_are_named(classification):
    paths, _ = classification
    with pytest.raises(
        InputError, match="window 20000bp_100bp is not the centre of window 10000bp_100bp"
    ):
        read_deepchrome_csv(paths, WIDE, ["H3K4me3"])
    write_deepchrome(paths["test"], ["200020"], label=3)
    with pytest.raises(InputError, match=r"the label \(column 8\) must be 0 or 1"):
        read_deepchrome_csv(paths, NARROW, ["H3K4me3"])
    paths["test"].write_text("000003,1,0,0,0,0,0\n")
    with pytest.raises(InputError, match=r"test\.csv has 7 columns where 8 are expected"):
        read_deepchrome_csv(paths, NARROW, ["H3K4me3"])


# ---- the class competition's npz ----


def competition(path, transform=lambda counts: counts):
    rng = np.random.default_rng(0)
    counts, expression = rng.integers(0, 300, (4, 5, 100)), np.array([0.0, 1.5, 3.25, 7.0])
    ids = np.array([f"ENSG{number:011d}" for number in (3, 419, 132958, 259766)])
    with open(path, "wb") as file:
        write_kaggle_npz(file, [("E003", (transform(counts), ids, expression))])
    return counts, ids, expression


@pytest.mark.parametrize("transform", [lambda counts: counts, np.log1p])
def test_the_competitions_layout_both_ways(tmp_path, transform):
    counts, ids, expression = competition(tmp_path / "train.npz", transform)
    with np.load(tmp_path / "train.npz") as file:
        assert file["E003"].shape == (4, 100, 7)
        assert file["E003"][1, 5, 0] == 419 and (file["E003"][2, :, 6] == 3.25).all()
        assert np.allclose(file["E003"][2, 7, 1:6], transform(counts)[2, :, 7])
    again, gene_id, values = read_kaggle_npz(
        tmp_path / "train.npz", "E003", NARROW, DEEPCHROME_ORDER
    )
    assert (
        np.array_equal(again, counts)
        and gene_id.tolist() == ids.tolist()
        and values.tolist() == expression.tolist()
    )


def test_what_is_not_the_competitions_layout_is_named(tmp_path):
    path = tmp_path / "train.npz"
    competition(path)
    for cell, marks, message in (
        ("E999", DEEPCHROME_ORDER, "no cell 'E999'; it has E003"),
        ("E003", ["H3K27ac"], "no mark H3K27ac"),
    ):
        with pytest.raises(InputError, match=message):
            read_kaggle_npz(path, cell, NARROW, marks)
    np.savez(path, E003=np.zeros((4, 100, 6)))
    with pytest.raises(InputError, match=r"E003 has shape \(4, 100, 6\)"):
        read_kaggle_npz(path, "E003", NARROW, DEEPCHROME_ORDER)
    np.savez(path, E003=np.full((4, 100, 7), 0.5))
    with pytest.raises(InputError, match="neither counts nor ln"):
        read_kaggle_npz(path, "E003", NARROW, DEEPCHROME_ORDER)
    np.savez(path, E003=np.full((4, 100, 7), np.nan))
    with pytest.raises(InputError, match="negative or no numbers"):
        read_kaggle_npz(path, "E003", NARROW, DEEPCHROME_ORDER)


def corrupted(path):
    content = bytearray(path.read_bytes())
    content[3000] ^= 1
    path.write_bytes(content)


def of_type(dtype, first=5):
    """A writer of the competition's file of four genes, from this id on, in a type of array."""
    array = np.ones((4, 100, 7))
    array[:, :, 0] = np.arange(first, first + 4)[:, None]
    return lambda path: np.savez(path, E003=array.astype(dtype))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text("no npz"), "is no npz, or it was cut short"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "is no npz, or it was cut"),
        (corrupted, "is truncated or corrupt"),
        (lambda path: np.savez(path, E003=np.zeros((0, 100, 7))), r"has shape \(0, 100, 7\)"),
        (of_type(object), "no npz of plain arrays"),
        (of_type(str), "E003 is no array of numbers"),
        (of_type(complex), "E003 is no array of numbers"),
        (of_type(np.float32, 2**25), "float32 rounds gene ids above 16777216"),
        (of_type(np.float16, 3000), "float16 rounds gene ids above 2048"),
    ],
)
def test_what_is_no_array_of_the_competition_is_refused(tmp_path, write, message):
    path = tmp_path / "train.npz"
    competition(path)
    write(path)
    with pytest.raises(InputError, match=message):
        read_kaggle_npz(path, "E003", NARROW, DEEPCHROME_ORDER)


@pytest.mark.parametrize(
    ("gene", "bin_number", "column", "value", "message"),
    [
        (2, 7, 3, 2**32, r"gene ENSG00000132958: counts .* from 0 to 2\^32 - 1, got 4.29497e"),
        (2, 7, 0, 999, "row 3, bin 8: its gene id is 999, but 132958 in the bins before"),
        (1, 99, 6, 5, "row 2, bin 100: its expression is 5, but 1.5"),
        (1, slice(None), 0, 419.5, "row 2: the gene id 419.5 is no number of Ensembl's"),
        (1, slice(None), 0, -419, "row 2: the gene id -419 is no number"),
        (1, slice(None), 0, 3, r"a gene stands twice \(ENSG00000000003\)"),
    ],
)
def test_wrong_numbers_of_the_competition_are_named(
    tmp_path, gene, bin_number, column, value, message
):
    path = tmp_path / "train.npz"
    competition(path)
    with np.load(path) as file:
        array = file["E003"]
    array[gene, bin_number, column] = value
    np.savez(path, E003=array)
    with pytest.raises(InputError, match=message) as error:
        read_kaggle_npz(path, "E003", NARROW, DEEPCHROME_ORDER)
    assert f"{path}: E003" in str(error.value)


def test_what_does_not_fit_the_competitions_layout_is_not_written(tmp_path):
    for counts, ids, message in (
        (np.zeros((1, 5, 200)), ["ENSG00000000003"], "has 5 marks and 100 bins, not 5 and 200"),
        (np.zeros((1, 5, 100)), ["geneA"], "numbers genes by their Ensembl id, which geneA is not"),
    ):
        with open(tmp_path / "x.npz", "wb") as file, pytest.raises(InputError, match=message):
            write_kaggle_npz(file, [("E003", (counts, np.array(ids), np.zeros(1)))])
