"""Training and validation loss by epoch of every fold of a cross-validation."""

import pandas as pd

from markexpr.io.jobs import run_job
from markexpr.io.runs import run_of
from markexpr.plots import save
from markexpr.plots.ensembles import folds
from markexpr.tables import titled


def main(job):
    setting = job.params.setting
    histories = {run_of(path)["unit"]: pd.read_csv(path, sep="\t") for path in job.input}
    what = {"rows": "rows (a gene in a cell)", "genes": "genes with all of their cells"}[
        setting["over"]
    ]
    title = titled(
        f"{setting['model']}: {setting['folds']}-fold cross-validation over {what}",
        job.params.simulated,
    )
    save(folds(histories, title), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
