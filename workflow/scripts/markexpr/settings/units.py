"""Units of expression: their names, and what a cell's source says of its own.

Imported by the Snakefile: no torch, no numpy.
"""

import re

# units by the words that people have for them, in small letters
NAMES = {name.lower(): name for name in ("RPKM", "FPKM", "TPM", "CPM", "read count")} | {
    name: "read count" for name in ("read counts", "count", "counts", "reads", "raw counts")
}
UNSTATED = "not stated"  # of a table of which no unit is known
PUBLISHED_LABEL = "published label"  # of a source that brings labels alone
# the unit of REMC's table that a study's data.target.expression names
REMC = {"rpkm": "RPKM", "n": "read count"}


def name_unit(value):
    """A unit by its usual name. Raises ValueError for what is none."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is no unit: say RPKM, FPKM, TPM, CPM, read count, or another word")
    if re.search(r"log|\bln\b", value.lower()):
        raise ValueError(
            "is a logarithm: name the unit of the plain values, and the logarithm by "
            "expression_scale"
        )
    words = " ".join(value.replace("_", " ").split())
    return NAMES.get(words.lower(), words)


def find_unit(source, expression):
    """The unit of a cell's expression, as far as its source tells.

    source: an entry of config key `sources`, as plain values; expression: the study's
    data.target.expression, which names REMC's table.
    """
    kind = source["kind"]
    if kind == "deepchrome_csv":
        return PUBLISHED_LABEL
    if "expression_unit" in source:
        return source["expression_unit"]
    if "expression" in source or kind == "kaggle_npz":
        return UNSTATED
    # DeepDiff's authors published read counts
    return "read count" if kind == "deepdiff_csv" else REMC[expression]


def name_of_value(unit):
    """A unit as a part of a column's name: rpkm, tpm, read_count; `expression` if none is known."""
    if unit in ("", UNSTATED):
        return "expression"
    return re.sub(r"[^a-z0-9]+", "_", unit.lower())
