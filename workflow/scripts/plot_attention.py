"""Self-attention around the TSS, mean over cells."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.io.jobs import run_job
from markexpr.plots import HIGH, LOW, save
from markexpr.tables import counted


def centre_positions(bins, positions):
    """Give the centres of `positions` equal parts of a window, in kb from the TSS.

    bins: offsets of its bins' left edges in bp [bins]. Returns float [positions].
    """
    width = bins[1] - bins[0]
    edges = np.linspace(bins[0], bins[-1] + width, positions + 1)
    return (edges[:-1] + edges[1:]) / 2000


def draw(maps, offsets):
    """Draw self-attention between positions around the TSS.

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
    return figure


def main(job):
    maps = {"high": [], "low": []}
    for path in job.input:
        with np.load(path) as file:
            bins = file["bins"]
            for level, cells in maps.items():
                cells.append(file[f"positions_{level}"])
    mean = {level: np.mean(cells, axis=0) for level, cells in maps.items()}
    title = (
        f"Self-attention of {job.wildcards.model}, test genes of "
        f"{counted(len(job.input), 'cell')}, genomic direction"
    )
    save(draw(mean, centre_positions(bins, mean["high"].shape[1])), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
