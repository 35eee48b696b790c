"""Alignments read from tagAlign, BED, BAM or CRAM: what is no read is refused by name."""

import csv
import itertools
import re

import numpy as np
import pandas as pd

from markexpr.data import chromosomes, formats
from markexpr.data.intervals import Collector
from markexpr.data.lines import TAB, DataLines, is_no_data
from markexpr.io.files import is_gzipped, reading
from markexpr.io.gzipped import open_bytes
from markexpr.io.jobs import InputError, warn

CHUNK = 1_000_000  # lines parsed at once
# of each piece of text so many groups of neighbouring lines are looked at; of the first more
GROUPS, GROUPS_OF_FIRST, NEIGHBOURS = 2, 400, 5


class _Table:
    """Looks at the lines of a table of intervals on their way: their number of columns, their
    strand, and what they are."""

    def __init__(self, path):
        self.path = path
        self.width = None  # columns
        self.stranded = False
        self.number = None  # from row to number of line; set once the stream is there

    def heading(self, line, number):
        """Refuse a `track` line of another kind of file."""
        if named := formats.name_heading(line):
            self._refuse(number, f"{named[0]} is no kind of reads: {named[1]}")

    def look(self, piece):
        """Refuse lines that are of another kind than reads, or have not as many columns as those
        before."""
        if self.width is None:
            row = piece.fields(0)
            self.width = len(row)
            if not _is_read(row):
                raise InputError(_name_wrong(self.path, self.number(0), "\t".join(row)))
        if np.count_nonzero(piece.bytes == TAB) != (self.width - 1) * len(piece):
            self._refuse_width(piece)
        if self.width == 6:
            self._look_at_strand(piece)
        groups = GROUPS if piece.first else GROUPS_OF_FIRST
        last = max(0, len(piece) - NEIGHBOURS)
        step = max(NEIGHBOURS, -(-len(piece) // groups))
        for first in [*range(0, last, step), last]:
            lines = range(first, min(first + NEIGHBOURS, len(piece)))
            rows = [piece.fields(line) for line in lines]
            if {len(row) for row in rows} == {self.width} and (named := formats.name_rows(rows)):
                number = self.number(piece.first + first)
                self._refuse(number, f"this is {named[0]}: {named[1]}")
            self.stranded |= self.width > 6 and any(row[5] in ("+", "-") for row in rows)

    def _look_at_strand(self, piece):
        strand = piece.bytes[piece.ends - 1]
        known = (strand == ord("+")) | (strand == ord("-"))
        self.stranded |= bool(known.any())
        known |= strand == ord(".")
        known &= piece.bytes[piece.ends - 2] == TAB
        if not known.all():
            line = int(np.argmin(known))
            row = piece.fields(line)
            named = formats.name_rows([row]) or ("an odd line", formats.READS_WANTED)
            self._refuse(self.number(piece.first + line), f"this is {named[0]}: {named[1]}")

    def _refuse_width(self, piece):
        for line in range(len(piece)):
            row = piece.fields(line)
            if len(row) != self.width:
                named = formats.name_rows([row]) if len(row) > 2 else None
                self._refuse(
                    self.number(piece.first + line),
                    f"{len(row)} columns where the lines before have {self.width}"
                    f"{f', like {named[0]}' if named else ''}: were two files joined, or is it cut "
                    "short?",
                )

    def _refuse(self, number, what):
        raise InputError(f"{self.path}, line {number}: {what}")


def read_tagalign(path, chrom_sizes, tell=warn):
    """Read a tagAlign or BED file, gzipped or not, in any line order.

    chrom_sizes: dict of the chromosomes to keep; reads on others are left out and reported. tell:
    takes what may be meant but is odd, as warn() of io/jobs.py. Raises InputError for a truncated
    gzip, a file of another kind, a line that is no read, reads beyond a chromosome's end or where
    hg19 has no sequence (another assembly), or no reads at all.
    """
    table = _Table(path)
    fetched = str(path).startswith("results/raw/")
    fix = (
        "delete it and run again to fetch it anew"
        if fetched
        else "replace it by a whole file (config key 'sources')"
    )
    with reading(path, fix):
        if named := formats.name_bytes(formats.first_bytes(path)):
            raise InputError(f"{path} is {named[0]}, not tagAlign or BED: {named[1]}")
        with open_bytes(path) as file:
            lines = DataLines(file, path, table.look, table.heading)
            table.number = lines.number
            collector = Collector(path, chrom_sizes, lambda row: f"line {lines.number(row)}")
            try:
                with pd.read_csv(
                    lines,
                    sep="\t",
                    header=None,
                    usecols=[0, 1, 2],
                    dtype={0: "category"},
                    chunksize=CHUNK,
                    quoting=csv.QUOTE_NONE,
                    na_filter=False,
                    skip_blank_lines=False,
                ) as chunks:
                    for chunk in chunks:
                        if not (chunk.dtypes[1:] == np.int64).all():
                            raise ValueError("positions are no whole numbers")
                        collector.add(chunk[0].array, chunk[1].to_numpy(), chunk[2].to_numpy())
            except pd.errors.EmptyDataError:
                pass
            except (ValueError, OverflowError) as error:
                raise InputError(_first_wrong_line(path)) from error
    if not lines.ended and not is_gzipped(path):
        tell(f"{path}: its last line does not end: is the file cut short?")
    if table.width and table.width > 5 and not table.stranded:
        tell(f"{path}: no interval has a strand: are they peaks, or other regions? Each counts")
    return collector.reads(tell)


def _first_wrong_line(path):
    """Say which line pandas could not read; reads the file again, slowly."""
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n").decode(errors="replace")
            if not is_no_data(line) and not _is_read(text.split("\t")):
                return _name_wrong(path, number, text)
    return f"{path} is not a table of chromosome, start, end, separated by tabs"


def _name_wrong(path, number, text):
    """Words for a line that is no read."""
    named = formats.name_line(text)
    return (
        f"{path}, line {number}: not a read (chromosome, start, end, separated by tabs): "
        f"{text[:80]!r}{f' is {named[0]}: {named[1]}' if named else ''}"
    )


def _is_read(fields):
    """Whether a line has a start and an end: whole numbers, which may be wrong ones."""
    return len(fields) >= 3 and all(
        re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text) for text in fields[1:3]
    )


# what is read of a BAM's reads; end is -1 without an alignment, the last three are of their mates
FIELDS = ("flag", "quality", "chrom", "start", "end", "mate_chrom", "mate_start", "template")
# Ours. Marked duplicates that count are told of from this share on: fewer are in every library
DUPLICATES = 0.2
# Ours. What min_mapping_quality leaves is told of below this share: aligners give few reads less
# than the usual thresholds
LEFT = 0.25
# Ours. Template lengths that do not reach from mate to mate are told of above this share of pairs:
# mates that run past each other's end have such ones, and are few
ODD_TEMPLATES = 0.05
# Ours. Pairs of which only the second mate is there are told of above this share of pairs
LONE = 0.01
UNKNOWN_QUALITY = 255  # the SAM format's word for a mapping quality that is not known


def read_bam(
    path, chrom_sizes, min_mapping_quality=0, drop_duplicates=False, fragments=False, tell=warn
):
    """Read the primary, mapped reads of a BAM or CRAM that did not fail quality checks, as
    intervals from their first to their last aligned base.

    min_mapping_quality: reads below it are left out; drop_duplicates: leave out reads that are
    marked as duplicates; fragments: take each proper pair once, if its first mate is not left out,
    from the first to the last base of the pair, and nothing else. tell: as in read_tagalign. Raises
    InputError as read_tagalign, and if the file is no BAM, its header is of another assembly, or
    an option leaves nothing.
    """
    import pysam

    head = formats.first_bytes(path)
    formats.refuse_other(path, head, "BAM", ("BAM", "CRAM", formats.SAM[0]))
    is_cram = head.startswith(b"CRAM")
    if is_cram and not _has_cram_end(path):
        raise InputError(f"{path} has no end (CRAM's last block): it is cut short; replace it")
    if head.startswith(b"BAM") and not _has_blocks(path):
        raise InputError(
            f"{path} is a BAM that was packed by gzip, which has other blocks: unpack it (gunzip) "
            "and write it anew (samtools view -b -o out.bam)"
        )
    collector = Collector(path, chrom_sizes, lambda row: f"read {row + 1} of those that count")
    chosen = _Chosen(path, min_mapping_quality, drop_duplicates, fragments)
    # no sequence and no qualities: so a CRAM is read without its reference
    wanted = [b"required_fields=0x1ff"]
    try:
        with pysam.AlignmentFile(path, "rb", format_options=wanted) as bam:
            names = list(bam.references)
            chromosomes.check_lengths(path, dict(zip(names, bam.lengths)), chrom_sizes)
            reads = bam.fetch(until_eof=True)
            while len(table := _next_reads(reads)):
                code, start, end = chosen.choose(table)
                collector.add(pd.Categorical.from_codes(code, names), start, end)
    except (OSError, ValueError) as error:
        what, fix = (
            (
                "CRAM",
                "its reference may be missing: set REF_PATH or REF_CACHE, or convert it to BAM "
                "(samtools view -b -T reference.fa)",
            )
            if is_cram
            else ("BAM", "check the 'path' of this cell under config key 'sources'")
        )
        raise InputError(
            f"{path} cannot be read as {what} ({error}): is it damaged, cut short, or joined of "
            f"two (samtools merge joins)? If not, {fix}"
        ) from error
    chosen.report(collector.seen, tell)
    return collector.reads(tell)


def _has_blocks(path):
    """Whether a gzipped BAM is in BGZF's blocks, which have a field of their own in the header of
    gzip; or a BAM is not gzipped at all."""
    with open(path, "rb") as file:
        head = file.read(14)
    return head[:2] != b"\x1f\x8b" or (head[3] & 4 and head[12:14] == b"BC")


def _has_cram_end(path):
    """Whether a CRAM ends in the block that marks its end."""
    with open(path, "rb") as file:
        file.seek(max(0, file.seek(0, 2) - 38))
        return b"\xe0EOF" in file.read()


def _next_reads(reads):
    """The next reads of an iterator of pysam's, int64 [reads, FIELDS], at most CHUNK."""
    rows = (
        (
            read.flag,
            read.mapping_quality,
            read.reference_id,
            read.reference_start,
            read.reference_end or -1,
            read.next_reference_id,
            read.next_reference_start,
            read.template_length,
        )
        for read in itertools.islice(reads, CHUNK)
    )
    return np.fromiter(rows, dtype=np.dtype((np.int64, len(FIELDS))))


class _Chosen:
    """Chooses the reads of a BAM that count, and keeps in mind what the options did."""

    def __init__(self, path, min_mapping_quality, drop_duplicates, fragments):
        self.path = path
        self.least = min_mapping_quality
        self.drop_duplicates, self.fragments = drop_duplicates, fragments
        self.seen = 0
        # of primary mapped reads: all, of too low a quality, of unknown quality, of pairs, first
        # and second mates, in proper pairs; and the highest quality
        self.mapped = self.low = self.unknown = self.paired = self.proper = self.highest = 0
        self.mates = np.zeros(2, dtype=np.int64)
        # of those that may count (of fragments, proper first mates): all, those marked as
        # duplicates, and those with a template length that does not reach to the mate
        self.able = self.duplicates = self.odd = 0

    def choose(self, table):
        """From reads [reads, FIELDS] to chromosome, start and end of those that count, int64."""
        import pysam

        never = pysam.FUNMAP | pysam.FSECONDARY | pysam.FSUPPLEMENTARY | pysam.FQCFAIL
        self.seen += len(table)
        table = table[(table[:, 0] & never == 0) & (table[:, 4] >= 0)]
        flag, quality = table[:, 0], table[:, 1]
        low, duplicate = quality < self.least, flag & pysam.FDUP != 0
        paired = flag & pysam.FPAIRED != 0
        # some aligners call mates on two chromosomes proper, which have no fragment
        proper = paired & (flag & pysam.FPROPER_PAIR != 0) & (table[:, 2] == table[:, 5])
        mates = [paired & (flag & which != 0) for which in (pysam.FREAD1, pysam.FREAD2)]
        if self.fragments:
            mates = [proper & mate for mate in mates]
        able = mates[0] if self.fragments else np.full(len(table), True)
        self.mapped += len(table)
        self.low += int(low.sum())
        self.unknown += int((quality == UNKNOWN_QUALITY).sum())
        self.highest = max(self.highest, int(quality.max(initial=0)))
        self.able += int(able.sum())
        self.duplicates += int((able & duplicate).sum())
        self.paired += int(paired.sum())
        self.proper += int(proper.sum())
        self.mates += [int(mate.sum()) for mate in mates]
        kept = able & ~low
        if self.drop_duplicates:
            kept &= ~duplicate
        return self._fragments(table[kept]) if self.fragments else table[kept, 2:5].T

    def _fragments(self, table):
        """Chromosome, start and end of the pairs of first mates."""
        _, _, code, start, _, _, mate_start, template = table.T
        if (template == 0).any():
            raise InputError(
                f"{self.path}: fragments: true needs the template lengths of its proper pairs, and "
                "some have none: add them by samtools fixmate, or take 'fragments' away"
            )
        between = mate_start - start
        self.odd += int(((np.abs(template) < np.abs(between)) | (template * between < 0)).sum())
        first = np.where(template > 0, start, mate_start)
        return code, first, first + np.abs(template)

    def report(self, counted, tell):
        """Say what the options did that a user may not expect; counted: reads or pairs that count.

        Raises InputError if they left nothing.
        """
        path = self.path
        if self.seen and not self.mapped:
            raise InputError(
                f"{path}: none of its {self.seen} reads is primary, mapped and of good quality by "
                "its flag: give aligned reads"
            )
        if self.fragments and self.mapped and not self.proper:
            why = "in no proper pair" if self.paired else "single-end"
            raise InputError(
                f"{path}: fragments: true takes proper pairs alone, and its reads are {why}: take "
                "'fragments' away from this cell under config key 'sources'"
            )
        if self.fragments and self.proper and not self.able:
            raise InputError(
                f"{path}: fragments: true takes a pair by its first mate, and the file has second "
                "mates alone: give the whole file, or take 'fragments' away"
            )
        if self.mapped and not counted:
            why = (
                f"min_mapping_quality: {self.least} is above the mapping quality of every read "
                f"(the highest is {self.highest}): lower it"
                if self.low == self.mapped
                else "drop_duplicates, min_mapping_quality and fragments leave none of them"
            )
            raise InputError(f"{path}: of {self.mapped} mapped reads none counts: {why}")
        if self.low > (1 - LEFT) * self.mapped:
            tell(
                f"{path}: min_mapping_quality: {self.least} leaves out {self.low} of {self.mapped} "
                f"reads (the highest quality is {self.highest}): is it meant to be so high?"
            )
        if self.least and self.unknown:
            tell(
                f"{path}: {self.unknown} of {self.mapped} reads have the mapping quality 255, "
                "which means that it is not known: min_mapping_quality keeps them all"
            )
        what = "first mates" if self.fragments else "reads"
        if self.drop_duplicates and self.able and not self.duplicates:
            tell(
                f"{path}: drop_duplicates: true has no effect, since none of its {what} is marked "
                "as a duplicate: mark them first (samtools markdup)"
            )
        if not self.drop_duplicates and self.duplicates > DUPLICATES * self.able:
            tell(
                f"{path}: {self.duplicates} of {self.able} {what} are marked as duplicates, and "
                "count: drop_duplicates: true leaves them out"
            )
        if self.mates.min() and not self.fragments:
            tell(
                f"{path}: {self.paired} of {self.mapped} reads are of pairs, and both mates of a "
                "pair count, as 2 reads: fragments: true counts each proper pair once, over its "
                "whole fragment"
            )
        if self.fragments and self.proper < self.mapped:
            tell(
                f"{path}: {self.mapped - self.proper} of {self.mapped} reads are in no proper "
                "pair, and do not count, since fragments: true takes proper pairs alone"
            )
        if self.fragments and self.odd > ODD_TEMPLATES * self.able:
            tell(
                f"{path}: the template lengths of {self.odd} of {self.able} proper pairs do not "
                "reach from mate to mate, so that their fragments are wrong: mend them by samtools "
                "fixmate, or take 'fragments' away"
            )
        if self.fragments and (lone := self.mates[1] - self.mates[0]) > LONE * self.mates.max():
            tell(
                f"{path}: {lone} of {self.mates.max()} proper pairs lack their first mate, and do "
                "not count: was the file filtered read by read?"
            )
