"""WakaWaka (Nathoo and Asif 2020): a module of histone marks and one of DNA, joined by linear
layers.

marks float32 [batch, marks, bins]; sequence uint8 [genes, bp] (indices into
markexpr.data.sequence.BASES) or float32 [genes, 4, bp], one-hot; gene int64 [batch], the row of
`sequence` of each sample, its own if absent -> value float32 [batch]
"""

import torch
from torch import nn

from markexpr.models.kmers import convolve_and_pool, table_is_faster
from markexpr.models.layers import Dropout, draw_glorot, one_hot
from markexpr.models.net import Net


class Convolutions(nn.Sequential):
    """Convolutions over positions without padding, each with activation and max-pool, flattened:
    [batch, channels, positions] -> [batch, width].

    layers: dicts of kernels, width, pool (1 for none) and dilation (1 if absent). The pool comes
    before the activation, which gives the same numbers and keeps fewer of them.
    """

    def __init__(self, channels, positions, layers, activation):
        parts = []
        for layer in layers:
            dilation = layer.get("dilation", 1)
            parts += [
                nn.Conv1d(channels, layer["kernels"], layer["width"], dilation=dilation),
                nn.MaxPool1d(layer["pool"]) if layer["pool"] > 1 else nn.Identity(),
                activation(),
            ]
            channels = layer["kernels"]
            positions = (positions - dilation * (layer["width"] - 1)) // layer["pool"]
            if positions < 1:
                raise ValueError(
                    f"too few positions for a convolution of {layer['width']} with dilation "
                    f"{dilation} and a pool of {layer['pool']}"
                )
        super().__init__(*parts, nn.Flatten())
        self.width = channels * positions


class SequenceConvolutions(Convolutions):
    """The same of DNA, [genes, 4, bp] one-hot or uint8 [genes, bp]. Of the latter, the first
    convolution and its pool are looked up in a table of k-mers where that is faster."""

    def forward(self, sequence):
        if sequence.is_floating_point():
            return super().forward(sequence)
        convolution, pool, activation, *layers = self
        if not table_is_faster(sequence, convolution):
            return super().forward(one_hot(sequence))
        width = getattr(pool, "kernel_size", 1)
        found = convolve_and_pool(sequence, convolution, activation, width)
        for layer in layers:
            found = layer(found)
        return found


def perceptron(width, hidden, slope):
    """Linear layers with LeakyReLU after each, and the width that they end in."""
    layers = []
    for units in hidden:
        layers += [nn.Linear(width, units), nn.LeakyReLU(slope)]
        width = units
    return nn.Sequential(*layers), width


class Joint(nn.Module):
    """What both modules found, side by side, to one value: dropout, linear layers with dropout
    before the last, one output."""

    def __init__(self, width, hidden, input_dropout, dropout, slope):
        super().__init__()
        self.input_dropout = Dropout(input_dropout)
        self.layers, width = perceptron(width, hidden, slope)
        self.output = nn.Sequential(Dropout(dropout), nn.Linear(width, 1))

    def forward(self, features):
        return self.output(self.layers(self.input_dropout(features))).squeeze(1)


class WakaWaka(Net):
    """histone, dna: layers of each module's convolutions, none of them for a model without it;
    histone_dense, dna_dense: widths of the linear layers behind them; joint: widths of the joint
    layers before the output; module_dropout: of what the convolutions found, before the linear
    layers; joint_input_dropout, joint_dropout: before the joint layers and before the output;
    slope: of LeakyReLU (ReLU in the DNA module's convolutions); span: bp of the sequence that are
    read, around its middle; initialisation: keras (the report's library) or torch, whose defaults
    all weights are drawn by."""

    def __init__(
        self,
        n_marks,
        n_bins,
        histone,
        histone_dense,
        dna,
        dna_dense,
        joint,
        module_dropout,
        joint_input_dropout,
        joint_dropout,
        slope,
        span,
        initialisation,
    ):
        super().__init__()
        if not histone and not dna:
            raise ValueError("a model needs the histone module, the DNA module, or both")
        self.span, width = span, 0
        self.dropout = Dropout(module_dropout)
        if histone:
            self.histone = Convolutions(n_marks, n_bins, histone, lambda: nn.LeakyReLU(slope))
            self.histone_dense, found = perceptron(self.histone.width, histone_dense, slope)
            width += found
        if dna:
            self.dna = SequenceConvolutions(4, span, dna, nn.ReLU)
            self.dna_dense, found = perceptron(self.dna.width, dna_dense, slope)
            width += found
        self.reads = {"marks": bool(histone), "sequence": bool(dna)}
        self.joint = Joint(width, joint, joint_input_dropout, joint_dropout, slope)
        if initialisation == "keras":
            draw_glorot(self)

    def parts(self):
        """The modules that can be trained apart, by name."""
        parts = {"joint": [self.joint]}
        if self.reads["marks"]:
            parts["histone"] = [self.histone, self.histone_dense]
        if self.reads["sequence"]:
            parts["dna"] = [self.dna, self.dna_dense]
        return parts

    def _sequence_features(self, sequence, gene):
        """What the DNA module finds for each sample: one pass a gene, however many samples it has,
        but that dropout is each sample's own."""
        beside = (sequence.shape[-1] - self.span) // 2
        if beside < 0:
            raise ValueError(
                f"the model reads {self.span} bp and the sequences have {sequence.shape[-1]}"
            )
        sequence = sequence[..., beside : beside + self.span]
        found = self.dna(sequence)
        if gene is None:
            return self.dna_dense(self.dropout(found))
        if not self.training:  # without dropout, a gene's samples have all of it in common
            return self.dna_dense(found).index_select(0, gene)
        return self.dna_dense(self.dropout(found.index_select(0, gene)))

    def forward(self, marks=None, sequence=None, gene=None):
        features = []
        if self.reads["marks"]:
            features.append(self.histone_dense(self.dropout(self.histone(marks))))
        if self.reads["sequence"]:
            features.append(self._sequence_features(sequence, gene))
        return self.joint(torch.cat(features, dim=1))


def build(n_marks, n_bins, **network):
    """From the keys of a model's `network` (markexpr.models.registry)."""
    return WakaWaka(n_marks, n_bins, **network)
