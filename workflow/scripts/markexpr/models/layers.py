"""Layers that several architectures share: convolutions and dropout as a CPU does them fastest,
LSTMs over bins and over marks, each with attention, and those of nets for images."""

import math

import torch
from torch import nn
from torch.nn import functional


class Dropout(nn.Dropout):
    """nn.Dropout, the same in distribution. On a CPU its random numbers are uniform ones, which
    torch draws in a quarter of the time of Bernoulli's."""

    def forward(self, x):
        if x.is_cuda or not (self.training and self.p):
            return super().forward(x)
        return x * torch.rand_like(x).ge_(self.p).div_(1 - self.p)


class Convolution(nn.Conv1d):
    """nn.Conv1d over positions, whose number it keeps, for tensors whose channels come last:
    [batch, positions, channels] -> [batch, positions, kernels]. A CPU convolves faster in this
    layout, and linear layers of each position need no copy."""

    def __init__(self, channels, kernels, width):
        super().__init__(channels, kernels, width, padding="same")

    def forward(self, x):
        # torch knows the layout of images alone: positions are the columns of an image of one row
        image = x.transpose(1, 2).unsqueeze(2)
        weight = self.weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        found = functional.conv2d(image, weight, self.bias, padding="same")
        return found.squeeze(2).transpose(1, 2)


def attend(states, context):
    """Weights over positions by a softmax of the product with a context vector (the authors' code
    has no tanh).

    states [..., positions, width], context [..., width] -> (mean by weight [..., width], weights
    [..., positions], which sum to 1)
    """
    # sums of products, not matrix products: these would first copy the states of an LSTM
    weights = torch.softmax((states * context.unsqueeze(-2)).sum(dim=-1), dim=-1)
    return (weights.unsqueeze(-1) * states).sum(dim=-2), weights


class Attention(nn.Module):
    """`attend` with one learned context vector: states [batch, positions, width] -> (mean by weight
    [batch, width], weights [batch, positions], which sum to 1)."""

    def __init__(self, width):
        super().__init__()
        self.context = nn.Parameter(torch.empty(width))

    def forward(self, states):
        return attend(states, self.context)


class MarkEncoder(nn.Module):
    """Level I: a bidirectional LSTM over the bins of each mark, with attention over bins (DeepDiff,
    section 3.4, equation 2).

    marks [batch, marks, bins] -> (embeddings [batch, marks, 2·width], weights [batch, marks, bins],
    which sum to 1)
    """

    def __init__(self, n_marks, width):
        super().__init__()
        self.width = width
        self.lstms = nn.ModuleList(
            nn.LSTM(1, width, batch_first=True, bidirectional=True) for _ in range(n_marks)
        )
        self.contexts = nn.Parameter(torch.empty(n_marks, 2 * width))

    def forward(self, marks):
        # a GPU waits for the launch of each small LSTM, so it gets all of them as one; a CPU does
        # not, and would only multiply zeros
        return self.at_once(marks) if marks.is_cuda else self.one_by_one(marks)

    def one_by_one(self, marks):
        """Mark by mark: its states are still in the CPU's cache when attention reads them."""
        found = [
            attend(lstm(values.unsqueeze(2))[0], context)
            for lstm, values, context in zip(self.lstms, marks.unbind(1), self.contexts)
        ]
        embeddings, weights = zip(*found)
        return torch.stack(embeddings, dim=1), torch.stack(weights, dim=1)

    def at_once(self, marks):
        """The same, by one LSTM whose weights are those of all marks in blocks along the
        diagonal."""
        n, width = len(self.lstms), self.width
        whole = {}
        for name in (name for name, _ in self.lstms[0].named_parameters()):
            parts = [getattr(lstm, name) for lstm in self.lstms]
            # rows of an LSTM's weights are four gates of `width`: blocks are made gate by gate
            gates = [
                [part[gate * width : (gate + 1) * width] for part in parts] for gate in range(4)
            ]
            whole[name] = torch.cat(
                [
                    torch.cat(gate) if name.startswith("bias") else torch.block_diag(*gate)
                    for gate in gates
                ]
            )
        lstm = nn.LSTM(n, n * width, batch_first=True, bidirectional=True, device="meta")
        states, _ = torch.func.functional_call(lstm, whole, (marks.transpose(1, 2),))
        batch, bins, _ = states.shape
        states = states.reshape(batch, bins, 2, n, width).permute(0, 3, 1, 2, 4)
        return attend(states.reshape(batch, n, bins, 2 * width), self.contexts)


class SetEncoder(nn.Module):
    """Level II: a bidirectional LSTM over a row of embeddings, with attention over them (DeepDiff,
    section 3.4, equation 3).

    embeddings [batch, n, inputs] -> (summary [batch, 2·width], weights [batch, n], which sum to 1)
    """

    def __init__(self, inputs, width):
        super().__init__()
        self.lstm = nn.LSTM(inputs, width, batch_first=True, bidirectional=True)
        self.attention = Attention(2 * width)

    def forward(self, embeddings):
        return self.attention(self.lstm(embeddings)[0])


def draw_uniform(module, bound):
    """Draw all weights of a module from U(-bound, bound), as the authors' code of AttentiveChrome
    and DeepDiff."""
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -bound, bound)


def draw_glorot(module):
    """Draw the weights of all convolutions and linear layers from Glorot's uniform law,
    U(-r, r) with r = √(6 / (inputs + outputs)), where a convolution's inputs and outputs are
    channels times width; all their biases start at 0. Keras' defaults (Glorot and Bengio 2010)."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def one_hot(index):
    """Indices [batch, length] as float32 torch tensor [batch, 4, length] on their device; N is 0 in
    all four."""
    table = torch.eye(5, 4, device=index.device)
    return table[index.long()].transpose(1, 2)


def sinusoidal(n_positions, channels):
    """Sine and cosine of position at falling frequencies, float32 [channels, positions] (Vaswani et
    al. 2017, section 3.5)."""
    frequency = torch.exp(torch.arange(0, channels, 2) * (-math.log(10_000.0) / channels))
    angle = frequency[:, None] * torch.arange(n_positions)[None, :]
    return torch.stack([angle.sin(), angle.cos()], dim=1).flatten(0, 1)[:channels]


def as_image(marks):
    """Marks [batch, marks, bins] as an image of one channel [batch, 1, bins, marks], as
    DenseEnsemble's code."""
    return marks.transpose(1, 2).unsqueeze(1)


def image_stem(features, n_bins):
    """The start of a net for images, and how many rows it leaves of `n_bins`: 7×7 convolution,
    batch norm, ReLU, max-pool of 3×3.

    [batch, 1, bins, marks] -> [batch, features, bins / 4, marks]: both move by 2 along bins and by
    1 along marks (DenseEnsemble's code).
    """
    stem = nn.Sequential(
        nn.Conv2d(1, features, 7, stride=(2, 1), padding=3, bias=False),
        nn.BatchNorm2d(features),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=(2, 1), padding=1),
    )
    return stem, ((n_bins + 1) // 2 + 1) // 2


def draw_kaiming(module):
    """Draw the weights of all convolutions from Kaiming's normal law; biases of linear layers start
    at 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
        elif isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
