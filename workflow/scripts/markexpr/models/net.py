"""What all nets share: how the training loop asks a net for its losses, and how a net predicts."""

import torch
from torch import nn

from markexpr.io.jobs import InputError

# samples at once where no gradient is kept; a CPU's LSTMs slow down from 512 on
EVALUATION_BATCH = 128


class Net(nn.Module):
    """A net. Its forward takes the inputs of markexpr.data.samples.Samples by name; what it returns
    has the shape that the main loss wants (markexpr.losses).

    A net that is trained towards more than the main loss, in parts, or from a mean overrides the
    methods below.
    """

    # from the name of an input to whether the net takes it; None: it takes all
    reads = None

    def losses(self, batch, main_loss, settings, done):
        """Losses of a batch by name, already weighted: their sum is minimised. The first is
        `train_loss`, the main one.

        batch: markexpr.data.batches.Batch; main_loss: one of markexpr.losses.LOSSES; settings: the
        `training` block; done: share of all epochs.
        """
        return {"train_loss": main_loss.loss(self(**batch.inputs), batch.target)}

    def further_losses(self):
        """Keys of a `training` block that ask for losses beside the main one: those that this net
        has."""
        return ()

    def progress_columns(self, settings, done):
        """Further columns of the history after a share `done` of all epochs, by name."""
        return {}

    def parts(self):
        """The modules that can be trained apart: lists of them by name."""
        return {}

    def train_only(self, parts):
        """Freeze all of `parts()` but the named ones."""
        # what is frozen has no gradient left to count
        self.zero_grad(set_to_none=True)
        for name, modules in self.parts().items():
            for module in modules:
                module.requires_grad_(name in parts)

    def start_at(self, means):
        """Let the predictions of the untrained net be the means of the training genes.

        means: by name (`target`, and `a` and `b` for a pair of cells). Raises InputError for a net
        that cannot.
        """
        raise InputError(
            "training.start_at_mean: this architecture cannot start at a mean; set it to false"
        )

    @torch.no_grad()
    def outputs(self, inputs, index=None):
        """What the net says, without training, of markexpr.data.batches.Inputs, in batches; of the
        samples at `index` (int64 tensor) only. First axis [samples]."""
        self.eval()
        index = torch.arange(inputs.n, device=inputs.device) if index is None else index
        order = inputs.order(index)
        found = torch.cat(
            [self(**inputs.take(batch)) for batch in index[order].split(EVALUATION_BATCH)]
        )
        result = torch.empty_like(found)
        result[order] = found
        return result
