"""Where each model of a study stands on its board."""

from markexpr.io.files import write_tsv
from markexpr.tables import write_html


def show(job):
    write_tsv(job.output.tsv, job.standing)
    shown = job.standing.dropna(axis="columns", how="all")
    title = f"Study {job.wildcards.study}: where each model stands"
    write_html(shown, title, job, explain(job), seeds=job.standing["seeds"].max())


def explain(job):
    """How to read the table, in a few sentences."""
    cells = int(job.standing["cells"].max())
    drawn = (
        f"{cells} cells, seeds and blocks of genes are drawn"
        if cells > 1
        else "seeds and blocks of genes of this one cell are drawn, and nothing follows for others"
    )
    metric = job.setting["metrics"][0]
    return (
        f"Scores of test genes: the mean over folds of a cell, then over cells. 95 % intervals: "
        f"{drawn}. Best, better and worse: the interval of the difference and tests agree; as "
        f"good as: the interval lies within ±{job.setting['margin']:g} of {metric}. References "
        "(controls, the best possible) are not ranked. seconds: of one fit with all its "
        "candidates, on the machine that ran it."
    )
