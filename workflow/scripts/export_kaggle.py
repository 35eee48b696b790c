"""A study's counts in the layout of the class competition: train.npz and eval.npz."""

import numpy as np

from markexpr.data.measured import check_all_alike, read_measured
from markexpr.data.sources import DEEPCHROME_ORDER, write_kaggle_npz
from markexpr.data.tensors import pick_counts
from markexpr.io.files import atomic
from markexpr.io.jobs import log, run_job


def load(counts_path, tensors_path):
    """ln(1 + count) [genes, 5 marks, bins] in the competition's order of marks, gene ids,
    log2(expression + 1) and split of one cell."""
    with np.load(tensors_path) as file:
        gene_id, expression, split = file["gene_id"], file["expression"], file["split"]
    with np.load(counts_path) as file:
        counts = pick_counts(dict(file), gene_id, DEEPCHROME_ORDER, counts_path)
    return np.log1p(counts, dtype=np.float32), gene_id, np.log2(expression + 1), split


def training(job):
    """Cells with the genes that train and validate."""
    for cell, *paths in zip(job.params.cells, job.input.counts, job.input.tensors):
        counts, gene_id, expression, split = load(*paths)
        chosen = split != "test"
        if chosen.any():
            log.info("%s: %d training genes", cell, chosen.sum())
            yield cell, (counts[chosen], gene_id[chosen], expression[chosen])


def evaluation(job):
    """Cells with the genes that are held out; what is asked for is not in the file."""
    for cell, *paths in zip(job.params.cells, job.input.counts, job.input.tensors):
        counts, gene_id, _, split = load(*paths)
        chosen = split == "test"
        log.info("%s: %d held-out genes", cell, chosen.sum())
        yield cell, (counts[chosen], gene_id[chosen], np.zeros(chosen.sum()))


def main(job):
    check_all_alike([read_measured(path) for path in job.input.tensors], "written into one file")
    for path, cells in ((job.output.train, training(job)), (job.output.eval, evaluation(job))):
        with atomic(path) as temporary, open(temporary, "wb") as file:
            write_kaggle_npz(file, cells)


if __name__ == "__main__":
    run_job(main, snakemake)
