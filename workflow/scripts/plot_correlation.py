"""Correlation of each bin's count with expression, per mark and cell."""

import pandas as pd

from markexpr import plots, quality
from markexpr.annotation import read_genes
from markexpr.files import write_tsv
from markexpr.jobs import run_job
from markexpr.tables import titled


def main(job):
    genes = read_genes(job.input.genes)
    pairs = zip(job.input.counts, job.input.tensors)
    table = pd.concat((quality.correlation(*quality.load_oriented(*pair, genes)) for pair in pairs), ignore_index=True)
    write_tsv(job.output.table, table)
    n_cells = table["cell"].nunique()
    title = f"Correlation of marks with expression, {n_cells} cell{'s' if n_cells > 1 else ''}, direction of transcription to the right"
    plots.save(plots.correlations(table, titled(title, job.params.simulated)), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
