"""Tensors on disk to the samples that models train on and predict for."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import torch

from markexpr.jobs import InputError


@dataclass(frozen=True)
class Samples:
    """What one model is trained on and tested with; one row a gene in a cell.

    inputs: from the name of a model's argument to its array, first axis [samples] (`marks`: float32 [samples, marks, bins])
    target: float32 [samples]; split: str [samples], train, valid or test; gene_id, cell: str [samples]
    mark_names: the names along the marks axis
    """

    inputs: dict
    target: np.ndarray
    split: np.ndarray
    gene_id: np.ndarray
    cell: np.ndarray
    mark_names: list

    def index(self, split):
        """Positions of the samples of one split, int64."""
        return np.flatnonzero(self.split == split)

    def digest(self):
        """Hash of all that training sees, so that a checkpoint is never resumed on other data."""
        content = hashlib.sha256()
        for name in sorted(self.inputs):
            content.update(name.encode())
            content.update(np.ascontiguousarray(self.inputs[name]).tobytes())
        content.update(self.target.tobytes())
        content.update("".join(self.split).encode())
        return content.hexdigest()


def load_cell(path):
    """The samples of one cell from results/tensors/{study}/{cell}.npz. Raises InputError for values that are not finite."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in ("X", "target", "split", "gene_id", "marks", "provenance")}
    for name in ("X", "target"):
        bad = np.argwhere(~np.isfinite(arrays[name]))
        if bad.size:
            raise InputError(f"{path}: {name} of gene {arrays['gene_id'][bad[0][0]]} is not finite; delete the file to build it anew")
    cell = json.loads(str(arrays["provenance"]))["cell"]
    return Samples(
        inputs={"marks": arrays["X"]},
        target=arrays["target"],
        split=arrays["split"],
        gene_id=arrays["gene_id"],
        cell=np.full(len(arrays["target"]), cell),
        mark_names=[str(mark) for mark in arrays["marks"]],
    )


def one_hot(index):
    """Indices [batch, length] as float32 torch tensor [batch, 4, length] on their device; N is 0 in all four."""
    table = torch.eye(5, 4, device=index.device)
    return table[index.long()].transpose(1, 2)
