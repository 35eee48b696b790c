"""How close the simulator is to real counts: profiles, empty bins and dispersion side by side.

    .venv/bin/python tests/benchmarks/calibrate.py --real FOLDER [--out FOLDER]

FOLDER holds DeepDiff's published counts of a cell (deepdiff/E003.{train,valid,test}.csv.gz,
E003.expr.csv.gz). Real counts are those of its genes; simulated ones of 1,500 genes of the same
cell's name. Prints a table and writes calibration.png.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from markexpr import simulate
from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.counts import Bins, Sweep
from markexpr.data.expression import read_expression_csv
from markexpr.data.intervals import Reads, chromosome_order
from markexpr.data.sources import read_deepdiff_csv
from markexpr.data.windows import Window
from markexpr.plots import HIGH, LOW, TRUTH
from markexpr.plots.panels import make_grid
from markexpr.report.depth import measure_depth

MARKS = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
WINDOW = Window.parse("10000bp_100bp")


def real_counts(folder, cell):
    """Published counts [genes, marks, bins] and raw counts of expression [genes] of a cell. Strand
    is not known for all: windows are genomic."""
    paths = {
        split: Path(folder) / f"deepdiff/{cell}.{split}.csv.gz"
        for split in ("train", "valid", "test")
    }
    counts, gene_id, _ = read_deepdiff_csv(paths, WINDOW, MARKS)
    levels = read_expression_csv(Path(folder) / f"deepdiff/{cell}.expr.csv.gz")
    return counts, levels[gene_id].to_numpy()


def simulated_counts(cell, n_genes=1_500, seed=1):
    """Counts and RPKM of simulated genes, through the simulator's reads."""
    sizes = read_chrom_sizes(ROOT / "config/hg19.chrom.sizes")
    genes = simulate.place_genes(n_genes, seed)
    truth, rpkm = simulate.draw_expression(genes, [cell], seed, null=False)
    tss = simulate.find_tss(genes)
    counter = Sweep(Bins(genes["chrom"], tss, WINDOW, sizes), sizes, None)
    names = chromosome_order(sizes)
    code = {name: number for number, name in enumerate(names)}
    layers = []
    for mark in MARKS:
        table = simulate.draw_reads(
            genes, truth["activity"].to_numpy(), mark, cell, seed, 1.0, 0.0, sizes
        )
        codes = table["chrom"].map(code).to_numpy(dtype=np.int8)
        reads = Reads(
            names, codes, table["start"].to_numpy(np.int32), table["end"].to_numpy(np.int32)
        )
        layers.append(counter.count(reads, mark))
    return np.stack(layers, axis=1), rpkm[:, 0]


def summary(counts, expression):
    """Per mark: mean count of high and of low genes within 1 kb of the TSS and beyond 3 kb, empty
    bins, and dispersion."""
    file = {"counts": counts, "marks": np.array(MARKS), "unit": "reads"}
    table = measure_depth("", file).set_index("mark")[["mean_per_bin", "empty_bins", "dispersion"]]
    distance, high = np.abs(WINDOW.offsets + WINDOW.bin / 2), expression >= np.median(expression)
    for name, chosen in (("high", high), ("low", ~high)):
        mean = counts[chosen].mean(axis=0)
        table[f"{name}_tss"] = mean[:, distance < 1_000].mean(axis=1)
        table[f"{name}_flank"] = mean[:, distance > 3_000].mean(axis=1)
    return table


def figure(parts, path):
    """Profiles (solid real, dashed simulated), empty bins and dispersion."""
    panels, axes = make_grid(len(MARKS) + 2, width=2.8, columns=4)
    offsets = WINDOW.offsets + WINDOW.bin / 2
    for number, (axis, mark) in enumerate(zip(axes, MARKS)):
        for (name, (counts, expression)), style in zip(parts.items(), ("-", "--")):
            high = expression >= np.median(expression)
            for chosen, colour, level in ((high, HIGH, "high"), (~high, LOW, "low")):
                mean = counts[chosen, number].mean(axis=0)
                axis.plot(
                    offsets / 1000,
                    (mean + mean[::-1]) / 2,
                    style,
                    color=colour,
                    lw=1.3,
                    label=f"{name}, {level}",
                )
        axis.set(title=mark, xlabel="distance to TSS (kb)", ylim=(0, None))
    axes[0].set_ylabel("reads per bin and gene")
    place = np.arange(len(MARKS))
    for axis, column, label in (
        (axes[-2], "empty_bins", "share of empty bins"),
        (axes[-1], "dispersion", "variance / mean of a bin"),
    ):
        for (name, part), shift in zip(parts.items(), (-0.2, 0.2)):
            axis.bar(
                place + shift,
                summary(*part)[column],
                0.38,
                label=name,
                color=TRUTH if name == "real" else "0.75",
            )
        axis.set_xticks(place, MARKS, rotation=45, ha="right")
        axis.set_title(label)
    axes[-1].set_yscale("log")
    for axis in axes[-2:]:
        axis.set_ylim(top=axis.get_ylim()[1] * (4 if axis is axes[-1] else 1.25))
        axis.legend(fontsize=7, loc="upper center", ncols=2)
    handles, labels = axes[0].get_legend_handles_labels()
    panels.legend(handles, labels, loc="outside lower center", ncols=4)
    panels.savefig(path)
    plt.close(panels)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--real", required=True)
    parser.add_argument("--cell", default="E003")
    parser.add_argument("--out", default=".")
    options = parser.parse_args()
    parts = {
        "real": real_counts(options.real, options.cell),
        "simulated": simulated_counts(options.cell),
    }
    table = pd.concat({name: summary(*part) for name, part in parts.items()}, axis=1).swaplevel(
        axis=1
    )
    with pd.option_context(
        "display.width", 250, "display.max_columns", 50, "display.float_format", "{:.2f}".format
    ):
        print(table[[column for column in dict.fromkeys(table.columns.get_level_values(0))]])
    figure(parts, Path(options.out) / "calibration.png")


if __name__ == "__main__":
    main()
