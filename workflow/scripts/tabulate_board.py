"""The board of one task: every model under every split, with its cost; as a table and as a
figure."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.transforms import ScaledTranslation

from markexpr.evaluation.board import REFERENCES, join_splits, set_side_by_side
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import HIGH, LOW, TRUTH, save
from markexpr.tables import counted, metric_name, write_html

MARKERS = {"net": "o", "estimator": "s"}
LINES = {
    "control": {"color": HIGH, "lw": 1.2, "ls": ":"},
    "truth": {"color": TRUTH, "lw": 1.2, "ls": "--"},
}
UNSHRUNK = {"shrinkA": 0, "shrinkB": 0}
ABOVE = 14  # points between a panel and the names of its references
NEAR = 1.0  # references this many spans of the models' scores away are drawn


def draw(long):
    """Scores with intervals, a row a model in the order of the first split, a panel a split;
    references are dashed lines, and those far off are named below.

    long: as markexpr.evaluation.board.join_splits gives it.
    """
    splits = list(dict.fromkeys(long["split"]))
    shown = long[~long["kind"].isin(REFERENCES) & long["value"].notna()]
    models = list(dict.fromkeys(shown["model"]))
    figure, axes = plt.subplots(
        1,
        len(splits),
        figsize=(1.6 + 3.2 * len(splits), 3.0 + 0.24 * max(len(models), 1)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, split in zip(axes[0], splits):
        rows = shown[shown["split"] == split]
        beside = long[(long["split"] == split) & long["kind"].isin(REFERENCES)]
        _draw_models(axis, rows, models)
        _draw_references(axis, rows, beside.dropna(subset=["value"]))
        axis.set_title(f"{split}\n({_say_size(rows)})", fontsize=9, pad=_find_pad(beside))
        axis.set_xlabel(_name_metric(long), fontsize=9)
        axis.grid(axis="x", color="0.93")
    axes[0][0].set_yticks(range(len(models)), models, fontsize=8, parse_math=False)
    axes[0][0].set_ylim(len(models) - 0.5, -0.5)
    handles = [
        plt.Line2D([], [], ls="", marker=MARKERS.get(kind, "D"), color=LOW, label=kind)
        for kind in dict.fromkeys(shown["kind"])
    ]
    handles += [
        plt.Line2D([], [], **LINES[kind], label=label)
        for kind, label in (("control", "control"), ("truth", "best possible"))
        if (long["kind"] == kind).any()
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles) or 1, fontsize=8)
    return figure


def _find_pad(references):
    """Points between a panel and its title, where names of references stand."""
    longest = references["model"].str.len().max() if len(references) else 0
    return ABOVE + 4.4 * longest + 6 if longest else 6


def _say_size(rows):
    if rows.empty:
        return "no model"
    seeds = int(rows["seeds"].max())
    return f"{counted(int(rows['cells'].max()), 'cell')}, {counted(seeds, 'seed')}"


def _name_metric(long):
    return f"{metric_name(long['metric'].dropna().iloc[0])} of test genes"


def _draw_models(axis, rows, models):
    y = rows["model"].map(models.index)
    axis.hlines(y, rows["ci_low"], rows["ci_high"], color=LOW, lw=1.6, alpha=0.6)
    for kind, own in rows.groupby("kind"):
        axis.scatter(
            own["value"],
            own["model"].map(models.index),
            color=LOW,
            marker=MARKERS.get(kind, "D"),
            s=24,
            zorder=3,
        )


def _draw_references(axis, rows, references):
    """Lines of references near the models, named above the panel; the others in words below."""
    if references.empty or rows.empty:
        return
    low, high = rows[["ci_low", "value"]].min(axis=None), rows[["ci_high", "value"]].max(axis=None)
    span = max(high - low, 0.02)
    near = references["value"].between(low - NEAR * span, high + NEAR * span)
    drawn = references[near].sort_values("value")
    left, right = min([low, *drawn["value"]]), max([high, *drawn["value"]])
    width = 1.12 * (right - left)
    axis.set_xlim(left - 0.05 * width, right + 0.05 * width)
    above = axis.get_xaxis_transform() + ScaledTranslation(
        0, ABOVE / 72, axis.figure.dpi_scale_trans
    )
    spread = spread_out(drawn["value"].to_numpy(), 0.055 * width)
    for place, row in zip(spread, drawn.itertuples()):
        line = LINES[row.kind]
        axis.axvline(row.value, **line)
        axis.annotate(
            row.model,
            (row.value, 1),
            (place, 1),
            xycoords=axis.get_xaxis_transform(),
            textcoords=above,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=7,
            color=line["color"],
            parse_math=False,
            arrowprops={"arrowstyle": "-", "color": line["color"], "lw": 0.6, **UNSHRUNK},
        )
    if (~near).any():
        far = references[~near].sort_values("value")
        names = [f"{row.model} {row.value + 0.0:.2f}" for row in far.itertuples()]
        lines = [", ".join(names[first : first + 2]) for first in range(0, len(names), 2)]
        axis.annotate(
            "beyond: " + "\n".join(lines),
            (0.5, 0),
            (0, -34),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7,
            parse_math=False,
        )


def spread_out(values, least):
    """Places of labels of sorted values that are at least so far apart and near the values, float
    [values]."""
    places = np.array(values, dtype=float)
    for _ in range(200):
        push = np.maximum(least - np.diff(places), 0) / 2
        if not (push > 1e-9).any():
            break
        places[:-1] -= push
        places[1:] += push
    return places


def main(job):
    params = job.params
    tables = [read_tsv(path) for path in job.input]
    standings = dict(zip(params.studies, zip(params.studies.values(), tables)))
    long = join_splits(standings, job.wildcards.task)
    write_tsv(job.output.table_tsv, long)
    shown = set_side_by_side(long).dropna(axis="columns", how="all")
    note = (
        "Models in the order of their scores under the first split. Scores of test genes: the "
        "mean over folds of a cell, then over cells, with 95 % intervals over cells, seeds and "
        "blocks of genes. The words better, worse and best stand where an interval and a test "
        "support them; as good as, where the difference is shown to be practically none. Splits "
        "differ in their test genes and cells: compare models within a split. Costs are those of "
        "the first split, of one fit with all its candidates."
    )
    seeds = long["seeds"].max()
    html = SimpleNamespace(output=SimpleNamespace(html=job.output.table_html), params=params)
    write_html(shown, params.title, html, note, seeds=seeds)
    save(draw(long), params.title, job, job.output.figure_svg, job.output.figure_png)


if __name__ == "__main__":
    run_job(main, snakemake)
