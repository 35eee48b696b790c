"""One of the paper's figures of models side by side, unit by unit."""

import pandas as pd

from markexpr.evaluation.comparisons import by_unit
from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.scores import side_by_side
from markexpr.tables import titled


def main(job):
    figure = job.params.figure
    metrics = pd.read_csv(job.input[0], sep="\t")
    split = figure.get("split", "test")
    units = by_unit(metrics, figure["models"], figure["metric"], split)[0].index
    shown = [*figure["models"], "simulator_truth"]
    here = metrics[
        (metrics["metric"] == figure["metric"])
        & (metrics["split"] == split)
        & metrics["model"].isin(shown)
        & metrics["unit"].isin(units)
    ]
    # of several seeds: their mean, and the widest interval
    table = (
        here.groupby(["model", "unit"])
        .agg(value=("value", "mean"), ci_low=("ci_low", "min"), ci_high=("ci_high", "max"))
        .reset_index()
    )
    table = table.sort_values("model", key=lambda column: column.map(shown.index))
    save(
        side_by_side(
            table,
            figure["metric"],
            titled(figure["title"], job.params.simulated),
            figure.get("name_best", ()),
            split,
        ),
        job.output.svg,
        job.output.png,
    )


if __name__ == "__main__":
    run_job(main, snakemake)
