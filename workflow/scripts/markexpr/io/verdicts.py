"""The verdicts of all studies' controls in one file, results/controls.tsv, and what a run says of
them at its end. No numpy: the Snakefile imports this."""

import csv
import html
import sys
from pathlib import Path

from markexpr.io.files import atomic, reading
from markexpr.io.jobs import InputError

FAIL, PASS = "FAIL", "PASS"
SHOWN = 20  # controls that fail and are named at the end of a run
FILE = "controls.tsv"
RED, GREEN = "#c62828", "#2e7d32"


def read_verdicts(results, studies):
    """The verdicts of all studies that have some, what fails first, as dicts of text.

    results: the folder; studies: names. Raises InputError for tables of different columns.
    """
    tables = [table for table in (_table(results, study) for study in studies) if table.is_file()]
    rows, fix = [], "delete it, and run again to make it anew"
    for table in tables:
        with reading(table, fix), open(table, encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file, delimiter="\t"))
        if found and rows and list(found[0]) != list(rows[0]):
            raise InputError(f"{table} has other columns than {tables[0]}; {fix}")
        rows += found
    return sorted(rows, key=lambda row: row["verdict"] != FAIL)


def gather_verdicts(results, studies):
    """Write results/controls.tsv anew, and return its rows; no file if there are none. As
    read_verdicts."""
    rows, path = read_verdicts(results, studies), Path(results, FILE)
    if not rows:
        path.unlink(missing_ok=True)  # of studies that are no more
        return []
    with atomic(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows


def draw_verdicts(results, studies):
    """The same for the first page of the report, as one line of HTML: red where a control fails;
    empty if there are no controls."""
    rows = read_verdicts(results, studies)
    if not rows:
        return ""
    first, *others = map(html.escape, summarise_verdicts(rows))
    items = "".join(f"<li>{line.removeprefix('  - ')}</li>" for line in others)
    failing = rows[0]["verdict"] == FAIL
    style = f"padding: 0.6em 1em; color: #fff; background: {RED if failing else GREEN}"
    return f'<div style="{style}"><b>{first}</b>{f"<ul>{items}</ul>" if items else ""}</div>'


def _table(results, study):
    return Path(results, "tables", study, FILE)


def summarise_verdicts(rows, shown=SHOWN):
    """How many controls fail, and which, as lines; how many pass, if none fails."""
    failing = [row for row in rows if row["verdict"] == FAIL]
    passing = sum(row["verdict"] == PASS for row in rows)
    if not failing:
        return [f"{_counted(passing, PASS)}, none FAILS"]
    lines = [f"{_counted(len(failing), FAIL)}, {passing} PASS"]
    for row in failing[:shown]:
        named = ", ".join(filter(None, [row["study"], row["model"]]))
        lines.append(f"  - {named}: {row['control']}: {row['why']}")
    if len(failing) > shown:
        lines.append(f"  … and {len(failing) - shown} more")
    return lines


def _counted(number, word):
    ending = "ES" if word == PASS else "S"
    return f"1 control {word}{ending}" if number == 1 else f"{number} controls {word}"


def tell_verdicts(results, studies, since):
    """Gather the verdicts, and print them as one list at the end of a run: what fails in any case,
    that all pass only if one was judged `since` a time (seconds)."""
    try:
        rows = gather_verdicts(results, studies)
    except InputError as error:
        print(f"\nmarkexpr: {error}", file=sys.stderr)
        return
    judged = any(
        table.is_file() and table.stat().st_mtime >= since
        for table in (_table(results, study) for study in studies)
    )
    if rows and (judged or any(row["verdict"] == FAIL for row in rows)):
        first, *others = summarise_verdicts(rows)
        print(f"\nmarkexpr: {first} ({Path(results, FILE)})", file=sys.stderr)
        for line in others:
            print(line, file=sys.stderr)
