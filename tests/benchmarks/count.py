"""How long counting takes: our engines beside plain decompression, plain pipelines of BEDTools and
`bedtools multicov` by way of a sorted BAM, in one go.

    .venv/bin/python tests/benchmarks/count.py [--reads 5000000] [--genes 18460] [--sample 200]
        [--repeats 3] [--beside CHECKOUT]

Makes a tagAlign of random reads, half of them near a TSS, in random line order, and windows of 200
bins of 100 bp. Each step is a process of its own, in turn, and the least of the repeats is printed:
seconds of a core (of it and its children) and by the clock, both with their ratio to `zcat`, peak
memory, and whether all counts are identical. multicov looks up each window on its own, so it is run
on a sample of the windows and scaled (`--sample 0`: neither it nor plain pipelines). `--beside`:
another checkout, such as the commit before, whose engines take turns with ours.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCRIPTS = Path(os.environ.get("SCRIPTS", Path(__file__).parents[2] / "workflow/scripts"))
sys.path.insert(0, str(SCRIPTS))

import numpy as np
import pandas as pd

from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.counts import BinCounter
from markexpr.data.reads import read_tagalign
from markexpr.data.windows import Window

WINDOW = Window.parse("20000bp_100bp")
SIZES = read_chrom_sizes(Path(__file__).parents[2] / "config/hg19.chrom.sizes")
SIZES.pop("chrM")


def make_input(folder, _, options):
    """Write reads.tagAlign.gz and genes.npz."""
    n_reads, n_genes = options.reads, options.genes
    rng = np.random.default_rng(0)
    names, length = np.array(list(SIZES)), np.array(list(SIZES.values()))
    share = length / length.sum()
    gene_chrom = np.sort(rng.choice(len(names), n_genes, p=share))
    tss = (rng.random(n_genes) * (length[gene_chrom] - 20_000) + 10_000).astype(int)
    chrom = rng.choice(len(names), n_reads, p=share)
    start = (rng.random(n_reads) * (length[chrom] - 100)).astype(int)
    near, gene = rng.random(n_reads) < 0.5, rng.integers(0, n_genes, n_reads)
    chrom = np.where(near, gene_chrom[gene], chrom)
    start = np.clip(
        np.where(near, tss[gene] + rng.normal(0, 3_000, n_reads).astype(int), start),
        0,
        length[chrom] - 36,
    )
    table = pd.DataFrame(
        {
            "chrom": names[chrom],
            "start": start,
            "end": start + 36,
            "name": "N",
            "score": 1000,
            "strand": "+",
        }
    )
    table.to_csv(
        folder / "reads.tagAlign.gz",
        sep="\t",
        header=False,
        index=False,
        compression={"method": "gzip", "compresslevel": 6},
    )
    np.savez(folder / "genes.npz", chrom=names[gene_chrom], tss=tss)


def ours(folder, engine, result):
    """Count with one engine in this process, and save counts."""
    with np.load(folder / "genes.npz") as genes:
        chrom, tss = genes["chrom"], genes["tss"]
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        counter = BinCounter(chrom, tss, WINDOW, SIZES, temporary, engine)
        # reads at random lie in centromeres as well, which is warned of
        reads = read_tagalign(folder / "reads.tagAlign.gz", SIZES, tell=lambda what: None)
        np.save(result, counter.count(reads, engine))


def igzip(folder, *_):
    """Inflate the reads as counting does, and drop them."""
    from isal import igzip

    with igzip.open(folder / "reads.tagAlign.gz") as file:
        while file.read(1 << 18):
            pass


def shell(folder, command, _):
    """Run a command in the folder."""
    subprocess.run(command, shell=True, check=True, cwd=folder)


def write_bins(folder, name, chrom, tss):
    """Write the bins of windows as BED, in the order of BEDTools' sweep; return that order."""
    start = WINDOW.starts(tss)
    chrom = np.repeat(chrom, WINDOW.n_bins)
    order = np.lexsort((start.ravel(), chrom))
    with open(folder / name, "w") as file:
        file.writelines(
            f"{chrom}\t{start}\t{start + WINDOW.bin}\n"
            for chrom, start in zip(chrom[order].tolist(), start.ravel()[order].tolist())
        )
    return order


def write_all_bins(folder, _, options):
    """Write what plain pipelines need: all bins, those of a sample of genes with their order, and
    the table of chromosomes."""
    with np.load(folder / "genes.npz") as genes:
        chrom, tss = genes["chrom"], genes["tss"]
    names = sorted(SIZES)
    (folder / "sizes").write_text("".join(f"{name}\t{SIZES[name]}\n" for name in names))
    # spread over the genome, so that the sample is as the rest
    chosen = np.linspace(0, len(tss) - 1, options.sample).astype(int)
    write_bins(folder, "bins.bed", chrom, tss)
    order = write_bins(folder, "sample.bed", chrom[chosen], tss[chosen])
    np.savez(folder / "sample.npz", chosen=chosen, order=order)


