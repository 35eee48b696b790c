"""Intervals as BED for BEDTools, written many lines at a time."""

import numpy as np

from markexpr.io.files import naming

LINES = 1 << 15  # made at once: they stay in the cache
# a position of up to 10 digits is written as two halves of 5, leading zeros included: so all lines
# of a chromosome have one length, and no number is made into text line by line
HALF = 100_000
_HALVES = np.array([b"%05d" % number for number in range(HALF)])


def write_bed(path, names, code, start, end):
    """Write the intervals names[code[i]]:start[i]-end[i], which are in order of `code`, with
    positions of 10 digits.

    names: list; code, start, end: int [intervals], in the coordinates of BED.
    """
    edges = np.searchsorted(code, np.arange(len(names) + 1))
    with naming(path), open(path, "wb") as file:
        for name, first, behind in zip(names, edges[:-1], edges[1:]):
            for low in range(first, behind, LINES):
                part = slice(low, min(low + LINES, behind))
                file.write(_lines(name.encode(), start[part], end[part]))


def _lines(name, start, end):
    """The lines of intervals of one chromosome, as bytes."""
    half = _HALVES.dtype
    lines = np.empty(
        len(start),
        [
            ("name", f"S{len(name) + 1}"),
            *(("start", half), ("start_low", half), ("tab", "S1")),
            *(("end", half), ("end_low", half), ("newline", "S1")),
        ],
    )
    lines["name"], lines["tab"], lines["newline"] = name + b"\t", b"\t", b"\n"
    for column, position in (("start", start), ("end", end)):
        position = position.astype(np.uint32)  # which divides four times as fast as int64
        high = position // HALF
        lines[column], lines[f"{column}_low"] = _HALVES[high], _HALVES[position - high * HALF]
    return lines.tobytes()
