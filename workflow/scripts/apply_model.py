"""Predictions of a trained model for the test genes of another cell."""

import torch

from markexpr.annotation import read_genes
from markexpr.data import load_cell
from markexpr.jobs import log, run_job
from markexpr.models import load_model
from markexpr.runs import write_predictions
from markexpr.splits import split_by_gene
from markexpr.training import LOSSES, Inputs, outputs


def main(job):
    torch.set_num_threads(job.threads)
    model, params = load_model(job.input.params, job.input.weights)
    samples = load_cell(job.input.target)
    part = split_by_gene(job.params.transfer["split"], read_genes(job.input.genes)).loc[samples.gene_id].to_numpy(dtype=str)
    samples = samples.where(part == "test", split=part[part == "test"])
    log.info("%d test genes of %s, predicted by %s of %s", len(samples.target), job.wildcards.target, job.wildcards.model, job.wildcards.source)
    values = outputs(model, Inputs(samples, torch.device("cpu")))
    predicted = LOSSES[params["training"]["loss"]].predict(values).numpy()
    write_predictions(job.output.predictions, samples.gene_id, samples.cell, samples.split, samples.target, predicted)


if __name__ == "__main__":
    run_job(main, snakemake)
