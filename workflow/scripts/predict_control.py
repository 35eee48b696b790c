"""Predictions of a control for one cell: what other cells' expression, or the nearest of them, tells of its genes."""

from markexpr.controls import predict
from markexpr.data import load_cell
from markexpr.jobs import log, run_job
from markexpr.runs import write_predictions


def main(job):
    samples = load_cell(job.input.cell)
    others = {str(own.cell[0]): own for own in map(load_cell, job.input.others)}
    predicted, how = predict(job.params.control, job.wildcards.unit, samples, others)
    log.info("%s: %s", job.wildcards.unit, how)
    write_predictions(job.output.predictions, samples.gene_id, samples.cell, samples.split, samples.target, predicted)


if __name__ == "__main__":
    run_job(main, snakemake)
