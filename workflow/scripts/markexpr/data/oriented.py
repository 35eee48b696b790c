"""Counts along transcription beside expression, one cell at a time, so that memory stays small."""

import numpy as np
import pandas as pd

from markexpr.data.annotation import read_genes
from markexpr.data.measured import read_measured, warn_of_differences
from markexpr.data.tensors import orient, pick_counts


def load_oriented(counts_path, tensors_path, genes):
    """Load one cell's counts of the study's genes, along transcription, with their expression.

    genes: the study's list (gene_id, strand). Returns (cell, marks [marks], offsets of bin centres
    in bp [bins], counts [genes, marks, bins], expression [genes]).
    """
    cell = str(tensors_path).rsplit("/", 1)[1].removesuffix(".npz")
    with np.load(tensors_path) as file:
        gene_id, expression, marks, bins = (
            file[name] for name in ("gene_id", "expression", "marks", "bins")
        )
    with np.load(counts_path) as file:
        counts = pick_counts(dict(file), gene_id, marks, counts_path)
    turned = genes.loc[genes["strand"] == "-", "gene_id"].to_numpy(dtype=str)
    counts = orient(counts, np.isin(gene_id, turned))
    return cell, marks, bins + (bins[1] - bins[0]) / 2, counts, expression


def measure_cells(measure, job):
    """Apply `measure` to all cells of a job with inputs counts, tensors and genes.

    measure: takes what load_oriented returns and gives a table. Returns the tables as one.
    """
    measured = [read_measured(path) for path in job.input.tensors]
    warn_of_differences(measured, "drawn as one")
    genes = read_genes(job.input.genes)
    paths = zip(job.input.counts, job.input.tensors)
    return pd.concat((measure(*load_oriented(*pair, genes)) for pair in paths), ignore_index=True)
