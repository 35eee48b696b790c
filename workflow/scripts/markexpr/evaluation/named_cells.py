"""Cells that a paper names as those with the worst, median and best scores, beside ours."""

from math import comb

import numpy as np
import pandas as pd

from markexpr.evaluation.claims import LEVEL, adjust_by_holm
from markexpr.evaluation.comparisons import LOWER_IS_BETTER, average_seeds, cell_of_unit

GROUPS = ("worst", "median", "best")


def compare_named_cells(metrics, setting, metric, simulated=False):
    """Set the cells that a paper names by rank beside those of the same ranks here.

    metrics: results/metrics/{study}.tsv; setting: a study's block `named_cells` (model, worst,
    median, best, among, source); metric: by which cells are ranked, averaged over seeds; a failed
    fit is worse than any score. Returns a row a group: the cells that the paper names, as many of
    ours (`median`: those nearest to the middle), the ranks here of those that the paper names, 1
    the worst and NaN for cells without the model, and how many of them are `shared`.
    `p`: of so many shared or more, were the cells named at random; `p_holm`: adjusted for the three
    groups. `verdict`: `supported` if p_holm is below 0.05, else `not shown`; `not comparable` on
    simulated data, or if the cells are not as many as the paper's; `not run` without the model.
    """
    mean, _ = average_seeds(metrics, [setting["model"]], metric)
    values = mean[setting["model"]] if len(mean.columns) else pd.Series(dtype=float)
    if metric in LOWER_IS_BETTER:
        values = -values
    order = values.fillna(-np.inf).sort_values(kind="stable")
    cells = [cell_of_unit(unit) for unit in order.index]
    rank = {cell: number for number, cell in enumerate(cells, 1)}
    rows = []
    for group in GROUPS:
        named = setting[group]
        ours = _take(cells, group, len(named))
        shared = len(set(named) & set(ours))
        rows.append(
            {
                "group": group,
                "published": ", ".join(named),
                "ours": ", ".join(ours),
                "ranks_of_published": ", ".join(str(rank.get(cell, "–")) for cell in named),
                "cells": len(cells),
                "shared": shared,
                "p": _chance(shared, len(named), len(cells)),
            }
        )
    table = pd.DataFrame(rows)
    table["p_holm"] = adjust_by_holm(table["p"])
    table["verdict"] = np.where(table["p_holm"] < LEVEL, "supported", "not shown")
    if not cells:
        table["verdict"] = "not run"
    elif simulated:
        table["verdict"] = "not comparable: simulated data"
    elif len(cells) != setting["among"]:
        table["verdict"] = f"not comparable: {len(cells)} of {setting['among']} cells"
    return table.assign(source=setting["source"])


def _take(cells, group, number):
    """So many cells of a group, of `cells` from the worst to the best."""
    start = {"worst": 0, "median": (len(cells) - number) // 2, "best": len(cells) - number}[group]
    return cells[max(start, 0) :][:number]


def _chance(shared, number, total):
    """Probability that `number` of `total` cells, drawn at random, have `shared` or more in common
    with as many given ones; NaN if there are fewer cells."""
    if total < number:
        return float("nan")
    ways = (comb(number, n) * comb(total - number, number - n) for n in range(shared, number + 1))
    return sum(ways) / comb(total, number)
