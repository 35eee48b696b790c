"""Published numbers beside ours."""

import pandas as pd

from markexpr.jobs import InputError

STATISTICS = ("mean", "min", "max", "median")


def beside_published(metrics, published, study, n_units, simulated, label_mode, changed=""):
    """Set each number that a study's paper prints beside ours.

    metrics: results/metrics/{study}.tsv; published: config/published.tsv; n_units: units of this run of the pipeline;
    label_mode: how ours are labelled (numeric, text); changed: what else differs from the paper's setting, or nothing.
    `ours` is the same statistic over units of the mean over seeds, empty for models that were not run. `verdict` says
    `not comparable` unless the data are real, the units as many and the labels made as in the paper, and `not reproduced` if ours
    is further than 0.02 from the paper's.
    """
    rows = []
    for row in published[published["study"] == study].itertuples():
        here = metrics[(metrics["model"] == row.model) & (metrics["split"] == row.split) & (metrics["metric"] == row.metric)]
        per_unit = here.groupby("unit")["value"].mean()
        if row.statistic not in STATISTICS:
            raise InputError(f"config/published.tsv: unknown statistic {row.statistic!r}; known are {', '.join(STATISTICS)}")
        ours = per_unit.agg(row.statistic) if len(per_unit) else float("nan")
        if not len(per_unit):
            verdict = "not run"
        elif simulated:
            verdict = "not comparable: simulated data"
        elif n_units != row.n_units:
            verdict = f"not comparable: {n_units} of {row.n_units} units"
        elif changed:
            verdict = f"not comparable: {changed}"
        elif row.label_mode != label_mode:
            verdict = f"not comparable: {row.label_mode} labels there, {label_mode} here"
        else:
            verdict = "within 0.02" if abs(ours - row.value) <= 0.02 else "not reproduced"
        rows.append((row.model, row.split, row.metric, row.statistic, row.value, ours, len(per_unit) or None, verdict, row.label_mode, row.source))
    columns = ["model", "split", "metric", "statistic", "published", "ours", "units", "verdict", "published_label_mode", "source"]
    return pd.DataFrame(rows, columns=columns)
