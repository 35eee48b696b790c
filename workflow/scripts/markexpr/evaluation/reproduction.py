"""Every published number beside ours, of all studies together: reproduced, not reproduced, or not
run, each with its reason."""

import numpy as np
import pandas as pd

from markexpr.evaluation.published import NOT_RUN, OUTCOMES, REPRODUCED, find_tolerance
from markexpr.io.jobs import InputError

SAME = ["study", "model", "split", "metric", "statistic", "against"]  # of config/published.tsv


def list_reproduced(published, tables, models, simulated=False):
    """One row a published number and study of ours that compares with it; one of none.

    published: config/published.tsv; tables: pairs of our study and the one under which its paper's
    numbers stand there, and results/tables/{study}/published.tsv of it; models: names of the models
    of each study of the project, by study; simulated: whether the data are: nothing is compared
    then, and no number of ours is shown. Raises InputError for a table of other numbers.
    """
    compared = [] if simulated else [_check(table, published, *names) for *names, table in tables]
    rows = []
    for place, row in enumerate(published.itertuples()):
        found = [one[place] for one in compared if place in one]
        rows += [_compared(row, models, *one) for one in found] or [
            _not_run(row, models, simulated)
        ]
    table = pd.DataFrame(rows)
    return table.assign(units=table["units"].astype("Int64"))


def _check(table, published, ours, theirs):
    """From the place of a published number to (our study, row of its table). ours, theirs: names of
    our study, and of the one under which its paper's numbers stand."""
    places = np.flatnonzero(published["study"] == theirs)
    same = ["model", "split", "metric", "statistic"]
    if published.iloc[places][same].to_numpy().tolist() != table[same].to_numpy().tolist():
        raise InputError(
            f"results/tables/{ours}/published.tsv has other numbers than config/published.tsv: "
            "delete it to make it anew"
        )
    return {place: (ours, row) for place, row in zip(places, table.itertuples())}


def _row(published, **ours):
    shown = {name: getattr(published, name) for name in SAME}
    empty = dict.fromkeys(("ours", "ci_low", "ci_high", "difference"), np.nan)
    return {
        **shown,
        "published": published.value,
        "setting": "",
        **empty,
        "units": None,
        **ours,
        "source": published.source,
    }


def _compared(published, models, study, row):
    """A number beside that of one of our studies."""
    outcome, why = row.outcome, row.verdict
    if row.verdict == NOT_RUN:
        known = published.model in models.get(study, [published.model])
        why = f"study {study} has no {'unit of it' if known else f'model {published.model}'}"
    elif outcome == REPRODUCED:
        tolerance = find_tolerance(published)
        ends = np.abs([row.ci_low - row.published, row.ci_high - row.published])
        if np.isfinite(ends).all() and ends.max() > tolerance:
            why += f"; the interval reaches beyond {tolerance}"
    # a number that does not compare is no comparison
    known = (
        {}
        if outcome == NOT_RUN
        else {
            name: getattr(row, name)
            for name in ("ours", "ci_low", "ci_high", "difference", "units")
        }
    )
    return _row(published, setting=study, **known, outcome=outcome, reason=why)


def _not_run(published, models, simulated):
    """A number that none of our studies compares with."""
    if simulated:
        why = "simulated data"
    elif published.model not in models.get(published.study, [published.model]):
        why = f"study {published.study} has no model {published.model}"
    else:
        why = f"study {published.study} was not built for its cells: add it to config key 'studies'"
    return _row(published, outcome=NOT_RUN, reason=why)


def count_outcomes(table):
    """How many numbers have each outcome, in words. A number that several studies compare with is
    counted once, by the first of OUTCOMES that one of them has."""
    best = table.assign(rank=table["outcome"].map(OUTCOMES.index))
    best = best.groupby([*SAME, "published", "source"], dropna=False)["rank"].min()
    return ", ".join(f"{int((best == rank).sum())} {name}" for rank, name in enumerate(OUTCOMES))
