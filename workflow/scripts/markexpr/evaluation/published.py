"""Published numbers beside ours."""

import warnings
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
from markexpr.evaluation.intervals import interval
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


OUTCOMES = REPRODUCED, NOT_REPRODUCED, NOT_RUN = "reproduced", "not reproduced", "not run"
NO_LIMITS = (np.nan, np.nan)
NO_INTERVAL = ("min", "max")  # a bootstrap says nothing of the ends of a sample


def _statistic(name, values, against, metric):
    """A statistic of a model's values over units, some of them against those of another model; NaN
    if it cannot be told for failed fits."""
    if name in ("mean_drop", "mean_relative_drop"):
        return mean_drop(values, against, relative=name == "mean_relative_drop")
    if name.endswith("_relative"):
        return aggregate(take_shares(values, against), name.removesuffix("_relative"), metric)
    return aggregate(values, name, metric)


def _pooled(regimes, row):
    """A model's score over the rows of all cells, its interval, and the number of cells; NaN and 0
    if there is none."""
    if regimes is None:
        return float("nan"), NO_LIMITS, 0
    here = regimes[(regimes["regime"] == POOLED[row.split]) & (regimes["model"] == row.model)]
    if here.empty:
        return float("nan"), NO_LIMITS, 0
    found = here.iloc[0]
    limits = tuple(found.get(f"{row.metric}_{end}", np.nan) for end in ("low", "high"))
    return found[row.metric], limits, int(found["cells"])


def _limits(value, row, models, metrics, units, bootstrap):
    """95 % interval of a statistic over units, (low, high): units are drawn with replacement, and
    of each its seeds; Student's t for the number of units. NaN for what has none.

    models: [the other one and] its own; units: those that all of them have.
    """
    if row.statistic in NO_INTERVAL or len(units) < 2 or not np.isfinite(value):
        return NO_LIMITS
    here = metrics[(metrics["split"] == row.split) & (metrics["metric"] == row.metric)]
    fits = [
        here[here["model"] == model].pivot(index="unit", columns="seed", values="value").loc[units]
        for model in models
    ]
    shared = min(len(one.columns) for one in fits)
    if any(one.iloc[:, :shared].isna().any(axis=None) for one in fits):
        return NO_LIMITS
    rng, shape = np.random.default_rng(bootstrap["seed"]), (bootstrap["replicates"], len(units))
    drawn = rng.integers(0, len(units), shape)
    seeds = rng.integers(0, shared, (*shape, shared))
    values = [one.to_numpy()[drawn[:, :, None], seeds].mean(axis=2) for one in fits]
    replicated = _replicate(row.statistic, values[-1], values[0])
    return interval(value, replicated, len(units))


def _replicate(name, values, against):
    """A statistic of each row of values, float64 [replicates, units], as _statistic."""
    if name == "mean_drop":
        return (against - values).mean(axis=1)
    if name == "mean_relative_drop":
        return (against - values).mean(axis=1) / against.mean(axis=1)
    if name.endswith("_relative"):
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(against > 0, values / against, np.nan)
    take = {"mean": np.nanmean, "median": np.nanmedian}[name.removesuffix("_relative")]
    with warnings.catch_warnings():  # rows without a share have none
        warnings.simplefilter("ignore", RuntimeWarning)
        return take(values, axis=1)


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
    words; deviations: from a model to where it is not as the paper, in words; bootstrap: replicates
    and seed of intervals.
    """

    study: str
    simulated: bool
    label_mode: str
    changed: str = ""
    deviations: dict = field(default_factory=dict)
    bootstrap: dict = field(default_factory=lambda: {"replicates": 1000, "seed": 1})


def find_tolerance(row):
    """How far ours may be from a published number, and still reproduce it. row: of
    config/published.tsv."""
    return TOLERANCE.get(row.statistic, VALUE_TOLERANCE.get(row.metric, 0.02))


def _why_not_comparable(row, n_units, setting):
    """Why ours says nothing of the paper's number; empty if it does."""
    if setting.simulated:
        return "simulated data"
    if row.metric == "gradient":
        return "the paper does not say over which genes its range is"
    if row.n_units == 0:
        return "the paper does not name its units"
    if n_units != row.n_units:
        return f"{n_units} of {row.n_units} units"
    if setting.changed:
        return setting.changed
    if row.label_mode not in (setting.label_mode, "unknown"):
        return f"{row.label_mode} labels there, {setting.label_mode} here"
    return ""


def _judge(row, ours, n_units, setting):
    """(outcome, verdict): whether ours is the paper's, one of OUTCOMES, and in words, with why it
    cannot be told."""
    if not n_units:
        return NOT_RUN, "not run"
    why_not = _why_not_comparable(row, n_units, setting)
    if why_not:
        return NOT_RUN, f"not comparable: {why_not}"
    tolerance = find_tolerance(row)
    # by the number itself, and not by its interval: a wide one would reproduce all that is printed
    near = abs(ours - row.value) <= tolerance
    outcome, verdict = (REPRODUCED, f"within {tolerance}") if near else (NOT_REPRODUCED,) * 2
    if row.label_mode == "unknown":
        verdict += f" (how the paper made its labels is unknown; {setting.label_mode} here)"
    return outcome, verdict


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
    config/published.tsv), empty for models that were not run, with its 95 % interval (_limits; of
    rows of all cells, that of regimes). `difference` is ours less the paper's, where both compare.
    `failed` is how many of the fits have no score. `verdict` says `not comparable` unless the data
    are real, the units as many and the labels made as in the paper, and `not reproduced` if ours is
    further from the paper's than TOLERANCE, or cannot be told for failed fits; it says how many
    failed, if there is one seed alone, and where the models are not as in the paper. `outcome` is
    one of OUTCOMES: what does not compare was not run in the paper's setting.
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
        failed, limits = 0, NO_LIMITS
        if row.statistic == "pooled":
            ours, limits, n_units = _pooled(regimes, row)
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
            if n_units:
                limits = _limits(ours, row, models, metrics, mean.index, setting.bootstrap)
        outcome, verdict = _judge(row, ours, n_units, setting)
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
                *limits,
                np.nan if outcome == NOT_RUN else ours - row.value,
                n_units or None,
                failed,
                outcome,
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
        "ci_low",
        "ci_high",
        "difference",
        "units",
        "failed",
        "outcome",
        "verdict",
        "published_label_mode",
        "source",
    ]
    return pd.DataFrame(rows, columns=columns)
