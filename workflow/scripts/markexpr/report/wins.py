"""In what share of cells each model has a higher score than each other, with the verdicts."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.evaluation.equivalence import AS_GOOD, BETTER, WORSE, Verdicts
from markexpr.plots import save
from markexpr.plots.panels import draw_nothing
from markexpr.tables import counted

SYMBOLS = {BETTER: "▲", WORSE: "▼", AS_GOOD: "="}


def show(job):
    ranked = job.standing.dropna(subset=["mean_rank"])
    title = f"Study {job.wildcards.study}: which model beats which"
    if not len(job.pairs):
        save(draw_nothing("one model: there is no other to compare it with"), title, job)
        return
    others = [name for name in job.standing["model"] if name in set(job.pairs["other"])]
    controls = [name for name in others if name not in set(ranked["model"])]
    cells = int(job.standing["cells"].max())
    save(draw(list(ranked["model"]), controls, job.pairs, cells), title, job)


def draw(models, controls, pairs, cells):
    """A matrix of models by models and controls: per cent of cells that the row wins, in grey, and
    the verdict on the row as a symbol.

    models, controls: names, in order; pairs: as markexpr.evaluation.equivalence.compare_all gives
    them; cells: how many there are.
    """
    columns, verdicts = [*models, *controls], Verdicts(pairs)
    won = np.full((len(models), len(columns)), np.nan)
    for row in pairs.itertuples():
        one, other = models.index(row.model), columns.index(row.other)
        won[one, other] = row.cells_won
        if other < len(models):
            won[other, one] = 1 - row.cells_won
    edge = 0.36
    figure, axis = plt.subplots(
        figsize=(2.0 + edge * len(columns), 1.9 + edge * len(models)), layout="constrained"
    )
    image = axis.imshow(won, cmap="Greys", vmin=0, vmax=2, aspect="equal")
    for place, model in enumerate(models):
        for other, name in enumerate(columns):
            if np.isnan(won[place, other]):
                continue
            symbol = SYMBOLS.get(verdicts.of(model, name), "")
            share = f"{100 * won[place, other]:.0f}"
            text = f"{share}\n{symbol}" if symbol else share
            axis.text(other, place, text, ha="center", va="center", fontsize=7, linespacing=1.0)
    axis.set_xticks(range(len(columns)), columns, rotation=90, fontsize=8, parse_math=False)
    axis.set_yticks(range(len(models)), models, fontsize=8, parse_math=False)
    axis.xaxis.tick_top()
    if controls:
        axis.axvline(len(models) - 0.5, color="0.2", lw=1.2)
    axis.set_xticks(np.arange(len(columns) - 1) + 0.5, minor=True)
    axis.set_yticks(np.arange(len(models) - 1) + 0.5, minor=True)
    axis.grid(which="minor", color="white", lw=1.5)
    axis.tick_params(which="both", length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(image, ax=axis, shrink=0.5, boundaries=np.linspace(0, 1, 101))
    bar.set_ticks([0, 0.5, 1], labels=["0", "50", "100"])
    bar.set_label(f"% of {counted(cells, 'cell')} that the row wins", fontsize=8)
    figure.supxlabel("▲ better  ▼ worse  = as good as  (none: not told apart)", fontsize=8)
    return figure
