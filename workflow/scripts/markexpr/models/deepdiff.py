"""DeepDiff (Sekhon, Singh and Qi 2018, Bioinformatics 34:i891): differential expression from the
marks of two cells.

a, b float32 [batch, marks, bins] -> change of expression from cell A to cell B, float32 [batch]

Level I encodes each mark's bins, Level II the row of embeddings, each with attention
(markexpr.models.layers). The seven variants of the paper's Appendix Table 1 differ in what they
feed to Level I (`raw`), whether each cell is predicted as well (`auxiliary`), and whether the cells
share their Level I (`shared`, the Siamese twins).
"""

import torch
from torch import nn

from markexpr.losses import cells_loss, contrastive_loss
from markexpr.models.layers import Dropout, MarkEncoder, SetEncoder, draw_uniform
from markexpr.models.net import Net


class DeepDiff(Net):
    """raw: which of a, b and their difference (A - B) feed a Level I of their own; auxiliary: a
    Level I and II and a prediction for each cell; shared: one Level I for both cells; bin_width,
    mark_width: of each direction of the LSTMs of the two levels (32, 16); initial: all weights are
    drawn from U(-initial, initial).

    With `raw`, the change is predicted from the summary of a Level II over all embeddings
    [batch, 2·mark_width]; without, from the summaries of both cells [batch, 4·mark_width].

    heads: `code`, a linear layer for a cell and for the change with `raw`, a perceptron (64, 32, 1)
    for the change without (the authors' code and Appendix 1.3); `printed`, a perceptron everywhere
    (sections 3.5 and 3.6), with one hidden layer of 2·mark_width, as in the code's.
    dropout: in training, the share of the values that Level I hands to Level II, and that Level II
    hands to the heads, which is set to 0. Appendix 1.5 has 0.5 and does not say where; in the code
    it is an argument of LSTMs of one layer, where it does nothing. The contrastive loss compares
    embeddings without it.
    """

    def __init__(
        self, n_marks, raw, auxiliary, shared, bin_width, mark_width, initial, dropout, heads
    ):
        super().__init__()
        self.raw, self.shared = list(raw), shared
        embedding, summary = 2 * bin_width, 2 * mark_width
        printed = heads == "printed"
        self.dropout = Dropout(dropout)
        if auxiliary:
            self.bins_a = MarkEncoder(n_marks, bin_width)
            self.bins_b = None if shared else MarkEncoder(n_marks, bin_width)
            self.marks_a, self.marks_b = (
                SetEncoder(embedding, mark_width),
                SetEncoder(embedding, mark_width),
            )
            self.cell_a, self.cell_b = (_head(summary, summary, printed) for _ in "ab")
        if raw:
            self.bins_raw = MarkEncoder(len(raw) * n_marks, bin_width)
            self.marks_raw = SetEncoder(embedding, mark_width)
            self.head = _head(summary, summary, printed)
        else:
            self.head = _head(2 * summary, summary, perceptron=True)
        self.auxiliary = auxiliary
        draw_uniform(self, initial)

    def _encode_cells(self, a, b):
        """Level I of both cells: embeddings and attention of each. Twins run as one batch."""
        if not self.shared:
            return self.bins_a(a), self.bins_b(b)
        embeddings, weights = self.bins_a(torch.cat([a, b]))
        n = len(a)
        return (embeddings[:n], weights[:n]), (embeddings[n:], weights[n:])

    def _run(self, a, b):
        """All predictions and embeddings, and all attention, by name."""
        found, attention, embeddings = {}, {}, []
        if self.raw:
            parts = {"a": a, "b": b, "difference": a - b}
            embedding, attention["bins_raw"] = self.bins_raw(
                torch.cat([parts[name] for name in self.raw], dim=1)
            )
            embeddings.append(self.dropout(embedding))
        if self.auxiliary:
            (
                (found["embedding_a"], attention["bins_a"]),
                (found["embedding_b"], attention["bins_b"]),
            ) = self._encode_cells(a, b)
            of_a, of_b = self.dropout(found["embedding_a"]), self.dropout(found["embedding_b"])
            summary_a, attention["marks_a"] = self.marks_a(of_a)
            summary_b, attention["marks_b"] = self.marks_b(of_b)
            summary_a, summary_b = self.dropout(summary_a), self.dropout(summary_b)
            found["a"], found["b"] = (
                self.cell_a(summary_a).squeeze(1),
                self.cell_b(summary_b).squeeze(1),
            )
            embeddings += [of_a, of_b]
        if self.raw:
            summary, attention["marks_raw"] = self.marks_raw(torch.cat(embeddings, dim=1))
            summary = self.dropout(summary)
        else:
            summary = torch.cat([summary_a, summary_b], dim=1)
        found["change"] = self.head(summary).squeeze(1)
        return found, attention

    def start_at(self, means):
        """Let the predictions of an untrained net for each cell (`a`, `b`) be the means of the
        training genes."""
        for cell, head in (("a", self.cell_a), ("b", self.cell_b)) if self.auxiliary else ():
            last = head if isinstance(head, nn.Linear) else head[-1]
            nn.init.constant_(last.bias, means[cell])

    def further_losses(self):
        return ("auxiliary", "contrastive") if self.auxiliary else ()

    def losses(self, batch, main_loss, settings, done):
        """Beside the loss of the change between two cells, where `settings` ask for them, the loss
        of each cell's own expression and a contrastive loss of their embeddings.

        settings: auxiliary (kind regression or classification, weight) and contrastive (form,
        weight, margin, threshold): genes whose log2 fold change is at least `threshold` either way
        are different.
        """
        if "auxiliary" not in settings:
            return super().losses(batch, main_loss, settings, done)
        found, auxiliary = self.predict_all(**batch.inputs), settings["auxiliary"]
        cells = cells_loss(found, batch.targets, auxiliary["kind"])
        losses = {
            "train_loss": main_loss.loss(found["change"], batch.target),
            "cells_loss": auxiliary["weight"] * cells,
        }
        if settings.get("contrastive"):
            contrastive = settings["contrastive"]
            losses["contrastive_loss"] = contrastive["weight"] * contrastive_loss(
                found["embedding_a"],
                found["embedding_b"],
                batch.target.abs() >= contrastive["threshold"],
                contrastive["margin"],
                contrastive["form"],
            )
        return losses

    def predict_all(self, a, b):
        """Predictions `change` and, with auxiliary, `a` and `b`, each [batch], and Level I
        embeddings [batch, marks, 2·bin_width]."""
        return self._run(a, b)[0]

    def attend(self, a, b):
        """Attention over bins [batch, rows, bins] and over rows of embeddings [batch, rows], by
        name; rows are marks of each raw part."""
        return self._run(a, b)[1]

    def attention_rows(self, marks):
        """What the rows of each array of attend() are, lists of (part, mark): part a, b or
        difference. marks: their names in order."""
        rows = {}
        cells = [[(cell, mark) for mark in marks] for cell in ("a", "b")] if self.auxiliary else []
        if self.raw:
            rows["bins_raw"] = [(part, mark) for part in self.raw for mark in marks]
            rows["marks_raw"] = rows["bins_raw"] + [row for cell in cells for row in cell]
        for name, cell in zip("ab", cells):
            rows[f"bins_{name}"] = rows[f"marks_{name}"] = cell
        return rows

    def forward(self, a, b):
        return self.predict_all(a, b)["change"]


def _head(inputs, hidden, perceptron):
    """From [batch, inputs] to [batch, 1]: a perceptron with one hidden layer, or a linear layer."""
    if not perceptron:
        return nn.Linear(inputs, 1)
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 1))


def build(n_marks, n_bins, raw, auxiliary, shared, bin_width, mark_width, initial, dropout, heads):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return DeepDiff(
        n_marks, list(raw), auxiliary, shared, bin_width, mark_width, initial, dropout, heads
    )
