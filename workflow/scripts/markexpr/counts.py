"""Reads per bin: counting by BEDTools, and the npz that every source's counts end in."""

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pybedtools

from markexpr.files import write_npz
from markexpr.jobs import InputError, log

# One pass over a tagAlign: checks each line, drops reads of chromosomes that are not counted, keeps three columns.
# Exit code 3: a line is wrong. The last line on stderr counts what was kept and dropped.
CHECK_READS = r"""
BEGIN { FS = OFS = "\t"; while ((getline line < sizes) > 0) { split(line, field, "\t"); length_of[field[1]] = field[2] } }
{
    if (NF < 3 || $2 !~ /^[0-9]+$/ || $3 !~ /^[0-9]+$/ || $2 + 0 >= $3 + 0) {
        print "line " NR ": not a read (chromosome, start < end, tab-separated): " substr($0, 1, 80) > "/dev/stderr"; bad = 1; exit 3
    }
    if (!($1 in length_of)) { dropped++; example = $1; next }
    if ($3 > length_of[$1] + 0) {
        print "line " NR ": " $1 ":" $2 "-" $3 " is beyond the chromosome's end (" length_of[$1] "): reads of another assembly?" > "/dev/stderr"
        bad = 1; exit 3
    }
    kept++; print $1, $2, $3
}
END { if (!bad) print kept + 0, dropped + 0, example > "/dev/stderr" }
"""


def sort_reads(path, sorted_path, sizes_path, tmpdir):
    """Decompress a tagAlign, check it, and write its reads as BED3 sorted by chromosome name (bytewise) and start.

    Memory stays at sort's buffer whatever the number of reads. Returns the number of reads kept.
    Raises InputError for a truncated gzip, a line that is no read, reads beyond a chromosome's end, or no reads at all.
    """
    environment = {**os.environ, "LC_ALL": "C"}
    with open(sorted_path, "wb") as out:
        unzip = subprocess.Popen(["gzip", "-dcf", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        checker = subprocess.Popen(
            ["awk", "-v", f"sizes={sizes_path}", CHECK_READS],
            stdin=unzip.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        unzip.stdout.close()
        order = subprocess.Popen(
            ["sort", "-k1,1", "-k2,2n", "--buffer-size=512M", f"--temporary-directory={tmpdir}"],
            stdin=checker.stdout, stdout=out, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        checker.stdout.close()
        _, sort_error = order.communicate()
        report = checker.stderr.read().strip().splitlines()
        checker.wait()
        unzip_error = unzip.stderr.read().decode().strip()
        unzip.wait()
    if unzip.returncode > 0:  # below 0: stopped because the checker found a wrong line
        raise InputError(f"{path} is truncated or corrupt ({unzip_error.splitlines()[-1]}); delete it and run again to fetch it anew")
    if checker.returncode == 3:
        raise InputError(f"{path}, {report[0]}")
    if order.returncode or checker.returncode:
        raise InputError(f"{path} could not be sorted in {tmpdir}: {sort_error.strip() or ' '.join(report)}")
    kept, dropped, *example = report[-1].split("\t")
    if kept == "0":
        why = f": its chromosomes are named like {example[0]!r}, those of chrom_sizes like 'chr1'" if dropped != "0" else ": it is empty"
        raise InputError(f"{path} has no read on any chromosome of chrom_sizes{why}")
    if dropped != "0":
        log.info("%s: %s reads on other sequences (for example %s) left out", Path(path).name, dropped, example[0])
    return int(kept)


class BinCounter:
    """Counts reads in the bins of many windows; the bins are written and sorted once for all marks.

    chrom, tss: [genes]; window: markexpr.windows.Window; chrom_sizes: dict of lengths; tmpdir: a folder of one's own.
    """

    def __init__(self, chrom, tss, window, chrom_sizes, tmpdir):
        self.tmpdir = Path(tmpdir)
        self.shape = (len(tss), window.n_bins)
        self.sizes = self.tmpdir / "genome.txt"
        # sorted as `sort` with LC_ALL=C sorts, which is what bedtools' sweep needs of both files
        self.sizes.write_text("".join(f"{name}\t{chrom_sizes[name]}\n" for name in sorted(chrom_sizes, key=str.encode)))
        names, codes = np.unique(np.asarray(chrom, dtype=str), return_inverse=True)
        starts = window.starts(tss).ravel()
        codes = np.repeat(codes, window.n_bins)
        self.order = np.lexsort((starts, codes))
        bins = pd.DataFrame({"chrom": pd.Categorical.from_codes(codes[self.order], names), "start": starts[self.order]})
        bins["end"] = bins["start"] + window.bin
        self.bins = self.tmpdir / "bins.bed"
        bins.to_csv(self.bins, sep="\t", header=False, index=False)

    def count(self, path):
        """Reads of the tagAlign at `path` that overlap each bin by at least 1 bp, uint32 [genes, bins].

        A read over the border of two bins counts in both, as in `bedtools multicov`. Strand is not looked at.
        """
        reads = self.tmpdir / f"{Path(path).name}.bed"
        kept = sort_reads(path, reads, self.sizes, self.tmpdir)
        try:
            result = pybedtools.BedTool(self.bins).coverage(b=str(reads), sorted=True, counts=True, g=str(self.sizes), output=f"{reads}.counts")
        except pybedtools.helpers.BEDToolsError as error:
            raise InputError(f"bedtools failed on {path}: {' '.join(str(error).split())[-300:]}") from error
        column = pd.read_csv(result.fn, sep="\t", header=None, usecols=[3], dtype=np.uint32)[3].to_numpy()
        reads.unlink()
        os.unlink(result.fn)
        counts = np.empty(column.size, dtype=np.uint32)
        counts[self.order] = column
        log.info("%s: %d reads, %d counted in bins", Path(path).name, kept, counts.sum())
        return counts.reshape(self.shape)


def temporary_folder(parent):
    """A folder for one job's sorted reads and bins, removed with all it holds when the job ends."""
    return tempfile.TemporaryDirectory(prefix="markexpr-", dir=parent)


def write_counts(path, counts, gene_id, marks, **extra):
    """Write results/counts/{window}/{cell}.npz: counts uint32 [genes, marks, bins], gene_id, marks."""
    counts = np.ascontiguousarray(counts, dtype=np.uint32)
    assert counts.shape[:2] == (len(gene_id), len(marks))
    write_npz(path, counts=counts, gene_id=np.asarray(gene_id, dtype=str), marks=np.asarray(marks, dtype=str), **extra)
