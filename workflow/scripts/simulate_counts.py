"""The simulated counts of one cell in one window, drawn without reads (simulate.level: counts)."""

import json

import numpy as np

from markexpr import simulate
from markexpr.data.annotation import read_genes
from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.counts import write_counts
from markexpr.data.windows import Window
from markexpr.io.files import read_tsv
from markexpr.io.jobs import log, run_job


def main(job):
    settings, cell = job.params.simulate, job.wildcards.cell
    window = Window.parse(job.wildcards.window)
    genes = read_genes(job.input.genes)
    genes = genes[window.genes_fit(genes, read_chrom_sizes(job.input.chrom_sizes))]
    activity = simulate.find_activity(read_tsv(job.input.truth), cell, genes)
    drawn = [
        simulate.draw_counts_in_bins(
            genes,
            activity,
            mark,
            cell,
            settings["seed"],
            settings["depth"],
            settings["shift"],
            window,
        )
        for mark in job.params.marks
    ]
    counts, total_reads = zip(*drawn)
    log.info("%d genes, %d reads", len(genes), sum(total_reads))
    write_counts(
        job.output[0],
        np.stack(counts, axis=1),
        genes["gene_id"],
        job.params.marks,
        total_reads=np.array(total_reads),
        made_from=np.array(json.dumps(job.params.made_from)),
    )


if __name__ == "__main__":
    run_job(main, snakemake)
