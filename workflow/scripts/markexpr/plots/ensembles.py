"""Figures of many cells' models: their training, their errors on seen and unseen cells, and their
mean."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.plots import HIGH, LOW, PALETTE, TRUTH, grid
from markexpr.plots.scores import COLOURS
from markexpr.tables import metric_name

# regimes that the figure of errors shows, and what its legend calls them
SHOWN = {
    "valid_seen": "validation genes, seen cells",
    "test_seen": "held-out genes, seen cells",
    "unseen": "all genes, unseen cells",
    "unseen_new": "held-out genes, unseen cells",
}


def counted(number, what):
    """A number of things, in words."""
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def losses(runs, title):
    """Training loss against step, a panel a model, a thin line a unit and their mean.

    runs: from (model, unit) to a table of step and train_loss (steps.tsv). The scale ends above
    what all models reach after the first epoch, so that a first step far above hides nothing.
    """
    models = list(dict.fromkeys(model for model, _ in runs))
    figure, axes = grid(len(models), width=6.4 if len(models) == 1 else 4.2, height=3.6, columns=3)
    for axis, model in zip(axes, models):
        here = {unit: table for (name, unit), table in runs.items() if name == model}
        for table in here.values():
            axis.plot(
                table["step"],
                table["train_loss"],
                color=LOW,
                lw=0.7,
                alpha=0.35 if len(here) > 6 else 0.8,
            )
        mean = np.mean(
            [
                np.interp(table["step"], other["step"], other["train_loss"])
                for other in here.values()
            ],
            axis=0,
        )
        axis.plot(table["step"], mean, color=HIGH, lw=1.8, label=f"mean of {len(here)} cells")
        last = {
            unit: table.loc[table["epoch"] == table["epoch"].max(), "train_loss"].mean()
            for unit, table in here.items()
        }
        low, high = min(last, key=last.get), max(last, key=last.get)
        axis.set_title(
            f"{model}: last epoch {np.mean(list(last.values())):.2f} ({low} {last[low]:.2f} "
            f"to {high} {last[high]:.2f})",
            fontsize=9,
        )
        # one part of the first epoch can be far above all that follows
        axis.set_ylim(
            0,
            1.05
            * max(
                table["train_loss"].iloc[min(1, len(table) - 1) :].max() for table in here.values()
            ),
        )
        axis.set(xlabel="training step (batch)", ylabel="training loss (MSE)")
        axis.grid(axis="y", color="0.93")
        axis.legend(fontsize=8)
    figure.suptitle(title, fontsize=10)
    return figure


def by_regime(table, title):
    """Error of each model in each regime as points with intervals; the control and, on simulated
    data, the best possible as lines.

    table: results/tables/{study}/regimes.tsv.
    """
    regimes = [regime for regime in SHOWN if (table["regime"] == regime).any()]
    models = [
        model
        for model in dict.fromkeys(table["model"])
        if model not in ("simulator_truth", "gene_mean")
    ]
    order = (
        table[table["regime"] == regimes[-1]]
        .set_index("model")["mse"]
        .reindex(models)
        .sort_values()
        .index
    )
    figure, axes = plt.subplots(
        1,
        len(regimes),
        figsize=(1.6 + 2.2 * len(regimes), 1.5 + 0.27 * len(models)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for number, (axis, regime) in enumerate(zip(axes[0], regimes)):
        here = table[table["regime"] == regime].set_index("model")
        shown = here.reindex(order)
        y = np.arange(len(order))
        axis.hlines(y, shown["mse_low"], shown["mse_high"], color=PALETTE[number], lw=2, alpha=0.5)
        axis.scatter(shown["mse"], y, color=PALETTE[number], s=26, zorder=3, lw=0)
        for model, label, style in (
            ("gene_mean", "gene mean", ":"),
            ("simulator_truth", "best possible", "--"),
        ):
            if model in here.index:
                axis.axvline(here.loc[model, "mse"], color=TRUTH, lw=1.1, ls=style, label=label)
        axis.set_title(
            f"{SHOWN[regime]}\n({counted(here['cells'].iloc[0], 'cell')}, "
            f"{counted(here['genes'].iloc[0], 'gene')})",
            fontsize=8,
        )
        axis.set_xlabel("MSE")
        axis.grid(axis="x", color="0.93")
    axes[0][0].set_yticks(range(len(order)), order)
    axes[0][0].invert_yaxis()
    figure.suptitle(title, fontsize=10)
    if axes[0][0].get_legend_handles_labels()[0]:
        figure.legend(
            *axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8
        )
    return figure


def members(alone, table, metric, title):
    """How each cell's model does alone on each unseen cell (dots), and their mean (diamond), a
    panel a model; a dotted line is the gene mean.

    alone: from (model, unit) to a Series of scores by member; table:
    results/tables/{study}/ensemble.tsv of one seed.
    """
    models = list(dict.fromkeys(model for model, _ in alone))
    units = sorted({unit for _, unit in alone})
    figure, axes = grid(
        len(models), width=max(2.4, 0.5 * len(units) + 1.4), height=3.2, columns=4, sharey=True
    )
    for number, (axis, model) in enumerate(zip(axes, models)):
        drawn = [unit for unit in units if (model, unit) in alone]
        for place, unit in ((units.index(unit), unit) for unit in drawn):
            first = unit == drawn[0]
            values = alone[model, unit].to_numpy()
            row = table[(table["model"] == model) & (table["unit"] == unit)].iloc[0]
            spread = (
                place + np.linspace(-0.2, 0.2, len(values))
                if len(values) > 1
                else np.array([place])
            )
            axis.scatter(
                spread, values, s=9, color="0.6", lw=0, label="one cell's model" if first else None
            )
            axis.scatter(
                [place],
                [row["ensemble"]],
                marker="D",
                s=34,
                color=COLOURS[number % len(COLOURS)],
                zorder=3,
                label="mean of all" if first else None,
            )
            if np.isfinite(row["gene_mean"]):
                axis.hlines(
                    row["gene_mean"],
                    place - 0.35,
                    place + 0.35,
                    color=TRUTH,
                    lw=1.2,
                    ls=":",
                    label="gene mean" if first else None,
                )
        axis.set_title(model, fontsize=9)
        axis.set_xticks(range(len(units)), units, rotation=90 if len(units) > 3 else 0)
        axis.set_xlim(-0.6, len(units) - 0.4)
        axis.grid(axis="y", color="0.93")
        if number % 4 == 0:
            axis.set_ylabel(f"{metric_name(metric)} on the unseen cell")
    figure.suptitle(title, fontsize=10)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8
    )
    return figure


def folds(histories, title):
    """Training and validation loss by epoch: a thin line a fold, and the means.

    histories: from fold to its history (epoch, train_loss, valid_loss). Training losses are taken
    with dropout, while weights still change.
    """
    figure, axis = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    for name, label, colour in (
        ("train_loss", "training", LOW),
        ("valid_loss", "validation", HIGH),
    ):
        losses = [history.set_index("epoch")[name] for history in histories.values()]
        for loss in losses:
            axis.plot(loss.index, loss, color=colour, lw=0.7, alpha=0.4)
        mean = sum(losses) / len(losses)
        axis.plot(
            mean.index,
            mean,
            color=colour,
            lw=2,
            marker="o",
            ms=4,
            label=f"{label}, mean of {len(losses)} folds",
        )
    axis.set(xlabel="epoch", ylabel="MSE")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.grid(axis="y", color="0.93")
    axis.legend(fontsize=8)
    axis.set_title(title, fontsize=10)
    return figure
