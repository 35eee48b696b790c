"""Real reads and real tables of the Roadmap project; skipped, saying so, where they are not at
hand."""

import numpy as np
import pandas as pd
import pytest
from conftest import snakemake

from markexpr.data.expression import read_expression, read_expression_csv


@pytest.fixture(scope="module")
def run(real, tmp_path_factory):
    """E003 counted from its real reads by the pipeline."""
    folder = tmp_path_factory.mktemp("real")
    snakemake(
        "--config",
        f"mirror=file://{real}/mirror",
        "--",
        "results/counts/20000bp_100bp/E003.npz",
        directory=folder,
    )
    return folder / "results"


def test_counts_of_two_genes_equal_the_authors_2000_published_numbers(real, run):
    gold = pd.read_csv(real / "gold_E003.csv")
    assert set(gold["gene_id"]) == {
        "ENSG00000197106",
        "ENSG00000131495",
    }  # SLC6A17 on +, NDUFA2 on -
    with np.load(run / "counts/20000bp_100bp/E003.npz") as file:
        counts, gene_id, marks = file["counts"], file["gene_id"].tolist(), file["marks"].tolist()
    equal = 0
    for gene, rows in gold.groupby("gene_id"):
        assert rows["bin"].str.rsplit("_", n=1).str[1].astype(int).tolist() == list(range(1, 201))
        for mark in marks:
            equal += (counts[gene_id.index(gene), marks.index(mark)] == rows[mark].to_numpy()).sum()
    assert equal == 2000


@pytest.mark.parametrize("mark", ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"])
def test_counts_of_all_49_loci_equal_an_independent_count(real, run, mark):
    loci = (real / "genes_with_reads.txt").read_text().split()
    assert len(loci) == 49
    genes = pd.read_csv(run / "annotation/genes.tsv", sep="\t").set_index("gene_id").loc[loci]
    path = real / f"mirror/byFileType/alignments/consolidated/E003-{mark}.tagAlign.gz"
    reads = pd.read_csv(path, sep="\t", header=None, usecols=[0, 1, 2])
    with np.load(run / "counts/20000bp_100bp/E003.npz") as file:
        counts, gene_id, marks = file["counts"], file["gene_id"].tolist(), file["marks"].tolist()
    for gene, row in genes.iterrows():
        here = reads[reads[0] == row["chrom"]]
        start, end = here[1].to_numpy()[:, None], here[2].to_numpy()[:, None]
        edges = row["tss"] - 10_000 + 100 * np.arange(200)
        expected = ((start < edges + 100) & (end > edges)).sum(axis=0)
        assert np.array_equal(counts[gene_id.index(gene), marks.index(mark)], expected), gene


def test_the_other_engine_gives_the_same_counts(real, run, tmp_path):
    config = [f"mirror=file://{real}/mirror", "count_engine=sweep"]
    snakemake(
        "--config", *config, "--", "results/counts/20000bp_100bp/E003.npz", directory=tmp_path
    )
    with (
        np.load(run / "counts/20000bp_100bp/E003.npz") as ours,
        np.load(tmp_path / "results/counts/20000bp_100bp/E003.npz") as theirs,
    ):
        assert np.array_equal(ours["counts"], theirs["counts"]) and ours["counts"].sum() > 100_000


def test_the_real_gene_table_has_19795_genes(run):
    assert len(pd.read_csv(run / "annotation/genes.tsv", sep="\t")) == 19_795


@pytest.mark.parametrize(("cell", "median"), [("E003", 3.329), ("E047", 2.245), ("E050", 3.913)])
def test_real_expression_has_its_known_medians(real, cell, median):
    values = read_expression(
        real / "mirror/byDataType/rna/expression/57epigenomes.RPKM.pc.gz", cell
    )
    assert len(values) == 19_795
    assert values.median() == pytest.approx(median, abs=0.0005)


def test_real_counts_of_expression_have_their_known_values(real):
    for cell, value in {"E003": 22232, "E123": 153}.items():
        assert (
            read_expression(real / "mirror/byDataType/rna/expression/57epigenomes.N.pc.gz", cell)[
                "ENSG00000000003"
            ]
            == value
        )
        assert (
            read_expression_csv(real / f"deepdiff/{cell}.expr.csv.gz")["ENSG00000000003"] == value
        )
