"""Layers that do on a CPU what torch's do, faster: the same numbers, or the same distribution."""

import pytest
import torch
from torch import nn

from markexpr.models.layers import Convolution, Dropout


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_a_convolution_of_channels_last_is_torchs(width):
    torch.manual_seed(1)
    plain, ours = nn.Conv1d(4, 6, width, padding="same"), Convolution(4, 6, width)
    ours.load_state_dict(plain.state_dict())
    x = torch.randn(3, 4, 20)
    weight = torch.randn(3, 6, 20)
    found, expected = ours(x.transpose(1, 2)).transpose(1, 2), plain(x)
    assert torch.allclose(found, expected, atol=1e-6)
    for value in (found, expected):
        (value * weight).sum().backward()
    for one, other in zip(ours.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, atol=1e-5)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_dropout_leaves_out_its_share_and_keeps_the_mean(share):
    torch.manual_seed(1)
    layer, x = Dropout(share), torch.ones(400, 500, requires_grad=True)
    found = layer(x)
    kept = found != 0
    # 200,000 values: four standard errors are 0.0044 at most
    assert kept.float().mean().item() == pytest.approx(1 - share, abs=0.0044)
    assert torch.allclose(found[kept], torch.tensor(1 / (1 - share)))
    # no row or column is dropped as one
    for axis in (0, 1):
        shares = kept.float().mean(dim=axis)
        assert shares.std().item() == pytest.approx(
            (share * (1 - share) / kept.shape[axis]) ** 0.5, rel=0.2
        )
    found.sum().backward()
    assert torch.equal(x.grad, found)  # what is dropped has no gradient


def test_dropout_is_repeatable_and_none_without_training():
    layer, x = Dropout(0.5), torch.randn(50)
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(layer(x))
    assert torch.equal(*found) and not torch.equal(layer(x), found[0])
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)
