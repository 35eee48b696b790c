"""Counting, by both engines, against an independent count in numpy; and a check that promoters are
where the genes are."""

import gzip

import numpy as np
import pytest

from markexpr.data.counts import ENGINES, BinCounter
from markexpr.data.profiles import check_profiles
from markexpr.data.reads import read_tagalign
from markexpr.data.windows import Window
from markexpr.io.jobs import InputError

SIZES = {"chr1": 60_000, "chr10": 50_000, "chr2": 40_000}
CHROM = ["chr1", "chr10", "chr2", "chr1", "chr1"]
TSS = [20_000, 25_000, 15_000, 20_450, 54_990]
WINDOW = Window.parse("10000bp_100bp")


def write_reads(path, rows):
    with gzip.open(path, "wt") as file:
        file.writelines("\t".join(map(str, row)) + "\n" for row in rows)
    return path


def random_reads(number, seed=1):
    rng = np.random.default_rng(seed)
    chrom = rng.choice(list(SIZES), number)
    length = rng.choice([36, 36, 1, 99, 100, 101, 350], number)
    start = np.array([rng.integers(0, SIZES[name] - size) for name, size in zip(chrom, length)])
    return [(name, at, at + size, "N", 1000, "+") for name, at, size in zip(chrom, start, length)]


def naive(reads):
    starts = WINDOW.starts(TSS)
    counts = np.zeros(starts.shape, dtype=int)
    for chrom, start, end, *_ in reads:
        for gene, name in enumerate(CHROM):
            if name == chrom:
                counts[gene] += (start < starts[gene] + WINDOW.bin) & (end > starts[gene])
    return counts


@pytest.fixture(params=sorted(ENGINES))
def count(request, tmp_path):
    counter = BinCounter(CHROM, TSS, WINDOW, SIZES, tmp_path, request.param)
    return lambda rows: counter.count(
        read_tagalign(write_reads(tmp_path / "reads.gz", rows), SIZES), "reads"
    )


def test_counts_equal_an_independent_count(count):
    reads = random_reads(3_000)
    counts = count(reads)
    assert counts.dtype == np.uint32
    assert counts.shape == (5, 100)
    assert np.array_equal(counts, naive(reads))
    assert counts.sum() > 1_000


def test_a_read_on_the_border_of_two_bins_counts_in_both_and_one_that_touches_in_one(count):
    left = TSS[1] - 5_000
    counts = count(
        [
            ("chr10", left + 90, left + 126),
            ("chr10", left + 264, left + 300),
            ("chr10", left - 36, left),
        ]
    )
    assert counts[1, :4].tolist() == [1, 1, 1, 0]
    assert counts.sum() == 3


def test_line_order_does_not_matter(count):
    reads = random_reads(500)
    assert np.array_equal(count(sorted(reads)), count(reads[::-1]))


def test_reads_on_other_sequences_are_left_out(count):
    reads = random_reads(200)
    assert np.array_equal(
        count([*reads, ("chr1_gl000191_random", 10, 46, "N", 1000, "+")]), naive(reads)
    )


def test_the_same_read_twice_counts_twice(count):
    read = ("chr10", TSS[1], TSS[1] + 36, "N", 1000, "+")
    assert count([read] * 7).max() == 7


MARKS = ["H3K4me1", "H3K4me3"]


def test_a_mark_without_a_peak_at_the_tss_is_refused():
    flat = np.full((20, 2, 100), 3, dtype=np.uint32)
    with pytest.raises(
        InputError,
        match=(
            r"E003: H3K4me3 at the TSS is only 1\.00 times that of the flanks: .* different "
            r"assemblies"
        ),
    ):
        check_profiles(flat, MARKS, WINDOW, 1.5, "E003")
    peaked = flat.copy()
    peaked[:, 1, 40:60] = 9
    check_profiles(peaked, MARKS, WINDOW, 1.5, "E003")
    check_profiles(flat, MARKS, WINDOW, 0, "E003")
    check_profiles(flat[:, :1], MARKS[:1], WINDOW, 1.5, "E003")
