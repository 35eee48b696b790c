"""Where the gap between two published numbers comes from: labels, split, genes, or the model.

Both numbers are of other data settings as well as of other models. Each model is run under both
settings of each factor, and the gap between the two corners is split among the factors by the value
of Shapley (1953, Contributions to the Theory of Games II:307): the mean effect of a factor over all
orders in which the factors could be changed. The parts add up to the gap exactly, whatever
interactions there are. Reads metrics, never predictions.
"""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from markexpr.evaluation.comparisons import average_seeds
from markexpr.evaluation.intervals import bootstrap, interval
from markexpr.io.jobs import InputError

FACTORS = ("labels", "split", "genes")  # of the data
PARTS = (*FACTORS, "model")
OURS, PUBLISHED, UNEXPLAINED = "ours, together", "published", "published, beyond ours"


def split_gain(value, players):
    """The Shapley value of each player, {player: float64 [cells]}.

    value: function from a frozenset of players, those that have changed, to float64 [cells]. The
    values add up to value(all) - value(none).
    """
    n, found = len(players), {}
    for player in players:
        others = [other for other in players if other != player]
        found[player] = sum(
            factorial(size)
            * factorial(n - size - 1)
            / factorial(n)
            * (value(frozenset((*some, player))) - value(frozenset(some)))
            for size in range(n)
            for some in combinations(others, size)
        )
    return found


def average_corners(settings, models, metric):
    """The values of each model under each data setting: from (model, labels, split, genes) to a
    float Series by unit, the mean over seeds.

    settings: pairs of levels, {factor: level}, and results/metrics/{study}.tsv.
    """
    corners = {}
    for levels, metrics in settings:
        for model in models:
            mean, _ = average_seeds(metrics, [model], metric)
            if model in mean:
                corners[model, *(levels[factor] for factor in FACTORS)] = mean[model]
    return corners


def split_gaps(corners, gaps, bootstrap_setting, simulated=False):
    """Split the gap of each step from one model to another.

    corners: as average_corners gives them; gaps: a study's block `gaps` (printed, steps);
    bootstrap_setting: replicates and seed; simulated: whether the data are, so that nothing
    compares with published numbers, which are left out as well where one of a step is not known.
    Returns a DataFrame of step, part, from, to, effect, ci_low, ci_high (bootstrap over units,
    Student's t), units, left_out (units without a score in some corner) and verdict.
    """
    rows = []
    for first, last in gaps["steps"]:
        ends = [gaps["printed"][model] for model in (first, last)]
        rows += _split_step(corners, (first, last), ends, bootstrap_setting, simulated)
    return pd.DataFrame(rows)


def _split_step(corners, models, ends, setting, simulated):
    levels = [
        {**{factor: end[factor] for factor in FACTORS}, "model": model}
        for model, end in zip(models, ends)
    ]
    changed = [part for part in PARTS if levels[0][part] != levels[1][part]]
    table = _tabulate_corners(corners, levels, changed)
    whole = table.dropna()
    if whole.empty:
        raise InputError(
            f"gaps: {models[0]} and {models[1]} have no unit that is scored under all settings"
        )
    values = {some: whole[some].to_numpy() for some in whole}
    effects = split_gain(values.__getitem__, changed)
    start, end = values[frozenset()], values[frozenset(changed)]
    shared = {
        "step": f"{models[0]} to {models[1]}",
        "units": len(whole),
        "left_out": len(table) - len(whole),
    }
    rows = [
        {
            **shared,
            "part": part,
            "from": levels[0][part],
            "to": levels[1][part],
            **_estimate(effects.get(part), setting),
        }
        for part in PARTS
    ]
    ours = _estimate(end - start, setting)
    rows.append(
        {**shared, "part": OURS, "from": f"{start.mean():.4f}", "to": f"{end.mean():.4f}", **ours}
    )
    if not simulated and all("value" in end for end in ends):
        rows += _beside_published(shared, ends, ours)
    return rows


def _tabulate_corners(corners, levels, changed):
    """The values of all corners of a step, a DataFrame [units, frozensets of changed parts]. Raises
    InputError for one that was not run."""
    found = {}
    for size in range(len(changed) + 1):
        for some in combinations(changed, size):
            at = {part: levels[part in some][part] for part in PARTS}
            key = (at["model"], *(at[factor] for factor in FACTORS))
            if key not in corners:
                raise InputError(
                    f"gaps: {at['model']} was not run with "
                    + ", ".join(f"{factor} {at[factor]}" for factor in FACTORS)
                )
            found[frozenset(some)] = corners[key]
    return pd.DataFrame(found)


def _estimate(effects, setting):
    """The mean of effects over units, float64 [units], with its interval; of None, of what does not
    differ, 0 without one."""
    if effects is None:
        return {"effect": 0.0, "ci_low": np.nan, "ci_high": np.nan, "verdict": "the same in both"}
    n, mean = len(effects), effects.mean()
    low = high = np.nan
    if n > 1:
        replicated = bootstrap(lambda weights: {"mean": weights @ effects / n}, n, **setting)
        low, high = interval(mean, replicated["mean"], n)
    verdict = "raises it" if low > 0 else "lowers it" if high < 0 else "not told apart from none"
    return {"effect": mean, "ci_low": low, "ci_high": high, "verdict": verdict}


def _beside_published(shared, ends, ours):
    """The published gap, and what of it is not in ours."""
    gap = ends[1]["value"] - ends[0]["value"]
    unknown = dict.fromkeys(part for end in ends for part in end.get("unknown", []))
    said = f"how the papers made {' and '.join(unknown)} is not all known" if unknown else ""
    first, last = (f"{end['value']:.4f}" for end in ends)
    none = {"ci_low": np.nan, "ci_high": np.nan}
    return [
        {
            **shared,
            "part": PUBLISHED,
            "from": first,
            "to": last,
            "effect": gap,
            **none,
            "verdict": said,
        },
        {
            **shared,
            "part": UNEXPLAINED,
            "from": "",
            "to": "",
            "effect": gap - ours["effect"],
            "ci_low": gap - ours["ci_high"],
            "ci_high": gap - ours["ci_low"],
            "verdict": "",
        },
    ]
