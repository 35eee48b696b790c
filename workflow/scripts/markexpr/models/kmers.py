"""A convolution of DNA and its max-pool by a table of k-mers.

A convolution of width k says the same of every place that reads the same k bases. It is enough to
convolve each k-mer once, and to look up the largest of each pool.
"""

import torch

from markexpr.data.sequence import BASES
from markexpr.models.layers import one_hot

# places that are looked up at once: few enough that what is found stays in a core's cache
AT_ONCE = 4096
WIDEST = 8  # bases of a k-mer: of so many there may be 5 ** 8
# places of a batch for each possible k-mer, from which on a table is faster than the convolution:
# sorting it for the gradient is most of its cost (tests/benchmarks/pooled.py measures both)
PLACES_PER_KMER = {"with a gradient": 16, "without": 4}


def table_is_faster(sequence, convolution):
    """Whether convolve_and_pool is faster than the convolution of sequences, uint8 [genes, bp]. On
    a GPU, a convolution is what is fast, and the same on every run."""
    width = convolution.kernel_size[0]
    if sequence.is_cuda or width > WIDEST or convolution.dilation[0] > 1:
        return False
    learns = torch.is_grad_enabled() and convolution.weight.requires_grad
    least = PLACES_PER_KMER["with a gradient" if learns else "without"]
    return sequence.numel() >= least * 4**width


def find_kmers(sequence, width):
    """The k-mers that occur in sequences, and where.

    uint8 [genes, bp] -> (indices into BASES, uint8 [k-mers, width]; which of them starts at each
    place, int32 [genes, bp - width + 1]). N is a letter like others.
    """
    places, letters = sequence.shape[1] - width + 1, sequence.int()
    code = torch.zeros_like(letters[:, :places])
    for place in range(width):
        code.mul_(len(BASES)).add_(letters[:, place : place + places])
    occurs = torch.bincount(code.flatten(), minlength=len(BASES) ** width) > 0
    number = occurs.cumsum(0, dtype=torch.int32) - 1
    powers = len(BASES) ** torch.arange(width - 1, -1, -1)
    kmers = occurs.nonzero() // powers % len(BASES)
    return kmers.byte(), number.index_select(0, code.flatten()).view(code.shape)


def convolve_and_pool(sequence, convolution, activation, pool):
    """MaxPool1d(pool)(activation(convolution(one_hot(sequence)))) with its gradient: uint8 [genes,
    bp] -> float32 [genes, kernels, pools].

    convolution: Conv1d of the four bases, without stride, padding and dilation; activation: one
    that never falls.
    """
    kmers, number = find_kmers(sequence, convolution.kernel_size[0])
    genes, pools = len(sequence), number.shape[1] // pool
    number = number[:, : pools * pool].flatten()  # as MaxPool1d, which drops what is left over
    table = activation(convolution(one_hot(kmers))).squeeze(2)  # [k-mers, kernels]
    if not table.requires_grad:
        return _largest(table, number, pool).view(genes, pools, -1).transpose(1, 2)
    # a gradient has to know which k-mer was the largest. Ranks tell it, and are half as many bytes
    # as values where int16 holds them
    values, order = table.t().sort(dim=1)
    small = len(kmers) <= torch.iinfo(torch.int16).max
    ranks = torch.arange(len(kmers), dtype=torch.int16 if small else torch.int32)
    rank = torch.empty_like(order, dtype=ranks.dtype).scatter_(1, order, ranks.expand_as(order))
    largest = _largest(rank.t().contiguous(), number, pool).view(genes, pools, -1)
    row = torch.arange(len(values), dtype=torch.int32) * len(kmers)
    place = largest.transpose(1, 2).int() + row[:, None]
    return values.flatten().index_select(0, place.flatten()).view(place.shape)


def _largest(values, number, pool):
    """The largest value of each pool in each kernel: values [k-mers, kernels] and the k-mers of all
    places, int32 [places] -> [places / pool, kernels]."""
    parts = number.split(max(AT_ONCE // pool, 1) * pool)
    found = [values.index_select(0, part).unflatten(0, (-1, pool)).amax(dim=1) for part in parts]
    return torch.cat(found)
