"""Training loss of every fit of a model against training steps."""

import numpy as np

from markexpr.io.files import read_tsv
from markexpr.io.jobs import run_job
from markexpr.io.runs import parse_run
from markexpr.plots import HIGH, LOW, save
from markexpr.plots.panels import make_grid
from markexpr.tables import counted


def count_falls(table):
    """In how many epochs the mean training loss is below that of the epoch before, and of how many.

    table: step, epoch and train_loss (steps.tsv).
    """
    change = table.groupby("epoch")["train_loss"].mean().diff().dropna()
    return int((change < 0).sum()), len(change)


def describe_last(units):
    """The training loss of the last epoch, in words: its mean and range over several fits; of one
    fit, also how often it fell from one epoch to the next.

    units: from unit to a table of step, epoch and train_loss.
    """
    last = {
        unit: table.loc[table["epoch"] == table["epoch"].max(), "train_loss"].mean()
        for unit, table in units.items()
    }
    said = f"last epoch {np.mean(list(last.values())):.2f}"
    if len(units) > 1:
        low, high = min(last, key=last.get), max(last, key=last.get)
        return f"{said} ({low} {last[low]:.2f} to {high} {last[high]:.2f})"
    falls, epochs = count_falls(next(iter(units.values())))
    return f"{said}\nbelow the epoch before in {falls} of {counted(epochs, 'epoch')}"


def draw(runs):
    """Draw training loss against step, a panel a model: a thin line a unit and their mean, or the
    one line that there is with a dot at the end of each epoch.

    runs: from (model, unit) to a table of step, epoch and train_loss (steps.tsv). The scale ends
    above what all models reach after the first point, which can be far above all that follows.
    """
    models = list(dict.fromkeys(model for model, _ in runs))
    width = 6.4 if len(models) == 1 else 4.2
    figure, axes = make_grid(len(models), width=width, height=3.6, columns=3)
    for axis, model in zip(axes, models):
        units = {unit: table for (name, unit), table in runs.items() if name == model}
        for table in units.values():
            axis.plot(
                table["step"],
                table["train_loss"],
                color=LOW,
                lw=0.7,
                alpha=0.35 if len(units) > 6 else 0.8,
            )
        if len(units) > 1:
            mean = np.mean(
                [
                    np.interp(table["step"], other["step"], other["train_loss"])
                    for other in units.values()
                ],
                axis=0,
            )
            label = f"mean of {len(units)} cells"
            axis.plot(table["step"], mean, color=HIGH, lw=1.8, label=label)
        else:
            ends = table.groupby("epoch").agg(step=("step", "max"), loss=("train_loss", "mean"))
            label = "mean of each epoch"
            axis.plot(ends["step"], ends["loss"], color=HIGH, lw=1.8, marker="o", ms=4, label=label)
        axis.set_title(f"{model}: {describe_last(units)}", fontsize=9)
        tops = [
            table["train_loss"].iloc[min(1, len(table) - 1) :].max() for table in units.values()
        ]
        axis.set_ylim(0, 1.05 * max(tops))
        axis.set(xlabel="training step (batch)", ylabel="training loss (MSE)")
        axis.grid(axis="y", color="0.93")
        axis.legend(fontsize=8)
    return figure


def main(job):
    runs = {}
    for path in job.input:
        run = parse_run(path)
        runs[run["model"], run["unit"]] = read_tsv(path)
    several = len({unit for _, unit in runs}) > 1
    what = "every cell's model" if several else "the model"
    save(draw(runs), f"{job.wildcards.study}: training loss of {what}", job)


if __name__ == "__main__":
    run_job(main, snakemake)
