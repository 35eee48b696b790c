"""Models side by side over the units that they share: summaries, drops, paired tests. Reads
metrics, never predictions."""

import numpy as np
import pandas as pd

from markexpr.io.jobs import InputError

LEVEL = 0.05
LOWER_IS_BETTER = ("mse",)


def cell_of_unit(unit):
    """The cell whose genes a unit tests: its own, or the target of a transfer."""
    return unit.split("-to-")[-1]


def cell_groups(labels):
    """The groups of cells that tables tell apart: all, and those whose labels are the same in both
    label modes.

    labels: results/tables/{study}/labels.tsv.
    """
    return {
        "all": None,
        "both label modes agree": labels.loc[labels["agree"].astype(bool), "cell"].tolist(),
    }


def read_groups(path):
    """The groups of cells of a study with the table of labels at `path`; all alone if it has none
    (None)."""
    return cell_groups(pd.read_csv(path, sep="\t")) if path else {"all": None}


def by_unit(metrics, models, metric, split="test"):
    """One metric of some models on the units that all of them have: mean and standard deviation
    over seeds.

    metrics: results/metrics/{study}.tsv. Returns (mean, sd), DataFrames [units, models]; sd is NaN
    for one seed. Models without any run are left out.
    """
    here = metrics[
        (metrics["metric"] == metric) & (metrics["split"] == split) & metrics["model"].isin(models)
    ]
    seeds = here.groupby(["unit", "model"])["value"]
    mean, sd = seeds.mean().unstack(), seeds.std().unstack()
    order = [model for model in models if model in mean]
    shared = mean[order].dropna().index
    return mean.loc[shared, order], sd.reindex(shared)[order]


def summarise(metrics, table, groups, published):
    """Least, mean, largest and median value of each model over units, for each group of cells.

    table: a study's block under `tables` (models, metric, against); groups: from a group's name to
    its cells, None for all;
    published: rows of config/published.tsv of this study, of which those of its own paper are
    shown. `drop` is how much lower the mean is than that of the model under `against`, on the same
    units. Groups without a cell are left out.
    """
    mean, sd = by_unit(metrics, table["models"], table["metric"])
    against = table.get("against", {})
    rows = []
    for group, cells in groups.items():
        here = mean[[cells is None or cell_of_unit(unit) in cells for unit in mean.index]]
        for model in here if len(here) else []:
            values = here[model]
            row = {"cells": group, "model": model, "units": len(values)}
            row |= {name: values.agg(name) for name in ("min", "mean", "max", "median")}
            row["sd_over_seeds"] = sd.loc[here.index, model].mean()
            row["published_mean"] = (
                _published(published, model, table["metric"], "mean") if cells is None else np.nan
            )
            if against:
                other = against.get(model)
                row["drop"] = (here[other] - values).mean() if other in here else np.nan
                row["published_drop"] = (
                    _published(published, model, table["metric"], "mean_drop")
                    if cells is None
                    else np.nan
                )
            rows.append(row)
    return pd.DataFrame(rows)


def shares(values, against):
    """Values over units as shares of those of another model; NaN where these are 0 or less, since a
    share of nothing says nothing."""
    return values / against.where(against > 0)


def relative(metrics, table, published):
    """Mean and median over units of each model's value in per cent of those of the models under
    `relative_to` (DeepDiff, Table 1).

    published: as for summarise; its statistics `mean_relative` and `median_relative` are shares
    (1.5372 is 153.72 %).
    """
    mean, _ = by_unit(metrics, table["models"], table["metric"])
    rows = []
    for model in mean:
        row = {"model": model, "units": len(mean), f"mean_{table['metric']}": mean[model].mean()}
        for other in table["relative_to"]:
            share = (
                100 * shares(mean[model], mean[other]) if other in mean else pd.Series(dtype=float)
            )
            for statistic in ("mean", "median"):
                here = published[published["against"] == other] if len(published) else published
                row[f"{statistic} % of {other}"] = share.agg(statistic)
                row[f"published {statistic} % of {other}"] = 100 * _published(
                    here, model, table["metric"], f"{statistic}_relative"
                )
        rows.append(row)
    return pd.DataFrame(rows)


