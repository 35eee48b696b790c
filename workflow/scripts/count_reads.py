"""Reads per bin, gene and mark of one cell, from whatever source it has."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from markexpr.annotation import read_chrom_sizes, read_genes
from markexpr.counts import BinCounter, temporary_folder, write_counts
from markexpr.jobs import log, run_job
from markexpr.sources import read_deepdiff_csv
from markexpr.windows import Window


def count_alignments(job, window):
    """Count the tagAligns of a cell, as many marks at a time as the job has threads."""
    genes = read_genes(job.input.genes)
    sizes = read_chrom_sizes(job.input.chrom_sizes)
    on = window.fits(genes["tss"], genes["chrom"].map(sizes))
    if not on.all():
        log.info("%d genes left out: their window runs off the chromosome (%s)", (~on).sum(), ", ".join(genes["gene_id"][~on][:5]))
    genes = genes[on]
    with temporary_folder(job.resources.tmpdir) as folder, ThreadPoolExecutor(job.threads) as pool:
        counter = BinCounter(genes["chrom"], genes["tss"], window, sizes, folder)
        counts = list(pool.map(counter.count, job.input.reads))
    write_counts(job.output[0], np.stack(counts, axis=1), genes["gene_id"], job.params.marks)


def import_deepdiff_csv(job, window):
    """Read published counts; the split that they came in is kept beside them."""
    paths = {split: job.input[split] for split in ("train", "valid", "test")}
    counts, gene_id, split = read_deepdiff_csv(paths, window, job.params.marks)
    log.info("%d genes: %s", len(gene_id), ", ".join(f"{(split == name).sum()} {name}" for name in paths))
    write_counts(job.output[0], counts, gene_id, job.params.marks, source_split=split)


READERS = {"remc": count_alignments, "deepdiff_csv": import_deepdiff_csv}


def main(job):
    READERS[job.params.kind](job, Window.parse(job.wildcards.window))


if __name__ == "__main__":
    run_job(main, snakemake)
