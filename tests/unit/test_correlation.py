"""The correlation of each bin's count with expression is Spearman's."""

import numpy as np
from scipy.stats import spearmanr

from markexpr.report.correlation import correlate


def test_correlation_is_spearmans():
    rng = np.random.default_rng(1)
    counts = rng.poisson(1.0, (60, 2, 3)).astype(np.uint32)
    counts[:, 1, 2] = 0
    expression = counts[:, 0, 0] + rng.normal(0, 1, 60)
    table = correlate("E003", ["a", "b"], [-100, 0, 100], counts, expression)
    values = table.iloc[:, -1].to_numpy()
    for place, (mark, column) in enumerate(np.ndindex(2, 3)):
        if (mark, column) != (1, 2):
            assert np.isclose(values[place], spearmanr(counts[:, mark, column], expression)[0])
    assert np.isnan(values[5])
