"""Tables for people: scores side by side, and HTML pages of them for the report."""

import html

import numpy as np
import pandas as pd

from markexpr.io.files import TEXT, atomic

STYLE = """
body { font-family: system-ui, sans-serif; font-size: 14px; margin: 1.5em; }
body { color: #222; background: #fff; }
table { border-collapse: collapse; }
th, td { padding: 0.3em 0.9em; text-align: left; vertical-align: top; }
th, td { border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; position: sticky; top: 0; background: #fff; }
tr.failing td { background: #c62828; color: #fff; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
"""


METRICS = {
    "pearson": "Pearson correlation",
    "spearman": "Spearman correlation",
    "r2": "R²",
    "accuracy": "accuracy",
}


def metric_name(metric):
    """What a figure or table calls a metric."""
    return METRICS.get(metric, metric.upper())


def counted(number, what):
    """A number of things in words: 1 cell, 2 cells."""
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def titled(title, job):
    """The title of a job's table or figure, which says so if its data are simulated."""
    return f"{title} (simulated data)" if job.params.simulated else title


def with_interval(value, low, high):
    """Numbers as text, each with its interval in brackets if it has one; a dash if it is missing.

    Takes three Series and returns one.
    """
    text = value.map(lambda number: "–" if pd.isna(number) else f"{number:.3f}")
    known = value.notna() & low.notna()
    text[known] += [f" [{a:.3f}, {b:.3f}]" for a, b in zip(low[known], high[known])]
    return text


def scores_wide(metrics, split):
    """Set the scores of one split in a row a run and a column a metric, with intervals.

    metrics: results/metrics/{study}.tsv. Models are in the order of their mean first metric, the
    best first, then those of which a fit failed, without a score; the best that is possible on
    simulated data is last. Returns a DataFrame of model, unit, seed, n and a column of text a
    metric.
    """
    here = metrics[metrics["split"] == split]
    text = with_interval(here["value"], here["ci_low"], here["ci_high"])
    keys = ["model", "unit", "seed", "n"]
    wide = here.assign(text=text).pivot(index=keys, columns="metric", values="text")[
        list(dict.fromkeys(here["metric"]))
    ]
    first = here[here["metric"] == here["metric"].iloc[0]].groupby("model")["value"]
    mean = first.mean().where(first.count() == first.size(), np.finfo(float).min)
    mean[mean.index == "simulator_truth"] = float("-inf")
    wide = wide.reset_index().rename_axis(columns=None)
    return wide.sort_values(
        ["model", "unit", "seed"],
        key=lambda column: -column.map(mean) if column.name == "model" else column,
        ignore_index=True,
    )


LONG = 100  # characters of a text that is shown in part until it is opened
ONE_SEED = "One seed: how much these numbers vary from seed to seed is unknown."


def write_html(table, title, job, note="", seeds=None, fold=True, row_class=None):
    """Write a DataFrame as an HTML page that needs nothing else, to `job.output.html`.

    Numbers are set to the right, missing ones are a dash, long texts are folded (with `fold`). The
    title says so if the data are simulated; `note` stands below it, and ends in ONE_SEED if
    `seeds`, how many the numbers are of, is 1. row_class: function from a row (a named tuple) to
    the class of its style, or an empty text.
    """
    title = titled(title, job)
    if seeds == 1:
        note = f"{note} {ONE_SEED}".strip()

    def cell(column, value):
        if pd.isna(value) or value == "":
            return '<td class="number">–</td>'
        if isinstance(value, float):
            small = 0 < abs(value) < 0.001
            value = (
                f"{value:.0f}"
                if value.is_integer() and value > 1
                else f"{value:.1g}"
                if small
                else f"{value:.3f}"
            )
        if fold and isinstance(value, str) and len(value) > LONG:
            first, rest = value[:LONG].rsplit(" ", 1)[0], html.escape(value)
            return f"<td><details><summary>{html.escape(first)} …</summary>{rest}</details></td>"
        # a name may begin with a digit
        number = column not in TEXT and str(value).removeprefix("-")[:1].isdigit()
        return f"<td{' class=number' if number else ''}>{html.escape(str(value))}</td>"

    head = "".join(f"<th>{html.escape(str(name).replace('_', ' '))}</th>" for name in table.columns)

    def line(row):
        style = row_class(row) if row_class else ""
        tag = f'<tr class="{style}">' if style else "<tr>"
        return tag + "".join(map(cell, table.columns, row)) + "</tr>"

    rows = "\n".join(map(line, table.itertuples(index=False)))
    page = (
        '<!doctype html>\n<html lang="en"><head><meta '
        f'charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style></head>\n'
        f"<body><h3>{html.escape(title)}</h3>\n<p>{html.escape(note)}</p>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></body></html>\n"
    )
    with atomic(job.output.html) as temporary:
        temporary.write_text(page, encoding="utf-8")
