"""Scores of predictions from randomised marks, results/randomised/."""

import numpy as np
import pandas as pd
from scipy.special import ndtri  # not scipy.stats, which takes a second to load

from markexpr.evaluation.intervals import QUANTILES
from markexpr.evaluation.together import Part, average, replicate
from markexpr.randomising import ALL, NONE


def read_parts(path, variant):
    """The Parts of one variant: of each permutation, a cell each."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in ("variants", "gene_id", "cell", "target")}
        predicted = file["predicted"][list(arrays["variants"]).index(variant)]
    # without a randomised mark, all draws are the same
    predicted = predicted[:1] if variant == NONE else predicted
    parts = []
    for cell in dict.fromkeys(arrays["cell"]):
        rows = arrays["cell"] == cell
        for draw in predicted:
            values = (arrays["gene_id"][rows], arrays["target"][rows], draw[rows])
            parts.append(Part(values[0], *(part.astype(np.float64) for part in values[1:])))
    return parts


def list_variants(path):
    """The variants of a file, in order."""
    with np.load(path) as file:
        return [str(name) for name in file["variants"]]


def summarise(paths, model, metric, bootstrap):
    """The score of a model under each variant, and what is lost of that without any, a row a
    variant with 95 % intervals over genes.

    paths: of all units and seeds of the model; bootstrap: replicates and seed.
    """
    variants = list_variants(paths[0])
    parts = {name: [part for path in paths for part in read_parts(path, name)] for name in variants}
    ends = np.cumsum([0, *(len(some) for some in parts.values())])
    together = [part for some in parts.values() for part in some]
    values, replicated = replicate(together, metric, **bootstrap)
    places = {name: slice(*ends[place : place + 2]) for place, name in enumerate(variants)}
    whole = places[NONE]
    whole_value, _ = average(values[whole], replicated[whole])
    whole_draws = np.nanmean(replicated[whole], axis=0)
    rows = []
    for name in [NONE, *(name for name in variants if name not in (NONE, ALL)), ALL]:
        place = places[name]
        value, spread = average(values[place], replicated[place])
        loss = whole_value - value
        of_loss = float(np.nanstd(whole_draws - np.nanmean(replicated[place], axis=0)))
        rows.append(
            {
                "model": model,
                "randomised": name,
                "metric": metric,
                "value": value,
                "ci_low": value - _reach(spread),
                "ci_high": value + _reach(spread),
                "loss": loss,
                "loss_low": loss - _reach(of_loss),
                "loss_high": loss + _reach(of_loss),
                "fits": len(paths),
                "genes": len({gene for part in parts[NONE] for gene in part.gene_id}),
            }
        )
    return pd.DataFrame(rows)


def _reach(spread):
    return ndtri(QUANTILES[1]) * spread
