"""The nets of study transferchrome: layers as their sources print them, attention and gradient
reversal by hand, and enough capacity."""

import math

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT, build_net, shipped_studies

from markexpr.losses import LOSSES
from markexpr.models.layers import Attention
from markexpr.models.transferchrome import (
    Convolutions,
    GradientReversal,
    SelfAttention,
    relative_distance,
    sinusoidal,
)

STUDIES = shipped_studies()
MODELS = STUDIES["transferchrome"]["models"] | STUDIES["transferchrome_cross_cell"]["models"]


def build(model, **network):
    block = MODELS[model]
    return build_net(block["architecture"], 5, 100, {**block["network"], **network})


def shapes(model):
    return {
        name.removesuffix(".weight"): tuple(value.shape)
        for name, value in model.named_parameters()
        if name.endswith("weight")
    }


def test_transferchrome_has_the_printed_layers():
    model = build("transferchrome")
    found = list(shapes(model).values())
    # each dense layer sees the 5 marks and all layers before it; 50 kernels on all of them; 100
    # bins pooled by 2
    assert found[:4] == [(32, 5, 5), (16, 37, 5), (8, 53, 5), (50, 61, 5)]
    # 50 channels and the distance; queries and keys have half of them
    assert found[4:6] == [(25 + 25 + 51, 51)] * 2
    assert found[6:] == [(128, 51 * 50), (64, 128), (32, 64), (2, 32)]
    assert [layer.p for layer in model.modules() if isinstance(layer, torch.nn.Dropout)] == [
        0.4
    ] * 4
    assert model(marks=torch.zeros(7, 5, 100)).shape == (7, 2)


@pytest.mark.parametrize(
    ("model", "convolutions", "channels"),
    [
        ("transferchrome_alpha", [(32, 5, 5), (16, 37, 5), (8, 53, 5), (50, 61, 5)], 50),
        ("transferchrome_beta", [(32, 5, 5), (16, 37, 5), (8, 53, 5), (50, 61, 5)], 50),
        ("transferchrome_1", [(50, 5, 5), (50, 55, 5), (50, 105, 5), (50, 155, 5)], 51),
        ("transferchrome_2", [(50, 5, 5)], 51),
        ("transferchrome_3", [(50, 5, 5), (50, 50, 5), (50, 50, 5)], 51),
    ],
)
def test_ablations_differ_where_they_should(model, convolutions, channels):
    found = shapes(build(model))
    assert [
        shape for name, shape in found.items() if name.startswith("convolutions")
    ] == convolutions
    assert found["feature"] == (128, channels * 50)


def layers_of_block(model):
    return [
        [type(part).__name__ for part in layer] for layer in build(model).convolutions[0].layers
    ]


def test_relu_comes_first_in_dense_layers_alone():
    printed = ["ReLU", "Convolution", "Dropout"]
    for model in ("transferchrome", "transferchrome_1", "transferchrome_cross"):
        assert layers_of_block(model) == [printed] * 3
    assert layers_of_block("transferchrome_3") == [["Convolution", "ReLU", "Dropout"]] * 2
    behind = [type(part).__name__ for part in build("transferchrome").convolutions[1].layers[0]]
    assert behind == ["Convolution", "ReLU", "Dropout"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        # x -1 and 2; kernel 3, bias -1. ReLU first: 3·0 - 1 and 3·2 - 1; else what is below 0 falls
        ("relu_first", [-1.0, 5.0]),
        ("convolution_first", [0.0, 5.0]),
    ],
)
def test_the_order_of_relu_and_convolution_by_hand(order, expected):
    block = Convolutions(1, [1], 1, 0.0, dense=True, order=order)
    convolution = next(part for part in block.layers[0] if isinstance(part, torch.nn.Conv1d))
    set_weights(convolution, [[[3.0]]], [-1.0])
    found = block(torch.tensor([[[-1.0], [2.0]]]))
    assert found[0].T.tolist() == [[-1.0, 2.0], expected]  # the input stays as it is


