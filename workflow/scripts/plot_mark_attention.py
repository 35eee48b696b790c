"""Mean attention over marks of genes that go up and of genes that go down between two cells, and
what the paper says of it."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from markexpr.io.files import write_tsv
from markexpr.io.jobs import InputError, log, run_job
from markexpr.plots import HIGH, LOW, save
from markexpr.tables import counted, write_html

DIRECTIONS = ("up", "down")


def sum_by_mark(file):
    """Sum the attention of each gene over the rows of a mark, and average it over Level IIs.

    file: the arrays of results/attention. Returns a DataFrame [genes, marks].
    """
    tables = []
    for name in ("marks_raw", "marks_a", "marks_b"):
        if name in file:
            marks = [str(row).split(" ", 1)[1] for row in file[f"rows_{name}"]]
            tables.append(
                pd.DataFrame(file[name].astype(np.float64), columns=marks)
                .T.groupby(level=0, sort=False)
                .sum()
                .T
            )
        if name == "marks_raw" and tables:
            break
    return tables[0] if len(tables) == 1 else sum(tables) / len(tables)


def higher_in(direction, unit):
    """The cell in which genes of a direction are more expressed. unit: A-B, whose change is B over
    A."""
    a, b = unit.split("-")
    return b if direction == "up" else a


def choose_genes(change, setting):
    """The genes that go up and those that go down by more than the thresholds: bool arrays [genes]
    by direction, without a direction in which none does.

    change: log2 fold change [genes]; setting: thresholds up and down, unit. Raises InputError if no
    gene changes so much.
    """
    chosen = {"up": change > setting["up"], "down": change < setting["down"]}
    for direction, genes in chosen.items():
        if not genes.any():
            log.warning(
                "no test gene of %s changes by %s %s: its bars are left out",
                setting["unit"],
                "more than" if direction == "up" else "less than",
                setting[direction],
            )
    found = {direction: genes for direction, genes in chosen.items() if genes.any()}
    if not found:
        raise InputError(
            f"no test gene of {setting['unit']} changes by more than {setting['up']} or less "
            f"than {setting['down']}: "
            "choose other thresholds in the study's mark_attention"
        )
    return found


def tabulate(attention, change, setting):
    """Average attention over the genes that go up and over those that go down, and over seeds.

    attention: a DataFrame [genes, marks] a seed; change: log2 fold change [genes]; setting:
    thresholds up and down, unit. Returns a row a direction and mark: change (up, down), higher_in
    (a cell), genes, mark, attention, rank (1: the highest), standard_error (over genes, of their
    means over seeds), seeds, sd_over_seeds (of the means over genes; NaN of one seed).
    """
    rows = []
    for direction, genes in choose_genes(change, setting).items():
        n, cell = int(genes.sum()), higher_in(direction, setting["unit"])
        of_seeds = pd.DataFrame([table[genes].mean() for table in attention])
        of_genes = sum(table[genes] for table in attention) / len(attention)
        for mark, rank in rank_marks(of_seeds.mean()).items():
            error = of_genes[mark].std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
            mean, sd = of_seeds[mark].mean(), of_seeds[mark].std(ddof=1)
            rows.append((direction, cell, n, mark, mean, rank, error, len(attention), sd))
    names = "change higher_in genes mark attention rank standard_error seeds sd_over_seeds"
    return pd.DataFrame(rows, columns=names.split())


def rank_marks(attention):
    """Ranks of marks, 1 for the highest attention, whole numbers by mark. attention: by mark."""
    return attention.rank(ascending=False, method="first").astype(int)


def holds(statement, means, direction):
    """Whether a statement holds of genes of a direction; None if there are none to tell.

    statement: a block of mark_attention.statements; means: mean attention by mark, of each
    direction that has genes.
    """
    other = "down" if direction == "up" else "up"
    if direction not in means or ("above_other" in statement and other not in means):
        return None
    true, marks = True, statement["marks"]
    if "ranks" in statement:
        true &= set(rank_marks(means[direction])[marks]) <= set(statement["ranks"])
    if "above_other" in statement:
        above = (means[direction][marks] > means[other][marks]).all()
        true &= bool(above) == statement["above_other"]
    return bool(true)


def judge(attention, change, setting):
    """Whether each of the paper's statements holds here.

    Arguments as of tabulate. Returns a row a statement: the genes and marks that it is about, what
    is said, the ranks of these marks here, whether it holds of the mean over seeds, and in how many
    seeds. `if_read_the_other_way`: whether it holds of the genes that go the other way; the paper
    defines a change as B over A and speaks of it as A over B.
    """
    chosen = choose_genes(change, setting)
    of_seeds = [
        {direction: table[genes].mean() for direction, genes in chosen.items()}
        for table in attention
    ]
    whole = {
        direction: sum(means[direction] for means in of_seeds) / len(of_seeds)
        for direction in chosen
    }
    rows = []
    for statement in setting["statements"]:
        direction, marks = statement["change"], statement["marks"]
        other = "down" if direction == "up" else "up"
        ranks = rank_marks(whole[direction])[marks] if direction in whole else []
        true_in = sum(bool(holds(statement, means, direction)) for means in of_seeds)
        rows.append(
            {
                "genes": f"higher in {higher_in(direction, setting['unit'])} ({direction})",
                "marks": ", ".join(marks),
                "said": describe(statement),
                "ranks": ", ".join(map(str, ranks)),
                "holds": answer(holds(statement, whole, direction)),
                "holds_in": f"{true_in} of {counted(len(of_seeds), 'seed')}",
                "if_read_the_other_way": answer(holds(statement, whole, other)),
                "source": statement["source"],
            }
        )
    return pd.DataFrame(rows)


def describe(statement):
    """What a statement says, in words."""
    said = []
    if "ranks" in statement:
        said.append("rank " + " or ".join(map(str, statement["ranks"])))
    if "above_other" in statement:
        said.append(f"{'higher' if statement['above_other'] else 'lower'} than in the other genes")
    return ", ".join(said)


def answer(true):
    """A truth value in words."""
    return "no genes" if true is None else "yes" if true else "no"


def draw(table, setting):
    """Draw the table as bars with standard errors over genes, and over several seeds the standard
    deviation as well. setting: thresholds up and down."""
    marks = list(dict.fromkeys(table["mark"]))
    figure, axis = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for shift, direction, colour, sign in ((-0.2, "up", HIGH, ">"), (0.2, "down", LOW, "<")):
        bars = table[table["change"] == direction].set_index("mark").reindex(marks)
        if bars["genes"].isna().all():
            continue
        cell, n = bars["higher_in"].iloc[0], bars["genes"].iloc[0]
        x = np.arange(len(marks)) + shift
        axis.bar(
            x,
            bars["attention"],
            0.38,
            yerr=bars["standard_error"],
            color=colour,
            label=f"higher in {cell}: log2 fold change {sign} {setting[direction]:g} ({n:.0f} "
            "genes)",
            ecolor="0.3",
        )
        if bars["sd_over_seeds"].notna().all():
            axis.errorbar(
                x + 0.08,
                bars["attention"],
                bars["sd_over_seeds"],
                fmt="none",
                ecolor="black",
                elinewidth=2.5,
            )
    axis.axhline(1 / len(marks), color="0.6", lw=0.8, ls=":")
    axis.set_xticks(range(len(marks)), marks)
    axis.set_ylabel("mean attention (dotted: uniform)")
    figure.legend(loc="outside lower center", ncols=1, fontsize=8)
    return figure


def main(job):
    setting = job.params.setting
    attention = []
    for path in job.input:
        with np.load(path) as file:
            attention.append(sum_by_mark(file))
            change = file["y_true"]
    table = tabulate(attention, change, setting)
    write_tsv(job.output.table, table)
    statements = judge(attention, change, setting)
    write_tsv(job.output.tsv, statements)
    seeds = counted(len(attention), "seed")
    title = f"Attention of {setting['model']} over marks, test genes of {setting['unit']}, {seeds}"
    note = (
        "Ranks are of mean attention, 1 for the highest of all marks. if_read_the_other_way: "
        "the same statement of the genes that change the other way."
    )
    write_html(statements, title, job, note, seeds=len(attention))
    save(draw(table, setting), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
