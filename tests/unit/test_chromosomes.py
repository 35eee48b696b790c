"""Chromosomes under other names, of other lengths, and without data."""

import numpy as np
import pytest

from markexpr.data import chromosomes
from markexpr.io.jobs import InputError

HUMAN = {f"chr{name}": 50_000_000 for name in [*range(1, 23), "X", "Y", "M"]}


@pytest.mark.parametrize(
    ("name", "main"),
    [
        ("1", "chr1"), ("01", "chr1"), ("CHR1", "chr1"), ("Chr1", "chr1"), ("chr01", "chr1"),
        ("chr1 ", "chr1"), (" chr1", "chr1"), ('"chr1"', "chr1"), ("chrx", "chrX"), ("x", "chrX"),
        ("23", "chrX"), ("chr23", "chrX"), ("chr24", "chrY"), ("NC_000001.10", "chr1"),
        ("NC_000023.10", "chrX"), ("gi|224589800|ref|NC_000001.10|", "chr1"),
        ("CM000663.1", "chr1"), ("CM000685.1", "chrX"), ("hg19_chr2", "chr2"), ("chr2.fa", "chr2"),
        ("chromosome7", "chr7"), ("chr_7", "chr7"),
        ("chr1", None), ("chrM", None), ("MT", None), ("chrMT", None), ("chrX_random", None),
        ("chr1_gl000191_random", None), ("chr6_cox_hap2", None), ("chrUn_gl000211", None),
        ("GL000191.1", None), ("chrEBV", None), ("hs37d5", None), ("chr1_KI270706v1_random", None),
        ("mm10_chr1", None), ("chr25", None),
    ],
)  # fmt: skip
def test_names_that_look_like_a_main_chromosome(name, main):
    assert chromosomes.looks_like(name, HUMAN) == main


def test_a_genome_that_has_a_chromosome_23_keeps_it():
    fish = {f"chr{number}": 9 for number in range(1, 26)}
    assert chromosomes.looks_like("chr23", fish) is None
    assert chromosomes.looks_like("23", fish) == "chr23"


def test_lengths_of_another_assembly_are_refused():
    ours = {"chr1": 249_250_621, "chr2": 243_199_373, "chrM": 16_571}
    chromosomes.check_lengths("a.bam", {"chr1": 249_250_621, "chrM": 16_569, "chrUn": 5}, ours)
    with pytest.raises(InputError, match=r"a\.bam: .*chr1 has 248956422 bp \(hg38\).*249250621 \("):
        chromosomes.check_lengths("a.bam", {"chr1": 248_956_422}, ours)
    chromosomes.check_lengths("a.bam", {"1": 249_250_621, "MT": 16_569, "GL000191.1": 5}, ours)
    # a stranger beside the chromosome itself is no other name of it
    chromosomes.check_lengths("a.bam", {"chr1": 249_250_621, "1": 5}, ours)
    with pytest.raises(InputError, match=r"says that 1 has 248956422 bp \(hg38\)"):
        chromosomes.check_lengths("a.bam", {"1": 248_956_422}, ours)
    with pytest.raises(InputError, match="chr2 has 242193529 bp"):
        chromosomes.check_lengths("a.bam", {"chr2": 242_193_529}, ours)


N = 40  # genes on each chromosome
CHROM = np.repeat(list(HUMAN)[:24], N)
TSS = np.tile(np.arange(1, N + 1) * 1_000_000, 24)


def told(counts, amounts=None, left_out=(), what="read"):
    texts = []
    if amounts is None:
        amounts = {name: counts[name == CHROM].sum() for name in HUMAN}
    arguments = (CHROM, TSS, HUMAN, what, left_out, texts.append)
    chromosomes.check_data("a.bed", amounts, counts, *arguments)
    return "; ".join(texts)


@pytest.fixture
def counts():
    return np.full((len(CHROM), 2), 30)


def test_nothing_is_said_of_a_whole_file_or_one_without_y(counts):
    assert told(counts) == ""
    counts[CHROM == "chrY"] = 0
    assert told(counts) == ""
    # a few genes that nothing aligns to, at the end of X as elsewhere
    counts[(CHROM == "chrX") & (TSS > 38_500_000)] = 0
    counts[::37] = 0
    assert told(counts) == ""


def test_chromosomes_without_data_are_named(counts):
    counts[np.isin(CHROM, ["chr9", "chrX", "chrY"])] = 0
    assert "a.bed has no read on chr9, chrX: the 80 genes there count 0" in told(counts)
    assert "chr9, chrX, chrY: the 120" in told(counts, left_out={"chr24": 5})
    assert "no signal on chr9, chrX" in told(counts, what="signal")


def test_chromosomes_with_next_to_no_data_are_named(counts):
    amounts = {**dict.fromkeys(HUMAN, 100_000), "chr7": 900}
    assert "a.bed has next to no read on chr7" in told(counts, amounts)


def test_a_file_that_was_cut_within_a_chromosome_is_told(counts):
    counts[(CHROM == "chrX") & (TSS > 30_000_000)] = 0
    assert "a.bed has no read at the end of chrX: the genes there, 10 in all" in told(counts)


def test_genes_without_data_all_over_are_told(counts):
    counts[::3] = 0
    assert "a.bed has no read at 307 of 920 genes: is it of another assembly" in told(counts)
    counts[counts > 0] = 2  # few reads: chance leaves as many genes without
    assert told(counts) == ""
