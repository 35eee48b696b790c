"""The sheet of a user's samples: which alignments of which mark, and what else is known of each.

Imported by the Snakefile: no torch, no numpy.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from markexpr.io.jobs import InputError
from markexpr.settings.blocks import expand_path, validated
from markexpr.settings.config import CELL_NAME, MARK, Source
from markexpr.settings.reading import did_you_mean, read_numbered_sheet

COLUMNS = ("sample", "mark", "path")
# of a sample: the same on all its lines, or given on one of them
OF_A_SAMPLE = (
    "group",
    "tissue",
    "expression",
    "expression_unit",
    "expression_scale",
    "min_mapping_quality",
    "drop_duplicates",
    "fragments",
)
OPTIONAL = ("control", *OF_A_SAMPLE)
NUMBERS = ("min_mapping_quality",)
SWITCHES = ("drop_duplicates", "fragments")
# what the end of a file's name says of its kind, after .gz or .bgz is taken away
KINDS = {
    ".bam": "bam",
    ".cram": "bam",
    ".bed": "tagalign",
    ".tagalign": "tagalign",
    ".bw": "bigwig",
    ".bigwig": "bigwig",
}
# what other files beside results/predictions/{sample}.tsv are called
TAKEN, TAKEN_ENDS = ("matching",), (".quality", ".warnings", ".scores")
PACKED = (".gz", ".bgz")


@dataclass
class Sample:
    """One sample of the sheet.

    line: where it begins; paths, controls: files by mark; known: what its columns of OF_A_SAMPLE
    say, as text; source: markexpr.settings.config.Source.
    """

    name: str
    line: int
    paths: dict = field(default_factory=dict)
    controls: dict = field(default_factory=dict)
    known: dict = field(default_factory=dict)
    source: Source | None = None

    @property
    def group(self):
        """The group that it belongs to, or None."""
        return self.known.get("group")


def read_samples(path):
    """The samples of a sheet by name, in its order.

    Raises InputError, with the line, for a column that is unknown or missing, an empty cell, a mark
    that stands twice, and lines of one sample that say different things.
    """
    header, rows = read_numbered_sheet(path, COLUMNS)
    known = (*COLUMNS, *OPTIONAL)
    for column in header:
        if column not in known:
            raise InputError(f"{path}: unknown column {column!r}; {did_you_mean(column, known)}")
        if header.count(column) > 1:
            raise InputError(f"{path}: column {column!r} stands twice")
    samples = {}
    for number, row in rows:
        _add(samples, {name: text.strip() for name, text in row.items()}, path, number)
    for sample in samples.values():
        sample.source = _make_source(sample, path)
    return samples


def _add(samples, row, path, number):
    where = f"{path}, line {number}"
    for column in COLUMNS:
        if not row[column]:
            raise InputError(f"{where}: column {column!r} is empty")
    name, mark = row["sample"], row["mark"]
    if not re.match(CELL_NAME, name):
        raise InputError(
            f"{where}: sample {name!r}: a name has letters, digits, _ and . alone (a - stands "
            f"between two samples in names of pairs); call it {_suggest(name)!r}"
        )
    if not re.match(MARK, mark):
        raise InputError(
            f"{where}: mark {mark!r}: a name has letters, digits and . alone, as H3K4me3"
        )
    if name in TAKEN or name.endswith(TAKEN_ENDS):
        raise InputError(
            f"{where}: sample {name!r}: files of results/predictions/ are called so; call it "
            f"{name.replace('.', '_')}_1"
        )
    sample = samples.setdefault(name, Sample(name, number))
    if mark in sample.paths:
        raise InputError(
            f"{where}: {name} has {mark} twice; give replicates names of their own, or one file of "
            "both"
        )
    sample.paths[mark] = expand_path(row["path"])
    if row.get("control"):
        sample.controls[mark] = expand_path(row["control"])
    group = row.get("group")
    if group and not re.match(CELL_NAME, group):
        raise InputError(
            f"{where}: group {group!r}: a name has letters, digits, _ and . alone; call it "
            f"{_suggest(group)!r}"
        )
    for column in OF_A_SAMPLE:
        value = row.get(column)
        if value and sample.known.setdefault(column, value) != value:
            raise InputError(
                f"{where}: {column} of {name} is {value!r} here and {sample.known[column]!r} on a "
                "line before"
            )


def _suggest(name):
    """A name that is allowed, for one that is not."""
    allowed = re.sub(r"[^A-Za-z0-9_.]", "_", name)
    return allowed if allowed[0].isalnum() else f"s{allowed}"


def kind_of_file(path, where):
    """The kind of source that a file's name tells. Raises InputError for a name that tells none."""
    name = Path(path).name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    ending = Path(name).suffix
    if ending not in KINDS:
        raise InputError(
            f"{where}: {path}: its name does not say what it is; it must end in .bam, .cram, .bed, "
            ".tagAlign (these two also with .gz), .bw or .bigWig"
        )
    return KINDS[ending]


def _make_source(sample, path):
    where = f"{path}, sample {sample.name}"
    kinds = {mark: kind_of_file(file, where) for mark, file in sample.paths.items()}
    one, *others = dict.fromkeys(kinds.values())
    if others:
        named = {kind: mark for mark, kind in kinds.items()}
        raise InputError(
            f"{where}: {named[one]} is of kind {one} and {named[others[0]]} of kind {others[0]}: "
            "give all marks of a sample in one kind, since they are counted in one way"
        )
    keys = {name: text for name, text in sample.known.items() if name != "group"}
    for name in NUMBERS:
        if name in keys and keys[name].isdigit():
            keys[name] = int(keys[name])
    for name in SWITCHES:
        if name in keys and keys[name].lower() in ("true", "false"):
            keys[name] = keys[name].lower() == "true"
    source = validated(Source, {"kind": one, "paths": sample.paths, **keys}, where)
    for mark, file in sample.controls.items():
        if (kind := kind_of_file(file, where)) != one:
            raise InputError(
                f"{where}: {mark} is of kind {one} and its control, {file}, of kind {kind}: give "
                "the control in the kind of the marks, since they are counted in one way"
            )
    return source
