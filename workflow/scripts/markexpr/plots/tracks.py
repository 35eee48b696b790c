"""Signals of several marks around a gene's TSS, one below the other as in a genome browser, each
with what a model's prediction owes to it."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.plots import HIGH, LOW

SIGNAL = "#4a4a55"  # none of the colours of attributions


def draw_tracks(gene, marks, offsets, signal, attribution):
    """Draw the tracks of one gene along the genome.

    gene: dict of name, chrom, tss (bp) and strand; marks: names; offsets: of the left edges of bins
    from the TSS in bp, int [bins]; signal, attribution: float [marks, bins].
    Each mark's signal has a scale of its own, and attributions of all marks share one: orange
    raises the prediction, blue lowers it.
    """
    edges = gene["tss"] + np.r_[offsets, 2 * offsets[-1] - offsets[-2]]
    largest = np.abs(attribution).max() or 1
    figure, axes = plt.subplots(
        2 * len(marks) + 1,
        1,
        figsize=(8.4, 0.5 + 0.95 * len(marks)),
        sharex=True,
        layout="constrained",
        gridspec_kw={"height_ratios": [0.6] + [1.2, 1.2] * len(marks)},
    )
    _draw_gene(axes[0], gene, edges)
    for place, mark in enumerate(marks):
        track, below = axes[1 + 2 * place : 3 + 2 * place]
        track.stairs(signal[place], edges, fill=True, color=SIGNAL)
        top = max(float(signal[place].max()), 1e-9)
        track.set_ylim(min(0.0, float(signal[place].min())), 1.05 * top)
        track.set_yticks([top], [f"{top:.3g}"], fontsize=7)
        track.set_ylabel(mark, rotation=0, ha="right", va="center", fontsize=9, parse_math=False)
        for sign, sign_colour in ((1, HIGH), (-1, LOW)):
            part = np.maximum(sign * attribution[place], 0) * sign
            below.stairs(part, edges, fill=True, color=sign_colour)
        below.axhline(0, color="0.7", lw=0.5)
        below.set_ylim(-1.05 * largest, 1.05 * largest)
        below.set_yticks([0, largest], ["0", f"{largest:.2g}"], fontsize=7)
    for axis in axes:
        axis.axvline(gene["tss"], color="0.5", lw=0.6, ls=":")
        axis.spines["bottom"].set_visible(axis is axes[-1])
        axis.tick_params(bottom=axis is axes[-1])
    axes[-1].set_xlim(edges[0], edges[-1])
    axes[-1].xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes[-1].xaxis.set_major_locator(plt.MaxNLocator(5))
    axes[-1].set_xlabel(f"{gene['chrom']}, bp", parse_math=False)
    return figure


def _draw_gene(axis, gene, edges):
    """Draw an arrow from the TSS along transcription, with the gene's name."""
    forward = gene["strand"] != "-"
    reach = 0.12 * (edges[-1] - edges[0]) * (1 if forward else -1)
    style = {"arrowstyle": "-|>", "color": "0.2", "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    end, start = (gene["tss"] + reach, 0), (gene["tss"], 0)
    axis.annotate("", xy=end, xytext=start, arrowprops=style)
    axis.text(
        gene["tss"] + reach * 1.1,
        0,
        gene["name"],
        ha="left" if forward else "right",
        va="center",
        fontsize=9,
        parse_math=False,
    )
    axis.set_ylim(-1, 1)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
