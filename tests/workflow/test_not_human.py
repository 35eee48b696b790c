"""The commands of docs/tutorials/not_human.md, on a made-up mouse: its genes in GENCODE's form, BAM
files of four marks, and expression by versioned ids."""

import gzip
import re
import shlex

import numpy as np
import pysam
import pytest
from conftest import ROOT, jobs_of, snakemake

from markexpr.data.assembly import read_chrom_sizes
from markexpr.io.files import read_tsv

PAGE = (ROOT / "docs/tutorials/not_human.md").read_text()
MARKS = ["H3K4me3", "H3K27ac", "H3K36me3", "H3K27me3"]
SIZES = read_chrom_sizes(ROOT / "config/mm39.chrom.sizes")
PER_CHROMOSOME = 4  # genes on each of chr1 to chr19 and X
REACH, READ = 5_000, 50  # bp
# nothing of REMC may be asked for; and less training than the paper's
QUICK = """
mirror: https://nowhere.invalid
genome_mirror: https://nowhere.invalid
overrides: {deepchrome: {models: {deepchrome: {training: {epochs: 2, batch_size: 8}}}}}
"""


def commands():
    """The snakemake commands of the page, each a list of words without the first."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines() if line]


def write_genes(path, rng):
    """A GTF of genes far apart. Returns id with version, chromosome, TSS and strand of each."""
    genes, lines = [], ["##description: the mouse genome (GRCm39), version M36 (Ensembl 113)"]
    for chrom in [f"chr{name}" for name in [*range(1, 20), "X"]]:
        for place in range(PER_CHROMOSOME):
            gene, strand = f"ENSMUSG{len(genes) + 1:011d}.{place + 1}", "+-"[place % 2]
            start = 5_000_000 + 2_000_000 * place + int(rng.integers(1_000_000))
            end = start + 20_000
            shown = f'gene_id "{gene}"; gene_type "protein_coding"; gene_name "G{len(genes)}";'
            row = (chrom, "HAVANA", "gene", start, end, ".", strand, ".", shown)
            lines.append("\t".join(map(str, row)))
            genes.append((gene, chrom, start if strand == "+" else end, strand))
    # of another biotype, and mitochondrial: neither is taken
    for chrom, kind, number in (("chr1", "lncRNA", 901), ("chrM", "protein_coding", 902)):
        shown = f'gene_id "ENSMUSG{number:011d}.1"; gene_type "{kind}"; gene_name "x";'
        lines.append(f"{chrom}\tHAVANA\tgene\t8000\t9000\t.\t+\t.\t{shown}")
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return genes


def write_bam(path, genes, mark, active, rng):
    """Reads of one mark: background, and where genes are active, or silent for H3K27me3, a signal
    with the mark's place. active: 0 to 1 of each gene."""
    starts = []
    for (_, chrom, tss, strand), level in zip(genes, active):
        around = rng.integers(-REACH, REACH, 60)
        width, number = {"H3K4me3": (300, 400), "H3K27ac": (600, 300)}.get(mark, (0, 0))
        signal = rng.normal(0, width, int(number * level)) if width else np.array([])
        if mark == "H3K36me3":
            signal = rng.uniform(1_000, REACH, int(200 * level)) * (1 if strand == "+" else -1)
        if mark == "H3K27me3":
            signal = rng.integers(-REACH, REACH, int(200 * (1 - level)))
        starts += [(list(SIZES).index(chrom), tss + int(at)) for at in [*around, *signal]]
    header = {"SQ": [{"SN": name, "LN": length} for name, length in SIZES.items()]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as file:
        for chrom, start in sorted(starts):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.query_sequence = "r", "A" * READ
            read.reference_id, read.reference_start = chrom, start
            read.mapping_quality, read.cigarstring = 30, f"{READ}M"
            read.flag = 16 * int(rng.integers(2))
            file.write(read)


@pytest.fixture(scope="module")
def mouse(tmp_path_factory):
    """The folder that the page has its reader make."""
    rng, folder = np.random.default_rng(1), tmp_path_factory.mktemp("tutorial") / "mouse"
    (folder / "bam").mkdir(parents=True)
    (folder / "rna").mkdir()
    genes = write_genes(folder / "gencode.vM36.annotation.gtf.gz", rng)
    for tissue in ("liver", "heart"):
        active = rng.random(len(genes))
        tpm = 2 ** (8 * active + rng.normal(0, 0.3, len(genes)))
        table = zip((gene[0] for gene in genes), 1e6 * tpm / tpm.sum() / 2)
        text = "".join(f"{gene}\t{value:.3f}\n" for gene, value in table)
        (folder / f"rna/{tissue}.tsv").write_text(text)
        for mark in MARKS:
            write_bam(folder / f"bam/{tissue}.{mark}.bam", genes, mark, active, rng)
    (folder / "mouse.yaml").write_text(re.search(r"```yaml\n(.*?)```", PAGE, re.S)[1])
    (folder / "quick.yaml").write_text(QUICK)
    return folder


def test_the_page_leads_from_bam_files_to_scores(mouse):
    printed = []
    for words in commands():
        assert "mouse/mouse.yaml" in words
        place = words.index("mouse/mouse.yaml") + 1
        words = [*words[:place], str(mouse / "quick.yaml"), *words[place:]]
        words = [re.sub("^mouse(?=/|$)", str(mouse), word) for word in words]
        printed.append(snakemake(*words).printed)
    look, run, other = map(jobs_of, printed)
    # nothing is fetched, in a run of a study of any kind
    assert look == run and look["annotate_genes"] == 1 and other["train_model"] > 0
    assert not any("download" in jobs for jobs in (look, other))
    assert not (mouse / "results/raw").exists()

    genes = read_tsv(mouse / "results/annotation/genes.tsv")
    assert len(genes) == 20 * PER_CHROMOSOME + 1
    assert set(genes["gene_id"].str.len()) == {18}  # without versions
    assert len(read_tsv(mouse / "results/annotation/genes.deepchrome.tsv")) == 20 * PER_CHROMOSOME
    with np.load(mouse / "results/tensors/deepchrome/liver.npz") as file:
        # the paper's order, and then what it has not
        assert file["marks"].tolist() == ["H3K27me3", "H3K36me3", "H3K4me3", "H3K27ac"]
        assert file["X"].shape == (20 * PER_CHROMOSOME, 4, 100)
    metrics = read_tsv(mouse / "results/metrics/deepchrome.tsv")
    assert set(metrics["unit"]) == {"liver", "heart"}
    assert (mouse / "results/figures/deepchrome/profiles.png").exists()
