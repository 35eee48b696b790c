"""From read counts to what a net sees."""

import numpy as np

from markexpr.jobs import InputError


def orient(counts, minus):
    """Turn the bins of genes on the minus strand, so that transcription runs to the right.

    counts: [genes, marks, bins]; minus: bool [genes]. The papers do not do this: their windows are genomic.
    """
    turned = counts.copy()
    turned[minus] = counts[minus][:, :, ::-1]
    return turned


def counts_of(values, how):
    """The counts behind normalised values, as far as they can be told: `how` was none or log1p. InputError for another."""
    if how not in ("none", "log1p"):
        raise InputError(f"counts cannot be told from values under normalise: {how}; use none or log1p")
    return np.expm1(values) if how == "log1p" else values


def normalise(counts, how, fit=None):
    """Counts [genes, marks, bins] as float32 of the same shape, and what was fitted (a dict, empty but for zscore).

    how: `none`, the counts as they are (the authors' code of DeepChrome and DeepDiff); `log1p`, ln(1 + count)
    (DenseEnsemble, section 3); `zscore`, (count - mean) / sd per mark (TransferChrome, equation 1).
    fit: bool [genes], those over whose bins mean and sd are taken; all if None, as TransferChrome prints it.
    Raises InputError if a mark has the same count everywhere, so that there is no sd to divide by.
    """
    if how == "none":
        return counts.astype(np.float32), {}
    if how == "log1p":
        return np.log1p(counts.astype(np.float32)), {}
    if how != "zscore":
        raise ValueError(f"unknown normalisation {how!r}")
    fitted = (counts if fit is None else counts[fit]).astype(np.float64)
    mean, sd = fitted.mean(axis=(0, 2)), fitted.std(axis=(0, 2))
    if (sd == 0).any():
        raise InputError(f"mark number {int(np.argmin(sd)) + 1} has the same count in every bin of every gene: a z-score is undefined")
    X = ((counts - mean[None, :, None]) / sd[None, :, None]).astype(np.float32)
    return X, {"mean": mean.tolist(), "sd": sd.tolist(), "genes": len(fitted)}
