"""Attributions of nets whose gradients are known, of one input and of two, and how genes are
turned."""

import numpy as np
import torch
from conftest import build_net
from torch import nn

from markexpr import attribution
from markexpr.attribution import integrated_gradients, means, saliency


class Squares(nn.Module):
    """The weighted sum of squares of all inputs."""

    def __init__(self, weight, classes=False):
        super().__init__()
        self.weight, self.classes = weight, classes

    def forward(self, **inputs):
        value = sum(
            sign * (self.weight * values**2).sum(dim=(1, 2))
            for sign, values in zip((1, -1), inputs.values())
        )
        return torch.stack([-value, value], dim=1) if self.classes else value


WEIGHT = torch.tensor([[1.0, -2.0, 0.0], [0.5, 3.0, -1.0]])


def inputs(n=5, names=("marks",)):
    torch.manual_seed(0)
    return {name: torch.randn(n, 2, 3) for name in names}


def test_saliency_is_the_size_of_the_gradient():
    here = inputs()
    assert np.allclose(
        saliency(Squares(WEIGHT), here)["marks"],
        (2 * WEIGHT * here["marks"]).abs().numpy(),
        atol=1e-5,
    )
    # of the logit of high above that of low
    assert np.allclose(
        saliency(Squares(WEIGHT, classes=True), here)["marks"],
        (4 * WEIGHT * here["marks"]).abs().numpy(),
        atol=1e-5,
    )


def test_integrated_gradients_of_squares_are_the_squares():
    here = inputs(names=("a", "b"))
    found = integrated_gradients(Squares(WEIGHT), here)
    assert np.allclose(found["a"], (WEIGHT * here["a"] ** 2).numpy(), atol=1e-4)
    assert np.allclose(found["b"], -(WEIGHT * here["b"] ** 2).numpy(), atol=1e-4)


def test_they_sum_to_the_prediction_above_that_of_no_reads(monkeypatch):
    torch.manual_seed(1)
    model = build_net("densenet", 5, 100, {"transitions": 4}).eval()
    # more genes than one batch
    monkeypatch.setattr(attribution, "BATCH", 15)
    marks = torch.rand(20, 5, 100) * 3
    found = integrated_gradients(model, {"marks": marks}, steps=64)["marks"].sum(axis=(1, 2))
    with torch.no_grad():
        expected = (model(marks=marks) - model(marks=torch.zeros(1, 5, 100))).numpy()
    assert (
        np.corrcoef(found, expected)[0, 1] > 0.99
        and np.abs(found - expected).max() < 0.1 * np.abs(expected).max()
    )


def test_genes_on_the_minus_strand_are_turned_in_one_of_two_means():
    values = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    plain, turned = means(values, np.array([False, True]))
    assert np.array_equal(plain, values.mean(axis=0))
    assert np.array_equal(turned, (values[0] + values[1][:, ::-1]) / 2)


def test_two_inputs_of_a_net_of_pairs():
    torch.manual_seed(0)
    model = build_net("deepdiff", 2, 10, {"bin_width": 4, "mark_width": 4})
    here = {name: torch.rand(6, 2, 10) for name in ("a", "b")}
    assert {name: values.shape for name, values in saliency(model, here).items()} == {
        "a": (6, 2, 10),
        "b": (6, 2, 10),
    }