PLAIN = {
    "zcat | sort": "zcat reads.tagAlign.gz | LC_ALL=C sort -k1,1 -k2,2n > sorted.bed",
    "intersect -c": "bedtools intersect -sorted -c -a bins.bed -b sorted.bed -g sizes > counted",
    "coverage": "bedtools coverage -sorted -counts -a bins.bed -b sorted.bed -g sizes > counted",
}
MULTICOV = {
    "BAM": "zcat reads.tagAlign.gz | bedtools bedtobam -i stdin -g sizes > reads.bam",
    "sort": f'{sys.executable} -c \'import pysam; pysam.sort("-o", "sorted.bam", '
    '"reads.bam"); pysam.index("sorted.bam")\'',
    "multicov": "bedtools multicov -bams sorted.bam -bed sample.bed > counted",
}


STEPS = {"input": make_input, "bins": write_all_bins, "igzip": igzip, "shell": shell}


def time_one(options):
    """Run one step in this process, and print what it used: seconds of a core (with those of its
    children), seconds by the clock, and peak memory in GB of the larger of it and them."""
    folder, what, argument = Path(options.one[0]), *options.one[1:]
    before, began = os.times(), time.perf_counter()
    if what in STEPS:
        STEPS[what](folder, argument, options)
    else:
        ours(folder, what, argument)
    clock, after = time.perf_counter() - began, os.times()
    core = sum(after[:4]) - sum(before[:4])
    who = [resource.RUSAGE_CHILDREN] + [resource.RUSAGE_SELF] * (what != "shell")
    peak = max(resource.getrusage(each).ru_maxrss for each in who) / 1e6
    print(json.dumps([core, clock, peak]))


def measure(folder, numbers, what, argument="", checkout=None):
    """One step in a process of its own, since a child's peak memory begins at what its parent has;
    what it used, as time_one says."""
    scripts = {"SCRIPTS": str(checkout / "workflow/scripts")} if checkout else {}
    printed = subprocess.run(
        [sys.executable, __file__, *numbers, "--one", folder, what, argument],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, **scripts},
    ).stdout
    return np.array(json.loads(printed.splitlines()[-1]))


def show(name, taken, zcat, more=""):
    (core, clock, gigabytes), (zcat_core, zcat_clock, _) = taken, zcat
    print(
        f"{name:22} {core:7.2f} s {core / zcat_core:7.1f} x   {clock:7.2f} s "
        f"{clock / zcat_clock:7.1f} x   {gigabytes:6.2f} GB  {more}"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reads", type=int, default=5_000_000)
    parser.add_argument("--genes", type=int, default=18_460)
    parser.add_argument("--sample", type=int, default=200, help="genes that multicov counts")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--beside", type=Path, help="another checkout of the project")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        time_one(options)
        return
    with tempfile.TemporaryDirectory() as name:
        compare(Path(name), options)


def compare(folder, options):
    """Measure all steps and print the table."""

    numbers = [f"--{name}={getattr(options, name)}" for name in ("reads", "genes", "sample")]
    measure(folder, numbers, "input")
    steps = {"zcat": ("shell", "zcat reads.tagAlign.gz > /dev/null"), "igzip": ("igzip",)}
    for engine in ("bedtools", "sweep"):
        if options.beside:
            beside = options.beside.resolve()
            steps[f"{engine}, beside"] = (engine, folder / f"{engine}.beside.npy", beside)
        steps[engine] = (engine, folder / f"{engine}.npy")
    if options.sample:
        measure(folder, numbers, "bins")
        steps.update({what: ("shell", command) for what, command in PLAIN.items()})
    # the least of the repeats of each, in turn
    taken = [
        [measure(folder, numbers, *step) for step in steps.values()] for _ in range(options.repeats)
    ]
    taken = dict(zip(steps, np.min(taken, axis=0)))
    zcat = taken["zcat"]
    print(f"{options.reads:,} reads, {options.genes:,} windows of {WINDOW.n_bins} bins")
    print(f"{'':22} {'core':>9} {'x zcat':>9}   {'clock':>9} {'x zcat':>9}   {'peak':>9}")
    results = [np.load(path) for path in sorted(folder.glob("*.npy"))]
    alike = all(np.array_equal(results[0], counts) for counts in results[1:])
    for what, used in taken.items():
        show(what, used, zcat)
    print(f"counts of all engines: {'identical' if alike else 'DIFFER'}")
    if not options.sample:
        return
    for what in ("intersect -c", "coverage"):
        both = np.array([taken["zcat | sort"], taken[what]])
        show(f"sort and {what}", [*both[:, :2].sum(axis=0), both[:, 2].max()], zcat)
    steps = {what: measure(folder, numbers, "shell", command) for what, command in MULTICOV.items()}
    whole = steps["BAM"] + steps["sort"] + steps["multicov"] * options.genes / options.sample
    show("multicov", [*whole[:2], max(used[2] for used in steps.values())], zcat, "(scaled)")
    printed = (folder / "counted").read_text().splitlines()
    with np.load(folder / "sample.npz") as sample:
        chosen, order = sample["chosen"], sample["order"]
    counts = np.empty(len(order), dtype=np.uint32)
    counts[order] = [int(line.rsplit("\t", 1)[1]) for line in printed]
    same = np.array_equal(results[0][chosen], counts.reshape(len(chosen), -1))
    print(f"counts of multicov: {'identical' if same else 'DIFFER'}")
    for engine in ("bedtools", "sweep"):
        print(f"{engine}: {whole[0] / taken[engine][0]:.0f} times faster than multicov")


if __name__ == "__main__":
    main()
