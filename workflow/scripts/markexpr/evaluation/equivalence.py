"""Verdicts on pairs of models: better, worse, as good as, or not told apart; and where each stands.

Two models are **as good as** each other if the 95 % interval of their difference lies within the
margin on either side: such a difference is practically none, even where a test tells it from 0
(the region of practical equivalence; as two one-sided tests of 2.5 %, Schuirmann 1987, J
Pharmacokinet Biopharm 15:657). Otherwise one is **better** if that interval lies on its side of 0
and two tests say so too, each adjusted by Holm's method for all pairs: the hierarchical bootstrap
(markexpr.evaluation.hierarchy) and Wilcoxon's signed-rank test over cells. Else they are **not told
apart**.

Neither test is enough. Signed ranks take cells as independent, which they are not where all have
the same test genes: a model that happens to suit these genes wins in every cell. The bootstrap
knows of genes, but goes by means, which a few cells can make. With so few cells that no result of
theirs could be significant, the bootstrap alone speaks.
"""

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from markexpr.evaluation.claims import adjust_by_holm, judge_signed_ranks
from markexpr.evaluation.hierarchy import judge, subtract
from markexpr.evaluation.intervals import LEVEL
from markexpr.evaluation.metrics import ranks

BETTER, WORSE, AS_GOOD, OPEN = "better", "worse", "as good as", "not told apart"
TOO_FEW = "bootstrap alone: too few cells to test"
COLUMNS = [
    "model",
    "other",
    "difference",
    "ci_low",
    "ci_high",
    "cells",
    "cells_won",
    "tested_by",
    "p_bootstrap",
    "p_cells",
    "p_holm",
    "verdict",
]


def decide(low, high, p, margin):
    """The verdict on one model against another.

    low, high: ends of the interval of its score less the other's; p: two-sided, adjusted, the
    larger of the two tests'; margin: below which a difference is practically none. NaN decides
    nothing.
    """
    if -margin < low and high < margin:
        return AS_GOOD
    if p < LEVEL and low > 0:
        return BETTER
    if p < LEVEL and high < 0:
        return WORSE
    return OPEN


def can_test(cells, tests):
    """Whether signed ranks of so many cells could be significant in so many tests: their least
    two-sided p is 2^(1 - cells)."""
    return tests > 0 and 2.0 ** (1 - cells) * tests < LEVEL


def judge_cells(difference):
    """Wilcoxon's signed-rank test, exact: twice the one-sided p on the side of the mean difference,
    so that cells that mostly lie on the other side never speak for it. difference: float
    [cells]."""
    greater, less = judge_signed_ranks(difference)
    return min(1.0, 2 * (greater if difference.mean() > 0 else less))


def compare_all(summaries, references, draws, margin):
    """Compare all models with each other, and each with the references: a row a pair, of COLUMNS.

    summaries: hierarchy.Summary by name; references: those of the names that are compared with
    models alone, in a family of tests of their own. `model` is that of the two with the higher
    score; of a model and a reference, the model. `cells_won`: share of cells in which it is
    higher, ties half. `p_holm`: the larger of the two adjusted p.
    """
    ranked = rank_models(summaries, references)
    beside = [name for name in summaries if name in references]
    families = [list(combinations(ranked, 2)), list(product(ranked, beside))]
    tables = [_compare_family(pairs, summaries, draws, margin) for pairs in families]
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def rank_models(summaries, references=()):
    """The names of models that are no references, the highest score first; a model with a failed
    fit is below all others."""
    ranked = [name for name in summaries if name not in references]
    return sorted(ranked, key=lambda name: -summaries[name].value)


def _compare_family(pairs, summaries, draws, margin):
    rows = []
    for model, other in pairs:
        change = subtract(summaries[model], summaries[other])
        low, high, p = judge(change, draws)
        cells = len(change.of_cells)
        tested = can_test(cells, len(pairs))
        rows.append(
            {
                "model": model,
                "other": other,
                "difference": change.value,
                "ci_low": low,
                "ci_high": high,
                "cells": cells,
                "cells_won": float(((np.sign(change.of_cells) + 1) / 2).mean()),
                "tested_by": "bootstrap and signed ranks" if tested else TOO_FEW,
                "p_bootstrap": p,
                "p_cells": judge_cells(change.of_cells) if tested else np.nan,
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    adjusted = [adjust_by_holm(table[name]) for name in ("p_bootstrap", "p_cells")]
    table["p_holm"] = np.fmax(*adjusted)  # of the two, if there are two
    table["verdict"] = [
        decide(*ends, margin)
        for ends in table[["ci_low", "ci_high", "p_holm"]].itertuples(index=False)
    ]
    return table


# ---- what follows from the pairs ----

TURNED = {BETTER: WORSE, WORSE: BETTER}


class Verdicts:
    """The verdicts of compare_all, asked either way round."""

    def __init__(self, pairs):
        """pairs: as compare_all gives them."""
        self._of = {}
        for row in pairs.itertuples():
            self._of[row.model, row.other] = row.verdict
            self._of[row.other, row.model] = TURNED.get(row.verdict, row.verdict)

    def of(self, model, other):
        """The verdict on a model against another."""
        return self._of[model, other]


def say_standing(ranked, pairs):
    """Where each model stands, {name: words}.

    ranked: names, the highest score first; pairs: as compare_all gives them. The first is called
    the best only if every other is worse or shown to be as good; else it is the highest, and so
    say the others.
    """
    if not ranked:
        return {}
    first, verdicts = ranked[0], Verdicts(pairs)
    found = {name: verdicts.of(first, name) for name in ranked[1:]}
    word = "highest" if OPEN in found.values() else "best"
    standing = {first: word if len(ranked) > 1 else "the only model"}
    said = {
        BETTER: f"worse than the {word}",
        AS_GOOD: f"as good as the {word}",
        OPEN: f"not told apart from the {word}",
    }
    return standing | {name: said[verdict] for name, verdict in found.items()}


def rank_in_cells(summaries, names):
    """Mean rank of some models over cells, 1 the highest, ties sharing theirs; {name: float}."""
    scores = np.array([summaries[name].of_cells for name in names])
    each = np.array([ranks(-column) for column in scores.T])
    return dict(zip(names, each.mean(axis=0)))


@dataclass(frozen=True)
class Group:
    """Models next to each other, from place `first` to `last`, none of which is better than
    another."""

    first: int
    last: int


def join_open(ordered, pairs):
    """The largest groups of neighbours in an order of which no pair is told apart as better or
    worse; those of one model are left out. ordered: names, as in the figure of ranks."""
    verdicts, groups = Verdicts(pairs), []
    for first in range(len(ordered)):
        last = first
        while last + 1 < len(ordered) and all(
            verdicts.of(ordered[last + 1], other) not in TURNED
            for other in ordered[first : last + 1]
        ):
            last += 1
        if last > first and not (groups and groups[-1].last >= last):
            groups.append(Group(first, last))
    return groups
