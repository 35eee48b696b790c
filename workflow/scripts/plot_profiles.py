"""Mean reads around the TSS of highly and of lowly expressed genes, per mark and cell."""

from markexpr.data import quality
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.data import profiles
from markexpr.tables import titled


def main(job):
    table = quality.over_cells(quality.profile, job)
    write_tsv(job.output.table, table)
    title = quality.title_of("Reads around the TSS", table)
    save(profiles(table, titled(title, job.params.simulated)), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
