"""The simulator stays close to real counts of E003 (figure: tests/benchmarks/calibrate.py)."""

import pytest
from calibrate import MARKS, real_counts, simulated_counts, summary


@pytest.fixture(scope="module")
def tables(real):
    return summary(*real_counts(real, "E003")), summary(*simulated_counts("E003"))


@pytest.mark.parametrize("mark", MARKS)
def test_counts_are_of_the_right_size_and_spread(tables, mark):
    real, simulated = (table.loc[mark] for table in tables)
    assert simulated["mean_per_bin"] == pytest.approx(real["mean_per_bin"], rel=0.3)
    assert simulated["empty_bins"] == pytest.approx(real["empty_bins"], abs=0.1)
    assert 0.5 < simulated["dispersion"] / real["dispersion"] < 2
    for place in ("high_tss", "low_tss", "high_flank", "low_flank"):
        assert 0.5 < simulated[place] / real[place] < 2, place
