"""Reads per bin, by BEDTools or by a sweep in numpy that is proved equal to it, and the npz that
every source ends in."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pybedtools

from markexpr.data.intervals import chromosome_order
from markexpr.io.files import naming, write_npz
from markexpr.io.jobs import InputError, list_warnings, log
from markexpr.io.temporary import has_space

TILE_BITS = 10  # reads are written for bedtools if a bin lies in the same tile of 2^10 bp


class Bedtools:
    """Counts by `bedtools coverage -sorted -counts`, through pybedtools. The bins are written and
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
        start, code = bins.start.ravel(), np.repeat(bins.code, bins.start.shape[1])
        # tiles of the genome, numbered through all chromosomes, and how many tiles before each a
        # bin touches
        tiles = np.array([chrom_sizes[name] >> TILE_BITS for name in bins.names]) + 1
        self.first_tile = tiles.cumsum() - tiles
        first, last = (
            self.first_tile[code] + (place >> TILE_BITS)
            for place in (start, start + bins.width - 1)
        )
        number = tiles.sum() + 1
        bins_over = np.bincount(first, minlength=number) - np.bincount(last + 1, minlength=number)
        self.touched = np.concatenate([[0], (bins_over[:-1].cumsum() > 0).cumsum()])
        self.order = np.lexsort((start, code))
        self.bins = self.tmpdir / "bins.bed"
        _write_bed(
            self.bins,
            bins.names,
            code[self.order],
            start[self.order],
            start[self.order] + bins.width,
        )

    def count(self, reads, name):
        """Reads that overlap each bin by at least 1 bp, uint32 [genes, bins]."""
        path = self.tmpdir / f"{name}.bed"
        reads = reads.some(self._near_bins(reads)).ordered()
        _write_bed(path, reads.names, reads.code, reads.start, reads.end)
        try:
            result = pybedtools.BedTool(self.bins).coverage(
                b=str(path), sorted=True, counts=True, g=str(self.sizes), output=f"{path}.counts"
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

    def _near_bins(self, reads):
        """Whether a read lies in a tile that a bin touches, bool [reads]: no other can count, and
        most of the genome is far from genes."""
        tile = self.first_tile[reads.code]
        first, last = tile + (reads.start >> TILE_BITS), tile + ((reads.end - 1) >> TILE_BITS)
        return self.touched[last + 1] > self.touched[first]


class Sweep:
    """Counts by binary search in sorted read ends: a bin's count is the reads that start before its
    end less those that end by its start. No text is written, which makes it some times faster than
    BEDTools (tests/benchmarks/count.py)."""

    def __init__(self, bins, chrom_sizes, tmpdir):
        length = np.array([chrom_sizes[name] for name in bins.names])
        # chromosomes in a row, in half the memory where they fit; that sorts twice as fast
        small = length.sum() < 1 << 32
        self.offset = (length.cumsum() - length).astype(np.uint32 if small else np.int64)
        self.first = self._position(bins.code[:, None], bins.start)
        self.last = self._position(bins.code[:, None], bins.start + bins.width)

    def _position(self, code, position):
        """One number for chromosome and position, in their order."""
        return self.offset[code] + position.astype(self.offset.dtype)

    def count(self, reads, name):
        """Reads that overlap each bin by at least 1 bp, uint32 [genes, bins]."""
        starts = np.sort(self._position(reads.code, reads.start))
        ends = np.sort(self._position(reads.code, reads.end))
        before_end = np.searchsorted(starts, self.last.ravel(), side="left")
        before_start = np.searchsorted(ends, self.first.ravel(), side="right")
        return (before_end - before_start).astype(np.uint32).reshape(self.first.shape)


ENGINES = {"bedtools": Bedtools, "sweep": Sweep}


def _last_column(path):
    """The counts that `bedtools coverage -counts` wrote, uint32 [bins]; None for a file that breaks
    off in a line, or is empty."""
    with open(path, "rb") as file:
        if not file.seek(0, os.SEEK_END):
            return None
        file.seek(-1, os.SEEK_END)
        if file.read() != b"\n":
            return None
    return pd.read_csv(path, sep="\t", header=None, usecols=[3], dtype=np.uint32)[3].to_numpy()


def _write_bed(path, names, code, start, end):
    table = {"chrom": pd.Categorical.from_codes(code, names), "start": start, "end": end}
    with naming(path):
        pd.DataFrame(table).to_csv(path, sep="\t", header=False, index=False)


class Bins:
    """The bins of many windows: start int64 [genes, bins] on chromosomes names[code[gene]]; width
    in bp."""

    def __init__(self, chrom, tss, window, chrom_sizes):
        self.names = chromosome_order(chrom_sizes)
        code_of = {name: code for code, name in enumerate(self.names)}
        self.code = np.array([code_of[name] for name in chrom], dtype=np.int8)
        self.start = window.starts(tss)
        self.width = window.bin


class BinCounter:
    """Counts reads in the bins of many windows.

    chrom, tss: [genes]; window: markexpr.data.windows.Window; chrom_sizes: dict of lengths; tmpdir:
    a folder of one's own;
    engine: a name of ENGINES. A read over the border of two bins counts in both, as in `bedtools
    multicov`; strand is not looked at.
    """

    def __init__(self, chrom, tss, window, chrom_sizes, tmpdir, engine="bedtools"):
        self.engine = ENGINES[engine](Bins(chrom, tss, window, chrom_sizes), chrom_sizes, tmpdir)

    def count(self, reads, name):
        """Counts of markexpr.data.reads.Reads, uint32 [genes, bins]; `name` is for the log and
        temporary files."""
        counts = self.engine.count(reads, name)
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
