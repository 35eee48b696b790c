"""Reads per bin and empty bins, by cell and mark."""

from pathlib import Path

import numpy as np
import pandas as pd

from markexpr.data import quality
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.data import depth
from markexpr.tables import titled


def main(job):
    tables = []
    for path in job.input:
        with np.load(path) as file:
            tables.append(quality.depth(Path(path).stem, dict(file)))
    table = pd.concat(tables, ignore_index=True)
    write_tsv(job.output.table, table)
    save(
        depth(table, titled("Reads in the windows of all genes", job.params.simulated)),
        job.output.svg,
        job.output.png,
    )


if __name__ == "__main__":
    run_job(main, snakemake)
