"""Samples on a device, and the batches that nets are given of them."""

import zlib
from dataclasses import dataclass

import numpy as np
import torch


@dataclass
class Batch:
    """What a net is given of some samples at once.

    inputs: tensors by name, as Inputs.take gives them; target: [samples]; targets: further ones by
    name, [samples] each (`a`, `b`: of each cell of a pair); unlabelled: inputs of further samples
    without a label, or None
    """

    inputs: dict
    target: torch.Tensor
    targets: dict
    unlabelled: dict | None = None


class Inputs:
    """The inputs of samples on a device, from which batches are taken as the keyword arguments of a
    net.

    own: tensors by name, first axis [samples]; by_gene: those that are a gene's own, first axis
    [genes], of which a batch gets each of its genes once, and `gene`, the row in them of each
    sample. reads: which of them the net takes, by name; all if None.
    """

    def __init__(self, samples, device, reads=None):
        def kept(arrays):
            return {
                name: torch.from_numpy(array).to(device)
                for name, array in arrays.items()
                if (reads or {}).get(name, True)
            }

        self.own, self.by_gene = kept(samples.inputs), kept(samples.by_gene)
        self.gene = None if samples.gene is None else torch.from_numpy(samples.gene).to(device)
        self.n, self.device = len(samples.target), device

    def take(self, index):
        """The inputs of the samples at `index` (int64 tensor)."""
        batch = {name: values[index] for name, values in self.own.items()}
        if self.by_gene:
            genes, row = torch.unique(self.gene[index], return_inverse=True)
            batch |= {name: values[genes] for name, values in self.by_gene.items()} | {"gene": row}
        return batch

    def order(self, index):
        """Positions in `index` that put the samples of a gene side by side, so that a batch has few
        genes."""
        return (
            torch.arange(len(index), device=self.device)
            if self.gene is None
            else torch.argsort(self.gene[index], stable=True)
        )


def make_seed(*numbers):
    """A seed made of whole numbers and names."""
    entropy = [
        zlib.crc32(number.encode()) if isinstance(number, str) else number for number in numbers
    ]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def shuffle(index, n, generator=None):
    """n of the samples at `index` in random order; if there are fewer, all of them as often as
    needed."""
    rounds = [
        index[torch.randperm(len(index), generator=generator).to(index.device)]
        for _ in range(-(-n // len(index)))
    ]
    return torch.cat(rounds)[:n]


def group_by_gene(order, gene, cells, generator=None):
    """Samples in groups of `cells` of the same gene, a gene's last group smaller; the order of
    groups is random, and `order` says which samples meet.

    order: int64 [samples]; gene: that of each of them, int64 [samples].
    """
    by_gene = torch.argsort(gene, stable=True)
    gene = gene[by_gene]
    # each sample's place among its gene's, and with it its group
    first = torch.searchsorted(gene, gene)
    group = (torch.arange(len(gene), device=gene.device) - first) // cells
    _, group = torch.unique(gene * (group.max() + 1) + group, return_inverse=True)
    key = torch.randperm(int(group.max()) + 1, generator=generator).to(gene.device)[group]
    return order[by_gene[torch.argsort(key, stable=True)]]


def cut(order, size, net):
    """An order of samples, cut into batches. A last batch of one sample joins the one before it
    where a net has batch norms, which cannot take the variance of one."""
    batches = list(order.split(size))
    normed = any(
        isinstance(layer, torch.nn.modules.batchnorm._BatchNorm) for layer in net.modules()
    )
    if normed and len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches
