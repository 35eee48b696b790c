"""Reads per bin, gene and mark of one cell, from whatever source it has."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from markexpr.data import sources
from markexpr.data.annotation import read_genes
from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.chromosomes import check_data
from markexpr.data.counts import BinCounter, write_counts
from markexpr.data.profiles import check_profiles
from markexpr.data.reads import read_bam, read_tagalign
from markexpr.data.splits import SPLITS
from markexpr.data.windows import Window
from markexpr.io.checksums import verify
from markexpr.io.jobs import log, run_job, warn
from markexpr.io.temporary import temporary_folder
from markexpr.own_files import unchanged


def windows_on_chromosomes(job, window):
    """Genes whose window lies on its chromosome, and the lengths of the chromosomes."""
    genes = read_genes(job.input.genes)
    sizes = read_chrom_sizes(job.input.chrom_sizes)
    on = window.genes_fit(genes, sizes)
    if not on.all():
        log.info(
            "%d genes left out: their window runs off the chromosome (%s)",
            (~on).sum(),
            ", ".join(genes["gene_id"][~on][:5]),
        )
    return genes[on], sizes


def count_alignments(job, window):
    """Count the alignments of a cell, as many marks at a time as the job has threads."""
    genes, sizes = windows_on_chromosomes(job, window)
    source = job.params.source

    def count(path, mark):
        tell = partial(warn, sample=job.wildcards.cell, mark=mark)
        verify(path)
        if source["kind"] == "bam":
            options = ("min_mapping_quality", "drop_duplicates", "fragments")
            chosen = {key: source[key] for key in options if key in source}
            reads = read_bam(path, sizes, **chosen, tell=tell)
        else:
            reads = read_tagalign(path, sizes, tell)
        counts = [counter.count(reads, Path(path).name) for counter in counters]
        chrom, tss = genes["chrom"], genes[window.anchors[0]]
        on = reads.per_chromosome()
        check_data(path, on, counts[0], chrom, tss, sizes, left_out=reads.left_out, tell=tell)
        return np.concatenate(counts, axis=1), len(reads)

    with temporary_folder(job.resources.tmpdir) as folder, ThreadPoolExecutor(job.threads) as pool:
        # one after another around each anchor; a folder each, so that their bins do not mix
        counters = []
        for anchor in window.anchors:
            (part := folder / anchor).mkdir()
            counters.append(
                BinCounter(
                    genes["chrom"], genes[anchor], window.around_one, sizes, part, job.params.engine
                )
            )
        counts, total_reads = zip(*pool.map(count, job.input.reads, job.params.marks))
    finish(
        job, window, np.stack(counts, axis=1), genes["gene_id"], total_reads=np.array(total_reads)
    )


def average_signal(job, window):
    """Mean signal of bigWig tracks, which are no counts and are marked so."""
    genes, sizes = windows_on_chromosomes(job, window)

    def average(path, mark):
        tell = partial(warn, sample=job.wildcards.cell, mark=mark)
        around = [
            sources.read_bigwig(path, genes["chrom"], genes[anchor], window.around_one, sizes, tell)
            for anchor in window.anchors
        ]
        return np.concatenate(around, axis=1)

    signal = [average(*each) for each in zip(job.input.reads, job.params.marks)]
    finish(job, window, np.stack(signal, axis=1), genes["gene_id"], unit="mean signal")


def import_deepdiff_csv(job, window):
    """Read published counts; the split that they came in is kept beside them."""
    counts, gene_id, split = sources.read_deepdiff_csv(list_paths(job), window, job.params.marks)
    _log_splits(split)
    finish(job, window, counts, gene_id, source_split=split)


def import_deepchrome_csv(job, window):
    """Read published counts with their split and their labels."""
    counts, gene_id, split, label = sources.read_deepchrome_csv(
        list_paths(job), window, job.params.marks
    )
    _log_splits(split)
    finish(job, window, counts, gene_id, source_split=split, source_label=label)


def import_kaggle_npz(job, window):
    """Read one cell of the class competition's data with its expression."""
    counts, gene_id, expression = sources.read_kaggle_npz(
        job.input.npz, job.wildcards.cell, window, job.params.marks
    )
    log.info("%d genes", len(gene_id))
    if expression.any():
        finish(job, window, counts, gene_id, source_expression=expression)
    else:
        warn(f"expression is held out in {job.input.npz}", sample=job.wildcards.cell)
        finish(job, window, counts, gene_id)


def finish(job, window, counts, gene_id, **extra):
    """Check that the marks look like themselves around the TSS, and write the npz."""
    around_tss = window.around_one
    check_profiles(
        counts[:, :, : around_tss.n_bins],
        job.params.marks,
        around_tss,
        job.params.tss_check,
        job.wildcards.cell,
    )
    made_from = np.array(json.dumps(job.params.made_from))
    write_counts(job.output[0], counts, gene_id, job.params.marks, made_from=made_from, **extra)


def list_paths(job):
    """The three files of a published csv, by split."""
    return {split: job.input[split] for split in SPLITS}


def _log_splits(split):
    log.info(
        "%d genes: %s", len(split), ", ".join(f"{(split == name).sum()} {name}" for name in SPLITS)
    )


READERS = {
    "remc": count_alignments,
    "tagalign": count_alignments,
    "bam": count_alignments,
    "bigwig": average_signal,
    "deepdiff_csv": import_deepdiff_csv,
    "deepchrome_csv": import_deepchrome_csv,
    "kaggle_npz": import_kaggle_npz,
}


def main(job):
    for mark, what in job.params.twins:
        warn(what, job.wildcards.cell, mark)
    with unchanged(job.params.own):
        READERS[job.params.source["kind"]](job, Window.parse(job.wildcards.window))


if __name__ == "__main__":
    run_job(main, snakemake)
