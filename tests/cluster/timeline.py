"""A picture of what Slurm's accounting says: when each job ran, and which of them held a GPU."""

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

HELD, NOT, ENDED = "#c44e52", "#8da0cb", "black"


def draw(table, path):
    """One bar a job, in order of their start. table: columns rule, state, start, end, gpus of
    test_slurm.accounted; path: of an SVG."""
    table = table.sort_values(["start", "end"]).reset_index(drop=True)
    zero = table["start"].min()
    seconds = {name: (table[name] - zero).dt.total_seconds() for name in ("start", "end")}
    figure, axes = pyplot.subplots(figsize=(8, 0.2 * len(table) + 1.2), layout="constrained")
    for held, colour, label in ((True, HELD, "holds the GPU"), (False, NOT, "asks for none")):
        chosen = (table["gpus"] > 0) == held
        axes.barh(
            table.index[chosen],
            (seconds["end"] - seconds["start"])[chosen],
            left=seconds["start"][chosen],
            color=colour,
            height=0.75,
            label=label,
        )
    cut = ~table["state"].str.startswith("COMPLETED")
    axes.scatter(
        seconds["end"][cut],
        table.index[cut],
        marker="x",
        color=ENDED,
        zorder=3,
        label="cancelled by the test, then submitted again",
    )
    axes.set_yticks(table.index, table["rule"], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("seconds since the first job began")
    axes.legend(loc="lower left", frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
    pyplot.close(figure)
