"""Scores of test genes by what was seen: gene, cell and tissue (markexpr.seen). Reads predictions,
never models.

The rows of each cell are scored by themselves, and the mean is taken over cells: of a model whose
cells are not predicted on one scale, as labels are not, rows of several cells have no order.
"""

import numpy as np
import pandas as pd

from markexpr.evaluation import metrics
from markexpr.evaluation.intervals import interval_of_mean
from markexpr.seen import SEEN

# by the kind of a study's target
SCORES = {"median_label": ["auc"], "expression": ["pearson", "mse"]}


def score_cells(run, predictions, kind):
    """Scores of the test rows of one run, a DataFrame of a row a cell and kind of rows: model,
    seed, cell, SEEN, rows and the SCORES of `kind`, the kind of the target. run: of parse_run;
    predictions: of read_predictions."""
    test = predictions[predictions["split"] == "test"]
    found = []
    for (cell, *seen), rows in test.groupby(["cell", *SEEN], sort=False):
        values = {
            name: getattr(metrics, name)(rows["y_true"], rows["y_pred"]) for name in SCORES[kind]
        }
        found.append(
            {
                "model": run["model"],
                "seed": run["seed"],
                "cell": cell,
                **dict(zip(SEEN, map(int, seen))),
                "rows": len(rows),
                **values,
            }
        )
    return pd.DataFrame(found)


def summarise(cells, kind):
    """The mean scores of each model and kind of rows, a row each, the most seen first.

    cells: DataFrame of rows as score_cells gives them, of all runs; kind: of the target. A cell
    that is tested in several runs, of other genes or seeds, counts once, as their mean. Returns a
    DataFrame of model, SEEN, cells, rows (of one seed), seeds, and of each score the mean over
    cells and its 95 % interval, {score}_low and {score}_high, NaN of fewer than 3 cells. A score
    that is undefined in a cell, as of one row or one label, is left out of the mean.
    """
    table = []
    for (model, *seen), rows in cells.groupby(["model", *SEEN], sort=False):
        row = {
            "model": model,
            **dict(zip(SEEN, seen)),
            "cells": rows["cell"].nunique(),
            "rows": rows.loc[rows["seed"] == rows["seed"].min(), "rows"].sum(),
            "seeds": rows["seed"].nunique(),
        }
        for name in SCORES[kind]:
            of_cells = rows.groupby("cell")[name].mean().dropna().to_numpy()
            row[name] = of_cells.mean() if len(of_cells) else np.nan
            row[f"{name}_low"], row[f"{name}_high"] = interval_of_mean(of_cells)
        table.append(row)
    return pd.DataFrame(table).sort_values(SEEN, ascending=False, kind="stable", ignore_index=True)
