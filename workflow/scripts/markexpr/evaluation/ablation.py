"""What each setting of a grid of models changes: paired differences over all other settings."""

import pandas as pd

from markexpr.evaluation import metrics
from markexpr.evaluation.intervals import interval_of_mean
from markexpr.folds import split_unit

SCORES = ("pearson", "auc")


def score_cells(predictions, labels):
    """The score of each cell of one run by split: DataFrame of cell, split, value.

    predictions: of the run (markexpr.io.runs.COLUMNS); labels: whether AUC is taken, else Pearson
    correlation.
    """
    score = metrics.auc if labels else metrics.pearson
    rows = []
    for (cell, split), here in predictions.groupby(["cell", "split"], sort=False):
        if split in ("valid", "test"):
            value = score(here["y_true"].to_numpy(), here["y_pred"].to_numpy())
            rows.append({"cell": cell, "split": split, "value": value})
    return pd.DataFrame(rows, columns=["cell", "split", "value"])


def average_folds(scores):
    """Scores of each setting and cell, averaged over folds and seeds; NaN where a fit failed.

    scores: DataFrame of the grid's axes, model, unit, seed, cell, split, value.
    """
    keys = [name for name in scores if name not in ("unit", "seed", "value")]
    return (
        scores.assign(unit=[split_unit(unit)[0] for unit in scores["unit"]])
        .groupby(keys, sort=False)["value"]
        .agg(lambda values: values.mean(skipna=False))
        .reset_index()
    )


def compare_levels(scores, axes):
    """What each level of each axis changes against the first of its axis, by model and split.

    scores: as average_folds gives them; axes: from axis to its levels, in order. A difference is
    taken within a cell with all other axes equal, and averaged over these. Returns a DataFrame of
    model, axis, level, split, value (mean over cells and other settings), difference, ci_low and
    ci_high (Student's 95 % interval over cells; NaN for one cell), cells and settings.
    """
    rows = []
    for (model, split), here in scores.groupby(["model", "split"], sort=False):
        for axis, levels in axes.items():
            others = [name for name in axes if name != axis]
            wide = here.pivot_table(
                index=["cell", *others], columns=axis, values="value", dropna=False
            )
            for level in levels:
                if level not in wide:
                    continue
                row = {"model": model, "axis": axis, "level": level, "split": split}
                row["value"] = wide[level].mean(skipna=False)
                change = (wide[level] - wide[levels[0]]).groupby("cell").mean()
                row["difference"] = change.mean(skipna=False)
                row["ci_low"], row["ci_high"] = interval_of_mean(change.to_numpy(), fewest=2)
                rows.append({**row, "cells": len(change), "settings": len(wide) // len(change)})
    return pd.DataFrame(rows)


def rank_settings(scores, axes):
    """All settings by their mean validation score, the best first, with the test score beside it:
    DataFrame of model, the axes, valid and test."""
    keys = ["model", *axes]
    wide = scores.pivot_table(index=keys, columns="split", values="value", aggfunc="mean")
    wide = wide.reindex(columns=["valid", "test"]).sort_values("valid", ascending=False)
    return wide.reset_index().rename_axis(columns=None)
