"""BAM, tagAlign, BED and bigWig of the same reads agree."""

import gzip

import numpy as np
import pyBigWig
import pysam
import pytest

from markexpr.data.counts import BinCounter
from markexpr.data.reads import read_bam, read_tagalign
from markexpr.data.sources import read_bigwig
from markexpr.data.windows import Window
from markexpr.io.jobs import InputError

SIZES = {"chr1": 80_000, "chr2": 60_000}
CHROM, TSS, WINDOW = (
    ["chr1", "chr2", "chr1"],
    [30_000, 20_000, 33_000],
    Window.parse("10000bp_100bp"),
)


@pytest.fixture(scope="module")
def reads():
    rng = np.random.default_rng(0)
    chrom = rng.choice(list(SIZES), 4_000)
    return [(name, int(rng.integers(0, SIZES[name] - 36))) for name in chrom]


@pytest.fixture(scope="module")
def files(reads, tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    with gzip.open(folder / "a.tagAlign.gz", "wt") as file:
        file.writelines(f"{chrom}\t{start}\t{start + 36}\tN\t1000\t+\n" for chrom, start in reads)
    (folder / "a.bed").write_text(
        "".join(f"{chrom}\t{start}\t{start + 36}\n" for chrom, start in reads)
    )
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": name, "LN": size} for name, size in SIZES.items()]}
    with pysam.AlignmentFile(folder / "a.bam", "wb", header=header) as bam:
        for chrom, start in reads:
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.query_sequence, read.flag = "r", "A" * 36, 0
            read.reference_id, read.reference_start, read.mapping_quality, read.cigarstring = (
                bam.get_tid(chrom),
                start,
                40,
                "36M",
            )
            bam.write(read)
    depth = {name: np.zeros(size) for name, size in SIZES.items()}
    for chrom, start in reads:
        depth[chrom][start : start + 36] += 1
    track = pyBigWig.open(str(folder / "a.bw"), "w")
    track.addHeader(list(SIZES.items()))
    for name, values in depth.items():
        track.addEntries(name, 0, values=values.tolist(), span=1, step=1)
    track.close()
    return folder, depth


def test_alignments_of_any_format_give_the_same_counts(files, tmp_path):
    folder, _ = files
    counter = BinCounter(CHROM, TSS, WINDOW, SIZES, tmp_path)
    counts = [
        counter.count(read, name)
        for name, read in {
            "tagalign": read_tagalign(folder / "a.tagAlign.gz", SIZES),
            "bed": read_tagalign(folder / "a.bed", SIZES),
            "bam": read_bam(folder / "a.bam", SIZES),
        }.items()
    ]
    assert counts[0].sum() > 500
    assert np.array_equal(counts[0], counts[1]) and np.array_equal(counts[0], counts[2])


def test_a_bigwig_gives_the_mean_depth_of_the_same_reads(files):
    folder, depth = files
    signal = read_bigwig(folder / "a.bw", CHROM, TSS, WINDOW)
    for gene, (chrom, tss) in enumerate(zip(CHROM, TSS)):
        expected = depth[chrom][tss - 5_000 : tss + 5_000].reshape(100, 100).mean(axis=1)
        assert np.allclose(signal[gene], expected, atol=1e-6)


def test_a_bigwig_of_another_assembly_or_none_at_all_is_named(files, tmp_path):
    folder, _ = files
    with pytest.raises(
        InputError,
        match=(
            r"a\.bw has none of the chromosomes of the genes; its chromosomes are named like "
            r"'chr1', those like '1'"
        ),
    ):
        read_bigwig(folder / "a.bw", ["1"], [20_000], WINDOW)
    # tracks list only chromosomes with signal
    assert read_bigwig(folder / "a.bw", ["chr1", "chrY"], [20_000, 20_000], WINDOW)[1].sum() == 0
    with pytest.raises(InputError, match=r"chr2 has 60000 bp, too few"):
        read_bigwig(folder / "a.bw", ["chr2"], [58_000], WINDOW)
    with pytest.raises(InputError, match="are named like 'chr1', those like '1': rename 'chr1' to"):
        read_bigwig(folder / "a.bw", ["1"], [20_000], WINDOW, {"1": SIZES["chr1"]})
    whole = (folder / "a.bw").read_bytes()
    cut, damaged = tmp_path / "cut.bw", tmp_path / "damaged.bw"
    begin, end = (int.from_bytes(whole[place : place + 8], "little") for place in (16, 24))  # data
    cut.write_bytes(whole[: begin + 99])
    with pytest.raises(InputError, match=r"cut\.bw cannot be read .* damaged or cut short"):
        read_bigwig(cut, CHROM, TSS, WINDOW)
    damaged.write_bytes(whole[: begin + 8] + bytes(end - begin - 8) + whole[end:])
    with pytest.raises(InputError, match=r"damaged\.bw, .*: no values can be read"):
        read_bigwig(damaged, CHROM, TSS, WINDOW)
    (tmp_path / "b.bw").write_text("no bigWig")
    with pytest.raises(InputError, match=r"b\.bw cannot be read as bigWig"):
        read_bigwig(tmp_path / "b.bw", CHROM, TSS, WINDOW)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("inf"), "a signal of inf is infinite: is it a ratio without a pseudocount"),
        (float("-inf"), "a signal of -inf is infinite"),
        (float("nan"), "a signal of nan is NaN"),
        (-0.5, "a signal of -0.5 is negative: is it a log ratio"),
        (3e31, "a signal of 3e[+]31 is more than"),
    ],
)
def test_a_single_base_that_is_no_signal_is_refused_by_its_place(tmp_path, value, message):
    path = str(tmp_path / "a.bw")
    track = pyBigWig.open(path, "w")
    track.addHeader(list(SIZES.items()))
    starts, ends = [20_000, 27_003, 27_004, 50_000], [27_003, 27_004, 40_000, 51_000]
    track.addEntries(["chr1"] * 4, starts, ends=ends, values=[1.0, value, 2.0, 1.0])
    track.close()
    with pytest.raises(InputError, match=rf"a\.bw, chr1:27003: {message}"):
        read_bigwig(path, CHROM, TSS, WINDOW)
    # outside of all windows, nothing is asked of it
    assert read_bigwig(path, ["chr1"], [46_500], WINDOW).sum() > 0


