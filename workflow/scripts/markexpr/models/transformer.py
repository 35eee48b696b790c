"""Transformer encoder (Vaswani et al. 2017), a baseline of DenseEnsemble (section 4.1), which
prints no layer sizes.

Each bin is a token of its marks; a small encoder (32 wide, 2 layers, 4 heads). The authors' code
masks later bins, as language models do; here every bin sees all. marks float32 [batch, marks, bins]
-> value float32 [batch]
"""

import torch
from torch import nn

from markexpr.models.layers import Dropout, sinusoidal
from markexpr.models.net import Net


class EncoderLayer(nn.Module):
    """Self-attention, then a perceptron for each token; each is added to its input and normalised
    (Vaswani et al., section 3.1).

    [batch, tokens, width] -> the same shape
    """

    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.projection, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.perceptron = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(), Dropout(dropout), nn.Linear(4 * width, width)
        )
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.dropout = Dropout(dropout)

    def attend(self, x):
        batch, tokens, width = x.shape
        query, key, value = (
            self.projection(x).reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        )
        # softmax(Q Kᵀ / √d) V, equation 1
        joined = torch.softmax(query @ key.transpose(2, 3) / query.shape[3] ** 0.5, dim=3) @ value
        return self.join(joined.transpose(1, 2).reshape(batch, tokens, width))

    def forward(self, x):
        x = self.norms[0](x + self.dropout(self.attend(x)))
        return self.norms[1](x + self.dropout(self.perceptron(x)))


class Transformer(Net):
    """Bins as tokens with sinusoidal positions, encoder layers, mean over bins, linear.

    width: of a token; layers, heads: of the encoder; dropout: after attention and in the
    perceptrons
    """

    def __init__(self, n_marks, n_bins, width, layers, heads, dropout):
        super().__init__()
        if width % heads:
            raise ValueError(f"a width of {width} cannot be cut into {heads} heads")
        self.embedding = nn.Linear(n_marks, width)
        self.register_buffer("position", sinusoidal(n_bins, width).T.contiguous(), persistent=False)
        self.encoder = nn.Sequential(*(EncoderLayer(width, heads, dropout) for _ in range(layers)))
        self.regressor = nn.Linear(width, 1)

    def forward(self, marks):
        tokens = self.embedding(marks.transpose(1, 2)) + self.position
        return self.regressor(self.encoder(tokens).mean(dim=1)).squeeze(1)


def build(n_marks, n_bins, width, layers, heads, dropout):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return Transformer(n_marks, n_bins, width, layers, heads, dropout)
