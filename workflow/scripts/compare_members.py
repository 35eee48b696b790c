"""The mean of all cells' models on each unseen cell beside the models alone."""

import pandas as pd

from markexpr.evaluation.comparisons import LOWER_IS_BETTER
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.io.runs import run_of
from markexpr.plots import save
from markexpr.plots.ensembles import members
from markexpr.tables import titled, write_html


def main(job):
    metric = job.params.metric
    scores = (
        pd.read_csv(job.input.metrics, sep="\t")
        .query("split == 'test' and metric == @metric")
        .set_index(["model", "unit", "seed"])["value"]
    )
    alone, rows = {}, []
    for path in job.input.members:
        run = run_of(path)
        values = pd.read_csv(path, sep="\t").set_index("member")[metric]
        whole, control = (
            scores[run["model"], run["unit"], run["seed"]],
            scores.get(("gene_mean", run["unit"], run["seed"]), float("nan")),
        )
        best = values.idxmin() if metric in LOWER_IS_BETTER else values.idxmax()
        row = {
            "model": run["model"],
            "unit": run["unit"],
            "seed": run["seed"],
            "metric": metric,
            "members": len(values),
            "ensemble": whole,
        }
        rows.append(
            {
                **row,
                "mean_of_members": values.mean(),
                "best_member": best,
                "best_members_value": values[best],
                "gene_mean": control,
            }
        )
        if run["seed"] == job.params.seed:
            alone[run["model"], run["unit"]] = values
    table = pd.DataFrame(rows)
    write_tsv(job.output.tsv, table)
    title = titled(
        f"Study {job.wildcards.study}: the mean of all cells' models, and each alone, on "
        "unseen cells",
        job.params.simulated,
    )
    write_html(
        job.output.html,
        table,
        title,
        "The best member is known only after the fact: picking it takes the unseen cell's "
        "expression.",
    )
    save(
        members(alone, table[table["seed"] == job.params.seed], metric, title),
        job.output.svg,
        job.output.png,
    )


if __name__ == "__main__":
    run_job(main, snakemake)
