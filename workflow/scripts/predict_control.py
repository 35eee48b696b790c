"""Predictions of a control for one cell: what other cells' expression, or the nearest of them,
tells of its genes."""

import pandas as pd

from markexpr.data.samples import in_run, load_cell
from markexpr.evaluation.controls import predict
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import tabulate, write_run
from markexpr.seen import told_by


def main(job):
    how, tissues = job.params.samples, job.params.tissues
    others = {}
    for path in job.input.others:
        own = in_run(load_cell(path), how)
        others[str(own.cell[0])] = own
    known, tables = told_by(others, tissues), []
    for path in job.input.cells:
        samples = in_run(load_cell(path), how)
        cell = str(samples.cell[0])
        predicted, means = predict(
            job.params.control,
            cell,
            samples,
            {name: own for name, own in others.items() if name != cell},
            tissues,
        )
        log.info("%s: %s", cell, means)
        tables.append(tabulate(samples, predicted, known))
    write_run(job.output, pd.concat(tables, ignore_index=True))


if __name__ == "__main__":
    run_job(main, snakemake)