def _published(published, model, metric, statistic):
    here = published[
        (published["model"] == model)
        & (published["metric"] == metric)
        & (published["statistic"] == statistic)
    ]
    here = here[here["own_paper"] == "yes"]
    return here["value"].iloc[0] if len(here) else np.nan


def judge_claims(metrics, claims, metric):
    """Test each claim that one model is better than another, over the units that both have.

    claims: list of dicts with better, than, source, cells (those that the claim is about, all if
    absent) and ours (not the paper's). Seeds are averaged first; differences are positive where the
    claim holds, whichever way the metric goes. One-sided Wilcoxon signed-rank tests of the paired
    differences in both directions, adjusted by Holm's method for the number of claims, the paper's
    and ours apart. `verdict` is `too few units` where n units could not support a claim even if all
    of them did: the least p of a test is 2^-n.
    """
    from scipy.stats import (
        wilcoxon,
    )  # here: it takes half a second to load, and most tables do without

    rows = []
    for claim in claims:
        mean, _ = by_unit(metrics, [claim["better"], claim["than"]], metric)
        mean = mean[
            [cell_of_unit(unit) in claim.get("cells", [cell_of_unit(unit)]) for unit in mean.index]
        ]
        row = {
            "source": claim["source"],
            "better": claim["better"],
            "than": claim["than"],
            "ours": claim.get("ours", False),
            "units": 0,
        }
        if len(mean.columns) == 2 and len(mean):
            difference = (mean[claim["better"]] - mean[claim["than"]]).to_numpy()
            difference = -difference if metric in LOWER_IS_BETTER else difference
            row |= {
                "units": len(difference),
                "mean_difference": difference.mean(),
                "units_better": int((difference > 0).sum()),
            }
            row["p"] = (
                wilcoxon(difference, alternative="greater").pvalue if difference.any() else 1.0
            )
            row["p_opposite"] = (
                wilcoxon(difference, alternative="less").pvalue if difference.any() else 1.0
            )
        rows.append(row)
    table = pd.DataFrame(rows).reindex(
        columns=[
            "better",
            "than",
            "units",
            "mean_difference",
            "units_better",
            "p",
            "p_opposite",
            "ours",
            "source",
        ]
    )
    table["units_better"] = table["units_better"].astype("Int64")
    for ours in (False, True):
        family = table["ours"] == ours
        for name in ("p", "p_opposite"):
            table.loc[family, f"{name}_holm"] = holm(table.loc[family, name])
        table.loc[family, "least_p"] = (
            0.5 ** table.loc[family, "units"] * table.loc[family, "p"].notna().sum()
        )
    table["verdict"] = np.select(
        [
            table["units"] == 0,
            table["p_holm"] < LEVEL,
            table["p_opposite_holm"] < LEVEL,
            table["least_p"] >= LEVEL,
        ],
        ["not run", "supported", "contradicted", "too few units"],
        "not shown",
    )
    return table[
        [
            "better",
            "than",
            "units",
            "mean_difference",
            "units_better",
            "p",
            "p_holm",
            "verdict",
            "source",
        ]
    ]


def holm(p):
    """Holm's adjusted p-values (1979), float [tests]; NaN stays NaN and is not counted."""
    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted[order] = np.minimum(
        np.maximum.accumulate(p[order] * (len(order) - np.arange(len(order)))), 1
    )
    return adjusted


def across_settings(metrics_of, table, groups):
    """The summary of one table under several settings of a study, one row a setting, group and
    model.

    metrics_of: from a setting's title to its metrics; each keeps those of the table's models that
    it has.
    """
    parts = []
    for setting, metrics in metrics_of.items():
        part = summarise(
            metrics,
            {**table, "against": {}},
            groups,
            pd.DataFrame(columns=["model", "metric", "statistic", "value", "own_paper"]),
        )
        if not len(part):
            raise InputError(f"setting {setting!r} has no run of {', '.join(table['models'])}")
        parts.append(part.drop(columns="published_mean").assign(setting=setting))
    whole = pd.concat(parts)
    return whole[["setting", *(column for column in whole if column != "setting")]]
