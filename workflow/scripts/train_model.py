"""One fit: one model on one unit with one seed."""

import hashlib
import json

import pandas as pd
import torch
import yaml
from safetensors.torch import save_file

from markexpr import __version__
from markexpr.annotation import read_genes
from markexpr.data import UNLABELLED, load_cell, load_pair, load_transfer
from markexpr.files import atomic, write_tsv
from markexpr.jobs import log, run_job
from markexpr.models import build_model
from markexpr.runs import write_predictions
from markexpr.splits import SPLITS, split_by_gene
from markexpr.training import Trainer, choose_device


def load_samples(job):
    """The samples of the job's unit: of one cell, of a pair of cells, or of a transfer from a source cell to a target cell."""
    block, transfer = job.params.model, job.params.transfer
    if job.input.get("a"):
        return load_pair(job.input.a, job.input.b, labels=block["training"].get("auxiliary", {}).get("kind") == "classification")
    if transfer is None:
        return load_cell(job.input.cell)
    part = split_by_gene(transfer["split"], read_genes(job.input.genes))
    cells = {role: path for role, path in job.input.items() if role != "genes"}
    return load_transfer(block["regime"], block.get("source_genes", "all"), part, **cells)


def main(job):
    block, seed = job.params.model, int(job.wildcards.seed)
    samples = load_samples(job)
    torch.set_num_threads(job.threads)
    device = choose_device(job.resources.get("gpu", 0))
    torch.manual_seed(seed)
    _, n_marks, n_bins = next(iter(samples.inputs.values())).shape
    model = build_model(block["architecture"], n_marks, n_bins, block["network"])
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    log.info("%s: %d parameters, on %s with %d threads", job.wildcards.model, n_parameters, device, job.threads)

    params = {
        "study": job.wildcards.study,
        "model": job.wildcards.model,
        "unit": job.wildcards.unit,
        "seed": seed,
        **block,
        **({"transfer": job.params.transfer} if job.params.transfer else {}),
        "inputs": {"marks": samples.mark_names, "bins": n_bins},
        "samples": {split: len(samples.index(split)) for split in (*SPLITS, UNLABELLED) if len(samples.index(split))},
        "parameters": n_parameters,
        "device": device.type,
        "threads": job.threads,
        "code": job.params.code,
        "versions": {"markexpr": __version__, "torch": str(torch.__version__)},
    }
    fingerprint = hashlib.sha256((json.dumps(params, sort_keys=True) + samples.digest()).encode()).hexdigest()
    trainer = Trainer(model, samples, block["training"], seed, device, job.params.checkpoint, fingerprint)
    history = trainer.fit()
    params["best_epoch"] = trainer.progress.best_epoch
    best = history[trainer.progress.best_epoch - 1]
    params["best"] = {name: value for name, value in best.items() if name != "epoch"}

    write_predictions(job.output.predictions, samples.gene_id, samples.cell, samples.split, samples.target, trainer.predict())
    write_tsv(job.output.history, pd.DataFrame(history))
    with atomic(job.output.weights) as temporary:
        save_file({name: value.contiguous() for name, value in trainer.progress.best_state.items()}, temporary)
    with atomic(job.output.params) as temporary:
        temporary.write_text(yaml.safe_dump(params, sort_keys=False))
    trainer.forget()


if __name__ == "__main__":
    run_job(main, snakemake)
