"""What is no table of reads is refused by its name, with the fix; what is odd is warned of."""

import bz2
import gzip
import lzma
from itertools import pairwise

import numpy as np
import pytest

from markexpr.data.reads import read_tagalign
from markexpr.io.jobs import InputError

SIZES = {"chr1": 249_250_621, "chr2": 243_199_373, "chrX": 155_270_560, "chrY": 59_373_566}
READS = [
    ("chr1", int(start), int(start) + 36)
    for start in np.sort(np.random.default_rng(0).integers(1_000_000, 1_500_000, 2_000))
]
BED6 = [f"{chrom}\t{start}\t{end}\tN\t1000\t+\n" for chrom, start, end in READS]
PEAKS = [("chr1", start, start + 800) for start in range(1_000_000, 2_000_000, 3_000)]


def table(line, intervals=READS):
    """Lines of a format string with {c}, {s}, {e}, {i}."""
    return "".join(
        line.format(c=chrom, s=start, e=end, i=number).replace(" ", "\t") + "\n"
        for number, (chrom, start, end) in enumerate(intervals)
    )


def coverage():
    """Stretches of equal depth of the reads: start, end, depth."""
    depth = np.zeros(1_600_000, dtype=int)
    for _, start, end in READS:
        depth[start:end] += 1
    edges = np.concatenate([[0], np.flatnonzero(np.diff(depth)) + 1, [len(depth)]])
    return [(int(a), int(b), int(depth[a])) for a, b in pairwise(edges)]


COVERAGE = coverage()
BEDGRAPH = "".join(f"chr1\t{start}\t{end}\t{depth}\n" for start, end, depth in COVERAGE)
TILES = [f"chr1\t{start}\t{end}\n" for start, end, _ in COVERAGE]


def read(tmp_path, content, sizes=SIZES):
    """Reads (or None) and what was warned of, or the error; as (reads, list of texts)."""
    path, told = tmp_path / "a.bed", []
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_tagalign(path, sizes, told.append), told


