"""From expression to what a model is asked for."""

import numpy as np

from markexpr.jobs import InputError


def median_label(expression):
    """High (1) or low (0) expression: 1 where it is at or above the median (Singh 2016, section 3.1; ties are 1).

    expression: [genes] of one cell, in any unit. Returns (labels float32 [genes], the median).
    Raises InputError if all genes would be of one class.
    """
    median = float(np.median(expression))
    label = (expression >= median).astype(np.float32)
    if label.min() == label.max():
        raise InputError(f"the median expression is {median:g} and no gene is below it: labels by the median need varied expression")
    return label, median
