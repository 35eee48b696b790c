"""How the numbers of a cell came about, and the one check wherever cells meet: that theirs came
about alike.

Cells meet in pairs, pooled models, transfers, means of models, controls, scores over the rows of
several cells, and figures and files of several cells.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from markexpr.io.jobs import InputError, warn
from markexpr.settings.units import PUBLISHED_LABEL, UNSTATED


@dataclass(frozen=True)
class Measured:
    """How the numbers of one cell came about. What is not known of an old file is empty.

    where: the file, for messages; marks: in order; bins: how many; counts_unit: reads or mean
    signal; expression_unit: as markexpr.data.tensors.Levels has it; labels: the label mode, empty
    for values; normalise, orientation, window, transform: as in the study.
    """

    cell: str
    where: str
    marks: tuple
    bins: int
    counts_unit: str = ""
    expression_unit: str = ""
    labels: str = ""
    normalise: str = ""
    orientation: str = ""
    window: str = ""
    transform: str = ""

    def plain(self):
        """As plain values, for params.yaml."""
        return {**asdict(self), "marks": list(self.marks)}


def from_plain(values):
    """Read back what Measured.plain gave."""
    known = {field.name for field in fields(Measured)}
    found = {name: value for name, value in values.items() if name in known}
    return Measured(**{**found, "marks": tuple(found["marks"])})


def describe(provenance, marks, bins, where):
    """How a cell was measured, by the provenance of its tensors."""
    data = provenance.get("data", {})
    target = data.get("target", {})
    labels = target.get("label_mode", "numeric") if target.get("kind") == "median_label" else ""
    return Measured(
        cell=provenance["cell"],
        where=str(where),
        marks=tuple(str(mark) for mark in marks),
        bins=int(bins),
        counts_unit=provenance.get("counts_unit", ""),
        expression_unit=provenance.get("expression_unit", ""),
        # published labels compare expression with its median as text (docs/labels.md)
        labels="text" if "labels" in provenance else labels,
        normalise=data.get("normalise", ""),
        orientation=data.get("orientation", ""),
        window=data.get("window", ""),
        transform=target.get("transform", ""),
    )


def read_measured(path):
    """How a cell was measured, from results/tensors/{study}/{cell}.npz, without its counts."""
    with np.load(path) as file:
        provenance = json.loads(str(file["provenance"]))
        return describe(provenance, file["marks"], len(file["bins"]), path)


# what must be one, and what a message calls it
MUST_AGREE = {
    "counts_unit": "counts unit",
    "normalise": "normalise",
    "orientation": "orientation",
    "window": "window",
    "transform": "transform",
    "labels": "label mode",
}


def check_alike(first, other, doing):
    """Whether two cells may meet.

    first, other: Measured; doing: what is done with them, as `subtracted`. Raises InputError if
    marks or their order, bins, the kind of counts, how these are normalised, how labels are made or
    the unit of a value's expression are not the same; warns where nobody says what the unit is, and
    of labels by expression in different units.
    """
    difference = _find_difference(first, other)
    if difference:
        raise InputError(f"{difference}; they cannot be {doing}{_files(first, other)}")
    _warn_of_units(first, other, doing)


def check_all_alike(measured, doing):
    """Whether several cells may meet, as check_alike. measured: list of Measured."""
    for other in measured[1:]:
        check_alike(measured[0], other, doing)


def warn_of_differences(measured, doing):
    """Warn of cells that may stand side by side, and are not alike. measured: list of Measured;
    doing: as for check_alike. What most of them are is what the others are compared with."""
    if not measured:
        return
    kinds = [replace(cell, cell="", where="") for cell in measured]
    usual = measured[kinds.index(Counter(kinds).most_common(1)[0][0])]
    for other in measured:
        if other is usual:
            continue
        difference = _find_difference(usual, other)
        if difference:
            warn(f"{difference}; they are {doing}{_files(usual, other)}", other.cell)
        else:
            _warn_of_units(usual, other, doing)


def _find_difference(first, other):
    """In what two cells differ that must be one, in words; None if in nothing."""
    both = f"{first.cell} and {other.cell}"
    if (first.marks, first.bins) != (other.marks, other.bins):
        return (
            f"{both} have different marks or bins: {first.bins} bins of {', '.join(first.marks)}, "
            f"and {other.bins} of {', '.join(other.marks)}"
        )
    for name, what in MUST_AGREE.items():
        one, two = getattr(first, name), getattr(other, name)
        if one != two:
            return f"{both} differ: {what} is {one!r} in one and {two!r} in the other"
    units = _compare_units(first, other)
    return f"{both} differ: {units}" if units and not first.labels else None


def _compare_units(first, other):
    """In what the units of two cells' expression differ, with the fix; None if they do not, or if
    there are labels alone."""
    one, two = first.expression_unit, other.expression_unit
    if one == two or PUBLISHED_LABEL in (one, two):
        return None
    unstated = [cell.cell for cell in (first, other) if cell.expression_unit == UNSTATED]
    fix = "give the tables of both in one unit, or leave one out"
    if unstated:
        fix = f"state it by key expression_unit of source {unstated[0]}"
    return f"expression unit is {one!r} in one and {two!r} in the other ({fix})"


def _warn_of_units(first, other, doing):
    """Warn of units that do not keep cells apart, and should be known."""
    units = _compare_units(first, other)
    if units:
        both = f"{first.cell} and {other.cell}"
        warn(f"{both} differ: {units}; they are {doing}{_files(first, other)}", other.cell)
    # a median is of one cell, in whatever unit
    elif other.expression_unit == UNSTATED and not first.labels:
        warn(
            "the unit of its expression is not stated, nor is that of other cells: they are "
            f"{doing} as if it were one; state it by key expression_unit of their sources",
            other.cell,
        )


def _files(first, other):
    return f" [{first.where}, {other.where}]"
