"""Predicted against true values of the test genes of every model of a study."""

import pandas as pd

from markexpr.io.jobs import run_job
from markexpr.io.runs import read_predictions, run_of
from markexpr.plots import save
from markexpr.plots.scores import predicted
from markexpr.tables import titled


def main(job):
    metrics = pd.read_csv(job.input.metrics, sep="\t")
    score = metrics[(metrics["metric"] == "pearson") & (metrics["split"] == "test")].set_index(
        ["model", "unit", "seed"]
    )["value"]
    runs = []
    for path in job.input.predictions:
        run = run_of(path)
        test = read_predictions(path).query("split == 'test'")
        if len(test):
            here = {
                "y_true": test["y_true"],
                "y_pred": test["y_pred"],
                "score": score[run["model"], run["unit"], run["seed"]],
            }
            runs.append({"model": run["model"], "unit": run["unit"], **here})
    units = len({run["unit"] for run in runs})
    title = titled(
        f"{job.wildcards.study}: test genes of {units} unit{'s' if units > 1 else ''}",
        job.params.simulated,
    )
    save(predicted(runs, "mean Pearson", title), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
