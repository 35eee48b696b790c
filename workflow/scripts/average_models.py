"""Predictions for a cell that was held out: the mean of the nets of all training cells."""

import torch

from markexpr.averages import average, check_members, write_average
from markexpr.data.samples import load_cell
from markexpr.io.jobs import run_job
from markexpr.models import load_model
from markexpr.training import LOSSES, Inputs, outputs


def main(job):
    torch.set_num_threads(job.threads)
    samples = load_cell(job.input.cell)
    inputs = Inputs(samples, torch.device("cpu"))

    def predict(place):
        model, params = load_model(job.input.params[place], job.input.weights[place])
        check_members(samples, params, job.input.params[place])
        return LOSSES[params["training"]["loss"]].predict(outputs(model, inputs)).numpy()

    write_average(job.output, samples, *average(samples, job.input.params, predict))


if __name__ == "__main__":
    run_job(main, snakemake)
