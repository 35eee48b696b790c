"""Predictions of a trained net for the test genes of another cell."""

import torch

from markexpr.data.batches import Inputs
from markexpr.data.samples import load
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import parse_run, tabulate, write_run
from markexpr.losses import LOSSES
from markexpr.models import load_model


def main(job):
    torch.set_num_threads(job.threads)
    model, params = load_model(job.input.params, job.input.weights)
    samples = load(job.params.samples, job.input)
    log.info(
        "%d test genes, predicted by %s of %s",
        len(samples.target),
        params["model"],
        parse_run(job.input.weights)["unit"],
    )
    outputs = model.outputs(Inputs(samples, torch.device("cpu")))
    predicted = LOSSES[params["training"]["loss"]].predict(outputs).numpy()
    write_run(job.output, tabulate(samples, predicted))


if __name__ == "__main__":
    run_job(main, snakemake)
