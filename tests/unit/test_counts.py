"""Counting by BEDTools against an independent count in numpy, and reads that cannot be counted."""

import gzip

import numpy as np
import pytest

from markexpr.counts import BinCounter
from markexpr.jobs import InputError
from markexpr.windows import Window

SIZES = {"chr1": 60_000, "chr10": 50_000, "chr2": 40_000}
CHROM = ["chr1", "chr10", "chr2", "chr1", "chr1"]
TSS = [20_000, 25_000, 15_000, 20_450, 54_990]
WINDOW = Window.parse("10000bp_100bp")


def write_reads(path, rows):
    with gzip.open(path, "wt") as file:
        file.writelines("\t".join(map(str, row)) + "\n" for row in rows)
    return path


def random_reads(number, seed=1, length=36):
    rng = np.random.default_rng(seed)
    chrom = rng.choice(list(SIZES), number)
    start = np.array([rng.integers(0, SIZES[name] - length) for name in chrom])
    return [(name, at, at + length, "N", 1000, "+") for name, at in zip(chrom, start)]


def naive(reads):
    starts = WINDOW.starts(TSS)
    counts = np.zeros(starts.shape, dtype=int)
    for chrom, start, end, *_ in reads:
        for gene, name in enumerate(CHROM):
            if name == chrom:
                counts[gene] += (start < starts[gene] + WINDOW.bin) & (end > starts[gene])
    return counts


@pytest.fixture
def counter(tmp_path):
    return BinCounter(CHROM, TSS, WINDOW, SIZES, tmp_path)


def test_counts_equal_an_independent_count(tmp_path, counter):
    reads = random_reads(3_000)
    counts = counter.count(write_reads(tmp_path / "reads.gz", reads))
    assert counts.dtype == np.uint32
    assert counts.shape == (5, 100)
    assert np.array_equal(counts, naive(reads))
    assert counts.sum() > 1_000


def test_a_read_on_the_border_of_two_bins_counts_in_both_and_one_that_touches_in_one(tmp_path, counter):
    left = TSS[1] - 5_000
    reads = [("chr10", left + 90, left + 126), ("chr10", left + 264, left + 300), ("chr10", left - 36, left)]
    counts = counter.count(write_reads(tmp_path / "reads.gz", reads))
    assert counts[1, :4].tolist() == [1, 1, 1, 0]
    assert counts.sum() == 3


def test_line_order_does_not_matter(tmp_path, counter):
    reads = random_reads(500)
    ordered = counter.count(write_reads(tmp_path / "a.gz", sorted(reads)))
    assert np.array_equal(ordered, counter.count(write_reads(tmp_path / "b.gz", reads[::-1])))


def test_reads_on_other_sequences_are_left_out(tmp_path, counter):
    reads = random_reads(200)
    extra = [("chr1_gl000191_random", 10, 46, "N", 1000, "+")]
    assert np.array_equal(counter.count(write_reads(tmp_path / "a.gz", reads + extra)), naive(reads))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("chr1", 5, 41), ("chr1", "x", 50)], r"line 2: not a read"),
        ([("chr1", 50, 50)], r"line 1: not a read"),
        ([("chr1", 5)], r"line 1: not a read"),
        ([("chr2", 39_990, 40_026)], r"line 1: chr2:39990-40026 is beyond the chromosome's end \(40000\)"),
        ([("1", 5, 41)], r"no read on any chromosome .* named like '1'"),
        ([], r"no read .* it is empty"),
    ],
)
def test_wrong_reads_are_named(tmp_path, counter, rows, message):
    path = write_reads(tmp_path / "reads.gz", rows)
    with pytest.raises(InputError, match=message) as error:
        counter.count(path)
    assert str(path) in str(error.value)


def test_a_truncated_gzip_is_named(tmp_path, counter):
    whole = write_reads(tmp_path / "whole.gz", random_reads(2_000)).read_bytes()
    cut = tmp_path / "cut.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.gz is truncated or corrupt"):
        counter.count(cut)
