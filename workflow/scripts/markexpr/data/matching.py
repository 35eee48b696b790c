"""Quantile matching: the distribution of each mark's counts of a sample is mapped to that of the
cells that models were trained on."""

import numpy as np

from markexpr.data.tensors import pick_counts
from markexpr.io.jobs import InputError, log, warn

# where distributions are looked at: evenly, and ever closer in the upper tail, where few bins hold
# what tells genes apart
LEVELS = np.r_[np.linspace(0, 0.99, 199), 1 - np.logspace(-2, -5, 31)[1:], 1.0]


def to_log(values):
    """ln(1 + value), float64; of a negative signal -ln(1 - value)."""
    values = np.asarray(values, dtype=np.float64)
    return np.sign(values) * np.log1p(np.abs(values))


def from_log(values):
    """What to_log was taken of."""
    return np.sign(values) * np.expm1(np.abs(values))


def measure_quantiles(counts):
    """Quantiles of to_log(count) at LEVELS over all bins of all genes, float64 [marks, levels].

    counts: [genes, marks, bins].
    """
    marks = range(counts.shape[1])
    # by Hazen's rule, as match_quantiles has it: the k-th of n values is at (k - 0.5) / n
    return np.stack(
        [np.quantile(to_log(counts[:, mark].ravel()), LEVELS, method="hazen") for mark in marks]
    )


def match_quantiles(counts, quantiles):
    """Counts with the distribution of each mark that `quantiles` tell, float64 [genes, marks,
    bins]. Order is kept, and equal counts stay equal.

    counts: [genes, marks, bins]; quantiles: float64 [marks, levels], of to_log(count) at LEVELS.
    """
    matched = np.empty(counts.shape)
    for mark, aim in enumerate(quantiles):
        _, place, number = np.unique(counts[:, mark], return_inverse=True, return_counts=True)
        # equal counts take the middle of the levels that they fill
        level = (np.cumsum(number) - number / 2) / number.sum()
        matched[:, mark] = from_log(np.interp(level, LEVELS, aim))[place].reshape(
            counts[:, mark].shape
        )
    return matched


def is_matched(setting, unit, trained_unit, sample):
    """Whether a sample's counts are matched.

    setting: config key predict.match; unit, trained_unit: of the sample's counts and of those that
    models were trained on. Warns where signal is taken for counts; raises InputError where it must
    not be.
    """
    if setting == "quantile":
        return True
    if unit == trained_unit:
        return False
    differ = f"its files hold {unit}, and the models were trained on {trained_unit}"
    if setting == "none":
        raise InputError(
            f"{sample}: {differ}: give files of the same kind (alignments, as BAM, for models of "
            "reads), or set config key predict.match to auto or quantile, which maps the one to "
            "the other"
        )
    warn(
        f"{differ}: each mark's values are mapped to the distribution of the training cells "
        "(config key predict.match); differences in depth and in strength of signal between them "
        "are lost: give alignments if you have them",
        sample,
    )
    return True


def match_counts(sample, counts, reference, gene_id, setting):
    """A sample's counts as models are to see them: as they are, or matched, as config key
    predict.match says.

    counts: the arrays of results/counts/{window}/{sample}.npz; reference:
    markexpr.data.likeness.Reference; gene_id: the genes of the models. Returns the arrays, of these
    genes and the reference's marks alone if they are matched, and `quantile` or `none`.
    """
    unit = str(counts.get("unit", "reads"))
    if not is_matched(setting, unit, reference.unit, sample):
        return counts, "none"
    kept = gene_id[np.isin(gene_id, counts["gene_id"])]
    if not kept.size:
        return counts, "none"  # which building the inputs refuses
    values = pick_counts(counts, kept, reference.marks, sample)
    values = match_quantiles(values, reference.quantiles.mean(axis=0))
    log.info("%s: counts are mapped to the distribution of training cells", sample)
    changed = {
        "counts": values.astype(np.float32),
        "gene_id": kept,
        "marks": np.array(reference.marks),
        "unit": np.array(reference.unit),
    }
    return {**counts, **changed}, "quantile"
