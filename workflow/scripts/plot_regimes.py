"""Validation and test error of each model of a study."""

import pandas as pd

from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.ensembles import by_regime
from markexpr.tables import titled


def main(job):
    title = titled(
        f"{job.wildcards.study}: error by what was seen in training", job.params.simulated
    )
    save(by_regime(pd.read_csv(job.input[0], sep="\t"), title), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
