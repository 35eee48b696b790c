"""What the counts of the cells look like that a model was trained on, and what it was trained to
predict: all that a sample is compared with."""

import numpy as np

from markexpr.data.annotation import read_genes
from markexpr.data.likeness import look_at, to_arrays
from markexpr.data.windows import Window
from markexpr.io.files import write_npz
from markexpr.io.jobs import InputError, log, run_job

EXPRESSION_LEVELS = np.linspace(0, 1, 101)


def read_target(path):
    """What a cell's models were trained to predict, of all genes, float32 [genes]."""
    with np.load(path) as file:
        return file["target"]


def main(job):
    genes, window = read_genes(job.input.genes), Window.parse(job.params.window)
    looks, units = [], {}
    for cell, path in zip(job.params.cells, job.input.counts, strict=True):
        with np.load(path) as file:
            counts = dict(file)
        looks.append(look_at(counts, job.params.marks, genes, window, cell))
        units.setdefault(str(counts.get("unit", "reads")), cell)
        log.info("looked at %s", cell)
    if len(units) > 1:
        told = " and ".join(f"{cell} {unit}" for unit, cell in units.items())
        raise InputError(
            f"{job.wildcards.predictor} was trained on cells of different kinds ({told}), with "
            "which no sample can be compared: train it on cells of one kind"
        )
    targets = [read_target(path) for path in job.input.tensors]
    write_npz(
        job.output[0],
        **to_arrays(
            looks,
            job.params.cells,
            job.params.marks,
            window,
            next(iter(units)),
            np.quantile(np.concatenate(targets), EXPRESSION_LEVELS),
        ),
    )


if __name__ == "__main__":
    run_job(main, snakemake)