def test_ablations_are_configuration():
    written = yaml.safe_load((ROOT / "config/studies/transferchrome.yaml").read_text())["models"]
    for name in ("alpha", "beta", "1", "2", "3"):
        block = written[f"transferchrome_{name}"]
        assert block["base"] == "transferchrome"
        assert set(block) <= {"base", "cells", "network", "in_paper"}
        assert MODELS[f"transferchrome_{name}"]["training"] == MODELS["transferchrome"]["training"]


def test_position_encodings():
    distance = relative_distance(50)[:, 0]
    # 200 bp a position: the first centre is 4900 bp from the TSS, the two in the middle 100 bp
    assert (
        distance[0] == pytest.approx(0.98)
        and distance[24] == pytest.approx(0.02)
        and distance[25] == pytest.approx(0.02)
    )
    assert torch.allclose(distance, distance.flip(0))
    encoding = sinusoidal(50, 6)
    for position, channel in ((0, 0), (7, 2), (49, 5)):
        angle = position / 10_000 ** (2 * (channel // 2) / 6)
        assert encoding[channel, position] == pytest.approx(
            math.cos(angle) if channel % 2 else math.sin(angle), abs=1e-5
        )


def set_weights(layer, weight, bias):
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))


def test_self_attention_by_hand():
    layer = SelfAttention(2)
    query, key = [[1.0, 0.0]], [[0.0, 2.0]]  # the first channel, and twice the second
    value = [[1.0, 1.0], [0.0, 1.0]]
    set_weights(layer.projection, query + key + value, [0.0, 0.0, 0.0, 10.0])
    x = torch.tensor([[[0.0, math.log(2) / 2], [1.0, 0.0]]])  # two positions
    out, weights = layer(x)
    # queries 0 and 1, keys ln 2 and 0: scores of position 1 are 0 and 0, of position 2 are ln 2 and
    # 0
    assert torch.allclose(weights, torch.tensor([[[1 / 2, 1 / 2], [2 / 3, 1 / 3]]]))
    half = math.log(2) / 2
    # values (ln2/2, 10 + ln2/2) and (1, 10)
    expected = [[(half + 1) / 2, 10 + half / 2], [2 / 3 * half + 1 / 3, 10 + 2 / 3 * half]]
    assert torch.allclose(out, torch.tensor([expected]))


def test_bin_attention_by_hand():
    layer = Attention(2)
    with torch.no_grad():
        layer.context.copy_(torch.tensor([1.0, -1.0]))
    states = torch.tensor([[[math.log(3), 0.0], [0.0, 0.0]]])
    mean, weights = layer(states)
    assert torch.allclose(weights, torch.tensor([[0.75, 0.25]]))
    assert torch.allclose(mean, torch.tensor([[0.75 * math.log(3), 0.0]]))


def test_gradient_reversal_by_hand():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    w = torch.tensor([3.0, -4.0], requires_grad=True)
    y = (w * GradientReversal.apply(x, 0.5)).sum()
    assert y.item() == 3.0 - 8.0  # identity forwards
    y.backward()
    assert x.grad.tolist() == [-1.5, 2.0]  # -0.5 · w
    assert w.grad.tolist() == [1.0, 2.0]  # what is behind it learns as ever


def test_the_domain_head_learns_and_the_features_unlearn():
    model = build("transferchrome_cross")
    assert [
        tuple(layer.weight.shape) for layer in model.domain_classifier if hasattr(layer, "weight")
    ] == [(32, 128), (2, 32)]
    features = torch.randn(6, 128, generator=torch.Generator().manual_seed(1))
    domain = torch.tensor([0, 0, 0, 1, 1, 1])

    def gradients(strength):
        leaf = features.clone().requires_grad_()
        model.zero_grad()
        torch.nn.functional.cross_entropy(model.discriminate(leaf, strength), domain).backward()
        return leaf.grad, model.domain_classifier[0].weight.grad.clone()

    plain = features.clone().requires_grad_()
    torch.nn.functional.cross_entropy(model.domain_classifier(plain), domain).backward()
    for strength in (0.0, 0.3, 1.0):
        reversed_gradient, head = gradients(strength)
        assert torch.allclose(reversed_gradient, -strength * plain.grad)
        assert torch.allclose(head, gradients(1.0)[1])


