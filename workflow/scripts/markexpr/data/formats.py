"""What a file is, by its first bytes, or by the lines of a table of intervals: reads, or something
else that has a name of its own."""

import re
import zlib
from contextlib import suppress

from markexpr.io.jobs import InputError

KIND = "under config key 'sources'"
AS_BIGWIG = (
    f"a signal is kind 'bigwig' {KIND}: sort it (LC_ALL=C sort -k1,1 -k2,2n), then "
    "bedGraphToBigWig in.bedGraph chrom.sizes out.bw"
)
READS_WANTED = "give the alignments themselves"

PEAKS = f"peaks are no reads: {READS_WANTED}"

# first bytes of files that are not text, what they are, and what to do
BINARY = (
    (b"BAM\1", "BAM", f"say kind 'bam' {KIND}"),
    (b"CRAM", "CRAM", f"say kind 'bam' {KIND}"),
    (b"\x26\xfc\x8f\x88", "bigWig", f"say kind 'bigwig' {KIND}"),
    (b"\x88\x8f\xfc\x26", "bigWig", f"say kind 'bigwig' {KIND}"),
    (b"\xeb\xf2\x89\x87", "bigBed", "if it holds reads, write them as text by bigBedToBed"),
    (b"\x87\x89\xf2\xeb", "bigBed", "if it holds reads, write them as text by bigBedToBed"),
    (b"BZh", "compressed by bzip2", "unpack it (bunzip2), and gzip it if you like"),
    (b"\xfd7zXZ\0", "compressed by xz", "unpack it (unxz), and gzip it if you like"),
    (b"PK\3\4", "a zip archive or workbook (.xlsx)", "unpack it, or save it as text with tabs"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it (unzstd), and gzip it if you like"),
    (b"\x04\x22\x4d\x18", "compressed by lz4", "unpack it (unlz4), and gzip it if you like"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, and gzip the file in it if you like"),
    (b"\x1f\x9d", "compressed by compress", "unpack it (uncompress), and gzip it if you like"),
    (b"\x1f\x8b", "gzipped twice", "unpack it once (gunzip)"),
    (b"\xff\xfe", "text in UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "text in UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"),
    (b"BAI\1", "the index of a BAM", READS_WANTED),
    (b"CSI\1", "an index (csi)", READS_WANTED),
    (b"TBI\1", "an index (tabix)", READS_WANTED),
    (b"\x89HDF", "HDF5", READS_WANTED),
    (b"\xd0\xcf\x11\xe0", "an Excel table", READS_WANTED),
    (b"%PDF", "a PDF", READS_WANTED),
)
# beginnings of text that is no table of intervals, in small letters
TEXT = (
    ((b"<!doctype", b"<html", b"<?xml"), "a web page", "fetch the file itself"),
    ((b"##fileformat=vcf",), "VCF (variants)", READS_WANTED),
    ((b"##gff-version", b"#gtf-version"), "GFF or GTF (genes, 1-based)", READS_WANTED),
    ((b"version https://git-lfs",), "a pointer of Git LFS", "fetch the file itself (git lfs pull)"),
)
SAM_HEADER = re.compile(rb"@(HD|SQ|RG|PG|CO)\t")
SAM = ("SAM text", f"convert it (samtools view -b -o out.bam) and say kind 'bam' {KIND}")
# `track type=` of UCSC, in small letters, and what it is; `bed` alone may be reads
TRACKS = {
    "bedgraph": AS_BIGWIG,
    "wiggle_0": f"a signal is kind 'bigwig' {KIND}: wigToBigWig in.wig chrom.sizes out.bw",
    "bigwig": f"take the file that it points at, as kind 'bigwig' {KIND}",
    "narrowpeak": PEAKS,
    "broadpeak": PEAKS,
    "gappedpeak": PEAKS,
}
STRANDS = {"+", "-", "."}


def first_bytes(path, number=4096):
    """The first bytes of a file, unzipped if it is gzipped, by its content; as they stand if they
    cannot be."""
    with open(path, "rb") as file:
        head = file.read(1 << 16)
    if head[:2] == b"\x1f\x8b":
        with suppress(zlib.error):
            return zlib.decompressobj(wbits=31).decompress(head, number)
    return head[:number]


def name_bytes(head):
    """What a file that begins so is, as (name, fix), if it is no table of text; else None."""
    for magic, name, fix in BINARY:
        if head.startswith(magic):
            return name, fix
    if head[257:262] == b"ustar":
        return "a tar archive", "unpack it (tar -xf), and gzip the file in it if you like"
    if b"\0" in head:
        return "not text (it holds zero bytes)", READS_WANTED
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    for beginnings, name, fix in TEXT:
        if text.startswith(beginnings):
            return name, fix
    if SAM_HEADER.match(head):
        return SAM
    if head.startswith(b">"):
        return "FASTA", READS_WANTED
    if head.startswith(b"@") and head.count(b"\n") > 2 and head.split(b"\n")[2].startswith(b"+"):
        return "FASTQ (reads that are not aligned)", READS_WANTED
    return None


def refuse_other(path, head, wanted, kinds):
    """Raise InputError for a file that is to be of `kinds` (names of BINARY, `wanted` for the
    message) and begins otherwise."""
    found = name_bytes(head) if head else ("empty", "replace it by a whole file")
    if found is None and (wanted == "bigWig" or re.search(rb"bedGraph|fixedStep|wiggle_0", head)):
        found = "text", AS_BIGWIG
    elif found is None:
        found = "text", f"alignments in BED or tagAlign are kind 'tagalign' {KIND}"
    if found[0] not in kinds:
        raise InputError(f"{path} cannot be read as {wanted}: it is {found[0]}; {found[1]}")


def name_heading(line):
    """What a file with such a `track` line is, as (name, fix), if no reads; else None."""
    match = re.search(r"""\btype\s*=\s*["']?(\w+)""", line)
    if not line.startswith("track") or not match or match[1].lower() in ("bed", "beddetail"):
        return None
    return f"'track type={match[1]}'", TRACKS.get(match[1].lower(), READS_WANTED)


def name_line(line):
    """What a single line that is no read may be, as (name, fix); None if nothing tells."""
    fields = line.split("\t")
    if line.startswith(("fixedStep", "variableStep")):
        return "wiggle", TRACKS["wiggle_0"]
    if SAM_HEADER.match(line.encode()):
        return SAM
    if named := name_rows([fields]):
        return named
    words = [word.lower().strip('"') for word in fields[:3]]
    if len(fields) >= 3 and not any(map(_is_float, fields[1:3])) and "start" in words[1]:
        return (
            "a line of column names",
            "delete it, or begin it with '#'; tables with names are often peaks: are these reads?",
        )
    if len(fields) >= 4 and fields[2].isdigit() and fields[3].isdigit():
        return "in another order of columns", "put chromosome, start and end into the first three"
    if "\t" not in line and len(line.split()) >= 3:
        return "separated by spaces", "BED has tabs: tr -s ' ' '\\t' <in.bed >out.bed"
    if "\t" not in line and line.count(",") >= 2:
        return "separated by commas", "BED has tabs: tr ',' '\\t' <in.csv >out.bed"
    if len(fields) >= 3 and all(_is_float(text.replace(",", "")) for text in fields[1:3]):
        return "a line whose positions are no whole numbers from 0", "write them as such"
    return None


def name_rows(rows):
    """What a table is, as (name, fix), if its rows are no reads.

    rows: fields of some lines, as many in each. None for what may be reads: three to five columns
    of BED, BED6 with a strand and whatever follows, BED12 of one block.
    """
    width = len(rows[0])
    if width < 3:
        return None

    def every(column, test):
        return width > column and all(test(row[column]) for row in rows)

    if every(9, _is_bases) and every(1, str.isdigit) and every(3, str.isdigit):
        return SAM
    strands = {"+", "-"}.__contains__
    if every(8, str.isdigit) and every(4, strands) and every(1, str.isdigit):
        return "PAF", "convert it to BAM or BED6"
    if every(6, strands) and every(2, str.isdigit) and every(4, str.isdigit):
        return "pairs of contacts (Hi-C)", READS_WANTED
    strands = {*STRANDS, "?"}.__contains__
    if every(3, str.isdigit) and every(4, str.isdigit) and every(6, strands):
        return "GFF or GTF (features, 1-based)", READS_WANTED
    if every(7, str) and every(3, _is_bases) and every(1, str.isdigit) and not every(2, _is_float):
        return "VCF (variants)", READS_WANTED
    if not every(1, str.isdigit):
        return None
    return _name_intervals(rows, width, every)


def _name_intervals(rows, width, every):
    """name_rows of rows with a position in column 2."""
    if width == 3 and every(2, _is_float):
        before = sum(float(row[2]) <= int(row[1]) for row in rows)
        if not every(2, str.isdigit) or (len(rows) > 1 and before > len(rows) / 2):
            return "a table of positions and values (like sgr)", AS_BIGWIG
    if not every(2, str.isdigit):
        return None
    if width > 3 and all(_is_float(field) for row in rows for field in row[3:]):
        columns = "column 4" if width == 4 else f"columns 4 to {width}"
        return f"bedGraph, or another table of numbers ({columns})", (
            f"{AS_BIGWIG}; if these are reads, write them as BED6, with their strand"
        )
    chromosomes = {row[0] for row in rows} | {"."}
    strands = every(8, STRANDS.__contains__) and every(9, STRANDS.__contains__)
    if (
        (strands or every(3, chromosomes.__contains__))
        and every(4, _is_float)
        and every(5, _is_float)
    ):
        return "BEDPE (both ends of pairs)", (
            f"take the BAM (kind 'bam' {KIND}, fragments: true), or write each pair as one BED6 "
            "line from its first to its last base"
        )
    if every(5, str) and not every(5, STRANDS.__contains__):
        odd = next(row[5] for row in rows if row[5] not in STRANDS)
        return (
            f"no BED6, which has the strand (+, - or .) in column 6, not {odd[:30]!r}",
            READS_WANTED,
        )
    return _name_wide(rows, width, every)


def _name_wide(rows, width, every):
    """name_rows of rows that are BED6 with more behind it."""
    if width in (12, 15) and every(9, str.isdigit) and every(11, lambda text: text[:1].isdigit()):
        if any(int(row[9]) > 1 for row in rows):
            return "BED12 of several blocks a line (transcripts, or gapped reads)", (
                f"{READS_WANTED}; gapped reads: bedtools bed12tobed6"
            )
        return None
    values = every(6, _is_float) and every(7, _is_float) and every(8, _is_float)
    if width == 10 and values and every(9, _is_float):
        return "narrowPeak", PEAKS
    thick = all(row[6].isdigit() and row[7].isdigit() for row in rows) if values else False
    if width == 9 and values and not thick:
        return "broadPeak", PEAKS
    return None


def _is_float(text):
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _is_bases(text):
    return re.fullmatch(r"[ACGTNacgtn=.]+|\*", text) is not None
