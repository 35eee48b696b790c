"""The board of all tasks in one table, a row a task, split and model."""

import pandas as pd

from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import run_job
from markexpr.tables import write_html

SHOWN = ["task", "split", "model", "kind", "standing", "metric", "value", "ci_low", "ci_high"]


def main(job):
    board = pd.concat([read_tsv(path) for path in job.input], ignore_index=True)
    write_tsv(job.output.tsv, board)
    note = (
        "All tasks and splits; a board of each task has its models side by side. "
        f"All columns are in {job.output.tsv}."
    )
    write_html(board[SHOWN], "The board", job, note, seeds=board["seeds"].max())


if __name__ == "__main__":
    run_job(main, snakemake)
