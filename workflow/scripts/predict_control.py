"""Predictions of a control for one cell: what other cells' expression, or the nearest of them,
tells of its genes."""

import pandas as pd

from markexpr.data.samples import in_fold, load_cell
from markexpr.evaluation.controls import predict
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import tabulate, write_run


def main(job):
    fold = job.params.samples.get("test_fold")
    others = {}
    for path in job.input.others:
        own = in_fold(load_cell(path), fold)
        others[str(own.cell[0])] = own
    tables = []
    for path in job.input.cells:
        samples = in_fold(load_cell(path), fold)
        cell = str(samples.cell[0])
        predicted, how = predict(
            job.params.control,
            cell,
            samples,
            {name: own for name, own in others.items() if name != cell},
        )
        log.info("%s: %s", cell, how)
        tables.append(tabulate(samples, predicted))
    write_run(job.output, pd.concat(tables, ignore_index=True))


if __name__ == "__main__":
    run_job(main, snakemake)
