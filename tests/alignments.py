"""Reads in the forms that users have them in, for tests."""

import numpy as np
import pandas as pd


def read_tagalign(path):
    """The reads of a tagAlign: chrom, start, end, strand."""
    columns = [0, 1, 2, 5]
    return pd.read_csv(path, sep="\t", header=None, usecols=columns).set_axis(
        ["chrom", "start", "end", "strand"], axis=1
    )


def write_bam(path, reads, chrom_sizes, mode="wb"):
    """Write reads (chrom, start, end, strand) as BAM, or as CRAM by mode="wc".

    chrom_sizes: path of the table whose chromosomes the header names.
    """
    import pysam

    sizes = [line.split() for line in chrom_sizes.read_text().splitlines()]
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": name, "LN": int(size)} for name, size in sizes]}
    options = {"format_options": [b"no_ref=1"]} if mode == "wc" else {}
    with pysam.AlignmentFile(path, mode, header=header, **options) as bam:
        for chrom, start, end, strand in reads.itertuples(index=False):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.query_sequence = "r", "A" * (end - start)
            read.flag, read.mapping_quality = 16 if strand == "-" else 0, 40
            read.reference_id, read.reference_start = bam.get_tid(chrom), start
            read.cigarstring = f"{end - start}M"
            bam.write(read)


def write_bigwig(path, reads, chrom_sizes):
    """Write the coverage of reads as a bigWig."""
    import pyBigWig

    sizes = {
        name: int(size)
        for name, size in (line.split() for line in chrom_sizes.read_text().splitlines())
    }
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(sizes.items()))
        groups = dict(list(reads.groupby("chrom")))
        for chrom in sizes:
            if chrom in groups:
                starts, ends, depth = _coverage(groups[chrom])
                names = [chrom] * len(starts)
                file.addEntries(names, starts, ends=ends, values=depth)


def _coverage(reads):
    """Starts, ends and depth of the stretches that reads of one chromosome cover."""
    edges = np.concatenate([reads["start"], reads["end"]])
    steps = np.repeat([1.0, -1.0], len(reads))
    place, where = np.unique(edges, return_inverse=True)
    depth = np.cumsum(np.bincount(where, steps))[:-1]
    covered = depth > 0
    return place[:-1][covered].tolist(), place[1:][covered].tolist(), depth[covered].tolist()
