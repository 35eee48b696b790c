"""What a paper says of its models, judged on our runs: paired tests over units, bootstrap tests on
the rows of all cells, and counts of units."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import ndtr  # not scipy.stats, which takes a second to load

from markexpr.evaluation.comparisons import (
    LOWER_IS_BETTER,
    average_seeds,
    cell_of_unit,
    count_failed,
    gain,
    keep_scored,
)
from markexpr.evaluation.intervals import LEVEL, p_above_zero
from markexpr.evaluation.metrics import ranks
from markexpr.settings.reading import list_models_of_claim

EXACT = 500  # differences up to which all ways to give them signs are counted
COLUMNS = [
    "claim",
    "over",
    "units",
    "differ",
    "failed",
    "mean_difference",
    "units_better",
    "p",
    "p_holm",
    "least_p",
    "verdict",
    "deviations",
    "source",
]


@dataclass
class Evidence:
    """What claims of one study are judged by.

    metrics: results/metrics/{study}.tsv; metric: that of comparisons over units; errors: as
    markexpr.evaluation.regimes.read_errors gives them; ensembles:
    results/tables/{study}/ensemble.tsv; both empty or None where no cell is held out. deviations:
    from a model to where it is not as the paper, in words.
    """

    metrics: pd.DataFrame
    metric: str
    errors: dict = field(default_factory=dict)
    ensembles: pd.DataFrame | None = None
    deviations: dict = field(default_factory=dict)


def judge_claims(metrics, claims, metric, **further):
    """Judge each claim of a study (markexpr.settings.claims.Claim) by Evidence.

    metrics, metric, further: the fields of Evidence; claims: list of dicts of plain values. Seeds
    are averaged first. p-values are adjusted by Holm's method for the number of claims, the paper's
    and ours apart. Returns a row a claim, of COLUMNS. `over`: what was drawn or paired. `failed`:
    fits of the claim's models that have no score; such a fit loses its unit. `differ`: units in
    which the models are not exactly equal. `least_p`: 2^-differ, the least p that they could give.
    `verdict` is `too few units` where the units that differ could not support a claim even if all
    of them did; it says if there is one seed alone, since then nothing is known of the spread over
    seeds. `deviations`: where the claim's models are not as in the paper.
    """
    evidence = Evidence(metrics, metric, **further)
    rows = [weigh_claim(claim, evidence) for claim in claims]
    table = pd.DataFrame(rows).reindex(columns=[*COLUMNS, "p_opposite", "ours", "count"])
    for name in ("units", "units_better", "differ", "failed"):
        table[name] = table[name].astype("Int64")
    table["units"] = table["units"].fillna(0)
    table["least_p"] = 0.5 ** table["differ"].astype(float)
    could_show = pd.Series(False, table.index)
    for ours in (False, True):
        family = table["ours"] == ours
        for name in ("p", "p_opposite"):
            table.loc[family, f"{name}_holm"] = adjust_by_holm(table.loc[family, name])
        tests = table.loc[family, "p"].notna().sum()
        could_show[family] = table.loc[family, "least_p"].fillna(0) * tests < LEVEL
    table["verdict"] = np.select(
        [
            table["units"] == 0,
            table["count"].notna(),
            table["p_holm"] < LEVEL,
            table["p_opposite_holm"] < LEVEL,
            ~could_show | table["p"].isna(),
        ],
        ["not run", table["count"], "supported", "contradicted", "too few units"],
        "not shown",
    )
    if metrics["seed"].nunique() == 1:
        table["verdict"] += np.where(table["units"] == 0, "", " (one seed)")
    return table[COLUMNS]


def weigh_claim(claim, evidence):
    """Weigh one claim, both ways where there are two. Returns a dict of the columns that it knows:
    no `units` if its models were not run together."""
    weigh = next(weigh for key, weigh in WEIGHED_BY.items() if key in claim)
    models = list_models_of_claim(claim)
    lines = [line for model in models for line in evidence.deviations.get(model, [])]
    return {
        "claim": _in_words(claim),
        "source": claim["source"],
        "ours": claim.get("ours", False),
        "deviations": "; ".join(dict.fromkeys(lines)),
        **weigh(claim, evidence),
    }


def _in_words(claim):
    if "ensemble" in claim:
        than = {"chosen": "the member chosen by validation", "mean": "its members"}[claim["than"]]
        return f"mean of all {claim['ensemble']} > {than}"
    if "equal" in claim:
        one, other = claim["equal"]
        return f"{one} = {other} within {claim['margin']:g}"
    if "better" in claim:
        if "gap" in claim:
            what = "{better} rises less than {than} from " + " to ".join(claim["gap"])
        else:
            what = "{better} > {than}" + (" on {rows}" if "rows" in claim else "")
        return what.format(**claim)
    extreme = "best" if "best" in claim else "worst"
    return f"{claim[extreme]} is {extreme} in {claim['in_units']} of {claim['of_units']}"


def _average_units(claim, models, evidence):
    """Means over seeds of some models [units, models], of the cells that the claim is about; None
    if they share no unit. And how many fits failed, as in comparisons.count_failed."""
    mean, _ = average_seeds(evidence.metrics, models, evidence.metric)
    if "cells" in claim:
        mean = mean[[cell_of_unit(unit) in claim["cells"] for unit in mean.index]]
    if len(mean.columns) < len(models) or not len(mean):
        return None, None
    return mean, count_failed(evidence.metrics, models, evidence.metric).loc[mean.index]


def _weigh_units(claim, evidence):
    """One model better than another, by one-sided Wilcoxon signed-rank tests of paired differences.

    Differences are positive where the claim holds, whichever way the metric goes. A model loses a
    unit in which one of its fits failed, by more than any difference of scores; if both models
    have failed fits there, neither wins.
    """
    if "rows" in claim or "gap" in claim:
        return _weigh_rows(claim, evidence)
    difference, failed = _subtract_units(claim, evidence)
    return {} if difference is None else _test_pairs(difference, failed)


def _subtract_units(claim, evidence):
    """How much better the first of a claim's two models is in each unit, float [units], and how
    many of their fits failed; None for both if they share no unit."""
    one, other = list_models_of_claim(claim)
    mean, failed = _average_units(claim, [one, other], evidence)
    if mean is None:
        return None, None
    difference = gain(mean[one], mean[other], evidence.metric).to_numpy()
    return difference, int(failed.to_numpy().sum())


def _test_pairs(difference, failed):
    p, p_opposite = judge_signed_ranks(difference)
    return {
        "over": "units",
        "units": len(difference),
        "differ": int((difference != 0).sum()),
        "failed": failed,
        "mean_difference": keep_scored(np.mean(difference)),
        "units_better": int((difference > 0).sum()),
        "p": p,
        "p_opposite": p_opposite,
    }


def _weigh_rows(claim, evidence):
    """One model with a smaller MSE than another on rows of all cells, or with one that rises less
    from one regime to another, by the bootstrap of genes and unseen cells."""
    regimes = [claim["rows"]] if "rows" in claim else claim["gap"]
    models = [claim["better"], claim["than"]]
    if any((regime, model) not in evidence.errors for regime in regimes for model in models):
        return {}
    value, replicated = 0.0, 0.0
    for regime, sign in zip(reversed(regimes), (1, -1)):
        better, than = (evidence.errors[regime, model] for model in models)
        value = value + sign * (than.value - better.value)
        replicated = replicated + sign * (than.replicates - better.replicates)
    cells = max(evidence.errors[regime, models[0]].cells for regime in regimes)
    return {
        "over": f"genes and {cells} unseen cells" if cells else "genes",
        "units": cells or 1,
        "mean_difference": value,
        "p": p_above_zero(value, replicated, cells),
        "p_opposite": p_above_zero(-value, -replicated, cells),
    }


def _weigh_ensemble(claim, evidence):
    """The mean of all cells' models against one of them, or the mean of their scores, over unseen
    cells."""
    if evidence.ensembles is None:
        return {}
    here = evidence.ensembles[evidence.ensembles["model"] == claim["ensemble"]]
    other = {"chosen": "chosen_members_value", "mean": "mean_of_members"}[claim["than"]]
    if here[other].isna().all():
        return {}
    mean = here.groupby("unit")[["ensemble", other]].agg(lambda values: values.mean(skipna=False))
    difference = gain(mean["ensemble"], mean[other], here["metric"].iloc[0]).to_numpy()
    return {**_test_pairs(difference, int(here["failed"].sum())), "over": "unseen cells"}


def _weigh_equal(claim, evidence):
    """Two models as good as each other, by two one-sided signed-rank tests against the margin
    either way (Schuirmann 1987). The opposite is a difference beyond the margin."""
    difference, failed = _subtract_units(claim, evidence)
    if difference is None:
        return {}
    above, not_above = judge_signed_ranks(difference + claim["margin"])
    below, not_below = judge_signed_ranks(claim["margin"] - difference)
    within = np.abs(difference) < claim["margin"]
    return {
        **_test_pairs(difference, failed),
        "differ": len(difference),
        "units_better": int(within.sum()),
        "p": max(above, below),
        "p_opposite": min(1.0, 2 * min(not_above, not_below)),
    }


def _weigh_extreme(claim, evidence):
    """In how many units a model is the best, or the worst, of all; ties with another count. A
    failed fit is worse than any score."""
    mean, failed = _average_units(claim, claim["among"], evidence)
    if mean is None:
        return {}
    extreme = "best" if "best" in claim else "worst"
    worst = np.inf if evidence.metric in LOWER_IS_BETTER else -np.inf
    scores = mean.fillna(worst)
    high = (extreme == "best") == (evidence.metric not in LOWER_IS_BETTER)
    edge = scores.max(axis=1) if high else scores.min(axis=1)
    found, units = int((scores[claim[extreme]] == edge).sum()), len(mean)
    if units != claim["of_units"]:
        said = f"in {found} of {units}; the paper has {claim['of_units']}"
    else:
        said = "as stated" if found >= claim["in_units"] else "not as stated"
        said = f"{said}: in {found} of {units}"
    return {
        "over": "units, counted",
        "units": units,
        "failed": int(failed.to_numpy().sum()),
        "units_better": found,
        "count": said,
    }


# by the key that says which kind a claim is
WEIGHED_BY = {
    "better": _weigh_units,
    "ensemble": _weigh_ensemble,
    "equal": _weigh_equal,
    "best": _weigh_extreme,
    "worst": _weigh_extreme,
}


def judge_signed_ranks(difference):
    """Wilcoxon's signed-rank test of paired differences: one-sided p that they are greater than 0,
    and less.

    difference: float [n], may be infinite. Zeros are dropped, as Wilcoxon did; equal sizes share
    their mean rank. Up to EXACT differences are left, p is exact: the share of all 2^n ways to give
    the ranks their signs with a sum as large. Beyond, it is the normal approximation, corrected for
    continuity; its variance is that of the ranks as they are, ties and all. Both are 1 if nothing
    is left.
    """
    left = difference[difference != 0]
    if not len(left):
        return 1.0, 1.0
    twice = np.rint(2 * ranks(np.abs(left))).astype(int)  # whole numbers, where ties share ranks
    total, positive = twice.sum(), twice[left > 0].sum()
    if len(left) <= EXACT:
        share = np.zeros(total + 1)  # of the ways with each sum of the positive ranks
        share[0] = 1
        for rank in twice:
            share[rank:] = (share[rank:] + share[: total + 1 - rank]) / 2
            share[:rank] /= 2
        greater, less = share[positive:].sum(), share[: positive + 1].sum()
    else:
        spread = np.sqrt((twice.astype(float) ** 2).sum()) / 2
        step = 1 if (twice % 2).any() else 2  # between sums that can be; half of it is continuity
        beyond = positive - total / 2
        greater, less = ndtr(np.array([step / 2 - beyond, step / 2 + beyond]) / spread)
    return min(float(greater), 1.0), min(float(less), 1.0)


def adjust_by_holm(p):
    """Adjust p-values by Holm's method (1979), float [tests]; NaN stays NaN and is not counted."""
    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted[order] = np.minimum(
        np.maximum.accumulate(p[order] * (len(order) - np.arange(len(order)))), 1
    )
    return adjusted
