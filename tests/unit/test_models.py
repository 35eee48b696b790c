import pytest
import torch
from conftest import build_net

from markexpr.io.jobs import InputError
from markexpr.models import build_model


def shapes(model):
    return [
        tuple(parameter.shape)
        for name, parameter in model.named_parameters()
        if name.endswith("weight")
    ]


def test_deepchrome_has_the_layers_of_the_authors_code():
    model = build_net(
        "deepchrome",
        5,
        100,
        {"kernels": 50, "kernel_width": 10, "pool": 5, "dropout": 0.5, "hidden": [625, 125]},
    )
    # 91 positions pooled by 5 are 18, of 50 kernels: 900 inputs of the first linear layer
    assert shapes(model) == [(50, 5, 10), (625, 900), (125, 625), (2, 125)]
    assert model(marks=torch.zeros(7, 5, 100)).shape == (7, 2)
    kinds = [type(layer).__name__ for layer in [*model.features, *model.classifier]]
    assert kinds == [
        "Conv1d",
        "ReLU",
        "MaxPool1d",
        "Flatten",
        "Dropout",
        "Linear",
        "ReLU",
        "Linear",
        "ReLU",
        "Linear",
    ]
    assert model.features[4].p == 0.5


def test_deepchrome_as_transferchrome_writes_it():
    model = build_net("deepchrome", 5, 100, {"pool": 10, "hidden": [900, 125]})
    assert shapes(model) == [(50, 5, 10), (900, 450), (125, 900), (2, 125)]


def test_a_hand_computed_output():
    model = build_net(
        "deepchrome",
        1,
        4,
        {"kernels": 1, "kernel_width": 2, "pool": 3, "dropout": 0.0, "hidden": []},
    )
    with torch.no_grad():
        model.features[0].weight.copy_(torch.tensor([[[1.0, -1.0]]]))
        model.features[0].bias.zero_()
        model.classifier[0].weight.copy_(torch.tensor([[2.0], [-1.0]]))
        model.classifier[0].bias.copy_(torch.tensor([0.5, 0.0]))
    # differences 3-1, 1-4, 4-0 -> ReLU 2, 0, 4 -> max 4 -> (8.5, -4)
    assert model(marks=torch.tensor([[[3.0, 1.0, 4.0, 0.0]]])).tolist() == [[8.5, -4.0]]


def test_wrong_hyperparameters_are_named():
    with pytest.raises(InputError, match=r"deepchrome: .*'kernals'"):
        build_model("deepchrome", 5, 100, {"kernals": 50})
    with pytest.raises(InputError, match="8 bins are too few"):
        build_net("deepchrome", 5, 8, {})
