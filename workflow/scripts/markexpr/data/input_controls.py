"""A mark's reads at promoters over those of its control (input or IgG)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc  # not scipy.stats, which takes a second to load

from markexpr.io.jobs import InputError

PROMOTER = 1_000  # bp on either side of the TSS
LEVEL = 0.05  # of the chance that any gene is taken to be above a control that it is not above
SIGNAL_RATIO = 2  # of signal, of which chance is not known: so many times the control's is above


@dataclass(frozen=True)
class Enrichment:
    """ratio: a mark's reads at all promoters over its control's, at equal depth; above: share of
    genes whose promoter has more than its control's."""

    ratio: float
    above: float


def measure_enrichment(counts, control, window, totals=None):
    """The Enrichment of a mark over its control.

    counts, control: [genes, bins] around the TSS; window: Window of these bins; totals: reads of
    both files in all, by which depth is made equal; None for signal, which is compared as it is.

    A gene is above if so many of the reads at its promoter would be the mark's by chance in fewer
    than one in 20 samples, whatever the number of genes (binomial, Bonferroni).
    """
    near = np.abs(window.offsets + window.bin / 2) < PROMOTER
    one, other = (part[:, near].sum(axis=1, dtype=np.float64) for part in (counts, control))
    if totals is None:
        return Enrichment(
            _ratio(one.sum(), other.sum()), float((one > SIGNAL_RATIO * other).mean())
        )
    depth, other_depth = map(float, totals)
    share = depth / (depth + other_depth) if depth + other_depth else 0.5
    # that so many or more of all reads at a promoter are the mark's, by the binomial's upper tail
    chance = np.where(one > 0, betainc(np.maximum(one, 1), other + 1, share), 1.0)
    ratio = _ratio(one.sum() * other_depth, other.sum() * depth)
    return Enrichment(ratio, float((chance * len(one) < LEVEL).mean()))


def compare_with_controls(counts, controls, named, window):
    """The Enrichment of each mark that has a control, by mark.

    counts, controls: arrays of results/counts/ and results/predictions/controls/ for one window;
    named: from a mark to what its control is called among `marks` of controls. Raises InputError if
    they were counted around other genes.
    """
    if not np.array_equal(counts["gene_id"], controls["gene_id"]):
        raise InputError(
            "a sample and its controls were counted around different genes: delete "
            "results/predictions/controls to count them anew"
        )
    around, found = window.around_one, {}
    for mark, control in named.items():
        places = [list(counts["marks"]).index(mark), list(controls["marks"]).index(control)]
        files = list(zip((counts, controls), places))
        values = [file["counts"][:, place, : around.n_bins] for file, place in files]
        totals = None
        if all("total_reads" in file for file, _ in files):
            totals = [file["total_reads"][place] for file, place in files]
        found[mark] = measure_enrichment(*values, around, totals)
    return found


def _ratio(one, other):
    return float(one / other) if other else (np.inf if one else np.nan)
