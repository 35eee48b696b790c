"""Models side by side over the units that they share. Reads metrics, never predictions."""

import numpy as np
import pandas as pd

from markexpr.io.jobs import InputError

LOWER_IS_BETTER = ("mse",)


def cell_of_unit(unit):
    """The cell whose genes a unit tests: its own, or the target of a transfer."""
    return unit.split("-to-")[-1]


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
    return group_cells(pd.read_csv(path, sep="\t")) if path else {"all": None}


def average_seeds(metrics, models, metric, split="test"):
    """Average one metric of some models over seeds, on the units that all of them have.

    metrics: results/metrics/{study}.tsv. Returns (mean, sd), DataFrames [units, models]; sd is NaN
    for one seed. Models without any run are left out.
    """
    rows = metrics[
        (metrics["metric"] == metric) & (metrics["split"] == split) & metrics["model"].isin(models)
    ]
    seeds = rows.groupby(["unit", "model"])["value"]
    mean, sd = seeds.mean().unstack(), seeds.std().unstack()
    order = [model for model in models if model in mean]
    shared = mean[order].dropna().index
    return mean.loc[shared, order], sd.reindex(shared)[order]


def summarise(metrics, table, groups, published):
    """Summarise each model over units, for each group of cells: least, mean, largest, median value.

    table: a study's block under `tables` (models, metric, against); groups: from a group's name to
    its cells, None for all; published: rows of config/published.tsv of this study, of which those
    of its own paper are shown. `drop` is how much lower the mean is than that of the model under
    `against`, on the same units. Groups without a cell are left out.
    """
    metric, against = table["metric"], table.get("against", {})
    mean, sd = average_seeds(metrics, table["models"], metric)
    rows = []
    for group, cells in groups.items():
        in_group = mean[[cells is None or cell_of_unit(unit) in cells for unit in mean.index]]
        for model in in_group if len(in_group) else []:
            values = in_group[model]
            row = {"cells": group, "model": model, "units": len(values)}
            row |= {name: values.agg(name) for name in ("min", "mean", "max", "median")}
            row["sd_over_seeds"] = sd.loc[in_group.index, model].mean()
            row["published_mean"] = (
                find_published(published, model, metric, "mean") if cells is None else np.nan
            )
            if against:
                other = against.get(model)
                row["drop"] = (in_group[other] - values).mean() if other in in_group else np.nan
                row["published_drop"] = (
                    find_published(published, model, metric, "mean_drop")
                    if cells is None
                    else np.nan
                )
            rows.append(row)
    return pd.DataFrame(rows)


def take_shares(values, against):
    """Take values over units as shares of those of another model; NaN where these are 0 or less,
    since a share of nothing says nothing."""
    return values / against.where(against > 0)


def summarise_shares(metrics, table, published):
    """Summarise each model over units in per cent of the models under `relative_to` (DeepDiff,
    Table 1): mean and median.

    published: as for summarise; its statistics `mean_relative` and `median_relative` are shares
    (1.5372 is 153.72 %).
    """
    metric = table["metric"]
    mean, _ = average_seeds(metrics, table["models"], metric)
    rows = []
    for model in mean:
        row = {"model": model, "units": len(mean), f"mean_{metric}": mean[model].mean()}
        for other in table["relative_to"]:
            share = (
                100 * take_shares(mean[model], mean[other])
                if other in mean
                else pd.Series(dtype=float)
            )
            to_other = published[published["against"] == other] if len(published) else published
            for statistic in ("mean", "median"):
                row[f"{statistic} % of {other}"] = share.agg(statistic)
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
    it has. Raises InputError if it has none.
    """
    table = {**table, "against": {}}
    published = pd.DataFrame(columns=["model", "metric", "statistic", "value", "own_paper"])
    parts = []
    for setting, metrics in metrics_of.items():
        part = summarise(metrics, table, groups, published)
        if not len(part):
            raise InputError(f"setting {setting!r} has no run of {', '.join(table['models'])}")
        parts.append(part.drop(columns="published_mean").assign(setting=setting))
    whole = pd.concat(parts)
    return whole[["setting", *(column for column in whole if column != "setting")]]
