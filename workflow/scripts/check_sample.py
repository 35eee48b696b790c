"""Is a sample like the cells that models were trained on? Its quality in numbers, drawn, and in
words."""

import numpy as np
import pandas as pd

from markexpr.data.annotation import read_genes
from markexpr.data.input_controls import compare_with_controls
from markexpr.data.likeness import (
    PROFILE,
    compare,
    explain,
    look_at,
    read_reference,
)
from markexpr.data.windows import Window
from markexpr.io.files import write_tsv
from markexpr.io.jobs import list_warnings, run_job, warn
from markexpr.plots import HIGH, save
from markexpr.plots.panels import make_grid
from markexpr.report.warnings import collect

OVER_CONTROL, ABOVE_CONTROL = "promoters over control", "share of genes above control"


def draw(shown):
    """Draw the profile of each mark over those of the training cells, a row a set of models.

    shown: list of (models, Look, Reference, Likeness).
    """
    columns = max(len(reference.marks) for _, _, reference, _ in shown)
    figure, axes = make_grid(columns * len(shown), width=2.5, height=2.4, columns=columns)
    for row, (models, look, reference, likeness) in enumerate(shown):
        window, verdicts = reference.window.around_one, likeness.find(PROFILE)["verdict"]
        kb = (window.offsets + window.bin / 2) / 1000
        for place in range(columns):
            axis = axes[row * columns + place]
            if place >= len(reference.marks):
                axis.set_axis_off()
                continue
            for profile in reference.profile[:, place]:
                line = divide_by_mean(profile)[: window.n_bins]
                axis.plot(kb, line, color="0.6", lw=0.8, alpha=0.7, label="training cells")
            own = divide_by_mean(look.profile[place])[: window.n_bins]
            axis.plot(kb, own, color=HIGH, lw=1.6, label="this sample")
            mark = reference.marks[place]
            axis.set_title(f"{mark}: {verdicts[mark]}", fontsize=9)
            axis.axvline(0, color="0.8", lw=0.6, ls=":")
            axis.set_ylim(0, None)
            axis.set_xlabel("kb from TSS")
        axes[row * columns].set_ylabel("signal / its mean")
        if len(shown) > 1:
            axes[row * columns].set_title(
                f"{models}\n{axes[row * columns].get_title()}", fontsize=9
            )
    handles, labels = axes[0].get_legend_handles_labels()
    one_each = dict(zip(labels, handles))
    figure.legend(one_each.values(), one_each, loc="outside lower center", ncols=2)
    return figure


def divide_by_mean(profile):
    """Make profiles of any depth comparable."""
    return profile / (profile.mean() or 1)


def warn_of_unlike(shown, sample, matched):
    """Warn of what is unlike the training cells, once for all models of which it holds."""
    said = {}
    for models, _, reference, likeness in shown:
        marks, cells = reference.marks, len(reference.cells)
        for mark, kind, what in explain(likeness, marks, cells, matched):
            said.setdefault((mark, kind), (what, []))[1].append(models)
    for (mark, _), (what, models) in said.items():
        some = f" (compared with the cells of {'; '.join(models)})"
        warn(what if len(models) == len(shown) else what + some, sample, mark)


def tabulate_controls(found, sample):
    """The rows of a sample's controls, and a warning of each mark that is not above its own."""
    rows = []
    for mark, enrichment in found.items():
        verdict = "above" if enrichment.above else "not above"
        for name, value in (
            (OVER_CONTROL, enrichment.ratio),
            (ABOVE_CONTROL, enrichment.above),
        ):
            rows.append({"mark": mark, "statistic": name, "value": value, "verdict": verdict})
        if not enrichment.above:
            warn(
                f"its reads are above those of its control at the promoter of no gene "
                f"({enrichment.ratio:.2f} times the control's at all promoters, at equal depth): "
                "the experiment failed, or one file stands for both; check column 'control' of the "
                "sheet",
                sample,
                mark,
            )
    return pd.DataFrame(rows)


def main(job):
    sample, shown, tables = job.wildcards.sample, [], []
    for models, path, counts_path, genes in zip(
        job.params.models, job.input.references, job.input.counts, job.input.genes, strict=True
    ):
        reference = read_reference(path)
        with np.load(counts_path) as file:
            counts = dict(file)
        look = look_at(counts, reference.marks, read_genes(genes), reference.window, sample)
        likeness = compare(look, str(counts.get("unit", "reads")), reference)
        shown.append((", ".join(models), look, reference, likeness))
        tables.append(likeness.table.assign(model=", ".join(models)))
    warn_of_unlike(shown, sample, job.params.matched)
    if job.input.get("controls"):
        window = Window.parse(job.params.window)
        with np.load(job.input.counts[0]) as file, np.load(job.input.controls) as controls:
            found = compare_with_controls(dict(file), dict(controls), job.params.controls, window)
        tables.append(tabulate_controls(found, sample))
    table = pd.concat(tables)
    columns = ["model", "mark", "statistic", "value", "lowest", "highest", "verdict", "nearest"]
    write_tsv(job.output.tsv, table[columns])
    counted = [*job.input.counts, *([job.input.controls] if job.input.get("controls") else [])]
    known = collect(counted, []).rename(columns={"warning": "what"})
    own = pd.DataFrame(list_warnings(), columns=["sample", "mark", "what"])
    said = pd.concat([own, known])[["mark", "what"]]
    write_tsv(job.output.warnings, said.drop_duplicates())
    title = f"{sample}: is it like the cells that models were trained on?"
    save(draw(shown), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
