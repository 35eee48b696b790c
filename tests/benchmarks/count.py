"""How long counting takes: our engines, `bedtools multicov` by way of a sorted BAM, and plain
decompression, in one go.

    .venv/bin/python tests/benchmarks/count.py [--reads 5000000] [--genes 18460] [--sample 200]

Makes a tagAlign of random reads, half of them near a TSS, in random line order, and windows of 200
bins of 100 bp. multicov looks up each window on its own, so it is run on a sample of the windows
and scaled. Prints seconds, the ratio to `zcat`, peak memory, and whether all counts are identical.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow/scripts"))

import numpy as np
import pandas as pd

from markexpr.data.annotation import read_chrom_sizes
from markexpr.data.counts import BinCounter
from markexpr.data.reads import read_tagalign
from markexpr.data.windows import Window

WINDOW = Window.parse("20000bp_100bp")
SIZES = read_chrom_sizes(Path(__file__).parents[2] / "config/hg19.chrom.sizes")
SIZES.pop("chrM")


def make_input(folder, n_reads, n_genes):
    """Write reads.tagAlign.gz and genes.npz."""
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


def ours(folder, engine):
    """Count with one engine in this process; prints seconds and peak memory as JSON."""
    with np.load(folder / "genes.npz") as genes:
        chrom, tss = genes["chrom"], genes["tss"]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        counter = BinCounter(chrom, tss, WINDOW, SIZES, temporary, engine)
        # reads at random lie in centromeres as well, which is warned of
        reads = read_tagalign(folder / "reads.tagAlign.gz", SIZES, tell=lambda what: None)
        counts = counter.count(reads, engine)
    seconds = time.perf_counter() - began
    np.save(folder / f"{engine}.npy", counts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(json.dumps({"seconds": seconds, "gigabytes": max(peak, children)}))


def multicov(folder, sample):
    """Sorted, indexed BAM and `bedtools multicov` on the bins of the first `sample` genes; seconds
    of each."""
    import pysam

    with np.load(folder / "genes.npz") as genes:
        # spread over the genome, so that the sample is as the rest
        chosen = np.linspace(0, len(genes["tss"]) - 1, sample).astype(int)
        chrom, tss = genes["chrom"][chosen], genes["tss"][chosen]
    sizes = folder / "sizes"
    sizes.write_text("".join(f"{name}\t{size}\n" for name, size in SIZES.items()))
    began = time.perf_counter()
    with open(folder / "reads.bam", "wb") as out:
        unzip = subprocess.Popen(["zcat", folder / "reads.tagAlign.gz"], stdout=subprocess.PIPE)
        subprocess.run(
            ["bedtools", "bedtobam", "-i", "stdin", "-g", sizes],
            stdin=unzip.stdout,
            stdout=out,
            check=True,
        )
    pysam.sort("-o", str(folder / "sorted.bam"), str(folder / "reads.bam"))
    pysam.index(str(folder / "sorted.bam"))
    bam = time.perf_counter() - began
    starts = WINDOW.starts(tss)
    with open(folder / "sample.bed", "w") as file:
        file.writelines(
            f"{name}\t{start}\t{start + 100}\n" for name, row in zip(chrom, starts) for start in row
        )
    began = time.perf_counter()
    command = [
        "bedtools",
        "multicov",
        "-bams",
        folder / "sorted.bam",
        "-bed",
        folder / "sample.bed",
    ]
    printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    seconds = time.perf_counter() - began
    counts = np.array([int(line.rsplit("\t", 1)[1]) for line in printed.splitlines()]).reshape(
        starts.shape
    )
    return chosen, counts, bam, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reads", type=int, default=5_000_000)
    parser.add_argument("--genes", type=int, default=18_460)
    parser.add_argument("--sample", type=int, default=200, help="genes that multicov counts")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        folder, what = Path(options.one[0]), options.one[1]
        make_input(folder, options.reads, options.genes) if what == "input" else ours(folder, what)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # each step in a process of its own: a child's peak memory begins at what its parent has
        numbers = ["--reads", str(options.reads), "--genes", str(options.genes)]
        subprocess.run([sys.executable, __file__, *numbers, "--one", name, "input"], check=True)
        print(f"{options.reads:,} reads, {options.genes:,} windows of {WINDOW.n_bins} bins")
        zcat = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run(
                ["zcat", folder / "reads.tagAlign.gz"], stdout=subprocess.DEVNULL, check=True
            )
            zcat.append(time.perf_counter() - began)
        zcat = min(zcat)
        print(f"{'zcat':12} {zcat:7.1f} s")
        chosen, truth, bam, seconds = multicov(folder, options.sample)
        whole = bam + seconds * options.genes / options.sample
        print(
            f"{'multicov':12} {whole:7.1f} s  {whole / zcat:6.1f} x zcat  (BAM {bam:.1f} s; "
            f"{seconds:.1f} s for "
            f"{options.sample} windows, scaled to {options.genes:,})"
        )
        for engine in ("bedtools", "sweep"):
            command = [sys.executable, __file__, "--one", name, engine]
            result = json.loads(
                subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
            )
            counts = np.load(folder / f"{engine}.npy")
            equal = np.array_equal(counts[chosen], truth) and np.array_equal(
                counts, np.load(folder / "bedtools.npy")
            )
            took = result["seconds"]
            print(
                f"{engine:12} {took:7.1f} s  {took / zcat:6.1f} x zcat  {whole / took:6.1f} "
                "x faster than multicov  "
                f"{result['gigabytes']:.2f} GB  counts {'identical' if equal else 'DIFFER'}"
            )


if __name__ == "__main__":
    main()
