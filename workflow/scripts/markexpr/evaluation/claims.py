"""Claims that one model is better than another, judged by paired tests over units."""

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from markexpr.evaluation.comparisons import LOWER_IS_BETTER, average_seeds, cell_of_unit

LEVEL = 0.05
COLUMNS = [
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


def judge_claims(metrics, claims, metric):
    """Test each claim that one model is better than another, over the units that both have.

    claims: list of dicts with better, than, source, cells (those that the claim is about, all if
    absent) and ours (not the paper's). Seeds are averaged first. p-values are adjusted by Holm's
    method for the number of claims, the paper's and ours apart. Returns a row a claim, of COLUMNS.
    `verdict` is `too few units` where n units could not support a claim even if all of them did:
    the least p of a test is 2^-n.
    """
    rows = [weigh_claim(metrics, claim, metric) for claim in claims]
    table = pd.DataFrame(rows).reindex(columns=[*COLUMNS, "p_opposite", "ours"])
    table["units_better"] = table["units_better"].astype("Int64")
    for ours in (False, True):
        family = table["ours"] == ours
        for name in ("p", "p_opposite"):
            table.loc[family, f"{name}_holm"] = adjust_by_holm(table.loc[family, name])
        tests = table.loc[family, "p"].notna().sum()
        table.loc[family, "least_p"] = 0.5 ** table.loc[family, "units"] * tests
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
    return table[COLUMNS]


def weigh_claim(metrics, claim, metric):
    """Weigh one claim by one-sided Wilcoxon signed-rank tests of paired differences, both ways.

    Differences are positive where the claim holds, whichever way the metric goes. Returns a dict
    of the columns that it knows: no more than `units` if the models share none.
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
    difference = (mean[better] - mean[than]).to_numpy()
    difference = -difference if metric in LOWER_IS_BETTER else difference
    row["units"] = len(difference)
    row["mean_difference"] = difference.mean()
    row["units_better"] = int((difference > 0).sum())
    for name, alternative in (("p", "greater"), ("p_opposite", "less")):
        row[name] = (
            wilcoxon(difference, alternative=alternative).pvalue if difference.any() else 1.0
        )
    return row


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
