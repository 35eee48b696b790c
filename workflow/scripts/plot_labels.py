"""Which labels depend on whether expression is compared with its median as number or as text."""

import pandas as pd

from markexpr.data.quality import label_modes
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.data import labels
from markexpr.tables import titled


def main(job):
    table = pd.DataFrame([label_modes(path) for path in job.input])
    write_tsv(job.output.table, table)
    save(
        labels(
            table, titled("Labels that depend on how numbers are compared", job.params.simulated)
        ),
        job.output.svg,
        job.output.png,
    )


if __name__ == "__main__":
    run_job(main, snakemake)
