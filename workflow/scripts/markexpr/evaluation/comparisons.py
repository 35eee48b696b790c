"""Models side by side over the units that they share. Reads metrics, never predictions.

A fit that predicts one constant has no correlation: its score is NaN. Such a fit failed. It is
counted, not skipped: its unit has no value for that model, and counts as worse than any score.
"""

import numpy as np
import pandas as pd

from markexpr.folds import split_unit
from markexpr.io.files import read_tsv
from markexpr.io.jobs import InputError

LOWER_IS_BETTER = ("mse",)
ROUNDING = 1e-12  # share of two values below which their difference is rounding


def cell_of_unit(unit):
    """The cell whose genes a unit tests: its own, or the target of a transfer."""
    return split_unit(unit)[0].split("-to-")[-1]


def group_cells(labels):
    """Group cells as tables tell them apart: all, and those whose labels are the same in both label
    modes.

    labels: results/tables/{study}/labels.tsv. Returns a dict from a group's name to its cells, None
    for all.
    """
    agreeing = labels.loc[labels["agree"].astype(bool), "cell"].tolist()
    return {"all": None, "both label modes agree": agreeing}


def read_groups(path):
    """Read the groups of cells of a study from its table of labels; all alone if it has none
    (`path` is None)."""
    return group_cells(read_tsv(path)) if path else {"all": None}


def _find_unscorable(metrics):
    """Units whose true values are all alike, so that no model has a score: a correlation of values,
    or an AUC of labels."""
    metric, value = metrics["metric"], metrics["value"]
    alike = ((metric == "r2") & value.isna()) | ((metric == "prevalence") & value.isin((0, 1)))
    return metrics.loc[alike, "unit"].unique()


def _by_fit(metrics, models, metric, split):
    """The values of one metric grouped by unit and model, and the index of the units in which all
    models were run and can be scored, and the models that were run."""
    here = metrics[metrics["split"] == split]
    rows = here[
        (here["metric"] == metric)
        & here["model"].isin(models)
        & ~here["unit"].isin(_find_unscorable(here))
    ]
    seeds = rows.groupby(["unit", "model"])["value"]
    runs = seeds.size().unstack()
    order = [model for model in dict.fromkeys(models) if model in runs]
    return seeds, runs[order].dropna().index, order


def average_seeds(metrics, models, metric, split="test"):
    """Average one metric of some models over seeds, on the units that all of them were run on.

    metrics: results/metrics/{study}.tsv. Returns (mean, sd), DataFrames [units, models]: mean is
    NaN where a fit failed (count_failed), sd as well and for one seed. Models without any run are
    left out, as are units whose true values are all alike.
    """
    seeds, units, order = _by_fit(metrics, models, metric, split)
    whole = seeds.count() == seeds.size()
    mean, sd = (values.where(whole).unstack() for values in (seeds.mean(), seeds.std()))
    return mean.reindex(units)[order], sd.reindex(units)[order]


def count_failed(metrics, models, metric, split="test"):
    """Count the fits that failed, that is, whose metric is NaN; int DataFrame [units, models], with
    the units and models of average_seeds."""
    seeds, units, order = _by_fit(metrics, models, metric, split)
    return (seeds.size() - seeds.count()).unstack().reindex(units)[order].astype(int)


def keep_scored(statistic):
    """A statistic as it is; NaN if it is of failed fits, and so not finite."""
    return statistic if np.isfinite(statistic) else np.nan


def aggregate(values, statistic, metric):
    """A statistic (min, mean, max, median) of a model's values over units, NaN where a fit failed.

    A failed fit is worse than any score. The largest correlation can therefore still be told, and
    the median, if less than half of them failed; the mean and the least are NaN.
    """
    worst = np.inf if metric in LOWER_IS_BETTER else -np.inf
    return keep_scored(values.fillna(worst).agg(statistic))


def gain(better, than, metric):
    """How much better one model is than another in each unit, float Series, whichever way the
    metric goes.

    better, than: values over the same units, NaN where a fit failed: infinitely worse than any
    score, and no different from another that failed. What is rounding of equal values is 0.
    """
    change = than - better if metric in LOWER_IS_BETTER else better - than
    size = np.maximum(better.abs(), than.abs())
    change = change.mask(change.abs() <= ROUNDING * size, 0.0)
    failed, other_failed = better.isna(), than.isna()
    return (
        change.mask(failed & ~other_failed, -np.inf)
        .mask(other_failed & ~failed, np.inf)
        .mask(failed & other_failed, 0.0)
    )


def mean_drop(values, against, relative=False):
    """How much lower the mean of a model's values over units is than that of another model.

    values, against: float Series over the same units, NaN where a fit failed; the drop is NaN then.
    relative: as a share of the other's mean, NaN if that is 0 or less.
    """
    drop = (against - values).mean(skipna=False)
    if not relative:
        return drop
    base = against.mean(skipna=False)
    return drop / base if base > 0 else np.nan


