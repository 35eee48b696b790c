"""Alignments that can be read, and those that cannot."""

import gzip

import numpy as np
import pysam
import pytest

from markexpr.data.reads import read_bam, read_tagalign
from markexpr.io.jobs import InputError

SIZES = {"chr1": 60_000, "chr10": 50_000, "chr2": 40_000}


def write(path, rows):
    with gzip.open(path, "wt") as file:
        file.writelines("\t".join(map(str, row)) + "\n" for row in rows)
    return path


def rows_of(reads):
    return sorted(
        zip((reads.names[code] for code in reads.code), reads.start.tolist(), reads.end.tolist())
    )


def test_reads_arrive_as_they_are_and_can_be_put_in_order(tmp_path):
    rows = [("chr2", 5, 41), ("chr10", 7, 43), ("chr10", 3, 300), ("chr10", 3, 39), ("chr1", 0, 36)]
    reads = read_tagalign(write(tmp_path / "a.gz", rows), SIZES)
    assert rows_of(reads) == sorted(rows)
    ordered = reads.ordered()
    # bytewise order of names, as bedtools needs it: chr1, chr10, chr2; of those that start at one
    # place as they came
    names = [ordered.names[code] for code in ordered.code]
    assert list(zip(names, ordered.start, ordered.end)) == [
        ("chr1", 0, 36), ("chr10", 3, 300), ("chr10", 3, 39), ("chr10", 7, 43), ("chr2", 5, 41),
    ]  # fmt: skip
    assert ordered.ordered() is ordered


def test_a_plain_file_and_windows_line_ends_are_read(tmp_path):
    (tmp_path / "plain.bed").write_text("chr1\t5\t41\nchr2\t7\t43\n")
    assert len(read_tagalign(tmp_path / "plain.bed", SIZES)) == 2
    (tmp_path / "crlf.bed").write_bytes(b"chr1\t5\t41\r\nchr2\t7\t43\r\n")
    assert rows_of(read_tagalign(tmp_path / "crlf.bed", SIZES)) == [
        ("chr1", 5, 41),
        ("chr2", 7, 43),
    ]


def test_track_lines_of_a_bed_are_no_reads(tmp_path):
    (tmp_path / "a.bed").write_text("track name=x\n# comment\nchr1\t5\t41\nchr2\t7\t43\n")
    assert rows_of(read_tagalign(tmp_path / "a.bed", SIZES)) == [("chr1", 5, 41), ("chr2", 7, 43)]
    (tmp_path / "a.bed").write_text("track name=x\nchr1\t5\t41\nchr1\t50\t41\n")
    with pytest.raises(InputError, match="line 3: chr1:50-41 is not a read"):
        read_tagalign(tmp_path / "a.bed", SIZES)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("chr1", 5, 41), ("chr1", "x", 50)], r"line 2: not a read"),
        ([("chr1", 5, 41), ("chr1", -7, 50)], r"line 2: chr1:-7-50 is not a read"),
        ([("chr1", 50, 50)], r"line 1: chr1:50-50 is not a read"),
        ([("chr1", 5)], r"not a (read|table)"),
        ([("chr1", 5, 41), ("chr1", 9, "")], r"line 2: not a read"),
        ([("chr1", 5, 41), ("chr1", 10**20, 10**20 + 36)], r"not a (read|table)"),
        (
            [("chr1", 5, 41)] * 3 + [("chr2", 39_990, 40_026)],
            r"line 4: chr2:39990-40026 is beyond the chromosome's end \(40000\)",
        ),
        ([("1", 5, 41)], r"no read on any chromosome .* named like '1'"),
        ([], r"no read .* it is empty"),
    ],
)
def test_wrong_reads_are_named(tmp_path, rows, message):
    path = write(tmp_path / "reads.gz", rows)
    with pytest.raises(InputError, match=message) as error:
        read_tagalign(path, SIZES)
    assert str(path) in str(error.value)


def test_a_truncated_gzip_is_named(tmp_path):
    rng = np.random.default_rng(0)
    whole = write(
        tmp_path / "whole.gz", [("chr1", at, at + 36) for at in rng.integers(0, 50_000, 3_000)]
    ).read_bytes()
    cut = tmp_path / "cut.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.gz is truncated or corrupt"):
        read_tagalign(cut, SIZES)
    cut.write_bytes(whole[:-8] + bytes(8))  # whole, but its checksum is wrong
    with pytest.raises(InputError, match=r"cut\.gz is truncated or corrupt \(CRC"):
        read_tagalign(cut, SIZES)


