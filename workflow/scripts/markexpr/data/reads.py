"""Alignments in memory: read from tagAlign, BED or BAM, checked line by line."""

import csv
import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from markexpr.io.files import open_bytes, reading
from markexpr.io.jobs import InputError, log

CHUNK = 1_000_000  # lines parsed at once
LENGTH_BITS, START_BITS = 24, 31  # of a sort key: reads up to 16 Mb, on chromosomes up to 2 Gb


@dataclass
class Reads:
    """Aligned intervals in BED coordinates: names[code[i]]:start[i]-end[i]; names in bytewise
    order.

    code int8 [reads], start and end int32 [reads].
    """

    names: list
    code: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def __len__(self):
        return len(self.code)

    def ordered(self):
        """The same reads by chromosome and start; themselves if they are in order already."""
        start = self.start.astype(np.int64)
        key = (
            (self.code.astype(np.int64) << (START_BITS + LENGTH_BITS))
            | (start << LENGTH_BITS)
            | (self.end - self.start)
        )
        if (key[1:] >= key[:-1]).all():
            return self
        key.sort()
        start = ((key >> LENGTH_BITS) & ((1 << START_BITS) - 1)).astype(np.int32)
        code = (key >> (START_BITS + LENGTH_BITS)).astype(np.int8)
        return Reads(
            self.names, code, start, start + (key & ((1 << LENGTH_BITS) - 1)).astype(np.int32)
        )


def chromosome_order(chrom_sizes):
    """Names of chromosomes bytewise, as `sort` with LC_ALL=C puts them; reads and bins number
    chromosomes by it."""
    return sorted(chrom_sizes, key=str.encode)


class _Collector:
    """Takes chunks of reads, checks them against the chromosomes, and keeps those on chromosomes
    that are counted."""

    def __init__(self, path, chrom_sizes):
        if len(chrom_sizes) > 127:
            raise InputError(
                f"{len(chrom_sizes)} chromosomes in config key 'chrom_sizes' are more than "
                "the 127 that can be counted at once"
            )
        self.path = path
        self.names = chromosome_order(chrom_sizes)
        self.length = np.array([chrom_sizes[name] for name in self.names])
        self.code_of = {name: code for code, name in enumerate(self.names)}
        self.parts, self.seen, self.dropped, self.example = [], 0, 0, None

    def add(self, chrom, start, end):
        """chrom: pandas Categorical of names; start, end: int64 [reads], in the order of the
        file."""
        codes = np.array(
            [self.code_of.get(name, -1) for name in chrom.categories] + [-1], dtype=np.int8
        )[chrom.codes]
        bad = ~((start >= 0) & (start < end) & (end - start < 1 << LENGTH_BITS))
        beyond = (codes >= 0) & (end > self.length[codes])
        for wrong, what in (
            (bad, "not a read (0 <= start < end)"),
            (beyond, "beyond the chromosome's end"),
        ):
            if wrong.any():
                row = int(np.argmax(wrong))
                place = f"{chrom[row]}:{start[row]}-{end[row]}"
                if wrong is beyond:
                    what += f" ({self.length[codes[row]]}): reads of another assembly?"
                raise InputError(f"{self.path}, line {self.seen + row + 1}: {place} is {what}")
        on = codes >= 0
        if not on.all():
            self.dropped += int((~on).sum())
            self.example = str(chrom[int(np.argmin(on))])
        self.parts.append((codes[on], start[on].astype(np.int32), end[on].astype(np.int32)))
        self.seen += len(start)

    def reads(self):
        """All that was kept. Raises InputError if nothing was."""
        kept = sum(len(part[0]) for part in self.parts)
        if kept == 0:
            why = (
                f"its chromosomes are named like {self.example!r}, those of chrom_sizes like "
                f"{self.names[0]!r}"
                if self.dropped
                else "it is empty"
            )
            raise InputError(f"{self.path} has no read on any chromosome of chrom_sizes: {why}")
        if self.dropped:
            log.info(
                "%s: %d reads on other sequences (for example %s) left out",
                self.path,
                self.dropped,
                self.example,
            )
        return Reads(self.names, *(np.concatenate(column) for column in zip(*self.parts)))


