"""The nets of study dense_ensemble: layers as printed and as the authors' code has them; means of
members."""

import numpy as np
import pytest
import torch
from conftest import shipped_studies
from torch import nn

from markexpr import averages
from markexpr.data.samples import Samples
from markexpr.io.jobs import InputError
from markexpr.models import build_model

MODELS = shipped_studies()["dense_ensemble"]["models"]
NETS = [model for model, block in MODELS.items() if "network" in block]


def build(model, bins=100, marks=5):
    return build_model(MODELS[model]["architecture"], marks, bins, MODELS[model]["network"])


def number(model, *kinds):
    return sum(isinstance(layer, kinds) for layer in model.modules())


def test_the_printed_net_has_the_reports_35_layers():
    model = build("densenet")
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    # section 2: 1 starting convolution, 1 starting pool, 12 dense convolutions, 12 bottlenecks, 4
    # transition convolutions and pools, 1 linear
    assert sum(layer.kernel_size == (7, 7) for layer in convolutions) == 1
    assert sum(layer.kernel_size == (3, 3) for layer in convolutions) == 12
    assert sum(layer.kernel_size == (1, 1) for layer in convolutions) == 12 + 4
    assert (number(model, nn.MaxPool2d), number(model, nn.AvgPool2d), number(model, nn.Linear)) == (
        1,
        4,
        1,
    )
    assert number(model, nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.Linear) == 35
    # the authors' code has no transition after the last block
    assert number(build("densenet_code"), nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.Linear) == 33


def test_features_grow_by_4_and_are_halved():
    widths = [
        layer.in_channels
        for layer in build("densenet").modules()
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1)
    ]
    # k0 + k·(l - 1) inputs of layer l, then θ·m after each block
    assert widths == [16, 20, 24, 28, 14, 18, 22, 26, 13, 17, 21, 25, 12, 16, 20, 24]
    assert [layer.p for layer in build("densenet").modules() if isinstance(layer, nn.Dropout)] == [
        0.2
    ] * 12


def test_the_paper_trains_20_epochs_of_batches_of_100():
    for model in NETS:
        training = MODELS[model]["training"]
        assert (training["epochs"], training["batch_size"], training["loss"]) == (
            20,
            100,
            "mean_squared_error",
        )
        optimiser = {"name": "adam", "learning_rate": 0.001, "epsilon": 1e-8, "weight_decay": 0.0}
        assert training["optimiser"] == optimiser


@pytest.mark.parametrize("model", NETS)
def test_every_net_gives_a_value_a_gene_and_can_learn(model):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net, marks = build(model), torch.rand(32, 5, 100)
    target = marks[:, 2, 45:55].mean(dim=1) * 5
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    net.train()
    first = None
    for _ in range(60):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(net(marks=marks), target)
        loss.backward()
        optimiser.step()
        first = first or loss.item()
    assert loss.item() < 0.2 * first
    assert net.eval()(marks=marks).shape == (32,)


@pytest.mark.parametrize("model", ["densenet", "alexnet"])
def test_windows_that_are_too_small_are_refused(model):
    with pytest.raises(InputError, match="too few"):
        build(model, 20, 5)


def test_simple_cnn_has_one_convolution_and_three_linear_layers():
    model = build("simple_cnn")
    assert (number(model, nn.Conv1d), number(model, nn.Linear), number(model, nn.MaxPool1d)) == (
        1,
        3,
        1,
    )


def test_a_mean_of_members_and_what_each_does_alone():
    target = np.array([0.0, 1, 2, 3])
    samples = Samples(
        {"marks": np.zeros((4, 1, 2), np.float32)},
        target,
        np.full(4, "test"),
        np.array(list("abcd")),
        np.full(4, "E071"),
        ["m"],
    )
    paths = [f"results/runs/s/m/{cell}/seed1/params.yaml" for cell in ("E003", "E004")]
    predictions = [target + 1, target - 2]
    mean, members = averages.average(samples, paths, lambda place: predictions[place])
    assert np.allclose(mean, target - 0.5)
    assert members["member"].tolist() == ["E003", "E004"] and members["mse"].tolist() == [1, 4]
    with pytest.raises(InputError, match="trained on 100 bins of m"):
        averages.check_members(samples, {"inputs": {"marks": ["m"], "bins": 100}}, "x")
