"""Predictions of a trained net for the test genes of another cell."""

import torch

from markexpr.averages import check_members
from markexpr.data.samples import load
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import parse_run, read_predictions, tabulate, write_run
from markexpr.models import load_model, predict
from markexpr.seen import trained_by


def main(job):
    torch.set_num_threads(job.threads)
    model, params = load_model(job.input.params, job.input.weights)
    samples = load(job.params.samples, job.input)
    check_members(samples, params, job.input.params)
    log.info(
        "%d test genes, predicted by %s of %s",
        len(samples.target),
        params["model"],
        parse_run(job.input.weights)["unit"],
    )
    trained = trained_by([read_predictions(job.input.predictions)], job.params.tissues)
    write_run(job.output, tabulate(samples, predict(model, params, samples), trained))


if __name__ == "__main__":
    run_job(main, snakemake)
