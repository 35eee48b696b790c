"""Verdicts on controls: what must fail does, and what must not be possible is not.

A row says PASS or FAIL with the number, or why a control does not apply. Three rules lead to it,
each with a limit:

at      the interval must hold the limit: what knows nothing scores as chance does
below   the interval must reach down to the limit: nothing is better than what is possible
above   the interval must lie above the limit: a model must be better than something simple

Many controls are of the first two kinds and are meant to pass, so that of intervals of 95 % one in
twenty would fail by chance. Theirs are therefore Bonferroni's: a study in which nothing is wrong
has a FAIL of these kinds in at most FAMILY of all studies. The third kind passes on evidence alone;
its intervals are of 95 %.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit  # not scipy.stats, which takes a second to load

from markexpr.evaluation.intervals import LEVEL
from markexpr.evaluation.together import CHANCE, average, replicate, score
from markexpr.tables import counted

FAMILY = 0.01  # chance that any control of a study at its limit fails though nothing is wrong
FEWEST_FITS = 3  # of permuted targets, of which a spread is known
PASS, FAIL, NOT_APPLICABLE = "PASS", "FAIL", "not applicable"
AT, BELOW, ABOVE = "at", "below", "above"
COLUMNS = [
    "study",
    "control",
    "model",
    "unit",
    "metric",
    "value",
    "ci_low",
    "ci_high",
    "limit",
    "verdict",
    "why",
]


@dataclass(frozen=True)
class Measured:
    """What a control measured, before its interval is known.

    unit: of which runs, in words; spread: standard error of the value; rule: AT, BELOW or ABOVE
    `limit`; passes, fails: what either verdict says in words; degrees: of freedom of the spread if
    it is that over fits, and not over many draws of genes; over_genes: the standard error over
    genes then, which the interval is not narrower for: three fits may be alike by chance.
    """

    control: str
    model: str
    unit: str
    metric: str
    value: float
    spread: float
    limit: float
    rule: str
    passes: str
    fails: str
    degrees: int | None = None
    over_genes: float = 0.0


@dataclass(frozen=True)
class Counted:
    """A control that counts what is wrong, or measures it exactly: FAIL above `limit`."""

    control: str
    model: str
    unit: str
    metric: str
    value: float
    limit: float
    passes: str
    fails: str


@dataclass(frozen=True)
class NotApplicable:
    """A control that does not apply, and why."""

    control: str
    model: str
    why: str
    unit: str = ""


def settle(study, found):
    """The verdicts on all controls of a study, a DataFrame of COLUMNS, those that fail first.

    found: Measured, Counted and NotApplicable.
    """
    at_limit = [
        one
        for one in found
        if isinstance(one, Measured) and one.rule != ABOVE and np.isfinite(one.value)
    ]
    level = FAMILY / max(len(at_limit), 1)
    rows = [{"study": study, **_settle_one(one, level)} for one in found]
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = table["verdict"].map({FAIL: 0, PASS: 1, NOT_APPLICABLE: 2})
    return table.loc[order.sort_values(kind="stable").index].reset_index(drop=True)


def _settle_one(one, level):
    row = {"control": one.control, "model": one.model, "unit": one.unit}
    if isinstance(one, NotApplicable):
        return {**row, "verdict": NOT_APPLICABLE, "why": one.why}
    row |= {"metric": one.metric, "value": one.value, "limit": one.limit}
    if isinstance(one, Counted):
        passed = one.value <= one.limit
        return {**row, **_word(one, passed)}
    if not np.isfinite(one.value):
        why = "the true values are all alike, so that nothing has a score"
        return {**row, "verdict": NOT_APPLICABLE, "why": why}
    level = LEVEL if one.rule == ABOVE else level
    over_genes = one.over_genes * _quantile(level)
    reach = max(one.spread * _quantile(level, one.degrees), over_genes)
    low, high = one.value - reach, one.value + reach
    passed = {
        AT: low <= one.limit <= high,
        BELOW: low <= one.limit,
        ABOVE: low > one.limit,
    }[one.rule]
    return {**row, "ci_low": low, "ci_high": high, **_word(one, passed)}


def _word(one, passed):
    verdict = PASS if passed else FAIL
    return {"verdict": verdict, "why": one.passes if passed else one.fails}


def _quantile(level, degrees=None):
    """How many standard errors an interval of 1 - level reaches to either side."""
    tail = 1 - level / 2
    return float(ndtri(tail) if degrees is None else stdtrit(degrees, tail))


# ---- what is measured ----


def measure_fits(fits, metric):
    """Mean score of fits, its standard error over fits, and degrees of freedom.

    fits: list of lists of Parts, those of one fit each. The score of a fit is the mean over its
    cells. What a model learned from permuted targets is a direction at random, which all of its
    test genes share: it may well score 0.3 or 0.7 on them, whichever genes are drawn. Only the
    spread over fits of other permutations says how far chance reaches.
    """
    scores = []
    for parts in fits:
        known = [value for value in (score(part, metric) for part in parts) if np.isfinite(value)]
        if known:
            scores.append(np.mean(known))
    if not scores:
        return np.nan, np.nan, 0
    spread = np.std(scores, ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else np.nan
    return float(np.mean(scores)), float(spread), len(scores) - 1


def measure_mean(parts, metric, bootstrap):
    """Mean score of Parts, and its standard error over genes. bootstrap: replicates and seed."""
    return average(*replicate(parts, metric, **bootstrap))


def measure_gain(better, than, metric, bootstrap):
    """How much higher the mean score of some Parts is than that of others, and its standard error
    over genes, drawn alike for both. better, than: lists of Parts of the same genes."""
    values, replicated = replicate([*better, *than], metric, **bootstrap)
    split = len(better)
    kept, other = np.isfinite(values[:split]), np.isfinite(values[split:])
    if not kept.any() or not other.any():
        return np.nan, np.nan
    value = values[:split][kept].mean() - values[split:][other].mean()
    replicated = np.nanmean(replicated[:split][kept], axis=0) - np.nanmean(
        replicated[split:][other], axis=0
    )
    return float(value), float(np.nanstd(replicated))


# ---- the controls of scores ----


def judge_permuted_targets(model, fits, unit, metric, bootstrap):
    """A model that was fitted on permuted targets is at chance on true ones. fits: as for
    measure_fits."""
    control = "permuted targets"
    value, spread, degrees = measure_fits(fits, metric)
    if np.isfinite(value) and degrees + 1 < FEWEST_FITS:
        why = (
            f"{counted(degrees + 1, 'fit')}: chance is known from the spread over fits, and needs "
            f"at least {FEWEST_FITS} (more seeds, cells or folds)"
        )
        return NotApplicable(control, model, why, unit)
    _, over_genes = measure_mean([part for parts in fits for part in parts], metric, bootstrap)
    return Measured(
        control,
        model,
        unit,
        metric,
        value,
        spread,
        CHANCE[metric],
        AT,
        "fitted on permuted targets, it predicts true ones no better than chance",
        "fitted on permuted targets, it does not score as chance does: test genes reach the fit, "
        "its choice or its score",
        degrees,
        over_genes,
    )


def judge_permuted_cell(model, own_model, own, permuted, unit, metric, bootstrap):
    """A model of the marks of one cell and the targets of another is worse than that of its own
    cell. own, permuted: Parts of either model in the same units."""
    value, spread = measure_gain(own, permuted, metric, bootstrap)
    return Measured(
        "permuted cell",
        model,
        unit,
        f"{metric}, {own_model} less {model}",
        value,
        spread,
        0.0,
        ABOVE,
        "marks of the cell itself tell more of its expression than those of another cell",
        "marks of another cell tell as much: nothing shows that the model learned more than what "
        "cells share",
    )


def judge_randomised_marks(model, parts, unit, metric, bootstrap):
    """A model whose marks are all those of other genes is not above chance. parts: of its
    predictions from such marks, one a permutation."""
    value, spread = measure_mean(parts, metric, bootstrap)
    return Measured(
        "all marks randomised",
        model,
        unit,
        metric,
        value,
        spread,
        CHANCE[metric],
        BELOW,
        "with the marks of other genes it predicts no better than chance",
        "with the marks of other genes it is above chance: something else than marks tells it "
        "the targets",
    )


def judge_gain(control, model, other, parts, other_parts, unit, metric, bootstrap, fails):
    """A model is better than something simple. parts, other_parts: of both in the same units;
    fails: what it means if it is not."""
    value, spread = measure_gain(parts, other_parts, metric, bootstrap)
    return Measured(
        control,
        model,
        unit,
        f"{metric}, {model} less {other}",
        value,
        spread,
        0.0,
        ABOVE,
        f"better than {other}",
        fails,
    )


def judge_truth(model, truth, parts, truth_parts, unit, metric, bootstrap):
    """Nothing is better than the best possible prediction of simulated data."""
    value, spread = measure_gain(parts, truth_parts, metric, bootstrap)
    return Measured(
        "simulator's truth",
        model,
        unit,
        f"{metric}, {model} less {truth}",
        value,
        spread,
        0.0,
        BELOW,
        "no better than the best prediction that is possible",
        "better than the best prediction that is possible: it knows what its inputs do not tell",
    )


def judge_null(model, parts, unit, metric, bootstrap):
    """Of simulated data in which marks tell nothing, a model learns nothing."""
    value, spread = measure_mean(parts, metric, bootstrap)
    return Measured(
        "simulator's null",
        model,
        unit,
        metric,
        value,
        spread,
        CHANCE[metric],
        AT,
        "marks tell nothing, and the model predicts no better than chance",
        "marks tell nothing, and the model does not score as chance does",
    )
