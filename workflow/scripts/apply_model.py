"""Predictions of a trained model for the test genes of another cell."""

import torch

from markexpr.data.annotation import read_genes
from markexpr.data.samples import load_cell
from markexpr.data.splits import split_by_gene
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import write_predictions
from markexpr.models import load_model
from markexpr.training import LOSSES, Inputs, outputs


def main(job):
    torch.set_num_threads(job.threads)
    model, params = load_model(job.input.params, job.input.weights)
    samples = load_cell(job.input.target)
    part = (
        split_by_gene(job.params.transfer["split"], read_genes(job.input.genes))
        .loc[samples.gene_id]
        .to_numpy(dtype=str)
    )
    samples = samples.where(part == "test", split=part[part == "test"])
    log.info(
        "%d test genes of %s, predicted by %s of %s",
        len(samples.target),
        job.wildcards.target,
        job.wildcards.model,
        job.wildcards.source,
    )
    values = outputs(model, Inputs(samples, torch.device("cpu")))
    predicted = LOSSES[params["training"]["loss"]].predict(values).numpy()
    write_predictions(
        job.output.predictions,
        samples.gene_id,
        samples.cell,
        samples.split,
        samples.target,
        predicted,
    )


if __name__ == "__main__":
    run_job(main, snakemake)
