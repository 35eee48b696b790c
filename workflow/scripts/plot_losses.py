"""Training loss of every fit of a model against training steps."""

import pandas as pd

from markexpr.io.jobs import run_job
from markexpr.io.runs import run_of
from markexpr.plots import save
from markexpr.plots.ensembles import losses
from markexpr.tables import titled


def main(job):
    runs = {
        (run_of(path)["model"], run_of(path)["unit"]): pd.read_csv(path, sep="\t")
        for path in job.input
    }
    save(
        losses(
            runs,
            titled(
                f"{job.wildcards.study}: training loss of every cell's model", job.params.simulated
            ),
        ),
        job.output.svg,
        job.output.png,
    )


if __name__ == "__main__":
    run_job(main, snakemake)
