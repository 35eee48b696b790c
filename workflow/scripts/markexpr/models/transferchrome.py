"""TransferChrome (Chen, Xie and Wen 2022, Frontiers in Genetics 13:1081842): dense convolutions,
then self-attention over positions.

marks float32 [batch, marks, bins] -> logits float32 [batch, 2] (low, high)
"""

from itertools import pairwise

import torch
from torch import nn

from markexpr.losses import domain_loss, reversal_strength
from markexpr.models.layers import Convolution, Dropout, sinusoidal
from markexpr.models.net import Net


class Convolutions(nn.Module):
    """Convolutions in a row, [batch, bins, channels] -> [batch, bins, channels].

    dense: each sees the input and the outputs of all before it (equation 2), and all of them are
    the result; otherwise each sees the one before it, and the last is the result.
    order: of a layer. relu_first: ReLU, convolution, dropout, as the text has H of equation 2, and
    Huang et al. (2017) theirs; convolution_first: convolution, ReLU, dropout.
    """

    def __init__(self, channels, kernels, width, dropout, dense, order="convolution_first"):
        super().__init__()
        self.dense, self.layers = dense, nn.ModuleList()
        for number in kernels:
            parts = {
                "convolution": Convolution(channels, number, width),
                "relu": nn.ReLU(),
            }
            names = ["relu", "convolution"] if order == "relu_first" else list(parts)
            self.layers.append(nn.Sequential(*(parts[name] for name in names), Dropout(dropout)))
            channels = channels + number if dense else number
        self.channels = channels

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=2) if self.dense else layer(x)
        return x


class SelfAttention(nn.Module):
    """Self-attention over positions by 1×1 convolutions (equations 3-6), which are linear layers of
    each position's channels, here side by side; queries and keys have half the channels, scores are
    not scaled.

    x [batch, positions, channels] -> (the same shape, weights [batch, positions, positions], whose
    rows sum to 1)
    """

    def __init__(self, channels):
        super().__init__()
        self.widths = [channels // 2, channels // 2, channels]
        self.projection = nn.Linear(channels, sum(self.widths))

    def forward(self, x):
        query, key, value = self.projection(x).split(self.widths, dim=2)
        weights = torch.softmax(query @ key.transpose(1, 2), dim=2)
        return weights @ value, weights


class GradientReversal(torch.autograd.Function):
    """Identity forwards; backwards the gradient times -strength (Ganin and Lempitsky 2015)."""

    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.strength * gradient, None


def relative_distance(n_positions):
    """Distance of each position's centre from the TSS, as a share of half the window, float32
    [positions, 1]."""
    return ((torch.arange(n_positions) + 0.5) * 2 / n_positions - 1).abs().unsqueeze(1)


def perceptron(*sizes):
    """Linear layers of the given sizes with ReLU between them."""
    layers = [
        layer
        for before, after in pairwise(sizes)
        for layer in (nn.Linear(before, after), nn.ReLU())
    ]
    return nn.Sequential(*layers[:-1])


class TransferChrome(Net):
    """Features by convolution and self-attention, a label classifier of three linear layers, and a
    domain classifier of two.

    block, dense, order: kernels of the first convolutions, whether these are connected densely, and
    the order of ReLU and convolution in each; kernels: of the convolution behind them, 0 for none,
    which ReLU follows; width: of all kernels; pool; dropout: after each convolution; position:
    relative (a channel more), sinusoidal (added to the channels) or none; attention_layers;
    features: width of the linear layer behind them; hidden: of the label classifier's first two
    layers;
    domain_hidden: of the domain classifier's first layer, 0 for no domain classifier
    """

    def __init__(
        self,
        n_marks,
        n_bins,
        block,
        dense,
        order,
        kernels,
        width,
        pool,
        dropout,
        position,
        attention_layers,
        features,
        hidden,
        domain_hidden,
    ):
        super().__init__()
        first = Convolutions(n_marks, block, width, dropout, dense, order)
        second = Convolutions(
            first.channels, [kernels] if kernels else [], width, dropout, dense=False
        )
        self.convolutions, self.pool = nn.Sequential(first, second), nn.MaxPool1d(pool)
        channels, positions = second.channels, n_bins // pool
        encodings = {
            "relative": lambda: relative_distance(positions),
            "sinusoidal": lambda: sinusoidal(positions, channels).T.contiguous(),
            "none": lambda: None,
        }
        self.position = position
        self.register_buffer("encoding", encodings[position](), persistent=False)
        channels += position == "relative"
        self.attention = nn.ModuleList(SelfAttention(channels) for _ in range(attention_layers))
        self.feature = nn.Linear(channels * positions, features)
        self.classifier = perceptron(features, *hidden, 2)
        self.domain_classifier = perceptron(features, domain_hidden, 2) if domain_hidden else None

    def _features(self, marks):
        # channels last, up to the linear layer behind the attention
        x, maps = self.convolutions(marks.transpose(1, 2).contiguous()), []
        x = self.pool(x.transpose(1, 2)).transpose(1, 2)
        if self.position == "relative":
            x = torch.cat([x, self.encoding.expand(len(x), -1, -1)], dim=2)
        elif self.position == "sinusoidal":
            x = x + self.encoding
        for layer in self.attention:
            x, weights = layer(x)
            maps.append(weights)
        return torch.relu(self.feature(x.transpose(1, 2).flatten(1))), maps

    def features(self, marks):
        """What both classifiers see, float32 [batch, features]."""
        return self._features(marks)[0]

    def discriminate(self, features, strength):
        """Logits of the domain, float32 [batch, 2] (target, source); the gradient into `features`
        is reversed and times `strength`."""
        return self.domain_classifier(GradientReversal.apply(features, strength))

    def further_losses(self):
        return () if self.domain_classifier is None else ("domain",)

    def losses(self, batch, main_loss, settings, done):
        """Beside the loss of the labels, where `settings` ask for it, the loss of the domain
        classifier behind the gradient reversal (equation 8).

        Labelled samples are of the source cell, unlabelled ones of the target cell, as many in a
        batch. Labels of unlabelled samples are never read: they are not in the samples
        (markexpr.data.samples.load_transfer).
        """
        if "domain" not in settings:
            return super().losses(batch, main_loss, settings, done)
        n = len(batch.target)
        features = self.features(
            **{
                name: torch.cat([labelled, batch.unlabelled[name]])
                for name, labelled in batch.inputs.items()
            }
        )
        label_loss = main_loss.loss(self.classifier(features[:n]), batch.target)
        domain = self.discriminate(features, reversal_strength(settings["domain"], done))
        return {"train_loss": label_loss, "domain_loss": domain_loss(domain, n)}

    def progress_columns(self, settings, done):
        """`lambda`, the strength of the gradient reversal."""
        if "domain" not in settings:
            return {}
        return {"lambda": reversal_strength(settings["domain"], done)}

    def attend(self, marks):
        """Self-attention of each layer, [batch, layers, positions, positions]: how much a position
        (row) draws on the others."""
        return {"positions": torch.stack(self._features(marks)[1], dim=1)}

    def forward(self, marks):
        return self.classifier(self.features(marks))


def build(n_marks, n_bins, **network):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return TransferChrome(n_marks, n_bins, **network)
