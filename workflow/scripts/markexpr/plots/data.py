"""Figures of the data: profiles around the TSS, correlation with expression, depth, genes,
labels."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.plots import HIGH, LOW, TRUTH, grid


def _by_mark(table, value, groups, title, ylabel, zero):
    """One panel a mark of `value` along the window: thin lines for cells, a thick one for their
    mean.

    groups: (column or None, [(level, colour, label)]); zero: whether the axis begins at 0.
    """
    marks = list(dict.fromkeys(table["mark"]))
    figure, axes = grid(len(marks), width=2.6, columns=5, sharex=True, sharey=not zero)
    n_cells = table["cell"].nunique()
    column, levels = groups
    for axis, mark in zip(axes, marks):
        for level, colour, label in levels:
            here = table[
                (table["mark"] == mark) & (True if column is None else table[column] == level)
            ]
            lines = here.pivot(index="offset", columns="cell", values=value)
            if n_cells > 1:
                axis.plot(lines.index / 1000, lines, color=colour, lw=0.5, alpha=0.35)
            axis.plot(lines.index / 1000, lines.mean(axis=1), color=colour, lw=1.8, label=label)
        axis.set_title(mark)
        axis.axvline(0, color="0.8", lw=0.8, zorder=0)
        if zero:
            axis.set_ylim(0, None)
        else:
            axis.axhline(0, color="0.8", lw=0.8, zorder=0)
        axis.set_xlabel("distance to TSS (kb)")
    axes[0].set_ylabel(ylabel)
    handles, labels = axes[0].get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    figure.suptitle(title, fontsize=10)
    return figure


def profiles(table, title):
    """Mean reads per bin along the window, for high and low genes, one panel a mark.

    table: mark, cell, expression (high, low), offset (bp, centre of the bin, along transcription),
    mean_reads.
    """
    levels = [("high", HIGH, "high expression"), ("low", LOW, "low expression")]
    return _by_mark(
        table, "mean_reads", ("expression", levels), title, "reads per bin and gene", zero=True
    )


def correlations(table, title):
    """Spearman correlation of a bin's count with expression along the window, one panel a mark.

    table: mark, cell, offset (bp), spearman.
    """
    return _by_mark(
        table, "spearman", (None, [(None, LOW, "mean")]), title, "Spearman correlation", zero=False
    )


def depth(table, title):
    """Mean reads per bin and share of empty bins, cells by marks, as two heat maps with their
    numbers.

    table: cell, mark, mean_per_bin, empty_bins.
    """
    n_cells = table["cell"].nunique()
    figure, axes = plt.subplots(
        1, 2, figsize=(9, 1.4 + 0.22 * n_cells), layout="constrained", sharey=True
    )
    for axis, column, label, style in (
        (axes[0], "mean_per_bin", "mean reads per bin", "{:.1f}"),
        (axes[1], "empty_bins", "share of empty bins", "{:.2f}"),
    ):
        values = table.pivot(index="cell", columns="mark", values=column)[
            list(dict.fromkeys(table["mark"]))
        ]
        image = axis.imshow(values, aspect="auto", cmap="Blues", vmin=0)
        axis.set_xticks(range(values.shape[1]), values.columns)
        axis.set_yticks(range(n_cells), values.index, fontsize=7 if n_cells > 20 else 9)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        middle = np.nanmax(values.to_numpy()) / 2
        for row, column_number in np.ndindex(values.shape):
            value = values.iat[row, column_number]
            axis.text(
                column_number,
                row,
                style.format(value),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if value > middle else "black",
            )
        axis.set_title(label, fontsize=9)
        figure.colorbar(image, ax=axis, shrink=0.8)
    figure.suptitle(title, fontsize=10)
    return figure


def gene_numbers(table, title):
    """Numbers of genes as bars. table: what, genes."""
    figure, axis = plt.subplots(figsize=(7, 0.7 + 0.32 * len(table)), layout="constrained")
    colours = [
        {"kept": HIGH, "stated by the paper": TRUTH}.get(what, LOW) for what in table["what"]
    ]
    bars = axis.barh(table["what"], table["genes"], color=colours)
    axis.bar_label(bars, [f"{number:,}" for number in table["genes"]], padding=3, fontsize=8)
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.set_xlabel("genes")
    axis.set_title(title, fontsize=10)
    return figure


def labels(table, title):
    """How many labels differ between the two label modes, by the median expression of the cell.

    table: cell, median (RPKM), differing (share of genes), agree (bool). Cells whose labels came as
    published have no median: they are counted in the title.
    """
    published = table["median"].isna()
    if published.any():
        title += (
            f"\n{published.sum()} cells with labels as published, of which nothing is known, are "
            "not shown"
        )
    table = table[~published]
    figure, axis = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for agree, colour, name in ((True, LOW, "both modes agree"), (False, HIGH, "they differ")):
        here = table[table["agree"] == agree]
        axis.scatter(
            here["median"],
            100 * here["differing"],
            color=colour,
            s=22,
            alpha=0.8,
            lw=0,
            label=f"{name}: {len(here)} cells",
        )
    named = table if len(table) <= 12 else table[table["agree"]].iloc[:0]
    for row in named.itertuples():
        axis.annotate(
            row.cell,
            (row.median, 100 * row.differing),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=7,
        )
    axis.margins(x=0.08)
    axis.set_ylim(-1.5, 5 + 115 * np.nanmax([*table["differing"], 0]))
    axis.set(xlabel="median expression of the cell (RPKM)", ylabel="labels that differ (%)")
    axis.set_title(title, fontsize=10)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def gene_signals(signals, marks, bins, title):
    """The signals of one gene in two cells and their difference, marks by bins, as heat maps.

    signals: {cell: [marks, bins]}, two of them; bins: offsets of their left edges from the TSS in
    bp.
    """
    (a, first), (b, second) = signals.items()
    width = bins[1] - bins[0]
    extent = [bins[0] / 1000, (bins[-1] + width) / 1000, len(marks) - 0.5, -0.5]
    figure, axes = plt.subplots(3, 1, figsize=(8, 5.4), sharex=True, layout="constrained")
    top, apart = max(first.max(), second.max()), max(np.abs(first - second).max(), 1e-9)
    for axis, values, name, style in (
        (axes[0], first, f"{a}, reads per bin", {"cmap": "Blues", "vmin": 0, "vmax": top}),
        (axes[1], second, f"{b}, reads per bin", {"cmap": "Blues", "vmin": 0, "vmax": top}),
        (axes[2], first - second, f"{a} - {b}", {"cmap": "RdBu_r", "vmin": -apart, "vmax": apart}),
    ):
        image = axis.imshow(values, extent=extent, aspect="auto", interpolation="nearest", **style)
        axis.set_yticks(range(len(marks)), marks)
        axis.set_title(name, fontsize=9)
        axis.axvline(0, color="0.4", lw=0.6, ls=":")
        figure.colorbar(image, ax=axis)
    axes[2].set_xlabel("distance to TSS (kb, genomic direction)")
    figure.suptitle(title, fontsize=10)
    return figure
