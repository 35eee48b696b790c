"""What each mark tells a saved fit: the score that is lost if that mark is of other genes, and if
all others are."""

import numpy as np
import pandas as pd

from markexpr.evaluation.randomised import summarise
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import plt, save
from markexpr.randomising import ALL, OTHERS
from markexpr.tables import metric_name, write_html

NOTE = (
    "Of the saved fits, some marks of the test genes are exchanged for those of other test genes "
    "of the same cell, and nothing is fitted anew: the loss says what a fit leans on, not what "
    "could be learned without a mark. Marks that say the same can stand in for each other, so "
    "that losses of single marks do not add up. DNA stays as it is. In brackets: 95 % bootstrap "
    "intervals over genes."
)


def draw(table, metric):
    """Two maps of model × mark: the loss if a mark is randomised, and if all others are."""
    models = list(dict.fromkeys(table["model"]))
    single = table[~table["randomised"].str.startswith(OTHERS)]
    columns = list(dict.fromkeys(single["randomised"]))
    columns = [name for name in columns if name not in ("none", ALL)] + [ALL]
    others = [OTHERS + name for name in columns if name != ALL]
    others = others if set(others) <= set(table["randomised"]) else []
    loss = table.pivot(index="model", columns="randomised", values="loss").loc[models]
    panels = [("one mark randomised", columns)] + [("all others randomised", others)] * bool(others)
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(2.2 + 0.75 * sum(len(names) for _, names in panels), 1.6 + 0.28 * len(models)),
        squeeze=False,
        sharey=True,
        layout="constrained",
        gridspec_kw={"width_ratios": [len(names) for _, names in panels]},
    )
    top = max(float(np.nanmax(np.abs(loss.to_numpy()))), 1e-9)
    for axis, (title, names) in zip(axes[0], panels):
        values = loss[names].to_numpy()
        image = axis.imshow(values, aspect="auto", cmap="PuOr_r", vmin=-top, vmax=top)
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                dark = "white" if abs(value) > 0.6 * top else "black"
                axis.text(column, row, f"{value:.2f}", ha="center", va="center", color=dark,
                          fontsize=6)  # fmt: skip
        shown = [name.removeprefix(OTHERS) for name in names]
        axis.set_xticks(range(len(names)), shown, rotation=60, ha="right", fontsize=7)
        axis.set_yticks(range(len(models)), models, fontsize=7)
        axis.set_title(title, fontsize=9)
    figure.colorbar(image, ax=list(axes[0]), label=f"loss of {metric_name(metric)}")
    return figure


def main(job):
    metric = job.params.metric
    table = pd.concat(
        [summarise(paths, model, metric, dict(job.params.bootstrap)) for model, paths in by_model(
            job.input.randomised
        ).items()],
        ignore_index=True,
    )  # fmt: skip
    write_tsv(job.output.tsv, table)
    title = f"Marks of study {job.wildcards.study} randomised"
    write_html(table, title, job, NOTE)
    save(draw(table, metric), title, job)


def by_model(paths):
    """Paths of results/randomised/{study}/{model}/{unit}/seed{seed}.npz by model."""
    found = {}
    for path in paths:
        found.setdefault(str(path).split("/")[-3], []).append(path)
    return found


if __name__ == "__main__":
    run_job(main, snakemake)
