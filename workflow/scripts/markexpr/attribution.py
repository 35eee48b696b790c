"""Which inputs a net's output depends on: saliency and integrated gradients, by captum.

The output is the predicted value, or for two classes how much the logit of high expression is above
that of low.
"""

import numpy as np
import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency

BATCH = 128  # genes at once
SEQUENCES = 32  # the same with 10 kb of DNA each
STEPS = 32  # of the integral


class Scalar(torch.nn.Module):
    """A model of named inputs as one of inputs in a row, with one output a sample [batch]."""

    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs):
        found = self.model(**dict(zip(self.names, inputs, strict=True)))
        return found if found.dim() == 1 else found[:, 1] - found[:, 0]


def saliency(model, inputs):
    """|∂y/∂x| of each gene (Simonyan et al. 2014; DenseEnsemble, section 4.3), from input name to
    float32 of the input's shape.

    inputs: from name to float32 tensor [genes, marks, bins].
    """
    method = Saliency(Scalar(model.eval(), list(inputs)))
    return _in_batches(lambda batch: method.attribute(batch, abs=True), inputs, BATCH)


def integrated_gradients(model, inputs, steps=STEPS):
    """Integrated gradients (Sundararajan et al. 2017) of each gene from an input of zeros, from
    input name to float32 of the input's shape.

    Zeros are no reads under normalise: none and log1p, and the mean signal under zscore. A gene's
    attributions sum to how much the output of the gene is above that of zeros, but for the error of
    `steps`.
    """
    method = IntegratedGradients(Scalar(model.eval(), list(inputs)))
    return _in_batches(
        lambda batch: method.attribute(batch, n_steps=steps, internal_batch_size=4 * BATCH),
        inputs,
        BATCH,
    )


def gradients(model, inputs):
    """∂y/∂x of each gene with its sign, from input name to float32 of the input's shape. `sequence`
    is one-hot, float32 [genes, 4, bp]."""
    method = Saliency(Scalar(model.eval(), list(inputs)))
    return _in_batches(lambda batch: method.attribute(batch, abs=False), inputs, SEQUENCES)


def gradients_times_input(model, inputs):
    """x · ∂y/∂x of each gene (WakaWaka, Method), from input name to float32 of the input's shape;
    inputs as for gradients."""
    method = InputXGradient(Scalar(model.eval(), list(inputs)))
    return _in_batches(method.attribute, inputs, SEQUENCES)


def _in_batches(attribute, inputs, size):
    parts, n = [], len(next(iter(inputs.values())))
    for start in range(0, n, size):
        batch = tuple(
            values[start : start + size].clone().requires_grad_() for values in inputs.values()
        )
        parts.append([found.detach().float().numpy() for found in attribute(batch)])
    return {
        name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(inputs)
    }


def means(values, minus):
    """Means over genes, as in the input and with genes on the minus strand turned, so that
    transcription runs to the right.

    values: [genes, marks, bins]; minus: bool [genes]. Returns two float32 [marks, bins].
    """
    turned = np.where(minus[:, None, None], values[:, :, ::-1], values)
    return values.mean(axis=0).astype(np.float32), turned.mean(axis=0).astype(np.float32)
