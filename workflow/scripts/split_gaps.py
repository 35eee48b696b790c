"""Where the gaps between printed numbers come from, as a table and a figure."""

import matplotlib.pyplot as plt

from markexpr.evaluation.gaps import OURS, PARTS, PUBLISHED, average_corners, split_gaps
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.tables import metric_name, write_html

UP, DOWN, WHOLE = "#0072b2", "#d55e00", "0.45"


def draw(table, metric):
    """Draw each step as a waterfall: from our value of one model to that of the other, part by
    part, with the printed numbers as diamonds.

    table: as split_gaps gives it.
    """
    steps = list(dict.fromkeys(table["step"]))
    figure, axes = plt.subplots(
        len(steps),
        1,
        figsize=(7, 0.5 + 2.1 * len(steps)),
        squeeze=False,
        layout="constrained",
        sharex=True,
    )
    for axis, step in zip(axes[:, 0], steps):
        _draw_step(axis, step, table[table["step"] == step].set_index("part"))
    axes[-1, 0].set_xlabel(f"{metric_name(metric)} of test genes, mean over cells")
    axes[0, 0].legend(loc="best", fontsize=7, frameon=False)
    return figure


def _draw_step(axis, step, rows):
    first, last = step.split(" to ")
    start, end = float(rows.loc[OURS, "from"]), float(rows.loc[OURS, "to"])
    names, at = [f"{first}, its setting"], start
    axis.plot(start, 0, "o", color=WHOLE, label="ours")
    for place, part in enumerate(PARTS, 1):
        row = rows.loc[part]
        same = row["from"] == row["to"]
        names.append(part if same else f"{part}: {row['from']} → {row['to']}")
        colour = UP if row["effect"] >= 0 else DOWN
        axis.barh(place, row["effect"], left=at, height=0.55, color=colour, alpha=0.75)
        axis.hlines(place, at + row["ci_low"], at + row["ci_high"], color="0.15", lw=1.2)
        said = "same" if same else f"{row['effect']:+.3f}"
        edge = max(at, at + row["effect"], *(at + row[["ci_low", "ci_high"]].fillna(0)))
        axis.annotate(
            said, (edge, place), (4, 0), textcoords="offset points", va="center", fontsize=7
        )
        axis.vlines(at, place - 1, place, color="0.8", lw=0.8, zorder=0)
        at += row["effect"]
    names.append(f"{last}, its setting")
    axis.plot(end, len(PARTS) + 1, "o", color=WHOLE)
    if PUBLISHED in rows.index:
        printed = [float(rows.loc[PUBLISHED, name]) for name in ("from", "to")]
        axis.plot(printed, [0, len(PARTS) + 1], "D", mfc="none", color="black", label="published")
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.invert_yaxis()
    axis.use_sticky_edges = False  # of bars, which would end the axis where one begins
    axis.margins(x=0.12)
    axis.grid(axis="x", color="0.93")
    axis.set_title(f"{step} ({rows['units'].iloc[0]} cells)", fontsize=9, loc="left")


def main(job):
    params = job.params
    settings = [(levels, read_tsv(path)) for levels, path in zip(params.levels, job.input.metrics)]
    models = list(params.gaps["printed"])
    corners = average_corners(settings, models, params.metric)
    table = split_gaps(corners, params.gaps, params.bootstrap, params.simulated)
    write_tsv(job.output.tsv, table, float_format="%.4g")
    title = "Where published gaps come from"
    note = (
        "Each model is run under both settings of each factor. The effect of a factor is its mean "
        "over all orders in which factors could be changed (Shapley); the four add up to ours. "
        "Intervals are over cells; seeds are averaged first."
    )
    seeds = min(metrics["seed"].nunique() for _, metrics in settings)
    write_html(table, title, job, note, seeds=seeds)
    save(draw(table, params.metric), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
