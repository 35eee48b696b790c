"""What a trained model attends to on its test genes: gene by gene for pairs of cells, else means
over high and over low genes."""

import numpy as np
import torch

from markexpr.data.samples import list_tensors, load
from markexpr.io.files import write_npz
from markexpr.io.jobs import InputError, log, run_job
from markexpr.models import load_model
from markexpr.models.net import EVALUATION_BATCH


def iterate_attention(model, samples, genes):
    """Yield the attention of some samples, arrays by name, EVALUATION_BATCH samples at a time."""
    for start in range(0, len(genes), EVALUATION_BATCH):
        batch = genes[start : start + EVALUATION_BATCH]
        with torch.no_grad():
            parts = model.attend(
                **{name: torch.from_numpy(values[batch]) for name, values in samples.inputs.items()}
            )
        yield {name: values.numpy() for name, values in parts.items()}


def means_by_class(model, samples):
    """Mean attention over high and over low test genes, {name}_high and {name}_low, and how many
    there are."""
    test, arrays = samples.index("test"), {}
    for level, label in (("high", 1), ("low", 0)):
        genes = test[samples.target[test] == label]
        if not genes.size:
            raise InputError(f"{samples.cell[0]} has no {level} test gene to take the attention of")
        totals = {}
        for parts in iterate_attention(model, samples, genes):
            for name, values in parts.items():
                totals[name] = totals.get(name, 0) + values.sum(axis=0, dtype=np.float64)
        arrays |= {
            f"{name}_{level}": (total / len(genes)).astype(np.float32)
            for name, total in totals.items()
        }
        arrays[f"genes_{level}"] = np.array(len(genes))
    return arrays


def gene_by_gene(model, samples):
    """Attention of each test gene, float16 [genes, rows, …], what its rows are, gene_id and the
    true change."""
    test = samples.index("test")
    parts = list(iterate_attention(model, samples, test))
    arrays = {
        name: np.concatenate([part[name] for part in parts]).astype(np.float16) for name in parts[0]
    }
    rows = {
        f"rows_{name}": np.array([f"{part} {mark}" for part, mark in pairs])
        for name, pairs in model.attention_rows(samples.mark_names).items()
    }
    return {**arrays, **rows, "gene_id": samples.gene_id[test], "y_true": samples.target[test]}


def main(job):
    torch.set_num_threads(job.threads)
    model, _ = load_model(job.input.params, job.input.weights)
    how = job.params.samples
    samples = load(how, job.input)
    attend = gene_by_gene if how["kind"] == "pair" else means_by_class
    arrays = attend(model, samples)
    log.info("%s", ", ".join(f"{name} {list(values.shape)}" for name, values in arrays.items()))
    with np.load(list_tensors(how, job.input)[0]) as file:
        write_npz(job.output[0], **arrays, bins=file["bins"], marks=file["marks"])


if __name__ == "__main__":
    run_job(main, snakemake)
