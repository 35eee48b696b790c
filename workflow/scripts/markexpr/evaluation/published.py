"""Published numbers beside ours."""

import numpy as np
import pandas as pd

from markexpr.evaluation.comparisons import aggregate, average_seeds, count_failed, take_shares
from markexpr.io.jobs import InputError
from markexpr.tables import counted

STATISTICS = (
    "mean",
    "min",
    "max",
    "median",
    "mean_drop",
    "mean_relative",
    "median_relative",
    "pooled",
    "gradient_min",
    "gradient_max",
)
TOLERANCE = {
    "mean_drop": 0.005,
    "mean_relative": 0.05,
    "median_relative": 0.05,
}  # and of values themselves
VALUE_TOLERANCE = {"mse": 0.05}  # of values themselves, else 0.02
# rows of all cells together: the regime (markexpr.evaluation.regimes) that a split of the
# competition is
POOLED = {"train": "train_seen", "valid": "valid_seen", "test": "competition"}


def _statistic(name, values, against, metric):
    """A statistic of a model's values over units, some of them against those of another model; NaN
    if it cannot be told for failed fits."""
    if name == "mean_drop":
        return (against - values).mean(skipna=False)
    if name.endswith("_relative"):
        return aggregate(take_shares(values, against), name.removesuffix("_relative"), metric)
    return aggregate(values, name, metric)


def _pooled(regimes, row):
    """A model's score over the rows of all cells and the number of cells; (NaN, 0) if there is
    none."""
    if regimes is None:
        return float("nan"), 0
    here = regimes[(regimes["regime"] == POOLED[row.split]) & (regimes["model"] == row.model)]
    return (
        (here[row.metric].iloc[0], int(here["cells"].iloc[0])) if len(here) else (float("nan"), 0)
    )


def _gradient(maps, statistic):
    """The least or largest value of maps of saliency over all units, marks and bins, and the number
    of units; (NaN, 0) if there is none."""
    if not maps:
        return float("nan"), 0
    take = {"gradient_min": np.min, "gradient_max": np.max}[statistic]
    return float(take([take(one) for one in maps])), len(maps)


def beside_published(
    metrics, published, study, simulated, label_mode, changed="", regimes=None, saliency=()
):
    """Set each number that a study's paper prints beside ours.

    metrics: results/metrics/{study}.tsv; published: config/published.tsv; label_mode: how ours are
    labelled (numeric, text);
    changed: what else differs from the paper's setting, or nothing; regimes: as
    results/tables/{study}/regimes.tsv, if there are any; saliency: maps of mean |gradient| of the
    units that the study draws, each float [marks, bins]. `ours` is the same statistic
    over units of the mean over seeds (or of what sets it against another model, see
    config/published.tsv), empty for models that were not run. `failed` is how many of the fits
    have no score. `verdict` says `not comparable` unless the data are real, the units as many and
    the labels made as in the paper, and `not reproduced` if ours is further from the paper's than
    TOLERANCE, or cannot be told for failed fits; it says how many failed.
    """
    rows = []
    for row in published[published["study"] == study].itertuples():
        if row.statistic not in STATISTICS:
            raise InputError(
                f"config/published.tsv: unknown statistic {row.statistic!r}; known are "
                f"{', '.join(STATISTICS)}"
            )
        models = [row.model] if pd.isna(row.against) else [row.against, row.model]
        failed = 0
        if row.statistic == "pooled":
            ours, n_units = _pooled(regimes, row)
        elif row.metric == "gradient":
            ours, n_units = _gradient(saliency, row.statistic)
        else:
            mean, _ = average_seeds(metrics, models, row.metric, row.split)
            n_units = len(mean) if len(mean.columns) == len(models) else 0
            ours = (
                _statistic(row.statistic, mean[row.model], mean.get(row.against), row.metric)
                if n_units
                else float("nan")
            )
            failed = int(count_failed(metrics, models, row.metric, row.split).to_numpy().sum())
        tolerance = TOLERANCE.get(row.statistic, VALUE_TOLERANCE.get(row.metric, 0.02))
        if not n_units:
            verdict = "not run"
        elif simulated:
            verdict = "not comparable: simulated data"
        elif row.metric == "gradient":
            verdict = "not comparable: the paper does not say over which genes its range is"
        elif row.n_units == 0:
            verdict = "not comparable: the paper does not name its units"
        elif n_units != row.n_units:
            verdict = f"not comparable: {n_units} of {row.n_units} units"
        elif changed:
            verdict = f"not comparable: {changed}"
        elif row.label_mode not in (label_mode, "unknown"):
            verdict = f"not comparable: {row.label_mode} labels there, {label_mode} here"
        else:
            verdict = (
                f"within {tolerance}" if abs(ours - row.value) <= tolerance else "not reproduced"
            )
            if row.label_mode == "unknown":
                verdict += f" (how the paper made its labels is unknown; {label_mode} here)"
            if failed:
                verdict += f" ({counted(failed, 'fit')} failed)"
        rows.append(
            (
                row.model,
                row.split,
                row.metric,
                row.statistic,
                row.value,
                ours,
                n_units or None,
                failed,
                verdict,
                row.label_mode,
                row.source,
            )
        )
    columns = [
        "model",
        "split",
        "metric",
        "statistic",
        "published",
        "ours",
        "units",
        "failed",
        "verdict",
        "published_label_mode",
        "source",
    ]
    return pd.DataFrame(rows, columns=columns)
