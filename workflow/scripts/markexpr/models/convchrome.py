"""ConvChrome_CNN1D (Hamdy et al. 2022, Current Bioinformatics 17): four convolutions, then linear
layers without an activation.

marks float32 [batch, marks, bins] -> one logit a gene, float32 [batch]
"""

from itertools import pairwise

from torch import nn

from markexpr.io.jobs import InputError
from markexpr.models.layers import Dropout
from markexpr.models.net import Net


class ConvChrome(Net):
    """Convolution, ReLU, max-pool; then convolutions, each with ReLU and dropout; then linear
    layers in a row, as the authors' CNN1D().

    kernels, widths: of the convolutions over bins, all marks at once, padded to keep the length
    (50, 40, 30, 20 of 5, 3, 2, 2);
    pool: of the max-pool behind the first (2); dropout: behind each of the others (0.4); hidden: of
    the linear layers before the output (128, 64)
    """

    def __init__(self, n_marks, n_bins, kernels, widths, pool, dropout, hidden):
        super().__init__()
        if len(kernels) != len(widths) or not kernels:
            raise InputError(
                "ConvChrome: kernels and widths must name the same convolutions, not "
                f"{len(kernels)} and {len(widths)}"
            )
        layers, channels = [], n_marks
        for place, (number, width) in enumerate(zip(kernels, widths)):
            last = nn.MaxPool1d(pool) if place == 0 else Dropout(dropout)
            layers += [nn.Conv1d(channels, number, width, padding="same"), nn.ReLU(), last]
            channels = number
        self.features = nn.Sequential(*layers, nn.Flatten())
        sizes = [channels * (n_bins // pool), *hidden, 1]
        self.classifier = nn.Sequential(
            *(nn.Linear(before, after) for before, after in pairwise(sizes))
        )

    def forward(self, marks):
        return self.classifier(self.features(marks)).squeeze(1)


def build(n_marks, n_bins, kernels, widths, pool, dropout, hidden):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return ConvChrome(n_marks, n_bins, tuple(kernels), tuple(widths), pool, dropout, tuple(hidden))
