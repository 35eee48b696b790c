"""ROC curves of the test genes of every run of a study."""

import pandas as pd

from markexpr.io.jobs import log, run_job
from markexpr.io.runs import read_predictions, run_of
from markexpr.plots import save
from markexpr.plots.scores import roc
from markexpr.tables import titled


def main(job):
    metrics = pd.read_csv(job.input.metrics, sep="\t")
    auc = metrics[(metrics["metric"] == "auc") & (metrics["split"] == "test")].set_index(
        ["model", "unit", "seed"]
    )
    runs = []
    for path in job.input.predictions:
        run = run_of(path)
        predictions = read_predictions(path)
        test = predictions[predictions["split"] == "test"]
        score = auc.loc[(run["model"], run["unit"], run["seed"])]
        if pd.isna(score["value"]):
            log.warning("%s is left out of the figure: its test genes are all of one class", path)
            continue
        label = (
            run["unit"] if metrics["seed"].nunique() == 1 else f"{run['unit']} seed {run['seed']}"
        )
        numbers = {"auc": score["value"], "ci_low": score["ci_low"], "ci_high": score["ci_high"]}
        runs.append(
            {
                "model": run["model"],
                "label": label,
                "y_true": test["y_true"],
                "y_pred": test["y_pred"],
                **numbers,
            }
        )
    figure = roc(
        runs,
        titled(f"{job.wildcards.study}: high or low expression, test genes", job.params.simulated),
    )
    save(figure, job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
