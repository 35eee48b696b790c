"""markexpr-net: a small net of convolutions over coarse bins, tolerant of a missing mark. Ours.

Each mark comes with a channel that says whether it is there. In training, marks of a sample are
left out at random; later, a mark without a read in a gene's whole window is taken as left out, so
that a cell of which a mark was not measured is predicted from the others.
"""

import torch
from torch import nn

from markexpr.models.net import Net


class MarkexprNet(Net):
    """Means over `coarse` bins, two convolutions with a residual connection, mean and maximum over
    positions beside the bins themselves, then a perceptron; a linear path of the coarse bins is
    added to its output.

    marks: float32 [batch, marks, bins], ln(1 + count). coarse: bins of a mean; kernels, width: of
    the convolutions; hidden: width of the perceptron; dropout: before its layers; mark_dropout:
    share of the marks that are left out of a sample in training.
    """

    def __init__(self, n_marks, n_bins, coarse, kernels, width, hidden, dropout, mark_dropout):
        super().__init__()
        positions = n_bins // coarse
        if positions < 1:
            raise ValueError(f"{n_bins} bins are fewer than coarse: {coarse}")
        self.mark_dropout = mark_dropout
        self.pool = nn.AvgPool1d(coarse)
        self.first = nn.Conv1d(2 * n_marks, kernels, width, padding="same")
        self.second = nn.Conv1d(kernels, kernels, width, padding="same")
        self.linear = nn.Linear(n_marks * positions, 1)
        self.perceptron = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(2 * kernels + n_marks * positions, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )

    def forward(self, marks):
        present = self._present(marks)
        coarse = self.pool(marks) * present
        x = torch.relu(self.first(torch.cat([coarse, present.expand_as(coarse)], dim=1)))
        x = x + torch.relu(self.second(x))
        flat = coarse.flatten(1)
        features = torch.cat([x.mean(dim=2), x.amax(dim=2), flat], dim=1)
        return (self.perceptron(features) + self.linear(flat)).squeeze(1)

    def _present(self, marks):
        """Which marks of each sample are seen, 0 or 1, float32 [batch, marks, 1]."""
        present = (marks != 0).any(dim=2, keepdim=True).to(marks.dtype)
        if self.training and self.mark_dropout:
            kept = torch.rand(present.shape, device=marks.device) >= self.mark_dropout
            present = present * kept
        return present

    def start_at(self, means):
        with torch.no_grad():
            self.linear.bias.fill_(means["target"])


def build(n_marks, n_bins, coarse, kernels, width, hidden, dropout, mark_dropout):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return MarkexprNet(n_marks, n_bins, coarse, kernels, width, hidden, dropout, mark_dropout)
