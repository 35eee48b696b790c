"""Reads per bin, by BEDTools or by a sweep in numpy that is proved equal to it, and the npz that
every source ends in."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pybedtools

from markexpr.data.bed import write_bed
from markexpr.data.intervals import chromosome_order, genome_order
from markexpr.io.files import write_npz
from markexpr.io.jobs import InputError, list_warnings, log
from markexpr.io.temporary import has_space

TILE_BITS = 12  # reads are looked at if a window lies in the same tile of 2^12 bp
# windows that a sweep counts in at once, and reads that are looked at: they stay in the cache
GENES, READS = 256, 1 << 16


class Bedtools:
    """Counts by `bedtools intersect -sorted -c`, through pybedtools. The bins are written and
    sorted once for all marks."""

    def __init__(self, bins, chrom_sizes, tmpdir):
        if shutil.which("bedtools") is None:
            raise InputError(
                "bedtools is not on the PATH: install it (apt-get install bedtools, or conda "
                "install -c bioconda bedtools)"
            )
        self.tmpdir = Path(tmpdir)
        self.shape = bins.start.shape
        # in the order in which reads are sorted, as bedtools' sweep needs of both files
        self.sizes = self.tmpdir / "genome.txt"
        lines = "".join(f"{name}\t{chrom_sizes[name]}\n" for name in bins.names)
        self.sizes.write_text(lines, encoding="utf-8")
        start, code = bins.start.ravel(), np.repeat(bins.code, bins.n_bins)
        self.order = genome_order(code, start)
        code, start = code[self.order], start[self.order]
        self.bins = self.tmpdir / "bins.bed"
        write_bed(self.bins, bins.names, code, start, start + bins.width)

    def count(self, reads, name):
        """Reads that overlap each bin by at least 1 bp, uint32 [genes, bins]."""
        path = self.tmpdir / f"{name}.bed"
        reads = reads.ordered()
        write_bed(path, reads.names, reads.code, reads.start, reads.end)
        try:
            result = pybedtools.BedTool(self.bins).intersect(
                b=str(path), sorted=True, c=True, g=str(self.sizes), output=f"{path}.counts"
            )
        except pybedtools.helpers.BEDToolsError as error:
            raise InputError(
                f"bedtools failed on {name}: {' '.join(str(error).split())[-300:]}"
            ) from error
        column = _last_column(result.fn)
        # pybedtools takes the output of a bedtools that was killed for whole
        if column is None or column.size != self.order.size:
            if not has_space(self.tmpdir, self.bins.stat().st_size):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.tmpdir))
            raise InputError(
                f"bedtools was ended before it had counted {name}: run again, with more memory if "
                "the system killed it for that"
            )
        path.unlink()
        os.unlink(result.fn)
        counts = np.empty(column.size, dtype=np.uint32)
        counts[self.order] = column
        return counts.reshape(self.shape)


class Sweep:
    """Counts by a sweep over the sorted ends of reads: a bin's count is the reads that start before
    its end less those whose last base lies before it. No text is written, which makes it faster
    than BEDTools (tests/benchmarks/count.py)."""

    def __init__(self, bins, chrom_sizes, tmpdir):
        self.bins = bins
        self.first = bins.position(bins.code, bins.start[:, 0])
        self.behind = self.first + self.first.dtype.type(bins.n_bins * bins.width)

    def count(self, reads, name):
        """Reads that overlap each bin by at least 1 bp, uint32 [genes, bins]."""
        starts = self.bins.position(reads.code, reads.start)
        ends = self.bins.position(reads.code, reads.end - 1)
        starts.sort()
        ends.sort()
        counts = np.empty(self.bins.start.shape, dtype=np.uint32)
        for gene in range(0, len(counts), GENES):
            part = slice(gene, gene + GENES)
            left, begun = self._sweep(starts, part)
            gone, ended = self._sweep(ends, part)
            # that reach over the window's edge, and begin, less those that end before the bin
            counts[part] = (left - gone)[:, None] + begun.cumsum(1) - ended.cumsum(1) + ended
        return counts

    def _sweep(self, positions, part):
        """Of sorted positions those left of each window, int64 [genes], and those in each bin,
        int64 [genes, bins]; part: a slice of the genes."""
        first, n_bins = self.first[part], self.bins.n_bins
        left = np.searchsorted(positions, first)
        number = np.searchsorted(positions, self.behind[part]) - left
        window = np.repeat(np.arange(len(first)), number)
        index = np.arange(number.sum()) + (left - number.cumsum() + number)[window]
        bins = (positions[index] - first[window]) // self.bins.width
        inside = np.bincount(window * n_bins + bins, minlength=len(first) * n_bins)
        return left, inside.reshape(-1, n_bins)


ENGINES = {"bedtools": Bedtools, "sweep": Sweep}


def _last_column(path):
    """The counts that `bedtools intersect -c` wrote, uint32 [bins]; None for a file that breaks
    off in a line, or is empty."""
    with open(path, "rb") as file:
        if not file.seek(0, os.SEEK_END):
            return None
        file.seek(-1, os.SEEK_END)
        if file.read() != b"\n":
            return None
    return pd.read_csv(path, sep="\t", header=None, usecols=[3], dtype=np.uint32)[3].to_numpy()


class Bins:
    """The bins of many windows, on chromosomes names[code[gene]], which are in bytewise order.

    start: int64 [genes, bins], one behind another in a window; width: bp of each.
    """

    def __init__(self, chrom, tss, window, chrom_sizes):
        self.names = chromosome_order(chrom_sizes)
        code_of = {name: code for code, name in enumerate(self.names)}
        self.code = np.array([code_of[name] for name in chrom], dtype=np.int8)
        self.start = window.starts(tss)
        self.width, self.n_bins = window.bin, self.start.shape[1]
        length = np.array([chrom_sizes[name] for name in self.names])
        # chromosomes in a row, in half the memory where they fit; that sorts twice as fast
        small = length.sum() < 1 << 32
        self.offset = (length.cumsum() - length).astype(np.uint32 if small else np.int64)
        # how many of the tiles before each a window touches
        first, last = (
            self._tile(self.code, place)
            for place in (self.start[:, 0], self.start[:, -1] + self.width - 1)
        )
        tiles = (int(length.sum()) >> TILE_BITS) + 2
        over = np.bincount(first, minlength=tiles) - np.bincount(last + 1, minlength=tiles)
        self.touched = np.concatenate([[0], (over.cumsum() > 0).cumsum()]).astype(np.int32)

    def position(self, code, place):
        """One number for chromosome and place on it, in their order."""
        return self.offset[code] + place.astype(self.offset.dtype)

    def _tile(self, code, place):
        return self.position(code, place) >> TILE_BITS

    def near(self, reads):
        """The reads in tiles that a window touches: no other can count, and most of the genome is
        far from genes."""
        near = [np.arange(0)]
        for read in range(0, len(reads), READS):
            part = slice(read, read + READS)
            first = self._tile(reads.code[part], reads.start[part])
            behind = self._tile(reads.code[part], reads.end[part] - 1) + 1
            near.append(read + np.flatnonzero(self.touched[behind] > self.touched[first]))
        return reads.some(np.concatenate(near))


class BinCounter:
    """Counts reads in the bins of many windows.

    chrom, tss: [genes]; window: markexpr.data.windows.Window; chrom_sizes: dict of lengths; tmpdir:
    a folder of one's own;
    engine: a name of ENGINES. A read over the border of two bins counts in both, as in `bedtools
    multicov`; strand is not looked at.
    """

    def __init__(self, chrom, tss, window, chrom_sizes, tmpdir, engine="bedtools"):
        self.bins = Bins(chrom, tss, window, chrom_sizes)
        self.engine = ENGINES[engine](self.bins, chrom_sizes, tmpdir)

    def count(self, reads, name):
        """Counts of markexpr.data.reads.Reads, uint32 [genes, bins]; `name` is for the log and
        temporary files."""
        counts = self.engine.count(self.bins.near(reads), name)
        log.info("%s: %d reads, %d counted in bins", name, len(reads), counts.sum())
        return counts


def write_counts(path, counts, gene_id, marks, **extra):
    """Write results/counts/{window}/{cell}.npz: counts [genes, marks, bins], gene_id, marks, the
    job's warnings (text [warnings, 3]: sample, mark, what), and what a source adds.

    counts is uint32 for reads; float32 for a source of mean signal, which adds unit="mean signal".
    """
    counts = np.ascontiguousarray(counts)
    assert counts.shape[:2] == (len(gene_id), len(marks))
    unit = extra.pop("unit", "reads")
    arrays = {
        "gene_id": np.asarray(gene_id, dtype=str),
        "marks": np.asarray(marks, dtype=str),
        "unit": np.array(unit),
        "warnings": np.array(list_warnings(), dtype=str).reshape(-1, 3),
    }
    write_npz(
        path, counts=counts.astype(np.uint32 if unit == "reads" else np.float32), **arrays, **extra
    )