def test_a_track_of_another_assembly_or_without_a_chromosome_is_told(tmp_path):
    path, told = str(tmp_path / "a.bw"), []
    track = pyBigWig.open(path, "w")
    track.addHeader([("chr1", 80_000), ("chr02", 60_000)])
    track.addEntries(["chr1"], [20_000], ends=[40_000], values=[1.0])
    track.close()
    read_bigwig(path, CHROM, TSS, WINDOW, SIZES, told.append)
    assert "rename 'chr02' to chr2" in told[0] and "no signal on chr2" in told[1]
    with pytest.raises(InputError, match="chr1 has 80000 bp, config key 'chrom_sizes' says 80001"):
        read_bigwig(path, CHROM, TSS, WINDOW, {"chr1": 80_001, "chr2": 60_000})
    whole = (tmp_path / "a.bw").read_bytes()
    (tmp_path / "a.bw").write_bytes(whole[:-4])
    read_bigwig(path, ["chr1"], [30_000], WINDOW, tell=told.append)
    assert "does not end as a bigWig does: is it cut short?" in told[-1]
    at = int.from_bytes(whole[16:24], "little") + 20  # within the first block of data
    (tmp_path / "a.bw").write_bytes(whole[:at] + b"\0\0\0\0" + whole[at + 4 :])
    with pytest.raises(InputError, match=r"a\.bw, chr1:25000-35000: no values can be read"):
        read_bigwig(path, ["chr1"], [30_000], WINDOW)
    (tmp_path / "b.bw").write_text("track type=bedGraph\n")
    with pytest.raises(InputError, match=r"b\.bw cannot be read as bigWig: .*bedGraphToBigWig"):
        read_bigwig(tmp_path / "b.bw", CHROM, TSS, WINDOW)
