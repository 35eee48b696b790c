"""AttentiveChrome (Singh et al. 2017, NeurIPS 30): recurrent over bins, then over marks, with attention at both levels.

marks float32 [batch, marks, bins] -> one value a gene, float32 [batch]: a logit (loss binary_cross_entropy) or an expression
value (mean_squared_error), by the loss it is trained with
"""

import torch
from torch import nn


class Attention(nn.Module):
    """Weights over positions by a softmax of the product with one learned context vector (the authors' code has no tanh).

    states [batch, positions, width] -> (mean by weight [batch, width], weights [batch, positions], which sum to 1)
    """

    def __init__(self, width):
        super().__init__()
        self.context = nn.Parameter(torch.empty(width))

    def forward(self, states):
        weights = torch.softmax(states @ self.context, dim=1)
        return (weights.unsqueeze(2) * states).sum(dim=1), weights


class AttentiveChrome(nn.Module):
    """A bidirectional LSTM with bin attention for each mark, and one with mark attention over their embeddings.

    bin_width: hidden width of each direction of a mark's LSTM (32); mark_width: of the LSTM over marks (16);
    initial: all weights are drawn from U(-initial, initial) (0.1, the authors' code).
    """

    def __init__(self, n_marks, bin_width, mark_width, initial):
        super().__init__()
        self.bin_lstms = nn.ModuleList(nn.LSTM(1, bin_width, batch_first=True, bidirectional=True) for _ in range(n_marks))
        self.bin_attention = nn.ModuleList(Attention(2 * bin_width) for _ in range(n_marks))
        self.mark_lstm = nn.LSTM(2 * bin_width, mark_width, batch_first=True, bidirectional=True)
        self.mark_attention = Attention(2 * mark_width)
        self.output = nn.Linear(2 * mark_width, 1)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -initial, initial)

    def _encode(self, marks):
        """Summary of a gene [batch, 2·mark_width], bin attention [batch, marks, bins] and mark attention [batch, marks]."""
        embeddings, bin_weights = [], []
        for mark, (lstm, attention) in enumerate(zip(self.bin_lstms, self.bin_attention)):
            embedding, weights = attention(lstm(marks[:, mark, :, None])[0])
            embeddings.append(embedding)
            bin_weights.append(weights)
        summary, mark_weights = self.mark_attention(self.mark_lstm(torch.stack(embeddings, dim=1))[0])
        return summary, torch.stack(bin_weights, dim=1), mark_weights

    def forward(self, marks):
        return self.output(self._encode(marks)[0]).squeeze(1)

    def attend(self, marks):
        """Attention of both levels: bins [batch, marks, bins] and marks [batch, marks]; each sums to 1 along its last axis."""
        _, bins, over_marks = self._encode(marks)
        return {"bins": bins, "marks": over_marks}


def build(n_marks, n_bins, bin_width=32, mark_width=16, initial=0.1):
    """The net of the authors' code; it takes windows of any number of bins."""
    return AttentiveChrome(n_marks, bin_width, mark_width, initial)
