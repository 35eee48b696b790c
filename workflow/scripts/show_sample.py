"""The page of a sample: is it like what models were trained on, what is predicted, and why."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from markexpr import __version__
from markexpr.data.likeness import NOT_COMPARED, UNLIKE, read_reference
from markexpr.data.tensors import INVERSES
from markexpr.data.windows import Window
from markexpr.io.files import atomic, read_tsv
from markexpr.io.jobs import run_job
from markexpr.page import Markup, element, number, page, picture, table, to_svg
from markexpr.plots import HIGH
from markexpr.plots.tracks import draw_tracks
from markexpr.predict.chosen_genes import find_predicted
from markexpr.predict.kinds import VALUE
from markexpr.report.warnings import collect
from markexpr.tables import counted, titled

LISTED = 15  # genes predicted highest, and lowest
NAMES = {"p_high": "probability of high", "p_high_spread": "its spread", "gene_id": "id"}


def gather_warnings(path, inputs):
    """All that was warned of in a sample's data, each once, as a DataFrame of mark and what.

    path: what was warned of while it was counted and compared; inputs: paths of what models see.
    """
    later = collect([], inputs).rename(columns={"warning": "what"})
    return pd.concat([read_tsv(path), later[["mark", "what"]]]).drop_duplicates()


def list_warnings(warnings):
    """The warnings, or that there are none."""
    if warnings.empty:
        return element("p", "Nothing was found to warn of in its data.", class_="fine")
    lines = [
        element("li", element("strong", f"{row.mark}: ") if row.mark else "", row.what)
        for row in warnings.itertuples()
    ]
    return element(
        "div",
        element("strong", f"{counted(len(lines), 'warning')}: read before any number"),
        element("ul", *lines),
        class_="warnings",
    )


def tabulate_quality(quality):
    """A table a set of models: a row a mark, a column a measure, with the range of training
    cells."""
    parts = []
    for model, rows in quality.groupby("model", sort=False):
        measures = list(dict.fromkeys(rows["statistic"]))
        lines = []
        for mark, of_mark in rows.groupby("mark", sort=False):
            by_name = of_mark.set_index("statistic")
            cells = [
                _quality_cell(by_name.loc[name]) if name in by_name.index else "–"
                for name in measures
            ]
            lines.append([mark, *cells])
        caption = f"Beside the training cells of {model}" if model else "Beside its controls"
        parts.append(table(lines, ["mark", *measures], caption, numbers=measures))
    return element("div", *parts)


def _quality_cell(row):
    value, low, high = (number(row[name], small=True) for name in ("value", "lowest", "highest"))
    known = (
        ""
        if low == "–" or row["verdict"] == NOT_COMPARED
        else element("small", f" ({low} to {high})" if low != high else f" ({low})")
    )
    strange = row["verdict"] in (UNLIKE, "not above")
    word = f" {row['verdict']}" if strange else ""
    return element("td", value + word, known, class_="number unlike" if strange else "number")


def draw_distribution(table, column, unit_label, trained):
    """Draw the distribution of predictions, beside that of what models were trained to predict.

    trained: float [n], or None if it is not known.
    """
    figure, axis = plt.subplots(figsize=(5.6, 2.8), layout="constrained")
    values = table[column].dropna().to_numpy()
    both = values if trained is None else np.r_[values, trained]
    bins = np.linspace(both.min(), max(both.max(), both.min() + 1e-6), 51)
    share = {"bins": bins, "histtype": "step"}
    if trained is not None:
        weights = np.full(len(trained), 100 / len(trained))
        axis.hist(trained, weights=weights, color="0.5", label="training cells, measured", **share)
    weights = np.full(len(values), 100 / max(len(values), 1))
    axis.hist(values, weights=weights, color=HIGH, lw=1.6, label="this sample, predicted", **share)
    axis.set_xlabel(unit_label)
    axis.set_ylabel("% of genes per step")
    axis.legend(fontsize=8)
    return figure


def read_trained(paths, predictors):
    """What the first models of values were trained to predict, as log2(value + 1), float [n] of
    equal shares; None if no model predicts values."""
    for path, predictor in zip(paths, predictors):
        if predictor["predicts"] == VALUE:
            held = read_reference(path).expression
            known = np.interp(np.linspace(0, 1, 5001), np.linspace(0, 1, len(held)), held)
            if predictor["transform"] == "log2p1":
                return known
            return np.log2(np.maximum(INVERSES[predictor["transform"]](known), 0) + 1)
    return None


def read_label(column):
    """What a column of predictions is called: log2(RPKM + 1)."""
    if column == "p_high":
        return "predicted probability of high expression"
    unit = column.removeprefix("log2_").removesuffix("_plus_1").replace("_", " ")
    unit = unit.upper() if len(unit) <= 4 else unit
    return f"log2({unit} + 1)"


def list_genes(genes, column, caption, highest):
    """A table of the genes that are predicted highest, or lowest."""
    shown = genes.dropna(subset=[column]).sort_values(column, ascending=not highest, kind="stable")
    columns = [name for name in (column, "spread", "p_high", "p_high_spread") if name in genes]
    columns = list(dict.fromkeys(columns))
    rows = [
        [
            row["name"],
            row["gene_id"],
            f"{row['chrom']}:{row['tss']:,}",
            *(number(row[name]) for name in columns),
            "yes" if row["trained_on"] else "no",
        ]
        for _, row in shown.head(LISTED).iterrows()
    ]
    labels = [read_label(name) if name == column else NAMES.get(name, name) for name in columns]
    return table(rows, ["gene", "id", "TSS", *labels, "trained on"], caption, numbers=labels)


def show_genes(path):
    """The signals of chosen genes, each with what the prediction owes to it."""
    with np.load(path) as file:
        about, arrays = json.loads(str(file["about"])), dict(file)
    around = Window.parse(about["window"]).around_one
    marks = arrays["marks"].tolist()
    what = "log odds of high expression" if about["predicts"] != VALUE else "predicted value"
    caption = (
        f"Grey: {about['unit']} in bins of {around.bin} bp. Below each: integrated gradients "
        f"of {about['model']}, in units of the {what}: how much each bin raises (orange) or lowers "
        "(blue) it against a gene without any signal (or, where inputs are z-scores, with the mean "
        f"signal everywhere); mean over {about['members']} of {about['of']} fits. One scale for "
        "all marks of a gene."
    )
    parts = []
    for place, gene in enumerate(about["genes"]):
        signal, attribution = (
            arrays[name][place][:, : around.n_bins] for name in ("signal", "attribution")
        )
        figure = draw_tracks(gene, marks, around.offsets, signal, attribution)
        told = "trained on in other cells" if gene["trained_on"] else "no model was trained on it"
        column = next((name for name in gene if name.startswith("log2_")), "p_high")
        said = f"{gene['name']} ({gene['gene_id']}), {read_label(column)} "
        said += f"{number(gene[column])}; {told}. "
        alt = f"Signals and attributions around the TSS of {gene['name']}"
        parts.append(picture(to_svg(figure), alt, said + (caption if place == 0 else "")))
    return element("div", *parts)


def tabulate_scores(path):
    """The scores of a sample whose expression is known."""
    scores = read_tsv(path)
    numbers = [name for name in scores if scores[name].dtype.kind == "f"]
    rows = [
        [number(value, 3) if name in numbers else value for name, value in row.items()]
        for row in scores.to_dict("records")
    ]
    return table(rows, list(scores), numbers=numbers)


def show_predictions(job, genes):
    """Where predictions lie, and the genes at both ends."""
    column = find_predicted(genes)
    label = read_label(column)
    values = column != "p_high"
    trained = read_trained(job.input.references, job.params.predictors) if values else None
    figure = draw_distribution(genes, column, label, trained)
    beside = "" if trained is None else " Grey: what was measured in the cells trained on."
    return [
        element("h2", "Predictions"),
        element(
            "p",
            f"{len(genes):,} genes, by {', '.join(one['name'] for one in job.params.predictors)}. "
            "The spread is the standard deviation over the fits of the ensemble: how far models "
            "agree, which is less than how far they err. A gene that was trained on in other cells "
            "is predicted better than one that was not.",
        ),
        picture(
            to_svg(figure),
            "Distribution of predictions",
            f"Distribution of {label} over genes.{beside}",
        ),
        list_genes(genes, column, "Predicted highest", highest=True),
        list_genes(genes, column, "Predicted lowest", highest=False),
    ]


def main(job):
    sample, genes = job.wildcards.sample, read_tsv(job.input.table)
    plt.rcParams["text.parse_math"] = False  # a $ of a name is no formula
    title = titled(f"{sample}: predicted expression", job)
    content = [
        element("h1", title),
        list_warnings(gather_warnings(job.input.warnings, job.input.inputs)),
        element("h2", "Is it like what models were trained on?"),
        element(
            "p",
            "Each number of the sample, with its range over the training cells in brackets. It is "
            "unlike if it is 1.5 times above the highest or below the lowest. The distance of a "
            "profile is the mean absolute log2 ratio to the nearest training cell, after division "
            "by its mean; its range is that of each training cell to its own nearest.",
        ),
        tabulate_quality(read_tsv(job.input.quality)),
        picture(
            Path(job.input.quality_svg).read_bytes(),
            "Profiles of each mark over those of the training cells",
            "Mean profile of each mark along transcription (orange) over those of the training "
            "cells (grey), each divided by its mean.",
            wide=True,
        ),
        *show_predictions(job, genes),
    ]
    if job.input.get("scores"):
        content += [element("h2", "Scores"), tabulate_scores(job.input.scores)]
    content.append(element("h2", "Why: signals and attributions of chosen genes"))
    content.append(
        show_genes(job.input.explained)
        if job.input.get("explained")
        else element("p", job.params.unexplained)
    )
    content.append(element("p", Markup(f"<small>markexpr {__version__}</small>")))
    with atomic(job.output[0]) as temporary:
        temporary.write_text(page(title, *content), encoding="utf-8")


if __name__ == "__main__":
    run_job(main, snakemake)
