"""Figures of attention: where along the window a model looks."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.plots import HIGH, LOW


def self_attention(maps, offsets, title):
    """Self-attention between positions around the TSS, mean over genes and cells.

    maps: {class: float [layers, positions, positions]}, class high or low, rows sum to 1; offsets:
    centre of each position in kb.
    A row of panels a layer: a heat map for each class (a row of it says how much its position draws
    on each other), and how much each position is drawn on by all.
    """
    layers = next(iter(maps.values())).shape[0]
    n = len(offsets)
    half = (offsets[1] - offsets[0]) / 2
    extent = [offsets[0] - half, offsets[-1] + half, offsets[-1] + half, offsets[0] - half]
    figure, axes = plt.subplots(
        layers, len(maps) + 1, figsize=(9.6, 2.9 * layers), squeeze=False, layout="constrained"
    )
    for layer in range(layers):
        top = max(values[layer].max() for values in maps.values())
        for axis, (level, values) in zip(axes[layer], maps.items()):
            image = axis.imshow(
                values[layer] * n,
                extent=extent,
                cmap="viridis",
                vmin=0,
                vmax=top * n,
                interpolation="nearest",
            )
            axis.set_title(f"layer {layer + 1}, {level} genes", fontsize=9)
            axis.set_xlabel("attended position (kb from TSS)")
        axes[layer][0].set_ylabel("attending position (kb)")
        figure.colorbar(
            image, ax=axes[layer][: len(maps)].tolist(), label="times uniform", shrink=0.9
        )
        line = axes[layer][-1]
        for level, values in maps.items():
            line.plot(
                offsets,
                values[layer].mean(axis=0) * n,
                color=HIGH if level == "high" else LOW,
                label=f"{level} genes",
            )
        line.axhline(1, color="0.6", lw=0.8, ls=":")
        line.axvline(0, color="0.8", lw=0.8, zorder=0)
        line.set_ylim(0, None)
        line.set(xlabel="attended position (kb from TSS)", ylabel="attention, times uniform")
        line.set_title(f"layer {layer + 1}, mean over attending positions", fontsize=9)
    axes[0][-1].legend(fontsize=8)
    figure.suptitle(title, fontsize=10)
    return figure


def centres(bins, positions):
    """Centres of `positions` equal parts of a window, in kb from the TSS. bins: offsets of its
    bins' left edges in bp [bins]."""
    width = bins[1] - bins[0]
    edges = np.linspace(bins[0], bins[-1] + width, positions + 1)
    return (edges[:-1] + edges[1:]) / 2000


def over_marks(table, setting, title):
    """Mean attention over marks of genes that go up and that go down, as bars with standard errors.

    table: change (up, down), genes, mark, attention, standard_error; setting: thresholds up and
    down.
    """
    marks = list(dict.fromkeys(table["mark"]))
    figure, axis = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for shift, level, colour, sign in ((-0.2, "up", HIGH, ">"), (0.2, "down", LOW, "<")):
        here = table[table["change"] == level].set_index("mark").reindex(marks)
        if here["genes"].notna().any():
            label = f"log2 fold change {sign} {setting[level]:g} ({here['genes'].max():.0f} genes)"
            axis.bar(
                np.arange(len(marks)) + shift,
                here["attention"],
                0.38,
                yerr=here["standard_error"],
                color=colour,
                label=label,
                ecolor="0.3",
            )
    axis.axhline(1 / len(marks), color="0.6", lw=0.8, ls=":")
    axis.set_xticks(range(len(marks)), marks)
    axis.set_ylabel("mean attention (dotted: uniform)")
    axis.set_title(title, fontsize=10)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    return figure
