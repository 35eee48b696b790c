"""Tables for people: scores side by side, and HTML pages of them for the report."""

import html

import pandas as pd

from markexpr.io.files import atomic

STYLE = """
body { font-family: system-ui, sans-serif; font-size: 14px; margin: 1.5em; }
body { color: #222; background: #fff; }
table { border-collapse: collapse; }
th, td { padding: 0.3em 0.9em; text-align: left; vertical-align: top; }
th, td { border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; position: sticky; top: 0; background: #fff; }
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


def titled(title, simulated):
    """A title, which says so where its data are simulated."""
    return f"{title} (simulated data)" if simulated else title


def with_interval(value, low, high):
    """Numbers as text with their interval in brackets, where they have one; a dash for a missing
    one. Three Series."""
    text = value.map(lambda number: "–" if pd.isna(number) else f"{number:.3f}")
    known = value.notna() & low.notna()
    text[known] += [f" [{a:.3f}, {b:.3f}]" for a, b in zip(low[known], high[known])]
    return text


def scores_wide(metrics, split):
    """One row a run, one column a metric with its interval in brackets, of one split, the best mean
    AUC of a model first and the best that is possible on simulated data last.

    metrics: results/metrics/{study}.tsv. Returns a DataFrame of text, model, unit, seed, n and a
    column a metric.
    """
    here = metrics[metrics["split"] == split]
    text = with_interval(here["value"], here["ci_low"], here["ci_high"])
    keys = ["model", "unit", "seed", "n"]
    wide = here.assign(text=text).pivot(index=keys, columns="metric", values="text")[
        list(dict.fromkeys(here["metric"]))
    ]
    mean = here[here["metric"] == here["metric"].iloc[0]].groupby("model")["value"].mean()
    mean[mean.index == "simulator_truth"] = float("-inf")
    wide = wide.reset_index().rename_axis(columns=None)
    return wide.sort_values(
        ["model", "unit", "seed"],
        key=lambda column: -column.map(mean) if column.name == "model" else column,
        ignore_index=True,
    )


def write_html(path, table, title, note=""):
    """Write a DataFrame as an HTML page that needs nothing else; numbers are set to the right,
    missing ones as a dash."""

    def cell(value):
        if pd.isna(value):
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
        number = str(value).removeprefix("-")[:1].isdigit()
        return f"<td{' class=number' if number else ''}>{html.escape(str(value))}</td>"

    head = "".join(f"<th>{html.escape(str(name).replace('_', ' '))}</th>" for name in table.columns)
    rows = "\n".join(
        "<tr>" + "".join(map(cell, row)) + "</tr>" for row in table.itertuples(index=False)
    )
    page = (
        '<!doctype html>\n<html lang="en"><head><meta '
        f'charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style></head>\n'
        f"<body><h3>{html.escape(title)}</h3>\n<p>{html.escape(note)}</p>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></body></html>\n"
    )
    with atomic(path) as temporary:
        temporary.write_text(page)