OTHER = {
    "bedGraph": (BEDGRAPH, r"line 1: this is bedGraph.*column 4.*bedGraphToBigWig"),
    "bedGraph by track": ("track type=bedGraph\n" + BEDGRAPH, r"line 1: 'track type=bedGraph'"),
    "quoted": ('track name="a b" type="bedGraph"\n' + TILES[0], "line 1: .*bedGraph.*'bigwig'"),
    "wiggle": ("track type=wiggle_0\nfixedStep chrom=chr1\n", "line 1: .*wiggle_0.*wigToBigWig"),
    "step": ("variableStep chrom=chr1\n10 3\n", r"line 1: .*is wiggle.*wigToBigWig"),
    "narrowPeak": (table("{c} {s} {e} p{i} 500 . 5.6 12.3 9.1 400", PEAKS), "narrowPeak: peaks"),
    "broadPeak": (table("{c} {s} {e} p{i} 500 . 5.6 -1 -1", PEAKS), "broadPeak: peaks"),
    "peaks by track": ("track type=narrowPeak\n" + "".join(BED6), "line 1: .*narrowPeak.*peaks"),
    "BED12": (
        table("{c} {s} {e} g 0 + {s} {e} 0 2 100,100, 0,600,", PEAKS),
        "BED12 of several blocks",
    ),
    "GTF": (table("{c} HAVANA gene {s} {e} . + . g{i}"), "line 1: .*GTF.*1-based"),
    "SAM": (table("r{i} 0 {c} {s} 40 36M * 0 0 ACGT *"), "SAM text: .*samtools view"),
    "SAM header": ("@HD\tVN:1.6\n", "is SAM text.*samtools view"),
    "VCF": ("##fileformat=VCFv4.2\n", "is VCF"),
    "VCF rows": (table("{c} {s} . A G 50 PASS ."), "VCF"),
    "BEDPE": (table("{c} {s} {e} {c} {s} {e} r 30 + -"), "BEDPE.*fragments: true"),
    "BEDPE of 6": (table("{c} {s} {e} {c} {s} {e}"), "BEDPE.*fragments: true"),
    "BEDPE over chromosomes": (table("{c} {s} {e} chr{i} {s} {e} r 30 + -"), "BEDPE.*fragments"),
    "pairs": (table("r{i} {c} {s} {c} {e} + -"), r"line 1: .*pairs of contacts \(Hi-C\)"),
    "thousands": (table("{c} 1,0{i} {e}"), "line 1: .*no whole numbers"),
    "sgr": (table("{c} {s} 3.5"), "positions and values"),
    "PAF": (table("r 36 0 36 + {c} 249250621 {s} {e} 36 36 60"), "PAF"),
    "header": ("chrom\tstart\tend\n" + "".join(BED6), "line 1: .*a line of column names.*'#'"),
    "spaces": ("".join(BED6).replace("\t", " "), r"separated by spaces.*tr -s"),
    "commas": ("".join(BED6).replace("\t", ","), "separated by commas"),
    "floats": (table("{c} {s}.0 {e}.0"), "line 1: .*no whole numbers"),
    "one float": ("".join(BED6) + "chr1\t1e6\t1000036\tN\t0\t+\n", "line 2001: .*no whole numbers"),
    "strand": (table("{c} {s} {e} N 0 *"), r"line 1: .*strand.*'\*'"),
    "tiles": ("".join(TILES), "holds no reads: .*begin where the one before ends"),
    "tiles, shuffled": (
        "".join(np.random.default_rng(0).permutation(TILES)),
        "holds no reads: .*no two overlap",
    ),
    "old Mac": ("".join(BED6).replace("\n", "\r"), "line 1: ends as on old Macs"),
    "zeros": ("".join(BED6) * 3 + "\0", "line 6001: holds zero bytes"),
    "UTF-16": ("".join(BED6).encode("utf-16"), "UTF-16.*iconv"),
    "bzip2": (bz2.compress("".join(BED6).encode()), "bzip2.*bunzip2"),
    "xz": (lzma.compress("".join(BED6).encode()), "xz.*unxz"),
    "zip": (b"PK\3\4...", "zip archive.*unpack"),
    "gzipped twice": (gzip.compress(gzip.compress(b"chr1")), "gzipped twice.*gunzip"),
    "bigWig": (b"\x26\xfc\x8f\x88....", "is bigWig.*kind 'bigwig'"),
    "BAM": (gzip.compress(b"BAM\1...."), "is BAM.*kind 'bam'"),
    "CRAM": (b"CRAM\3\0...", "is CRAM.*kind 'bam'"),
    "web page": ("<!DOCTYPE html>\n<html>", "a web page"),
    # two files joined
    "joined": ("".join(BED6) + BEDGRAPH, "line 2001: 4 columns where the lines before have 6"),
    "joined by track": ("".join(BED6) + "track type=bedGraph\n" + BEDGRAPH, "line 2001: 'track"),
    "joined, 4": (table("{c} {s} {e} r{i}") + BEDGRAPH, "line 20..: this is bedGraph"),
    "joined, 3": (table("{c} {s} {e}") + "".join(TILES), "holds no reads: .*begin where"),
    "cut in a line": ("".join(BED6)[:-20], "line 2000: . columns .* is it cut short"),
}


@pytest.mark.parametrize("kind", OTHER)
def test_what_is_no_table_of_reads_is_refused_by_name(tmp_path, kind):
    content, message = OTHER[kind]
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path, content)
    assert str(tmp_path / "a.bed") in str(error.value) and "\n" not in str(error.value)


