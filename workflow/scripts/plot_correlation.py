"""Correlation of each bin's count with expression, per mark and cell."""

from markexpr.data import quality
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.data import correlations
from markexpr.tables import titled


def main(job):
    table = quality.over_cells(quality.correlation, job)
    write_tsv(job.output.table, table)
    title = quality.title_of("Correlation of marks with expression", table)
    save(correlations(table, titled(title, job.params.simulated)), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
