"""What is left of expression when the mean over other cells is taken away: what is a cell's own.

A model of residuals is told what a gene is like in other cells, and has to say how this cell
differs. Its predictions are given back with that mean, so that they stand beside all others'.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from markexpr.io.jobs import InputError


def read_targets(path):
    """The target of a cell by gene_id, from its tensors, and the cell's name."""
    with np.load(path) as file:
        return pd.Series(file["target"], index=file["gene_id"]), str(path).rsplit("/", 1)[1][:-4]


def mean_of_others(samples, known, tissues=None):
    """The mean of each sample's gene over other cells, float64 [samples]: over those of its cell's
    tissue where there are some, else over all; the mean of all that is known for a gene that no
    other cell has.

    known: DataFrame [genes, cells] of targets; tissues: from cell to its tissue, None for the mean
    over all cells. Raises InputError for a cell without another.
    """
    found = np.empty(len(samples.target))
    for cell in dict.fromkeys(samples.cell):
        others = [other for other in known if other != cell]
        if not others:
            raise InputError(
                f"{cell} has no other cell whose mean could be taken away (the model's key "
                "'residual'): add cells to config key 'cells'"
            )
        near = [other for other in others if tissues and tissues.get(other) == tissues.get(cell)]
        means = known[near or others].mean(axis=1)
        rows = samples.cell == cell
        whole = np.nanmean(known[others].to_numpy())
        found[rows] = means.reindex(samples.gene_id[rows]).fillna(whole).to_numpy()
    return found


def take_residual(samples, paths, tissues=None):
    """Samples whose target is the residual, with what was taken away as their offset.

    paths: the tensors of the cells whose means are taken; tissues: as for mean_of_others. Test
    genes of a cell are known of other cells: it is a cell that is unseen by this, not a gene.
    """
    known = pd.DataFrame({cell: target for target, cell in map(read_targets, paths)})
    offset = mean_of_others(samples, known, tissues).astype(np.float32)
    told = {cell: frozenset(known.index[known[cell].notna()]) for cell in known}
    return replace(samples, target=samples.target - offset, offset=offset, told=told)
