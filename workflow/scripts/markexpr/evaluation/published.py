"""Published numbers beside ours."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from markexpr.evaluation.comparisons import (
    aggregate,
    average_seeds,
    count_failed,
    mean_drop,
    take_shares,
)
from markexpr.io.jobs import InputError
from markexpr.tables import counted

STATISTICS = (
    "mean",
    "min",
    "max",
    "median",
    "mean_drop",
    "mean_relative_drop",
    "mean_relative",
    "median_relative",
    "pooled",
    "gradient_min",
    "gradient_max",
)
TOLERANCE = {
    "mean_drop": 0.005,
    "mean_relative_drop": 0.005,
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
    if name in ("mean_drop", "mean_relative_drop"):
        return mean_drop(values, against, relative=name == "mean_relative_drop")
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


@dataclass(frozen=True)
class Setting:
    """What a study's numbers were made with, as far as it tells whether they compare.

    study: its name in config/published.tsv; simulated: whether the data are; label_mode: how ours
    are labelled (numeric, text, none); changed: what else differs from the study's own setting, in
    words; deviations: from a model to where it is not as the paper, in words.
    """

    study: str
    simulated: bool
    label_mode: str
    changed: str = ""
    deviations: dict = field(default_factory=dict)


def _judge(row, ours, n_units, setting):
    """Whether ours is the paper's, or why it cannot be told."""
    tolerance = TOLERANCE.get(row.statistic, VALUE_TOLERANCE.get(row.metric, 0.02))
    if not n_units:
        return "not run"
    if setting.simulated:
        return "not comparable: simulated data"
    if row.metric == "gradient":
        return "not comparable: the paper does not say over which genes its range is"
    if row.n_units == 0:
        return "not comparable: the paper does not name its units"
    if n_units != row.n_units:
        return f"not comparable: {n_units} of {row.n_units} units"
    if setting.changed:
        return f"not comparable: {setting.changed}"
    if row.label_mode not in (setting.label_mode, "unknown"):
        return f"not comparable: {row.label_mode} labels there, {setting.label_mode} here"
    verdict = f"within {tolerance}" if abs(ours - row.value) <= tolerance else "not reproduced"
    if row.label_mode == "unknown":
        verdict += f" (how the paper made its labels is unknown; {setting.label_mode} here)"
    return verdict


def _qualify(models, failed, seeds, setting):
    """What a verdict must be read with."""
    lines = [line for model in models for line in setting.deviations.get(model, [])]
    said = f" ({counted(failed, 'fit')} failed)" if failed else ""
    said += " (one seed)" if seeds == 1 else ""
    return f"{said}; not as the paper: {', '.join(dict.fromkeys(lines))}" if lines else said


def beside_published(metrics, published, setting, regimes=None, saliency=()):
    """Set each number that a study's paper prints beside ours.

    metrics: results/metrics/{study}.tsv; published: config/published.tsv; setting: Setting;
    regimes: results/tables/{study}/regimes.tsv, None where no cell is held out; saliency: maps of
    mean |gradient| of the units that the study draws, each float [marks, bins]. `ours` is the same
    statistic over units of the mean over seeds (or of what sets it against another model, see
    config/published.tsv), empty for models that were not run. `failed` is how many of the fits
    have no score. `verdict` says `not comparable` unless the data are real, the units as many and
    the labels made as in the paper, and `not reproduced` if ours is further from the paper's than
    TOLERANCE, or cannot be told for failed fits; it says how many failed, if there is one seed
    alone, and where the models are not as in the paper.
    """
    seeds = metrics["seed"].nunique()
    rows = []
    for row in published[published["study"] == setting.study].itertuples():
        if row.statistic not in STATISTICS:
            raise InputError(
                f"config/published.tsv: unknown statistic {row.statistic!r}; known are "
                f"{', '.join(STATISTICS)}"
            )
        has_other = bool(row.against) and pd.notna(row.against)
        models = [row.against, row.model] if has_other else [row.model]
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
        verdict = _judge(row, ours, n_units, setting)
        if not verdict.startswith("not run"):
            verdict += _qualify(models, failed, seeds, setting)
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
