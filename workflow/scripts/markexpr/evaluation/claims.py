"""Claims that one model is better than another, judged by paired tests over units."""

import numpy as np
import pandas as pd
from scipy.special import ndtr  # not scipy.stats, which takes a second to load

from markexpr.evaluation.comparisons import (
    average_seeds,
    cell_of_unit,
    count_failed,
    gain,
    keep_scored,
)
from markexpr.evaluation.metrics import ranks

LEVEL = 0.05
EXACT = 500  # differences up to which all ways to give them signs are counted
COLUMNS = [
    "better",
    "than",
    "units",
    "differ",
    "failed",
    "mean_difference",
    "units_better",
    "p",
    "p_holm",
    "least_p",
    "verdict",
    "source",
]


def judge_claims(metrics, claims, metric):
    """Test each claim that one model is better than another, over the units that both have.

    claims: list of dicts with better, than, source, cells (those that the claim is about, all if
    absent) and ours (not the paper's). Seeds are averaged first. p-values are adjusted by Holm's
    method for the number of claims, the paper's and ours apart. Returns a row a claim, of COLUMNS.
    `failed`: fits of either model that have no score; such a fit loses its unit. `differ`: units in
    which the models are not exactly equal. `least_p`: 2^-differ, the least p that they could give.
    `verdict` is `too few units` where the units that differ could not support a claim even if all
    of them did.
    """
    rows = [weigh_claim(metrics, claim, metric) for claim in claims]
    table = pd.DataFrame(rows).reindex(columns=[*COLUMNS, "p_opposite", "ours"])
    for name in ("units_better", "differ", "failed"):
        table[name] = table[name].astype("Int64")
    table["least_p"] = 0.5 ** table["differ"].astype(float)
    could_show = pd.Series(False, table.index)
    for ours in (False, True):
        family = table["ours"] == ours
        for name in ("p", "p_opposite"):
            table.loc[family, f"{name}_holm"] = adjust_by_holm(table.loc[family, name])
        tests = table.loc[family, "p"].notna().sum()
        could_show[family] = table.loc[family, "least_p"] * tests < LEVEL
    table["verdict"] = np.select(
        [
            table["units"] == 0,
            table["p_holm"] < LEVEL,
            table["p_opposite_holm"] < LEVEL,
            ~could_show,
        ],
        ["not run", "supported", "contradicted", "too few units"],
        "not shown",
    )
    return table[COLUMNS]


def weigh_claim(metrics, claim, metric):
    """Weigh one claim by one-sided Wilcoxon signed-rank tests of paired differences, both ways.

    Differences are positive where the claim holds, whichever way the metric goes. A model loses a
    unit in which one of its fits failed, by more than any difference of scores; if both models
    have failed fits there, neither wins. Returns a dict of the columns that it knows: no more than
    `units` if the models share none.
    """
    better, than = claim["better"], claim["than"]
    mean, _ = average_seeds(metrics, [better, than], metric)
    if "cells" in claim:
        mean = mean[[cell_of_unit(unit) in claim["cells"] for unit in mean.index]]
    row = {
        "source": claim["source"],
        "better": better,
        "than": than,
        "ours": claim.get("ours", False),
        "units": 0,
    }
    if len(mean.columns) < 2 or not len(mean):
        return row
    difference = gain(mean[better], mean[than], metric).to_numpy()
    failed = count_failed(metrics, [better, than], metric)
    row["units"] = len(difference)
    row["differ"] = int((difference != 0).sum())
    row["failed"] = int(failed.loc[mean.index].to_numpy().sum())
    row["mean_difference"] = keep_scored(np.mean(difference))
    row["units_better"] = int((difference > 0).sum())
    row["p"], row["p_opposite"] = judge_signed_ranks(difference)
    return row


def judge_signed_ranks(difference):
    """Wilcoxon's signed-rank test of paired differences: one-sided p that they are greater than 0,
    and less.

    difference: float [n], may be infinite. Zeros are dropped, as Wilcoxon did; equal sizes share
    their mean rank. Up to EXACT differences are left, p is exact: the share of all 2^n ways to give
    the ranks their signs with a sum as large. Beyond, it is the normal approximation, corrected for
    continuity; its variance is that of the ranks as they are, ties and all. Both are 1 if nothing
    is left.
    """
    left = difference[difference != 0]
    if not len(left):
        return 1.0, 1.0
    twice = np.rint(2 * ranks(np.abs(left))).astype(int)  # whole numbers, where ties share ranks
    total, positive = twice.sum(), twice[left > 0].sum()
    if len(left) <= EXACT:
        share = np.zeros(total + 1)  # of the ways with each sum of the positive ranks
        share[0] = 1
        for rank in twice:
            share[rank:] = (share[rank:] + share[: total + 1 - rank]) / 2
            share[:rank] /= 2
        greater, less = share[positive:].sum(), share[: positive + 1].sum()
    else:
        spread = np.sqrt((twice.astype(float) ** 2).sum()) / 2
        step = 1 if (twice % 2).any() else 2  # between sums that can be; half of it is continuity
        beyond = positive - total / 2
        greater, less = ndtr(np.array([step / 2 - beyond, step / 2 + beyond]) / spread)
    return min(float(greater), 1.0), min(float(less), 1.0)


def adjust_by_holm(p):
    """Adjust p-values by Holm's method (1979), float [tests]; NaN stays NaN and is not counted."""
    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted[order] = np.minimum(
        np.maximum.accumulate(p[order] * (len(order) - np.arange(len(order)))), 1
    )
    return adjusted
