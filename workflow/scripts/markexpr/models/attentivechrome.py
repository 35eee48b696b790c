"""AttentiveChrome (Singh et al. 2017, NeurIPS 30): recurrent over bins, then over marks, with
attention at both levels.

marks float32 [batch, marks, bins] -> one value a gene, float32 [batch]: a logit (loss
binary_cross_entropy) or an expression value (mean_squared_error), by the loss it is trained with
"""

from torch import nn

from markexpr.models.layers import MarkEncoder, SetEncoder, draw_uniform
from markexpr.models.net import Net


class AttentiveChrome(Net):
    """A bidirectional LSTM with bin attention for each mark, and one with mark attention over their
    embeddings.

    bin_width: hidden width of each direction of a mark's LSTM (32); mark_width: of the LSTM over
    marks (16);
    initial: all weights are drawn from U(-initial, initial) (0.1, the authors' code).
    """

    def __init__(self, n_marks, bin_width, mark_width, initial):
        super().__init__()
        self.bins, self.marks = (
            MarkEncoder(n_marks, bin_width),
            SetEncoder(2 * bin_width, mark_width),
        )
        self.output = nn.Linear(2 * mark_width, 1)
        draw_uniform(self, initial)

    def _encode(self, marks):
        """Summary of a gene [batch, 2·mark_width], bin attention [batch, marks, bins] and mark
        attention [batch, marks]."""
        embeddings, over_bins = self.bins(marks)
        summary, over_marks = self.marks(embeddings)
        return summary, over_bins, over_marks

    def start_at(self, means):
        """Let the output of an untrained net be the mean of the training genes (`target`)."""
        nn.init.constant_(self.output.bias, means["target"])

    def forward(self, marks):
        return self.output(self._encode(marks)[0]).squeeze(1)

    def attend(self, marks):
        """Attention of both levels: bins [batch, marks, bins] and marks [batch, marks]; each sums
        to 1 along its last axis."""
        _, over_bins, over_marks = self._encode(marks)
        return {"bins": over_bins, "marks": over_marks}


def build(n_marks, n_bins, bin_width, mark_width, initial):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return AttentiveChrome(n_marks, bin_width, mark_width, initial)
