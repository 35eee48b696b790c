"""The mean of all cells' models on each unseen cell beside the models alone."""

import numpy as np
import pandas as pd

from markexpr.evaluation.comparisons import LOWER_IS_BETTER
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import run_job
from markexpr.io.runs import parse_run
from markexpr.plots import TRUTH, save
from markexpr.plots.panels import COLOURS, make_grid
from markexpr.tables import metric_name, write_html


def draw(alone, table, metric):
    """Draw how each cell's model does alone on each unseen cell (dots), and their mean (diamond), a
    panel a model; a dotted line is the gene mean.

    alone: from (model, unit) to a Series of scores by member; table:
    results/tables/{study}/ensemble.tsv of one seed.
    """
    models = list(dict.fromkeys(model for model, _ in alone))
    units = sorted({unit for _, unit in alone})
    figure, axes = make_grid(
        len(models), width=max(2.4, 0.5 * len(units) + 1.4), height=3.2, columns=4, sharey=True
    )
    for number, (axis, model) in enumerate(zip(axes, models)):
        drawn = [unit for unit in units if (model, unit) in alone]
        for unit in drawn:
            x = units.index(unit)
            first = unit == drawn[0]
            values = alone[model, unit].to_numpy()
            row = table[(table["model"] == model) & (table["unit"] == unit)].iloc[0]
            spread = x + np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.array([x])
            axis.scatter(
                spread, values, s=9, color="0.6", lw=0, label="one cell's model" if first else None
            )
            axis.scatter(
                [x],
                [row["ensemble"]],
                marker="D",
                s=34,
                color=COLOURS[number % len(COLOURS)],
                zorder=3,
                label="mean of all" if first else None,
            )
            if np.isfinite(row["gene_mean"]):
                axis.hlines(
                    row["gene_mean"],
                    x - 0.35,
                    x + 0.35,
                    color=TRUTH,
                    lw=1.2,
                    ls=":",
                    label="gene mean" if first else None,
                )
        axis.set_title(model, fontsize=9)
        axis.set_xticks(range(len(units)), units, rotation=90 if len(units) > 3 else 0)
        axis.set_xlim(-0.6, len(units) - 0.4)
        axis.grid(axis="y", color="0.93")
        if number % 4 == 0:
            axis.set_ylabel(f"{metric_name(metric)} on the unseen cell")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8
    )
    return figure


def pick(values, metric):
    """The name of the best of some scores; None if there is none."""
    scored = values.dropna()
    if not len(scored):
        return None
    return scored.idxmin() if metric in LOWER_IS_BETTER else scored.idxmax()


def main(job):
    metric = job.params.metric
    metrics = read_tsv(job.input.metrics).query("metric == @metric")
    scores, validation = (
        metrics[metrics["split"] == split].set_index(["model", "unit", "seed"])["value"]
        for split in ("test", "valid")
    )
    alone, rows = {}, []
    for path in job.input.members:
        run = parse_run(path)
        model, unit, seed = run["model"], run["unit"], run["seed"]
        values = read_tsv(path).set_index("member")[metric]
        best = pick(values, metric)
        # each member's score on the validation genes of its own cell
        of_members = [(model, member, seed) for member in values.index]
        own = pd.Series(validation.reindex(of_members).to_numpy(), values.index)
        chosen = pick(own, metric)
        rows.append(
            {
                "model": model,
                "unit": unit,
                "seed": seed,
                "metric": metric,
                "members": len(values),
                "failed": int(values.isna().sum()),
                "ensemble": scores[model, unit, seed],
                "mean_of_members": values.mean(skipna=False),
                "chosen_member": chosen,
                "chosen_members_value": values.get(chosen, np.nan),
                "best_member": best,
                "best_members_value": values.get(best, np.nan),
                "gene_mean": scores.get(("gene_mean", unit, seed), float("nan")),
            }
        )
        if seed == job.params.seed:
            alone[model, unit] = values
    table = pd.DataFrame(rows)
    write_tsv(job.output.tsv, table)
    title = (
        f"Study {job.wildcards.study}: the mean of all cells' models, and each alone, on "
        "unseen cells"
    )
    note = (
        "The chosen member has the best score on the validation genes of its own cell. The best "
        "member is known only after the fact: picking it takes the unseen cell's expression. The "
        "squared error of a mean is never above the mean of the members' squared errors. failed: "
        "members that predict one constant and so have no score."
    )
    write_html(table, title, job, note, seeds=table["seed"].nunique())
    save(draw(alone, table[table["seed"] == job.params.seed], metric), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
