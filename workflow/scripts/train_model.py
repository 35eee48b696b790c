"""One fit: one model on one unit with one seed."""

import torch

from markexpr.data.annotation import read_genes
from markexpr.data.samples import load_cell, load_pair, load_pooled, load_transfer
from markexpr.data.splits import split_by_gene
from markexpr.devices import choose_device
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import describe, fingerprint
from markexpr.models import build_seeded
from markexpr.training import Trainer, write_net


def load_samples(job):
    """The samples of the job's unit: of one cell, a pair of cells, all cells, or a transfer from a
    source cell to a target cell."""
    block, transfer = job.params.model, job.params.transfer
    if job.input.get("cells"):
        return load_pooled(job.input.cells, job.input.get("sequence"), job.params.folds)
    if job.input.get("a"):
        return load_pair(
            job.input.a,
            job.input.b,
            labels=block["training"].get("auxiliary", {}).get("kind") == "classification",
        )
    if transfer is None:
        return load_cell(job.input.cell)
    part = split_by_gene(transfer["split"], read_genes(job.input.genes))
    cells = {role: path for role, path in job.input.items() if role != "genes"}
    return load_transfer(block["regime"], block.get("source_genes", "all"), part, **cells)


def main(job):
    block, seed, unit = job.params.model, int(job.wildcards.seed), job.wildcards.unit
    samples = load_samples(job)
    torch.set_num_threads(job.threads)
    device = choose_device(job.resources)
    model = build_seeded(block, samples, seed, unit)
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    log.info(
        "%s: %d parameters, on %s with %d threads",
        job.wildcards.model,
        n_parameters,
        device,
        job.threads,
    )
    params = describe(
        job,
        dict(job.wildcards.items()),
        samples,
        {"torch": str(torch.__version__)},
        parameters=n_parameters,
        device=device.type,
        folds=job.params.folds,
    )
    trainer = Trainer(
        model,
        samples,
        block["training"],
        seed,
        device,
        job.params.checkpoint,
        fingerprint(params, samples),
        unit,
    )
    trainer.fit()
    write_net(job.output, samples, params, trainer.progress, trainer.predict())
    trainer.forget()


if __name__ == "__main__":
    run_job(main, snakemake)
