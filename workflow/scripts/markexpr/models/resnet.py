"""ResNet (He et al. 2016, CVPR, 18-layer form of table 1), a baseline of DenseEnsemble (section
4.1), which prints no layer sizes.

A quarter of the width of the 18-layer form, with the stem of densenet: 16 features at first,
doubled at each stage. marks float32 [batch, marks, bins], seen as an image of bins × marks with one
channel -> value float32 [batch]
"""

import torch
from torch import nn

from markexpr.models.layers import as_image, draw_kaiming, image_stem
from markexpr.models.net import Net


class Block(nn.Module):
    """Two 3×3 convolutions with batch norm, added to the input (projected by a 1×1 convolution
    where shapes differ), then ReLU.

    [batch, channels, bins, marks] -> [batch, features, bins / stride, marks]
    """

    def __init__(self, channels, features, stride):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, features, 3, stride=(stride, 1), padding=1, bias=False),
            nn.BatchNorm2d(features),
            nn.ReLU(),
            nn.Conv2d(features, features, 3, padding=1, bias=False),
            nn.BatchNorm2d(features),
        )
        same = channels == features and stride == 1
        projection = nn.Sequential(
            nn.Conv2d(channels, features, 1, stride=(stride, 1), bias=False),
            nn.BatchNorm2d(features),
        )
        self.shortcut = nn.Identity() if same else projection
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.layers(x) + self.shortcut(x))


class ResNet(Net):
    """A stem of convolution and pool, stages of blocks, mean over all positions, linear.

    stages: blocks of each; features: of the first stage, doubled in each that follows while bins
    are halved.
    """

    def __init__(self, n_marks, n_bins, stages, features):
        super().__init__()
        stem, _ = image_stem(features, n_bins)
        layers, channels = [stem], features
        for number, n_blocks in enumerate(stages):
            width = features * 2**number
            for place in range(n_blocks):
                layers.append(Block(channels, width, stride=2 if number and not place else 1))
                channels = width
        self.features = nn.Sequential(*layers)
        self.regressor = nn.Linear(channels, 1)
        draw_kaiming(self)
        # the layout in which a CPU convolves images fastest
        self.to(memory_format=torch.channels_last)

    def forward(self, marks):
        return self.regressor(self.features(as_image(marks)).mean(dim=(2, 3))).squeeze(1)


def build(n_marks, n_bins, stages, features):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return ResNet(n_marks, n_bins, list(stages), features)
