"""Targets that do not belong to their inputs: what models of controls are fitted on
(docs/controls.md).

A model's key `permute` says which: `target`, those of other training genes of the same cell;
`cell`, those of the same genes in another cell.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from markexpr.data.samples import load
from markexpr.data.splits import shuffled
from markexpr.io.jobs import InputError


def load_to_fit(how, inputs, permute=None, key=""):
    """The samples that a fit is made of, from what the plan says of them and the job's input files.

    how, inputs: as for markexpr.data.samples.load, and for `permute: cell` the files of the cells
    whose targets are taken, as inputs whose names `targets_of` of `how` has by role; permute: the
    model's key, or None; key: text that permutations are drawn from, another for each unit and
    seed.
    """
    samples = load(how, inputs)
    if permute == "target":
        return permute_targets(samples, key)
    if permute == "cell":
        others = {role: inputs[name] for role, name in how["targets_of"].items()}
        plain = {"kind": how["kind"], "labels": how.get("labels"), "fold": None}
        return take_targets(samples, load(plain, others))
    return samples


def permute_targets(samples, key):
    """Samples with the targets of training and validation genes permuted among these, in each cell
    by itself; targets of all others, as of test genes, stay.

    Genes are ordered by a hash of `key`, the cell and their id, so that a permutation depends on no
    library and on no order of the file. Auxiliary targets move with the main one.
    """
    known = np.isin(samples.split, ("train", "valid")) & np.isfinite(samples.target)
    source = np.arange(len(samples.target))
    for cell in dict.fromkeys(samples.cell):
        rows = np.flatnonzero(known & (samples.cell == cell))
        rows = rows[np.argsort(samples.gene_id[rows], kind="stable")]
        source[rows] = rows[shuffled(samples.gene_id[rows], f"permute:{key}:{cell}")]
    auxiliary = {name: values[source] for name, values in samples.auxiliary.items()}
    return replace(samples, target=samples.target[source], auxiliary=auxiliary)


def take_targets(samples, others):
    """Samples with the targets that their genes have in other cells, the first of `samples` with
    those of the first of `others` and so on; genes that the other cell lacks are left out. Which
    genes train, validate and test stays. Raises InputError if no gene is left."""
    names = [list(dict.fromkeys(part.cell)) for part in (samples, others)]
    of = dict(zip(*names))
    there = pd.MultiIndex.from_arrays([others.cell, others.gene_id])
    wanted = pd.MultiIndex.from_arrays([[of[cell] for cell in samples.cell], samples.gene_id])
    rows = there.get_indexer(wanted)
    keep = rows >= 0
    if not keep.any():
        raise InputError(
            f"{names[0][0]} has no gene in common with {names[1][0]}, whose targets it is given "
            "(permute: cell): take the model out of the study, or a cell out of 'cells'"
        )
    auxiliary = {name: values[rows[keep]] for name, values in others.auxiliary.items()}
    return samples.where(keep, target=others.target[rows[keep]], auxiliary=auxiliary)


def randomise_marks(inputs, marks, n_marks, order):
    """Inputs of which some marks are those of other rows.

    inputs: by name, those of marks float32 [rows, marks, bins], others as they are; marks: places
    along the marks axis; order: int [rows], whose marks each row gets, the same for all that is
    randomised, so that randomised marks stay together. Both cells of a pair are randomised alike.
    """
    found = {}
    for name, values in inputs.items():
        if values.ndim == 3 and values.shape[1] == n_marks:
            values = values.copy()
            values[:, marks] = values[order][:, marks]
        found[name] = values
    return found


def draw_order(samples, key):
    """An order of rows for randomise_marks, int [rows]: each row's marks are those of another gene
    of the same cell, by a hash of `key`, the cell and gene ids."""
    order = np.arange(len(samples.target))
    for cell in dict.fromkeys(samples.cell):
        rows = np.flatnonzero(samples.cell == cell)
        order[rows] = rows[shuffled(samples.gene_id[rows], f"randomise:{key}:{cell}")]
    return order