READABLE = {
    "BED6": "".join(BED6),
    "BED3": table("{c} {s} {e}"),
    "BED4 of names": table("{c} {s} {e} r{i}"),
    "BED5": table("{c} {s} {e} r{i} 37"),
    "BED6, numbers as names": table("{c} {s} {e} {i} 37 -"),
    "BED6 and more": table("{c} {s} {e} r{i} 37 - x"),
    "BED9": table("{c} {s} {e} r 0 + {s} {e} 255,0,0"),
    "BED12 of one block": table("{c} {s} {e} r 0 + {s} {e} 0 1 36, 0,"),
    "# in names": table("{c} {s} {e} r#{i}#x 0 +"),
    "comments anywhere": "# a\n"
    + "".join(BED6[:9])
    + "# b\n\n \ntrack name=2\n"
    + "".join(BED6[9:]),
    "browser": "browser position chr1\ntrack name=x type=bed\n" + "".join(BED6),
    "Windows": "".join(BED6).replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + "".join(BED6),
    "names in Latin-1": "".join(BED6).replace("N", "é").encode("latin-1"),
    "gzip of two members": gzip.compress("".join(BED6[:9]).encode())
    + gzip.compress("".join(BED6[9:]).encode()),
}


@pytest.mark.parametrize("kind", READABLE)
def test_reads_in_any_dress_are_read_without_a_word(tmp_path, kind):
    reads, told = read(tmp_path, READABLE[kind])
    assert reads.start.tolist() == [start for _, start, _ in READS] and not told


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (table("{c} {s} {e}", PEAKS), r"its intervals are 800 bp long \(median\)"),
        (table("{c} {s} {e}", [(c, s, s + 1) for c, s, _ in READS]), "of 1 bp, .*summits"),
        (table("{c} {s} {e}", [(c, s, s + 2) for c, s, _ in READS]), "of 2 bp, .*summits"),
        ("".join(BED6) * 2, "holds each of its reads twice"),
        ("".join(np.repeat(BED6, 2)), "holds each of its reads twice"),
        # peaks of several summits, and some that overlap
        (
            table("{c} {s} {e}", [(c, s, s + 500) for c, s, _ in PEAKS[:9] + PEAKS]
                  + [(c, s + 9, s + 500) for c, s, _ in PEAKS[:9]]), "only 9 pairs overlap",
        ),
        (table("{c} {s} {e}", READS + [("chr2", 5, 5_005)] * 50), "2.4% .* longer than 2000 bp"),
        (table("{c} {s} {e} p 0 ."), "no interval has a strand"),
        (table("{c} {s} {e}", [(c, s, s + 500) for c, s, _ in PEAKS]), "no two overlap"),
        ("".join(BED6)[:-1], "its last line does not end: is the file cut short"),
        ("".join(BED6 + ["chr23\t5\t41\tN\t0\t+\n"] * 40), "2.0% .* rename 'chr23' to chrX"),
        (table("{c} {s} {e}", [("chr1", 125_000_000 + s // 9, 125_000_100 + s // 9) for _, s, _ in
                               READS]), "2000 reads .* centromeres, where hg19 has no sequence"),
    ],
)  # fmt: skip
def test_what_may_be_meant_is_warned_of(tmp_path, content, message):
    _, told = read(tmp_path, content)
    assert told and all(text.startswith(str(tmp_path / "a.bed")) for text in told)
    with pytest.raises(InputError, match=message):
        raise InputError("; ".join(told))


@pytest.mark.filterwarnings("ignore::pandas.errors.DtypeWarning")
@pytest.mark.parametrize(("before", "line"), [(0, 4), (999_999, 1_000_003), (1_000_003, 1_000_007)])
def test_errors_name_the_line_among_comments_and_at_borders_of_chunks(tmp_path, before, line):
    text = "#\n" + "chr1\t5\t41\n" * before + "track name=x\n#\nchr1\t50\t41\n"
    with pytest.raises(InputError, match=rf"line {line}: chr1:50-41 is not a read"):
        read(tmp_path, text)
    with pytest.raises(InputError, match=rf"line {line}: not a read"):
        read(tmp_path, text.replace("\n", "\r\n").replace("\t50\t", "\tx\t"))
