"""Counting, by both engines, against an independent count in numpy; and a check that promoters are
where the genes are."""

import gzip
import subprocess

import numpy as np
import pytest

from markexpr.data.bed import write_bed
from markexpr.data.counts import ENGINES, BinCounter
from markexpr.data.intervals import genome_order
from markexpr.data.profiles import check_profiles
from markexpr.data.reads import read_tagalign
from markexpr.data.sources import DEEPDIFF, read_deepdiff_csv
from markexpr.data.windows import Window
from markexpr.io.jobs import InputError, list_warnings
from markexpr.io.temporary import temporary_folder

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


def test_no_read_near_any_bin_counts_nothing(count):
    assert not count([("chr2", 39_000, 39_036)] * 3).any()


def test_a_read_of_any_length_counts_in_each_bin_that_it_overlaps(count):
    reads = [("chr1", 0, 60_000), ("chr1", 100, 25_050), ("chr10", 29_990, 50_000)]
    assert np.array_equal(count(reads), naive(reads))


def test_a_genome_of_more_than_32_bits(tmp_path):
    # the last chromosome begins beyond 2^32
    sizes = {f"chr{number}": 1_600_000_000 for number in range(1, 5)}
    chrom, tss = ["chr1", "chr4"], [1_000_000, 1_599_990_000]
    rng = np.random.default_rng(0)
    rows = [
        (name, at, at + 36, "N", 1000, "+")
        for name, middle in zip(chrom, tss)
        for at in rng.integers(middle - 6_000, middle + 6_000, 500)
    ]
    reads = read_tagalign(write_reads(tmp_path / "reads.gz", rows), sizes, lambda what: None)
    by_engine = [
        BinCounter(chrom, tss, WINDOW, sizes, tmp_path, engine).count(reads, "reads")
        for engine in ENGINES
    ]
    start, counts = WINDOW.starts(tss), by_engine[0]
    for gene, name in enumerate(chrom):
        at = np.array([row[1] for row in rows if row[0] == name])[:, None]
        expected = ((at < start[gene] + 100) & (at + 36 > start[gene])).sum(axis=0)
        assert np.array_equal(counts[gene], expected)
    assert np.array_equal(*by_engine)


@pytest.mark.parametrize("bin_width", [100, 2_500])
def test_reads_far_from_all_bins_and_bins_of_any_width(tmp_path, bin_width):
    window = Window.parse(f"10000bp_{bin_width}bp")
    path = write_reads(tmp_path / "reads.gz", random_reads(2_000))
    reads = read_tagalign(path, SIZES, lambda what: None)
    by_engine = [
        BinCounter(CHROM[1:2], TSS[1:2], window, SIZES, tmp_path, engine).count(reads, "reads")
        for engine in ENGINES
    ]
    assert np.array_equal(*by_engine) and by_engine[0].sum() > 100


def test_bed_holds_every_interval_whatever_its_size_and_number(tmp_path, monkeypatch):
    monkeypatch.setattr("markexpr.data.bed.LINES", 4)
    code = np.array([0] * 9 + [2, 2], dtype=np.int8)
    start = np.array(
        [0, 9, 10, 99_999, 100_000, 100_001, 1 << 24, 249_250_000, 2_147_483_600, 7, 8]
    )
    write_bed(tmp_path / "a.bed", ["chr1", "chr10", "chr2_random"], code, start, start + 36)
    lines = [line.split("\t") for line in (tmp_path / "a.bed").read_text().splitlines()]
    assert [name for name, *_ in lines] == ["chr1"] * 9 + ["chr2_random"] * 2
    assert [(int(a), int(b)) for _, a, b in lines] == [(a, a + 36) for a in start.tolist()]


def test_intervals_are_ordered_by_chromosome_and_start_and_else_as_they_came():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 3, 5_000).astype(np.int8)
    # as many alike as not, in both halves of 16 bits
    start = (rng.integers(0, 20, 5_000) << 16 | rng.integers(0, 20, 5_000)).astype(np.int32)
    assert np.array_equal(genome_order(code, start), np.lexsort((start.astype(np.int64), code)))


@pytest.mark.parametrize("kilobytes", [4, 16, 24])
def test_a_full_tmpdir_is_named_whoever_writes(tmp_path, kilobytes):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        reads = read_tagalign(write_reads(tmp_path / "reads.gz", random_reads(50)), SIZES)
        with (
            pytest.raises(InputError, match=rf"the disk is full: {disk} \(TMPDIR\)"),
            temporary_folder(disk) as folder,
        ):
            BinCounter(CHROM, TSS, WINDOW, SIZES, folder).count(reads, "reads")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


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


def shaped(peak, number=1_000, depth=20):
    """Counts [genes, bins] whose mean within 1 kb of the TSS is `peak` times that elsewhere."""
    counts = np.full((number, 100), depth)
    counts[:, 40:60] = round(depth * peak)
    return counts


@pytest.mark.parametrize(
    ("marks", "peaks", "message"),
    [
        (["H3K4me3", "H3K36me3"], [10, 1], "at the TSS it is 1.00 .* where H3K36me3 has 0.85 at"),
        (["H3K4me3", "H3K4me1"], [10, 1], "at the TSS it is 1.00 .* where H3K4me1 has 1.1 at"),
        (["H3K27ac"], [1], "where H3K27ac has 1.2 at least"),
        (["H3K4me3", "H3K36me3"], [8, 9], "a peak like that of H3K4me3, which H3K36me3 has not"),
        (["H3K27me3", "H3K4me3"], [5, 4], "a peak like that of H3K4me3, which H3K27me3 has not"),
        (["H3K4me3", "H3K27me3"], [9, 9], "its counts are those of H3K4me3 in every bin"),
    ],
)
def test_marks_that_do_not_look_like_themselves_are_warned_of(marks, peaks, message):
    counts = np.stack([shaped(peak) for peak in peaks], axis=1)
    cell = f"cell of {message}"
    check_profiles(counts, marks, WINDOW, 3, cell)
    told = [(mark, what) for sample, mark, what in list_warnings() if sample == cell]
    with pytest.raises(InputError, match=message):
        raise InputError("; ".join(f"{mark} {what}" for mark, what in told))
    few = "few genes, as " + cell
    check_profiles(counts[:50], [f"{mark}x" for mark in marks], WINDOW, 0, few)
    assert all("in every bin" in what for sample, _, what in list_warnings() if sample == few)


def test_marks_as_in_real_cells_are_not_warned_of(real):
    for cell in ("E003", "E123"):
        paths = {
            split: real / f"deepdiff/{cell}.{split}.csv.gz" for split in ("train", "valid", "test")
        }
        for name in ("20000bp_100bp", "10000bp_100bp"):
            window = Window.parse(name)
            counts, *_ = read_deepdiff_csv(paths, window, DEEPDIFF.marks)
            check_profiles(counts, DEEPDIFF.marks, window, 3, f"real {cell}")
    assert not [row for row in list_warnings() if row[0].startswith("real")]
