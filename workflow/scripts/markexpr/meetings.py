"""Cells that meet, looked at before the first job: by their sources alone, one can tell that some
cannot (markexpr.data.measured says so of the tensors, when all has been counted).

Imported by the Snakefile: no torch, no numpy.
"""

from markexpr.io.jobs import InputError
from markexpr.settings.units import UNSTATED, find_unit


def check_meetings(plan, origins, studies):
    """Raise InputError for cells of a study that meet and cannot, by their sources.

    plan: markexpr.plan.Plan; origins: markexpr.origins.Origins; studies: names of those that are
    asked for.
    """
    for name in studies:
        task, data = plan.tasks[name], plan.studies[name].data
        for one, other in task.meetings():
            kinds = [origins.kinds([cell]) == {"bigwig"} for cell in (one, other)]
            if kinds[0] != kinds[1]:
                signal = one if kinds[0] else other
                raise InputError(
                    f"study {name}: {one} and {other} meet, and cannot: {signal} is mean signal "
                    "(kind bigwig) and the other reads; take alignments of both, or leave one out"
                )
            if not data.has_labels:
                _check_units(name, one, other, origins, data.target.expression)


def _check_units(name, one, other, origins, expression):
    units = {cell: find_unit(origins.source(cell).plain(), expression) for cell in (one, other)}
    if units[one] == units[other]:
        return
    unstated = [cell for cell, unit in units.items() if unit == UNSTATED]
    fix = "give the tables of both in one unit, or leave one out"
    if unstated:
        fix = f"state it by key expression_unit of source {unstated[0]}"
    raise InputError(
        f"study {name}: {one} and {other} meet, and cannot: expression unit is {units[one]!r} in "
        f"one and {units[other]!r} in the other; {fix}"
    )
