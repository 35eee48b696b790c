"""The mean of many cells' models on a cell that none of them was trained on (DenseEnsemble, section
2)."""

import numpy as np
import pandas as pd

from markexpr.data.measured import check_alike, from_plain
from markexpr.evaluation import metrics
from markexpr.io.jobs import InputError, log
from markexpr.io.runs import parse_run

EVERY = 10  # members between two lines of progress


def check_members(samples, params, path):
    """Raise InputError if a member was trained on other marks or bins than a cell has, or its cell
    was measured in another way. params: of the member's run, at `path`."""
    marks, bins = params["inputs"]["marks"], params["inputs"]["bins"]
    _, _, n_bins = next(iter(samples.inputs.values())).shape
    if marks != samples.mark_names or bins != n_bins:
        raise InputError(
            f"{path} was trained on {bins} bins of {', '.join(marks)}, and the cell has "
            f"{n_bins} of {', '.join(samples.mark_names)}"
        )
    if "measured" in params and samples.measured:
        check_alike(from_plain(params["measured"]), samples.measured, "predicted by one another")


def average(samples, paths, predict):
    """Mean prediction of all members for a cell's genes, float64 [genes], and how well each does
    alone.

    samples: of the cell; paths: one file of each member's run; predict: function of a path's place
    that predicts float [genes]. Returns (mean, DataFrame of member, pearson and mse, or auc for
    labels).
    """
    total, rows = np.zeros(len(samples.target)), []
    scores = ["auc"] if set(np.unique(samples.target)) <= {0, 1} else ["pearson", "mse"]
    for place, path in enumerate(paths):
        predicted = np.asarray(predict(place), dtype=np.float64)
        total += predicted
        rows.append(
            {
                "member": parse_run(path)["unit"],
                **{name: getattr(metrics, name)(samples.target, predicted) for name in scores},
            }
        )
        if (place + 1) % EVERY == 0 or place + 1 == len(paths):
            log.info("%d of %d members have predicted", place + 1, len(paths))
    return total / len(paths), pd.DataFrame(rows)