def write_bam(path, reads, sizes=SIZES, mode="wb", **options):
    """reads: (chromosome, start, flag, mapping quality, CIGAR, and of a pair the mate's start and
    the template's length)."""
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": name, "LN": size} for name, size in sizes.items()]}
    with pysam.AlignmentFile(path, mode, header=header, **options) as bam:
        for number, (chrom, start, flag, quality, cigar, *pair) in enumerate(reads):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.query_sequence, read.flag = f"r{number}", "A" * 36, flag
            if not flag & pysam.FUNMAP:
                read.reference_id, read.reference_start, read.mapping_quality, read.cigarstring = (
                    bam.get_tid(chrom),
                    start,
                    quality,
                    cigar,
                )
            if pair:
                read.next_reference_id = read.reference_id
                read.next_reference_start, read.template_length = pair
            bam.write(read)
    return path


def test_of_a_bam_primary_mapped_reads_count(tmp_path):
    path = write_bam(
        tmp_path / "a.bam",
        [
            ("chr1", 100, 0, 40, "36M"),
            ("chr1", 200, pysam.FREVERSE, 40, "30M6S"),  # soft-clipped bases are not aligned
            ("chr1", 300, pysam.FSECONDARY, 40, "36M"),
            ("chr1", 400, pysam.FSUPPLEMENTARY, 40, "36M"),
            ("chr1", 0, pysam.FUNMAP, 0, None),
            ("chr2", 500, pysam.FDUP, 40, "36M"),
            ("chr2", 600, 0, 5, "20M10D16M"),
            ("chr2", 700, 0, 40, None),  # mapped by its flag, but without an alignment
            ("chr2", 800, pysam.FQCFAIL, 40, "36M"),
        ],
    )
    every = [("chr1", 100, 136), ("chr1", 200, 230), ("chr2", 500, 536), ("chr2", 600, 646)]
    assert rows_of(read_bam(path, SIZES)) == every
    assert rows_of(read_bam(path, SIZES, drop_duplicates=True)) == [every[0], every[1], every[3]]
    assert rows_of(read_bam(path, SIZES, min_mapping_quality=10)) == every[:3]


def test_what_is_no_bam_is_named(tmp_path):
    (tmp_path / "a.bam").write_text("chr1\t5\t41\n")
    with pytest.raises(InputError, match=r"a\.bam cannot be read as BAM"):
        read_bam(tmp_path / "a.bam", SIZES)
    whole = write_bam(
        tmp_path / "b.bam", [("chr1", at, 0, 40, "36M") for at in range(20_000)]
    ).read_bytes()
    (tmp_path / "b.bam").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"b\.bam cannot be read as BAM"):
        read_bam(tmp_path / "b.bam", SIZES)
    write_bam(tmp_path / "c.bam", [])
    with pytest.raises(InputError, match="it is empty"):
        read_bam(tmp_path / "c.bam", SIZES)


SINGLE = [("chr1", at, 0, at % 41, "36M") for at in range(0, 20_000, 7)]
# first mates on either strand; their fragments are of 136 bp
PAIRS = [
    mate
    for at in range(0, 20_000, 50)
    for mate in (
        ("chr1", at, 163 if at % 100 else 99, 40, "36M", at + 100, 136),
        ("chr1", at + 100, 83 if at % 100 else 147, 40, "36M", at, -136),
    )
]


def tell_of(path, **options):
    """The reads of a BAM, and what was warned of."""
    told = []
    return read_bam(path, SIZES, **options, tell=told.append), "; ".join(told)


def test_an_option_that_does_nothing_or_too_much_is_told(tmp_path):
    path = write_bam(tmp_path / "a.bam", SINGLE)
    assert tell_of(path)[1] == ""
    assert "drop_duplicates: true has no effect" in tell_of(path, drop_duplicates=True)[1]
    reads, told = tell_of(path, min_mapping_quality=40)
    assert "min_mapping_quality: 40 leaves out" in told and 0 < len(reads) < 100
    with pytest.raises(InputError, match=r"min_mapping_quality: 60 .*the highest is 40"):
        read_bam(path, SIZES, min_mapping_quality=60)
    path = write_bam(
        tmp_path / "b.bam", [(c, at, 1024, 255, cigar) for c, at, _, _, cigar in SINGLE]
    )
    assert "255, which means that it is not known" in tell_of(path, min_mapping_quality=9)[1]
    assert "are marked as duplicates, and count" in tell_of(path)[1]
    with pytest.raises(InputError, match=r"of 2858 mapped reads none counts: drop_duplicates"):
        read_bam(path, SIZES, drop_duplicates=True)


def test_pairs_count_twice_which_is_told_or_once_over_their_fragment(tmp_path):
    path = write_bam(tmp_path / "a.bam", PAIRS)
    reads, told = tell_of(path)
    assert len(reads) == 800 and "both mates of a pair count, as 2 reads: fragments: true" in told
    reads, told = tell_of(path, fragments=True)
    assert rows_of(reads) == [("chr1", at, at + 136) for at in range(0, 20_000, 50)] and not told
    improper = [("chr1", 9, 73, 40, "36M", 9, 0)] * 200
    reads, told = tell_of(write_bam(path, PAIRS + improper), fragments=True)
    assert len(reads) == 400 and "200 of 1000 reads are in no proper pair, and do not count" in told


