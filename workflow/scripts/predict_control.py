"""Predictions of a control for one cell: what other cells' expression, or the nearest of them,
tells of its genes."""

import pandas as pd

from markexpr.data.samples import load_cell
from markexpr.evaluation.controls import predict
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import tabulate, write_run
from markexpr.seen import together, trained_on


def main(job):
    others = {str(own.cell[0]): own for own in map(load_cell, job.input.others)}
    known = {name: trained_on(own, job.params.tissues) for name, own in others.items()}
    tables = []
    for samples in map(load_cell, job.input.cells):
        cell = str(samples.cell[0])
        predicted, how = predict(
            job.params.control,
            cell,
            samples,
            {name: own for name, own in others.items() if name != cell},
            job.params.tissues,
        )
        log.info("%s: %s", cell, how)
        trained = together([own for name, own in known.items() if name != cell])
        tables.append(tabulate(samples, predicted, trained))
    write_run(job.output, pd.concat(tables, ignore_index=True))


if __name__ == "__main__":
    run_job(main, snakemake)