def read_tagalign(path, chrom_sizes):
    """Read a tagAlign or BED file, gzipped or not, in any line order.

    chrom_sizes: dict of the chromosomes to keep; reads on others are left out and reported. Raises
    InputError for a truncated gzip, a line that is no read, reads beyond a chromosome's end
    (another assembly), or no reads at all.
    """
    collector = _Collector(path, chrom_sizes)
    fetched = str(path).startswith("results/raw/")
    fix = (
        "delete it and run again to fetch it anew"
        if fetched
        else "replace it by a whole file (config key 'sources')"
    )
    types = {0: "category", 1: np.int64, 2: np.int64}
    with reading(path, fix), open_bytes(path) as file:
        collector.seen = sum(1 for _ in itertools.takewhile(_is_header, file))
        file.seek(0)
        try:
            with pd.read_csv(
                file,
                sep="\t",
                header=None,
                usecols=list(types),
                dtype=types,
                chunksize=CHUNK,
                quoting=csv.QUOTE_NONE,
                skiprows=collector.seen,
            ) as chunks:
                for chunk in chunks:
                    collector.add(chunk[0].array, chunk[1].to_numpy(), chunk[2].to_numpy())
        except pd.errors.EmptyDataError:
            pass
        except (ValueError, OverflowError) as error:
            raise InputError(_first_wrong_line(path)) from error
    return collector.reads()


def _is_header(line):
    """Whether a line (bytes) of a BED file is no read: track, browser, a comment."""
    return line.startswith((b"track", b"browser", b"#"))


def _first_wrong_line(path):
    """Say which line pandas could not read; reads the file again, slowly."""
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            text = line.rstrip(b"\r\n").decode(errors="replace")
            fields = text.split("\t")
            is_read = len(fields) >= 3 and fields[1].isdigit() and fields[2].isdigit()
            if text and not _is_header(line) and not is_read:
                return (
                    f"{path}, line {number}: not a read (chromosome, start, end, separated by "
                    f"tabs): {text[:80]!r}"
                )
    return f"{path} is not a table of chromosome, start, end, separated by tabs"


def read_bam(path, chrom_sizes, min_mapping_quality=0, drop_duplicates=False):
    """Read the primary, mapped reads of a BAM that did not fail quality checks, as intervals from
    their first to their last aligned base.

    min_mapping_quality: reads below it are left out; drop_duplicates: leave out reads that are
    marked as duplicates. Raises InputError as read_tagalign, and if the file is no BAM.
    """
    import pysam

    collector = _Collector(path, chrom_sizes)
    skip = (
        pysam.FUNMAP
        | pysam.FSECONDARY
        | pysam.FSUPPLEMENTARY
        | pysam.FQCFAIL
        | (pysam.FDUP if drop_duplicates else 0)
    )
    try:
        with pysam.AlignmentFile(path, "rb") as bam:
            names = list(bam.references)
            chunk = []
            for read in bam.fetch(until_eof=True):
                if (
                    read.flag & skip
                    or read.mapping_quality < min_mapping_quality
                    or read.reference_end is None
                ):
                    continue
                chunk.append((read.reference_id, read.reference_start, read.reference_end))
                if len(chunk) == CHUNK:
                    _add(collector, chunk, names)
                    chunk = []
            _add(collector, chunk, names)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read as BAM ({error}); check the 'path' of this cell under "
            "config key 'sources'"
        ) from error
    return collector.reads()


def _add(collector, chunk, names):
    code, start, end = np.array(chunk, dtype=np.int64).reshape(-1, 3).T
    collector.add(pd.Categorical.from_codes(code, names), start, end)
