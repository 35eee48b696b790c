"""DenseNet of DenseEnsemble (Hoffman and Encarnacion 2020, section 2), after Huang et al. (2017,
CVPR, DenseNet-BC).

marks float32 [batch, marks, bins], seen as an image of bins × marks with one channel -> value
float32 [batch]
"""

import torch
from torch import nn

from markexpr.models.layers import Dropout, as_image, draw_kaiming, image_stem
from markexpr.models.net import Net


class DenseLayer(nn.Module):
    """Batch norm, ReLU, 1×1 convolution (the bottleneck, 4 features for each of the growth), batch
    norm, ReLU, 3×3 convolution, dropout.

    [batch, channels, bins, marks] -> [batch, channels + growth, bins, marks]: the input and what
    the layer adds
    """

    def __init__(self, channels, growth, bottleneck, dropout):
        super().__init__()
        narrow = bottleneck * growth
        self.layers = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, narrow, 1, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(),
            nn.Conv2d(narrow, growth, 3, padding=1, bias=False),
            Dropout(dropout),
        )

    def forward(self, x):
        return torch.cat([x, self.layers(x)], dim=1)


def transition(channels, kept, marks):
    """Between blocks: batch norm, ReLU, 1×1 convolution to `kept` channels, average pool of 2×2
    that moves by 2 along bins and 1 along marks; of 2×1 where no more than one of `marks` is left,
    as in studies of fewer marks than the paper's five."""
    return nn.Sequential(
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, kept, 1, bias=False),
        nn.AvgPool2d((2, min(2, marks)), stride=(2, 1)),
    )


class DenseNet(Net):
    """A stem of convolution and pool, dense blocks with transitions between them, batch norm, mean
    over all positions, linear.

    blocks: layers of each dense block; growth: features that a layer adds; features: of the first
    convolution; theta: share of the features that a transition keeps; transitions: how many, at
    most one after each block; bottleneck: width of the 1×1 convolution in units of growth; dropout:
    after each layer.
    """

    def __init__(
        self, n_marks, n_bins, blocks, growth, features, theta, transitions, bottleneck, dropout
    ):
        super().__init__()
        if not len(blocks) - 1 <= transitions <= len(blocks):
            raise ValueError(
                f"{len(blocks)} blocks have {len(blocks) - 1} transitions between them, or "
                f"{len(blocks)} with one after the last"
            )
        stem, height = image_stem(features, n_bins)
        layers, channels, width = [stem], features, n_marks
        for number, n_layers in enumerate(blocks):
            for _ in range(n_layers):
                layers.append(DenseLayer(channels, growth, bottleneck, dropout))
                channels += growth
            if number < transitions:
                kept = int(theta * channels)
                layers.append(transition(channels, kept, width))
                channels, height, width = kept, height // 2, max(width - 1, 1)
        if height < 1:
            raise ValueError(f"{n_bins} bins are too few for {transitions} transitions")
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU())
        self.regressor = nn.Linear(channels, 1)
        draw_kaiming(self)
        # the layout in which a CPU convolves images fastest
        self.to(memory_format=torch.channels_last)

    def forward(self, marks):
        return self.regressor(self.features(as_image(marks)).mean(dim=(2, 3))).squeeze(1)


def build(n_marks, n_bins, blocks, growth, features, theta, transitions, bottleneck, dropout):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return DenseNet(
        n_marks, n_bins, list(blocks), growth, features, theta, transitions, bottleneck, dropout
    )
