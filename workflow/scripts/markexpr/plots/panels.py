"""What several figures share: grids of panels, lines by mark, maps of marks × bins, colours of
models."""

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

from markexpr.plots import PALETTE

# colours of models, which are more than the palette has: each colour again, lighter
COLOURS = PALETTE + [tuple(0.45 + 0.55 * part for part in to_rgb(colour)) for colour in PALETTE]


def make_grid(panels, width=2.9, height=2.7, columns=5, **options):
    """Make a figure with a row-major grid of `panels` axes, `width` × `height` inches each.

    options: of matplotlib's subplots. Returns the figure and the list of axes.
    """
    columns = min(columns, panels)
    rows = -(-panels // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(width * columns, height * rows),
        squeeze=False,
        layout="constrained",
        **options,
    )
    for extra in axes.ravel()[panels:]:
        extra.remove()
    return figure, list(axes.ravel()[:panels])


def draw_nothing(why):
    """A figure that says why there is nothing to draw."""
    figure, axis = plt.subplots(figsize=(6, 1.2), layout="constrained")
    axis.text(0.5, 0.5, why, ha="center", va="center")
    axis.set_axis_off()
    return figure


def draw_by_mark(lines, value, ylabel, from_zero):
    """Draw column `value` along the window, one panel a mark: a thin line a cell, a thick one for
    their mean.

    lines: list of (table, colour, label), each table with mark, cell, offset (bp from the TSS) and
    the column; from_zero: whether the axis begins at 0, else all panels share it. Returns the
    figure.
    """
    first = lines[0][0]
    marks = list(dict.fromkeys(first["mark"]))
    many = first["cell"].nunique() > 1
    figure, axes = make_grid(len(marks), width=2.6, columns=5, sharex=True, sharey=not from_zero)
    for axis, mark in zip(axes, marks):
        for table, colour, label in lines:
            cells = table[table["mark"] == mark].pivot(index="offset", columns="cell", values=value)
            kb = cells.index / 1000
            if many:
                axis.plot(kb, cells, color=colour, lw=0.5, alpha=0.35)
            axis.plot(kb, cells.mean(axis=1), color=colour, lw=1.8, label=label)
        axis.set_title(mark)
        axis.axvline(0, color="0.8", lw=0.8, zorder=0)
        if from_zero:
            axis.set_ylim(0, None)
        else:
            axis.axhline(0, color="0.8", lw=0.8, zorder=0)
        axis.set_xlabel("distance to TSS (kb)")
    axes[0].set_ylabel(ylabel)
    handles, labels = axes[0].get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def draw_map(axis, values, marks, bins, fontsize=None, **style):
    """Draw a map of marks × bins, kb from the TSS along x.

    values: float [marks, bins]; bins: offsets of left edges in bp [bins]; fontsize: of the marks'
    names; style: of matplotlib's imshow. Returns the image.
    """
    extent = [bins[0] / 1000, (2 * bins[-1] - bins[-2]) / 1000, len(marks) - 0.5, -0.5]
    image = axis.imshow(values, extent=extent, aspect="auto", interpolation="nearest", **style)
    axis.set_yticks(range(len(marks)), marks, fontsize=fontsize)
    return image
