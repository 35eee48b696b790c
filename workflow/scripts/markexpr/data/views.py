"""Views of a study's tensors: another window, normalisation or direction, made as they are loaded.

So one set of tensors, of the widest window, serves all settings of an ablation. What a view fits
(mean and standard deviation) it fits on the training genes of each cell.
"""

from dataclasses import replace

import numpy as np

from markexpr.data.matching import match_quantiles, measure_quantiles
from markexpr.data.tensors import normalise, orient, recover_counts
from markexpr.io.jobs import InputError


def apply_view(samples, view, genes=None, reference=None):
    """Samples as a view sees them.

    view: bins (the middle ones that are kept), normalise, orientation (settings.models.View);
    genes: the study's list, for orientation: transcription; reference: samples of the cell to whose
    counts those of the others are mapped (normalise: quantile). Raises InputError for a view that
    cannot be made of the samples.
    """
    counts = {
        name: recover_counts(middle(values, view["bins"]), samples.normalise)
        for name, values in samples.inputs.items()
    }
    if view.get("orientation") == "transcription":
        minus = (genes.set_index("gene_id")["strand"] == "-").loc[samples.gene_id].to_numpy()
        counts = {name: orient(values, minus) for name, values in counts.items()}
    how, quantiles = view.get("normalise", samples.normalise), None
    if how == "quantile":
        aim = middle(reference.inputs["marks"], view["bins"])
        quantiles = measure_quantiles(recover_counts(aim, reference.normalise))
    seen = {
        name: _by_cell(values, samples, lambda one, train: _normalised(one, how, train, quantiles))
        for name, values in counts.items()
    }
    return replace(samples, inputs=seen, normalise="log1p" if how == "quantile" else how)


def middle(values, bins):
    """The middle bins of windows, [samples, marks, bins]. InputError for more than there are."""
    have = values.shape[2]
    if bins > have or (have - bins) % 2:
        raise InputError(
            f"a view of {bins} bins is asked for (the model's view.span), and the study's window "
            f"has {have}: both must be even, and the view no wider"
        )
    start = (have - bins) // 2
    return values[:, :, start : start + bins]


def _by_cell(values, samples, change):
    """Change the values of each cell by itself. change: function of them and of bool [its genes],
    those that train."""
    cells = dict.fromkeys(samples.cell)
    if len(cells) == 1:
        return change(values, samples.split == "train")
    changed = np.empty(values.shape, dtype=np.float32)
    for cell in cells:
        rows = samples.cell == cell
        # a cell that is left out has no gene that trains: its own genes are all that there is
        train = samples.split[rows] == "train"
        changed[rows] = change(values[rows], train if train.any() else np.full(rows.sum(), True))
    return changed


def _normalised(counts, how, train, quantiles):
    if how == "quantile":  # of all genes' marks, as of a cell without expression
        return np.log1p(match_quantiles(counts, quantiles)).astype(np.float32)
    return normalise(counts, how, train if how == "zscore" else None)[0]
