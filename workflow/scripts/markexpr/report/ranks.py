"""Mean ranks of models over cells; models of which none is better than another are joined (after
Demsar 2006, J Mach Learn Res 7:1, with the verdicts of the board for his critical difference)."""

import matplotlib.pyplot as plt

from markexpr.evaluation.equivalence import join_open
from markexpr.plots import LOW, save
from markexpr.plots.panels import draw_nothing
from markexpr.tables import counted

BAR = 0.13  # inches between two bars


def show(job):
    table = job.standing.dropna(subset=["mean_rank"])
    title = f"Study {job.wildcards.study}: mean ranks over cells"
    if len(table) < 2:
        save(draw_nothing("one model: there is no other to rank it with"), title, job)
        return
    save(
        draw(table.set_index("model")["mean_rank"], job.pairs, int(table["cells"].max())),
        title,
        job,
    )


def draw(ranks, pairs, cells):
    """A row a model in the order of its mean rank, and a bar at the right that joins neighbours
    which are not told apart.

    ranks: Series by model; pairs: as markexpr.evaluation.equivalence.compare_all gives them; cells:
    how many the ranks are of.
    """
    ranks = ranks.sort_values(kind="stable")
    groups = join_open(list(ranks.index), pairs)
    lanes = find_lanes(groups)
    width = max(0.3, BAR * (len(set(lanes)) + 1))
    figure, (axis, beside) = plt.subplots(
        1,
        2,
        figsize=(4.6 + width, 1.0 + 0.22 * len(ranks)),
        sharey=True,
        layout="constrained",
        width_ratios=[4.6, width],
    )
    y = range(len(ranks))
    axis.hlines(y, 0.5, ranks, color="0.85", lw=0.8, zorder=0)
    axis.scatter(ranks, y, color=LOW, s=26, zorder=3)
    for place, value in zip(y, ranks):
        axis.annotate(
            f"{value:.1f}",
            (value, place),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
    axis.set_yticks(y, ranks.index, fontsize=8, parse_math=False)
    axis.set_ylim(len(ranks) - 0.5, -0.5)
    axis.set_xlim(0.5, len(ranks) + 0.5)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.set_xlabel(f"mean rank over {counted(cells, 'cell')} (1: the highest score)")
    for number, group in zip(lanes, groups):
        beside.plot(
            [number, number],
            [group.first - 0.2, group.last + 0.2],
            color="0.25",
            lw=2.5,
            solid_capstyle="butt",
        )
    beside.set_xlim(-0.8, max(len(set(lanes)) - 0.2, 0.8))
    beside.set_axis_off()
    said = "joined: none is better than another" if groups else "all are told apart"
    figure.supxlabel(said, fontsize=8, x=0.99, ha="right")
    return figure


def find_lanes(groups):
    """The column in which each bar is drawn, the first in which it touches no other; list of
    int."""
    lanes, ends = [], []
    for group in groups:
        free = [lane for lane, end in enumerate(ends) if end < group.first]
        lane = free[0] if free else len(ends)
        ends[lane : lane + 1] = [group.last]
        lanes.append(lane)
    return lanes
