"""DeepChrome (Singh et al. 2016, Bioinformatics 32:i639): one convolution over the bins, then a
perceptron.

marks float32 [batch, marks, bins] -> logits float32 [batch, 2] (low, high), or with one output a
value float32 [batch]
"""

from torch import nn

from markexpr.io.jobs import InputError
from markexpr.models.layers import Dropout
from markexpr.models.net import Net


class DeepChrome(Net):
    """Convolution, ReLU, max-pool, dropout, then linear layers with ReLU between them, as the
    authors' 2_model.lua.

    kernels, kernel_width: of the convolution over bins, all marks at once, without padding (50, 10)
    pool: width and stride of the max-pool (5)
    dropout: share of the pooled values set to 0 in training (0.5)
    hidden: widths of the linear layers before the outputs (625, 125); TransferChrome writes pool 10
    and 900, 125
    outputs: 2 for the classes, 1 for a value
    """

    def __init__(self, n_marks, n_bins, kernels, kernel_width, pool, dropout, hidden, outputs):
        super().__init__()
        pooled = (n_bins - kernel_width + 1) // pool
        if pooled < 1:
            raise InputError(
                f"DeepChrome: {n_bins} bins are too few for a kernel of {kernel_width} and a "
                f"pool of {pool}"
            )
        self.features = nn.Sequential(
            nn.Conv1d(n_marks, kernels, kernel_width),
            nn.ReLU(),
            nn.MaxPool1d(pool),
            nn.Flatten(),
            Dropout(dropout),
        )
        layers, width = [], kernels * pooled
        for units in hidden:
            layers += [nn.Linear(width, units), nn.ReLU()]
            width = units
        self.classifier = nn.Sequential(*layers, nn.Linear(width, outputs))

    def forward(self, marks):
        found = self.classifier(self.features(marks))
        return found.squeeze(1) if found.shape[1] == 1 else found


def build(n_marks, n_bins, **network):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return DeepChrome(n_marks, n_bins, **network)
