"""From read counts to what a net sees."""

import numpy as np


def normalise(counts, how):
    """Counts [genes, marks, bins] as float32 of the same shape.

    how: `none`, the counts as they are (the authors' code of DeepChrome and DeepDiff); `log1p`, ln(1 + count).
    """
    values = counts.astype(np.float32)
    return {"none": lambda: values, "log1p": lambda: np.log1p(values)}[how]()
