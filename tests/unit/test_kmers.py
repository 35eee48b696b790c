"""WakaWaka's first convolution of DNA by a table of k-mers: what the convolution says, to the bit,
and its gradient."""

import numpy as np
import pytest
import torch
from conftest import build_net
from test_wakawaka import CPU, MODELS, SMALL, TRAINING, pooled, trainer

from markexpr.data.batches import Inputs
from markexpr.data.sequence import BASES
from markexpr.models import kmers
from markexpr.models.kmers import convolve_and_pool, find_kmers, table_is_faster
from markexpr.models.layers import one_hot

# kernels, width and pool of the paper's layers and the demos', and others; genes; bp
CASES = {
    "printed": (132, 6, 32, 3, 4000),
    "experiments": (132, 6, 6, 2, 1000),
    "demo": (32, 8, 20, 4, 2000),
    "more k-mers than int16 has ranks": (2, 8, 20, 30, 2000),
    "no pool": (5, 4, 1, 3, 50),
    "one base": (5, 1, 3, 3, 50),
    "a place in all": (5, 8, 1, 1, 8),
    "nothing left over": (7, 6, 15, 2, 35),
}
ALWAYS = {"with a gradient": 0, "without": 0}
NEVER = {"with a gradient": float("inf"), "without": float("inf")}


def sequences(genes, span, seed=0):
    """Random bases, with N at either end, alone, and in a run, of long ones longer than a pool."""
    drawn = torch.Generator().manual_seed(seed)
    found = torch.randint(0, 4, (genes, span), dtype=torch.uint8, generator=drawn)
    found[0, :3] = found[0, -2:] = found[-1, span // 2] = BASES.index("N")
    found[-1, span // 4 : span // 4 + min(45, span // 8)] = BASES.index("N")
    return found


def test_kmers_are_those_that_occur():
    letters = torch.tensor([[0, 1, 0, 1, 4], [3, 3, 3, 0, 1]], dtype=torch.uint8)
    found, number = find_kmers(letters, 2)
    assert ["".join(BASES[base] for base in kmer) for kmer in found] == [
        "AC", "CA", "CN", "TA", "TT",
    ]  # fmt: skip
    assert number.tolist() == [[0, 1, 0, 2], [4, 4, 3, 0]]


@pytest.mark.parametrize("case", CASES)
def test_a_table_says_what_the_convolution_says(case):
    kernels, width, pool, genes, span = CASES[case]
    torch.manual_seed(1)
    convolution, pooling = torch.nn.Conv1d(4, kernels, width), torch.nn.MaxPool1d(pool)
    activation = torch.nn.ReLU()
    letters = sequences(genes, span)
    expected = activation(pooling(convolution(one_hot(letters))))
    found = convolve_and_pool(letters, convolution, activation, pool)
    assert torch.equal(found, expected)
    with torch.no_grad():
        assert torch.equal(convolve_and_pool(letters, convolution, activation, pool), expected)
    # the same gradients, summed in another order
    weight, gradients = torch.randn_like(expected), []
    for output in (found, expected):
        convolution.zero_grad()
        (output * weight).sum().backward()
        gradients.append([convolution.weight.grad.clone(), convolution.bias.grad.clone()])
    for one, other in zip(*gradients):
        assert (one - other).abs().max() < 2e-5 * other.abs().max()


def test_a_table_is_for_large_batches_of_short_kmers():
    def faster(genes, span=1024, **layer):
        letters = torch.zeros(genes, span, dtype=torch.uint8)
        return table_is_faster(letters, torch.nn.Conv1d(4, 2, **layer))

    # 4^6 possible k-mers
    assert faster(64, kernel_size=6) and not faster(63, kernel_size=6)
    assert not faster(64, kernel_size=7) and faster(256, kernel_size=7)
    assert not faster(64, kernel_size=6, dilation=2)
    assert not faster(2**14, 2**11, kernel_size=9)
    # values alone need no order of k-mers
    with torch.no_grad():
        assert faster(16, kernel_size=6) and not faster(15, kernel_size=6)
    # the printed model in a batch of each sampler, and the demo's
    assert faster(100, 10_000, kernel_size=6) and faster(10, 10_000, kernel_size=6)
    assert not faster(20, 2000, kernel_size=8)


def test_the_printed_model_says_the_same_by_a_table(monkeypatch):
    torch.manual_seed(0)
    block = MODELS["wakawaka"]
    net = build_net(block["architecture"], 5, 100, block["network"])
    names = list(net.state_dict())
    batch = {"marks": torch.rand(4, 5, 100), "sequence": sequences(3, 10_000)}
    batch["gene"] = torch.tensor([2, 0, 1, 0])
    found = {}
    for name, places in {"table": ALWAYS, "convolution": NEVER}.items():
        monkeypatch.setattr(kmers, "PLACES_PER_KMER", places)
        net.zero_grad()
        torch.manual_seed(3)  # of dropout
        output = net.train()(**batch)
        output.sum().backward()
        found[name] = (output.detach(), [value.grad for value in net.parameters()])
        with torch.no_grad():
            found[name] += (net.eval()(**batch),)
    (table, gradients, told), (convolution, expected, told_too) = found.values()
    assert torch.equal(table, convolution) and torch.equal(told, told_too)
    for one, other in zip(gradients, expected):
        assert (one - other).abs().max() <= 1e-5 * other.abs().max()
    # weights are the convolution's, by the names that files of weights have
    assert [name for name in names if name.startswith("dna.")] == ["dna.0.weight", "dna.0.bias"]


def test_gradients_of_one_hot_sequences_take_the_convolution(monkeypatch):
    monkeypatch.setattr(kmers, "PLACES_PER_KMER", ALWAYS)
    net = build_net("wakawaka", 5, 40, SMALL).eval()
    letters, marks = sequences(3, 60), torch.rand(3, 5, 40)
    bases = one_hot(letters).requires_grad_()
    value = net(marks=marks, sequence=bases)
    value.sum().backward()
    assert torch.equal(value, net(marks=marks, sequence=letters)) and bases.grad.abs().sum() > 0


def test_a_fit_by_a_table_ends_in_the_same_bits(monkeypatch, tmp_path):
    monkeypatch.setattr(kmers, "PLACES_PER_KMER", ALWAYS)
    samples, path = pooled(), tmp_path / "checkpoint.pt"

    def fit(epochs=2, checkpoint=None):
        found = trainer(samples, {**TRAINING, "epochs": epochs}, checkpoint=checkpoint)
        torch.set_num_threads(2)
        history = found.fit()
        return history, found.predict()

    try:
        (whole, values), (again, values_again) = fit(), fit()
        fit(1, path)  # killed after an epoch
        resumed, values_resumed = fit(checkpoint=path)
    finally:
        torch.set_num_threads(1)
    assert whole == again == resumed
    assert np.array_equal(values, values_again) and np.array_equal(values, values_resumed)


def test_a_genes_samples_share_its_dense_layers_without_dropout():
    torch.manual_seed(0)
    samples, net = pooled(), build_net("wakawaka", 5, 40, SMALL).eval()
    rows = []
    net.dna_dense.register_forward_hook(lambda _, inputs, output: rows.append(len(output)))
    with torch.no_grad():
        batch = Inputs(samples, CPU).take(torch.arange(len(samples.target)))
        found = net(**batch)
        assert rows == [40] and len(found) == 120
        net.train()(**batch)
    assert rows[1] == 120