def summarise(metrics, table, groups, published):
    """Summarise each model over units, for each group of cells: least, mean, largest, median value.

    table: a study's block under `tables` (models, metric, against); groups: from a group's name to
    its cells, None for all; published: rows of config/published.tsv of this study, of which those
    of its own paper are shown. `failed` is how many fits have no score; statistics that need all of
    them are NaN then (aggregate). `drop` is how much lower the mean is than that of the model under
    `against`, on the same units, and `relative_drop` the same as a share of that model's mean.
    Groups without a cell are left out.
    """
    metric, against = table["metric"], table.get("against", {})
    mean, sd = average_seeds(metrics, table["models"], metric)
    failed = count_failed(metrics, table["models"], metric)
    rows = []
    for group, cells in groups.items():
        in_group = mean[[cells is None or cell_of_unit(unit) in cells for unit in mean.index]]
        for model in in_group if len(in_group) else []:
            values = in_group[model]
            row = {"cells": group, "model": model, "units": len(values)}
            row["failed"] = int(failed.loc[in_group.index, model].sum())
            row |= {
                name: aggregate(values, name, metric) for name in ("min", "mean", "max", "median")
            }
            row["sd_over_seeds"] = sd.loc[in_group.index, model].mean(skipna=False)
            row["published_mean"] = (
                find_published(published, model, metric, "mean") if cells is None else np.nan
            )
            if against:
                other = in_group.get(against.get(model))
                for name, relative in (("drop", False), ("relative_drop", True)):
                    row[name] = np.nan if other is None else mean_drop(values, other, relative)
                    row[f"published_{name}"] = (
                        find_published(published, model, metric, f"mean_{name}")
                        if cells is None
                        else np.nan
                    )
            rows.append(row)
    return pd.DataFrame(rows)


def take_shares(values, against):
    """Take values over units as shares of those of another model, NaN where a fit of theirs failed.

    Units in which the other's are 0 or less, or failed, are left out: a share of nothing says
    nothing.
    """
    some = against > 0
    return values[some] / against[some]


def summarise_shares(metrics, table, published, denominators=None):
    """Summarise each model over units in per cent of the models under `relative_to` (DeepDiff,
    Table 1): mean and median.

    denominators: metrics of the study that has these models (`relative_to_study`), if it is
    another one; shares are of the units that both have.
    published: as for summarise; its statistics `mean_relative` and `median_relative` are shares
    (1.5372 is 153.72 %). `failed` is how many fits have no score, as in summarise.
    """
    metric = table["metric"]
    mean, _ = average_seeds(metrics, table["models"], metric)
    failed = count_failed(metrics, table["models"], metric)
    others, suffix = mean, ""
    if denominators is not None:
        others, _ = average_seeds(denominators, table["relative_to"], metric)
        others, suffix = others.reindex(mean.index), f" of {table['relative_to_study']}"
    rows = []
    for model in mean:
        row = {"model": model, "units": len(mean), "failed": int(failed[model].sum())}
        row[f"mean_{metric}"] = aggregate(mean[model], "mean", metric)
        for other in table["relative_to"]:
            share = (
                100 * take_shares(mean[model], others[other])
                if other in others
                else pd.Series(dtype=float)
            )
            to_other = published[published["against"] == other] if len(published) else published
            for statistic in ("mean", "median"):
                row[f"{statistic} % of {other}{suffix}"] = aggregate(share, statistic, metric)
                row[f"published {statistic} % of {other}"] = 100 * find_published(
                    to_other, model, metric, f"{statistic}_relative"
                )
        rows.append(row)
    return pd.DataFrame(rows)


def find_published(published, model, metric, statistic):
    """Find the value that a study's own paper prints; NaN if it prints none."""
    rows = published[
        (published["model"] == model)
        & (published["metric"] == metric)
        & (published["statistic"] == statistic)
        & (published["own_paper"] == "yes")
    ]
    return rows["value"].iloc[0] if len(rows) else np.nan


def summarise_settings(metrics_of, table, groups):
    """Summarise one table under several settings of a study: a row a setting, group and model.

    metrics_of: from a setting's title to its metrics; each keeps those of the table's models that
    it has, on the units that all settings have, if there are some. Raises InputError if it has
    none.
    """
    table = {**table, "against": {}}
    shared = set.intersection(*(set(metrics["unit"]) for metrics in metrics_of.values()))
    published = pd.DataFrame(columns=["model", "metric", "statistic", "value", "own_paper"])
    parts = []
    for setting, metrics in metrics_of.items():
        metrics = metrics[metrics["unit"].isin(shared)] if shared else metrics
        part = summarise(metrics, table, groups, published)
        if not len(part):
            raise InputError(f"setting {setting!r} has no run of {', '.join(table['models'])}")
        parts.append(part.drop(columns="published_mean").assign(setting=setting))
    whole = pd.concat(parts)
    return whole[["setting", *(column for column in whole if column != "setting")]]
