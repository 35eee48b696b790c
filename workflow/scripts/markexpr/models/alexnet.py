"""AlexNet (Krizhevsky et al. 2012), a baseline of DenseEnsemble (section 4.1), which prints no
layer sizes.

Its five convolutions and three linear layers, over bins with marks as channels: kernels of 11, 5,
3, 3 and 3 bins and the usual 64 to 384 features; the linear layers have 512 units where images had
4096. marks float32 [batch, marks, bins] -> value float32 [batch]
"""

from torch import nn

from markexpr.models.layers import Dropout
from markexpr.models.net import Net


class AlexNet(Net):
    """Convolutions with ReLU, max-pools of 3 with stride 2 after the first, second and last, then
    dropout and linear layers.

    features: of the five convolutions; hidden: width of the two linear layers before the output;
    dropout: before each of these
    """

    def __init__(self, n_marks, n_bins, features, hidden, dropout):
        super().__init__()
        first, second, third, fourth, last = features
        pooled = (
            (n_bins + 4 - 11) // 2 + 1 - 3
        ) // 2 + 1  # after the first convolution, of stride 2, and its pool
        for _ in range(2):
            pooled = (pooled - 3) // 2 + 1
        if pooled < 1:
            raise ValueError(f"{n_bins} bins are too few for AlexNet's pools")
        self.features = nn.Sequential(
            nn.Conv1d(n_marks, first, 11, stride=2, padding=2),
            nn.ReLU(),
            nn.MaxPool1d(3, 2),
            nn.Conv1d(first, second, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool1d(3, 2),
            nn.Conv1d(second, third, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(third, fourth, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(fourth, last, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool1d(3, 2),
            nn.Flatten(),
        )
        self.regressor = nn.Sequential(
            Dropout(dropout),
            nn.Linear(last * pooled, hidden),
            nn.ReLU(),
            Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, marks):
        return self.regressor(self.features(marks)).squeeze(1)


def build(n_marks, n_bins, features, hidden, dropout):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return AlexNet(n_marks, n_bins, list(features), hidden, dropout)