@pytest.mark.parametrize("model", ["transferchrome", "transferchrome_alpha", "attentivechrome"])
def test_attention_sums_to_one(model):
    marks = torch.rand(3, 5, 100, generator=torch.Generator().manual_seed(1)) * 20
    for name, weights in build(model).eval().attend(marks=marks).items():
        assert torch.allclose(weights.sum(dim=-1), torch.ones(weights.shape[:-1]), atol=1e-5), name
        assert (weights >= 0).all()
    assert {
        name: tuple(weights.shape)
        for name, weights in build("attentivechrome").attend(marks=marks).items()
    } == {
        "bins": (3, 5, 100),
        "marks": (3, 5),
    }


def test_attentivechrome_has_the_authors_layers():
    model = build("attentivechrome")
    assert (
        len(model.bins.lstms) == 5
        and model.bins.contexts.shape == (5, 64)
        and model.marks.attention.context.shape == (32,)
    )
    for lstm, inputs, width in ((model.bins.lstms[0], 1, 32), (model.marks.lstm, 64, 16)):
        assert (lstm.input_size, lstm.hidden_size, lstm.bidirectional, lstm.num_layers) == (
            inputs,
            width,
            True,
            1,
        )
    assert all(parameter.abs().max() <= 0.1 for parameter in model.parameters())
    assert model(marks=torch.zeros(7, 5, 100)).shape == (7,)


def test_convchrome_has_the_authors_layers():
    model = build("convchrome")
    assert list(shapes(model).values()) == [
        (50, 5, 5),
        (40, 50, 3),
        (30, 40, 2),
        (20, 30, 2),
        (128, 20 * 50),
        (64, 128),
        (1, 64),
    ]
    kinds = [type(layer).__name__ for layer in [*model.features, *model.classifier]]
    assert kinds == [
        "Conv1d",
        "ReLU",
        "MaxPool1d",
        *["Conv1d", "ReLU", "Dropout"] * 3,
        "Flatten",
        *["Linear"] * 3,
    ]
    assert model(marks=torch.zeros(7, 5, 100)).shape == (7,)


def memorise(architecture, network, loss, target, learning_rate):
    """Train a net on random counts of 32 genes in 40 bins with Adam, dropout off, until the loss is
    below 0.02. Returns loss and predictions."""
    torch.set_num_threads(1)
    marks = torch.from_numpy(np.random.default_rng(1).normal(0, 1, (32, 5, 40)).astype(np.float32))
    torch.manual_seed(1)
    network = {**network, **({"dropout": 0.0} if "dropout" in network else {})}
    net, task = build_net(architecture, 5, 40, network), LOSSES[loss]
    optimiser = torch.optim.Adam(net.parameters(), lr=learning_rate)
    for _ in range(600):
        optimiser.zero_grad()
        value = task.loss(net(marks=marks), target)
        value.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        if value.item() < 0.02:
            break
    return value.item(), task.predict(net(marks=marks)).detach()


NETS = ["deepchrome", "attentivechrome", "convchrome", "transferchrome", "transferchrome_cross"] + [
    f"transferchrome_{name}" for name in ("alpha", "beta", *"123")
]


@pytest.mark.parametrize("model", NETS)
def test_each_model_overfits_32_genes(model):
    """Random labels of random counts: only memory can tell them apart."""
    target = torch.from_numpy(np.random.default_rng(2).permutation(32) % 2).float()
    block = MODELS[model]
    rate = 0.02 if model == "attentivechrome" else 0.001
    loss, predicted = memorise(
        block["architecture"], block["network"], block["training"]["loss"], target, rate
    )
    assert loss < 0.02
    assert ((predicted > 0.5) == (target == 1)).all()


def test_every_net_is_tried():
    networks = [MODELS[model]["network"] for model in NETS]
    for model, block in MODELS.items():
        assert block["network"] in networks, model


def test_attentivechrome_regresses_too():
    """As DeepDiff's baseline uses it: the same net under squared error."""
    target = torch.from_numpy(np.random.default_rng(2).normal(0, 1, 32).astype(np.float32))
    loss, predicted = memorise("attentivechrome", {}, "mean_squared_error", target, 0.01)
    assert loss < 0.1 and np.corrcoef(predicted, target)[0, 1] > 0.95
