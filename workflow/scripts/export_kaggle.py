"""A study's counts in the layout of the class competition: train.npz and eval.npz."""

import numpy as np

from markexpr.files import atomic
from markexpr.jobs import log, run_job
from markexpr.sources import DEEPCHROME_ORDER, write_kaggle_npz


def load(counts_path, tensors_path):
    """ln(1 + count) [genes, 5 marks, bins] in the competition's order of marks, gene ids, expression as the study's target, and split."""
    with np.load(tensors_path) as file:
        gene_id, target, split = file["gene_id"], file["target"], file["split"]
    with np.load(counts_path) as file:
        place = {gene: row for row, gene in enumerate(file["gene_id"])}
        marks = [list(file["marks"]).index(mark) for mark in DEEPCHROME_ORDER]
        counts = file["counts"][[place[gene] for gene in gene_id]][:, marks]
    return np.log1p(counts), gene_id, target, split


def main(job):
    train, evaluation = {}, {}
    for cell, *paths in zip(job.params.cells, job.input.counts, job.input.tensors):
        counts, gene_id, target, split = load(*paths)
        held_out = split == "test"
        if not held_out.all():
            train[cell] = (counts[~held_out], gene_id[~held_out], target[~held_out])
        # what is asked for is not in the file
        evaluation[cell] = (counts[held_out], gene_id[held_out], np.zeros(held_out.sum()))
        log.info("%s: %d training and %d held-out genes", cell, (~held_out).sum(), held_out.sum())
    for path, cells in ((job.output.train, train), (job.output.eval, evaluation)):
        with atomic(path) as temporary, open(temporary, "wb") as file:
            write_kaggle_npz(file, cells)


if __name__ == "__main__":
    run_job(main, snakemake)