@pytest.mark.parametrize(
    ("reads", "message"),
    [
        (SINGLE, "its reads are single-end: take 'fragments' away"),
        ([(c, at, flag & ~2, *rest) for c, at, flag, *rest in PAIRS], "are in no proper pair"),
        ([(*mate[:6], 0) for mate in PAIRS], "needs the template lengths .* samtools fixmate"),
        ([("chr1", 0, 4, 0, None)], "none of its 1 reads is primary, mapped"),
    ],
)
def test_fragments_of_what_has_none_are_refused(tmp_path, reads, message):
    with pytest.raises(InputError, match=message):
        read_bam(write_bam(tmp_path / "a.bam", reads), SIZES, fragments=True)


def test_a_header_of_another_assembly_is_refused(tmp_path):
    path = write_bam(tmp_path / "a.bam", SINGLE, {**SIZES, "chr2": 40_001})
    with pytest.raises(InputError, match="chr2 has 40001 bp, config key 'chrom_sizes' says 40000"):
        read_bam(path, SIZES)


def test_a_cram_is_read_without_its_reference_but_not_without_its_end(tmp_path):
    reference = tmp_path / "a.fa"
    reference.write_text("".join(f">{name}\n{'A' * size}\n" for name, size in SIZES.items()))
    path = write_bam(tmp_path / "a.cram", SINGLE, mode="wc", reference_filename=str(reference))
    reference.unlink()
    (tmp_path / "a.fa.fai").unlink()
    assert rows_of(read_bam(path, SIZES)) == [("chr1", at, at + 36) for at in range(0, 20_000, 7)]
    path.write_bytes(path.read_bytes()[:-38])
    with pytest.raises(InputError, match="it is cut short"):
        read_bam(path, SIZES)


def test_a_bam_without_its_end_or_of_another_kind_is_named(tmp_path):
    path = write_bam(tmp_path / "a.bam", SINGLE)
    path.write_bytes(path.read_bytes()[:-28])
    with pytest.raises(InputError, match=r"a\.bam cannot be read as BAM \(no BGZF EOF marker"):
        read_bam(path, SIZES)
    (tmp_path / "b.bam").write_text("chr1\t5\t41\n")
    with pytest.raises(InputError, match=r"cannot be read as BAM: it is text; .*kind 'tagalign'"):
        read_bam(tmp_path / "b.bam", SIZES)
    path = write_bam(tmp_path / "c.bam", SINGLE)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())))
    with pytest.raises(InputError, match=r"c\.bam is a BAM that was packed by gzip.*samtools view"):
        read_bam(path, SIZES)


def test_one_mate_of_each_pair_is_told_by_what_it_is(tmp_path):
    first = [read for read in PAIRS if read[2] & pysam.FREAD1]
    second = [read for read in PAIRS if read[2] & pysam.FREAD2]
    path = write_bam(tmp_path / "a.bam", first)
    reads, told = tell_of(path)
    assert len(reads) == len(first) and "both mates" not in told
    with pytest.raises(InputError, match="the file has second mates alone"):
        tell_of(write_bam(path, second), fragments=True)
    _, told = tell_of(write_bam(path, first[40:] + second), fragments=True)
    assert "40 of 400 proper pairs lack their first mate" in told


def test_fragments_are_warned_of_where_they_cannot_be_told(tmp_path):
    path = tmp_path / "a.bam"
    # signs of the other mate, and lengths that end before the mate
    for factor in (-1, 0.5):
        odd = [(*read[:6], int(read[6] * factor)) for read in PAIRS]
        _, told = tell_of(write_bam(path, odd), fragments=True)
        assert "template lengths of 400 of 400 proper pairs do not reach from mate to mate" in told
    # duplicates that are marked at the second mates alone are not left out
    marked = [
        (chrom, start, flag | (pysam.FDUP if flag & pysam.FREAD2 else 0), *rest)
        for chrom, start, flag, *rest in PAIRS
    ]
    _, told = tell_of(write_bam(path, marked), fragments=True, drop_duplicates=True)
    assert "no effect, since none of its first mates is marked" in told


def test_mates_on_two_chromosomes_are_no_fragment(tmp_path):
    path = write_bam(tmp_path / "a.bam", PAIRS)
    with pysam.AlignmentFile(path) as bam:
        header, reads = bam.header, list(bam)
    for read in reads[:20]:
        read.next_reference_id = 2
    with pysam.AlignmentFile(path, "wb", header=header) as bam:
        for read in reads:
            bam.write(read)
    reads, told = tell_of(path, fragments=True)
    assert len(reads) == 390 and "20 of 800 reads are in no proper pair" in told
