"""Predictions for a cell that was held out: the mean of the nets of all training cells."""

import torch

from markexpr.averages import average, check_members
from markexpr.data.samples import load_cell
from markexpr.io.jobs import run_job
from markexpr.io.runs import read_predictions, tabulate, write_run
from markexpr.models import load_model, predict
from markexpr.seen import trained_by


def main(job):
    torch.set_num_threads(job.threads)
    samples = load_cell(job.input.cell)

    def predict_by(place):
        model, params = load_model(job.input.params[place], job.input.weights[place])
        check_members(samples, params, job.input.params[place])
        return predict(model, params, samples)

    mean, members = average(samples, job.input.params, predict_by)
    trained = trained_by(map(read_predictions, job.input.predictions), job.params.tissues)
    write_run(job.output, tabulate(samples, mean, trained), members=members)


if __name__ == "__main__":
    run_job(main, snakemake)
