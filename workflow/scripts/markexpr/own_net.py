"""A net of a user's own file (markexpr.own_model), as the training loop sees it."""

import torch
from torch import nn

from markexpr.io.jobs import InputError
from markexpr.models.net import Net
from markexpr.own_model import load, running

# what a main loss wants of a net for a batch of samples (markexpr.losses)
SHAPES = {
    "cross_entropy": lambda n: (n, 2),
    "binary_cross_entropy": lambda n: (n,),
    "mean_squared_error": lambda n: (n,),
}
FEW = 3  # samples that a net is tried on; not 2, which is what cross entropy has of classes


class OwnNet(Net):
    """A module of torch that is no Net itself: its forward is all that is asked of it."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, **inputs):
        return self.module(**inputs)


def build(path, n_marks, n_bins, network):
    """The net of an own file. Raises InputError if the file fails, or gives no module of torch."""
    module = load(path)
    with running(path):
        net = module.build(n_marks=n_marks, n_bins=n_bins, **network)
    if not isinstance(net, nn.Module):
        raise InputError(f"{path}: build returns a {type(net).__name__}, and no torch.nn.Module")
    return net if isinstance(net, Net) else OwnNet(net)


@torch.no_grad()
def check_outputs(net, path, samples, loss):
    """Raise InputError if what a net returns has not the shape that its main loss wants. Of another
    shape, [batch, 1], torch would take the loss of each sample with each other one.

    samples: markexpr.data.samples.Samples; loss: its name in the `training` block.
    """
    from markexpr.data.batches import Inputs

    inputs = Inputs(samples, torch.device("cpu"), net.reads)
    index = torch.arange(min(FEW, inputs.n))
    net.eval()
    with running(path):
        found = net(**inputs.take(index))
    wanted = SHAPES[loss](len(index))
    shape = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
    if shape != wanted:
        raise InputError(
            f"{path}: the net returns {shape} for {len(index)} samples, and training.loss {loss} "
            f"wants {wanted}"
        )
