"""How the numbers of a cell came about, and the one check wherever cells meet: that theirs came
about alike.

Cells meet in pairs, pooled models, transfers, means of models, controls, scores over the rows of
several cells, and figures and files of several cells.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from markexpr.io.jobs import InputError, list_warnings, warn
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
    both = f"{first.cell} and {other.cell}"
    files = f" [{first.where}, {other.where}]"
    if (first.marks, first.bins) != (other.marks, other.bins):
        raise InputError(
            f"{both} have different marks or bins and cannot be {doing}: {first.bins} bins of "
            f"{', '.join(first.marks)}, and {other.bins} of {', '.join(other.marks)}{files}"
        )
    for name, what in MUST_AGREE.items():
        one, two = getattr(first, name), getattr(other, name)
        if one != two:
            raise InputError(
                f"{both} cannot be {doing}: {what} is {one!r} in one and {two!r} in the "
                f"other{files}"
            )
    _check_expression(first, other, both, doing, files)


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
        try:
            if other is not usual:
                check_alike(usual, other, doing)
        except InputError as error:
            _say(str(error), other.cell)


def _check_expression(first, other, both, doing, files):
    units = [cell.expression_unit for cell in (first, other)]
    if PUBLISHED_LABEL in units:
        return
    unstated = [cell.cell for cell in (first, other) if cell.expression_unit == UNSTATED]
    if len(unstated) == 2 and not first.labels:  # a median is of one cell, in whatever unit
        _say(
            "the unit of its expression is not stated, nor is that of other cells: they are "
            f"{doing} as if it were one; state it by key expression_unit of their sources",
            other.cell,
        )
    if units[0] != units[1]:
        fix = "give the tables of both in one unit, or leave one out"
        if unstated:
            fix = f"state it by key expression_unit of source {unstated[0]}"
        said = f"expression unit is {units[0]!r} in one and {units[1]!r} in the other; {fix}"
        if not first.labels:
            raise InputError(f"{both} cannot be {doing}: {said}{files}")
        _say(f"{both} are {doing}: {said}", other.cell)


def _say(what, cell):
    """Warn once: a control compares each cell with all others."""
    if (cell, "", what) not in list_warnings():
        warn(what, cell)
