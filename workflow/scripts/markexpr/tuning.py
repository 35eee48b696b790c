"""Choosing among candidates of a model by the validation genes: the same protocol for all models.

Each candidate is fitted on the training genes alone, and the one that predicts the validation genes
best is kept. Test genes are predicted by that one, and never looked at before.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from markexpr.evaluation import metrics
from markexpr.io.jobs import InputError, log
from markexpr.settings.reading import TUNED, merge


@dataclass(frozen=True)
class Fit:
    """One fitted candidate.

    block: the model's block with its keys; predicted: float64 [samples]; model: what was fitted, in
    whatever form the job writes it; params: what params.yaml holds of it, if that is known before.
    """

    block: dict
    predicted: np.ndarray
    model: Any
    params: dict | None = None


def list_candidates(block):
    """The blocks of a model's candidates; the block itself if it has no key `tune`."""
    block = dict(block)
    tune = block.pop("tune", None)
    return [merge(block, changes) for changes in tune] if tune else [block]


def choose(block, samples, fit):
    """Fit all candidates of a model, and choose one.

    block: the model's, with its key `tune`; samples: markexpr.data.samples.Samples; fit: function
    from a candidate's block and number to its Fit. Returns the chosen Fit, and what params.yaml
    holds of the choice, {} without candidates: the score and seconds of each, which was chosen, and
    under `untuned` what the block has of the keys that candidates change. A candidate that predicts
    one constant has no score, and is chosen only if all do: then the first. Raises InputError if
    the validation genes have one target.
    """
    candidates, changes = list_candidates(block), block.get("tune") or [{}]
    if len(candidates) == 1:
        return fit(candidates[0], 0), {}
    valid = samples.index("valid")
    if len(np.unique(samples.target[valid])) < 2:
        raise InputError(
            f"{samples.cell[0]} has {len(valid)} validation genes with one target: nothing can be "
            "chosen by them; change the study's data.split, or take 'tune' out of the model"
        )
    labels = set(np.unique(samples.target[valid])) <= {0, 1}
    score = metrics.auc if labels else metrics.pearson
    best, best_value, told = None, -np.inf, []
    for number, candidate in enumerate(candidates):
        start = time.process_time()
        fitted = fit(candidate, number)
        value = float(score(samples.target[valid], fitted.predicted[valid]))
        told.append(
            {
                "candidate": changes[number],
                "valid_auc" if labels else "valid_pearson": value,
                "seconds": round(time.process_time() - start, 2),
            }
        )
        log.info("candidate %d of %d: %s", number + 1, len(candidates), told[-1])
        if best is None or value > best_value:  # NaN is above nothing
            best, best_value = fitted, value if np.isfinite(value) else -np.inf
            chosen = number
    asked = {part: block[part] for part in TUNED if part in block}
    return best, {"tune": block["tune"], "untuned": asked, "tuning": told, "chosen": chosen}
