"""The generative model: its laws, its switches, and independence of what else is simulated."""

import gzip

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_squared_error, roc_auc_score

from markexpr import simulate
from markexpr.data.chromosomes import GAPS_OF_HG19
from markexpr.data.counts import BinCounter
from markexpr.data.reads import read_tagalign
from markexpr.data.windows import Window
from markexpr.io.jobs import InputError


@pytest.fixture(scope="module")
def genes():
    return simulate.place_genes(3_000, seed=1)


def test_genes_lie_apart_on_all_chromosomes_and_some_have_neighbours(genes):
    assert genes["gene_id"].is_unique and genes["gene_id"].is_monotonic_increasing
    assert set(genes["chrom"]) == set(simulate.CHROMOSOMES)
    tss = np.where(genes["strand"] == 1, genes["start"], genes["end"])
    gaps = np.concatenate(
        [np.diff(np.sort(tss[genes["chrom"] == name])) for name in simulate.CHROMOSOMES]
    )
    assert 0.1 < (gaps < 5_000).mean() < 0.3
    assert (tss > 12_000).all()


def test_expression_follows_activity_as_the_truth_says(genes):
    truth, rpkm = simulate.draw_expression(genes, ["E003", "E004"], seed=1, null=False)
    level = np.log2(rpkm + 1)
    mean = truth["log2_rpkm_mean"].to_numpy().reshape(2, -1).T
    assert 0.1 < (rpkm == 0).mean() < 0.2
    assert level.mean() == pytest.approx(simulate.MEAN, abs=0.25)
    above = mean > 2  # far from the floor at 0
    assert np.std((level - mean)[above]) == pytest.approx(
        simulate.SD * np.sqrt(simulate.DNA + simulate.NOISE), rel=0.05
    )
    # two cells agree as much as a gene's mean explains, but for the floor at 0
    assert np.corrcoef(level.T)[0, 1] == pytest.approx(simulate.SHARED, abs=0.05)


def test_under_the_null_marks_tell_nothing(genes):
    truth, rpkm = simulate.draw_expression(genes, ["E003"], seed=1, null=True)
    assert abs(np.corrcoef(truth["activity"], rpkm[:, 0])[0, 1]) < 0.06
    assert truth["log2_rpkm_mean"].nunique() == 1


def test_a_cell_is_the_same_whichever_others_are_simulated(genes):
    alone, together = (
        simulate.draw_expression(genes, cells, 1, False)[0]
        for cells in (["E004"], ["E003", "E004"])
    )
    assert np.array_equal(alone["activity"], together.loc[together["cell"] == "E004", "activity"])


def test_marks_have_their_shapes():
    activity = np.r_[np.full(400, 1.5), np.full(400, -1.5)]
    length = np.full(800, 20_000)
    rates = {
        mark: simulate.mark_rates(mark, activity, length, np.random.default_rng(0))
        for mark in ("H3K4me3", "H3K36me3", "H3K27me3")
    }
    centre, flank = slice(110, 130), slice(0, 20)
    high, low = slice(0, 400), slice(400, 800)
    assert rates["H3K4me3"][high, centre].mean() > 50 * rates["H3K4me3"][high, flank].mean()
    assert rates["H3K4me3"][high, centre].mean() > 5 * rates["H3K4me3"][low, centre].mean()
    assert rates["H3K36me3"][high, 160:].mean() > 2 * rates["H3K36me3"][high, :80].mean()
    assert rates["H3K27me3"][low, centre].mean() > 2 * rates["H3K27me3"][high, centre].mean()


def test_reads_are_whole_on_their_chromosome_and_in_no_order(genes):
    sizes = {name: 50_000_000 for name in simulate.CHROMOSOMES}
    reads = simulate.draw_reads(genes[:200], np.zeros(200), "H3K4me1", "E003", 1, 0.3, 0.0, sizes)
    assert ((reads["end"] - reads["start"]) == 36).all() and (reads["start"] >= 0).all()
    assert not reads["start"].is_monotonic_increasing
    again = simulate.draw_reads(genes[:200], np.zeros(200), "H3K4me1", "E003", 1, 0.3, 0.0, sizes)
    assert reads.equals(again)


def lines_of(path):
    with gzip.open(path, "rt") as file:
        return file.read().splitlines()


def test_files_are_in_the_servers_formats(genes, tmp_path):
    few = genes[:60]
    simulate.write_expression(tmp_path / "rpkm.gz", few, ["E003"], np.ones((60, 1)), 3)
    lines = lines_of(tmp_path / "rpkm.gz")
    assert lines[0] == "gene_id\tE000\tE003"
    assert lines[1].endswith("\t1.000\t")
    simulate.write_gene_info(tmp_path / "gene_info", few)
    first = (tmp_path / "gene_info").read_text().splitlines()[0].split("\t")
    assert len(first) == 8 and not first[1].startswith("chr") and first[5] == "protein_coding"
    truth, _ = simulate.draw_expression(few, ["E003"], 1, False)
    simulate.write_fasta(tmp_path / "hg19.fa.gz", simulate.draw_sequence(few, truth, 1))
    lines = lines_of(tmp_path / "hg19.fa.gz")
    assert lines[0] == ">chr1" and set("".join(lines[1:200])) == set("ACGT") and len(lines[1]) == 50


def best(genes, null):
    truth, rpkm = simulate.draw_expression(genes, ["E003", "E004"], seed=1, null=null)
    counts = simulate.draw_counts(genes, rpkm, 1, null)
    truth = simulate.add_expectations(genes, truth, 1, null)
    table = simulate.best_scores(truth, rpkm, counts, ["E003", "E004"], ["E003-E004", "E003-E999"])
    return truth, rpkm, counts, table.set_index(["task", "unit", "sees"])


def test_best_scores_are_what_the_truth_allows(genes):
    truth, rpkm, _, table = best(genes, null=False)
    level = np.log2(rpkm[:, 0] + 1)
    marks, both = (
        table.loc[("log2_rpkm", "E003", sees)] for sees in ("marks", "marks and sequence")
    )
    # about the share of variance that each explains, less the floor; and no other monotone score of
    # activity does better
    assert marks["pearson"] ** 2 == pytest.approx(1 - simulate.DNA - simulate.NOISE, abs=0.05)
    assert both["pearson"] ** 2 == pytest.approx(1 - simulate.NOISE, abs=0.05)
    assert both["mse"] < marks["mse"] < level.var()
    activity = truth.loc[truth["cell"] == "E003", "activity"]
    assert marks["auc"] == pytest.approx(
        roc_auc_score(level >= np.median(level), activity), abs=1e-9
    )
    expected = truth.loc[truth["cell"] == "E003", "expected_log2_rpkm"]
    assert marks["pearson"] == pytest.approx(pearsonr(level, expected).statistic)
    assert marks["mse"] == pytest.approx(mean_squared_error(level, expected))
    # a promoter's strength is the same in both cells, so that sequence tells little of a change
    # between them
    change = table.loc["log2_fold_change"]
    assert set(change.index.get_level_values("unit")) == {"E003-E004"}
    assert 0.3 < change.loc[("E003-E004", "marks"), "pearson"] < 0.95 and change["auc"].isna().all()


def test_under_the_null_no_task_can_be_learned(genes):
    truth, _, counts, table = best(genes, null=True)
    table = table.reset_index()
    cells = table[table["task"] != "log2_fold_change"]
    assert (cells["auc"] == 0.5).all() and (table["pearson"] == 0).all()
    # not even counts by the length that H3K36me3 shows
    length = (genes["end"] - genes["start"]).to_numpy()
    rate = simulate.mark_rates(
        "H3K36me3",
        truth.loc[truth["cell"] == "E003", "activity"].to_numpy(),
        length,
        np.random.default_rng(0),
    )
    assert abs(spearmanr(rate.sum(axis=1), counts[:, 0]).statistic) < 0.05


def test_shift_makes_cells_differ_and_none_does_not():
    effects = [simulate.cell_effects(cell, 1, 1.0) for cell in ("E003", "E004")]
    assert effects[0] != effects[1] and all(
        value > 0 for cell in effects for value in cell.values()
    )
    assert set(simulate.cell_effects("E003", 1, 0.0).values()) == {1.0}


def test_motifs_follow_the_promoter(genes):
    few = genes[:400]
    truth, _ = simulate.draw_expression(few, ["E003"], 1, False)
    sequences = {
        name: sequence.tobytes() for name, sequence in simulate.draw_sequence(few, truth, 1)
    }
    reverse = simulate.MOTIF.translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1]
    counts = []
    for gene in few.itertuples():
        tss = gene.start if gene.strand == 1 else gene.end
        counts.append(
            sequences[gene.chrom][tss - 500 : tss + 500].count(
                simulate.MOTIF if gene.strand == 1 else reverse
            )
        )
    assert np.corrcoef(counts, truth["promoter"])[0, 1] > 0.5


def test_no_gene_of_a_large_genome_lies_in_a_gap_of_hg19():
    genes = simulate.place_genes(20_000, seed=1)
    for name, (start, end) in GAPS_OF_HG19.items():
        tss = genes.loc[genes["chrom"] == name, ["start", "end"]]
        assert not ((tss["end"] > start - 10_000) & (tss["start"] < end + 10_000)).any()


def lone_genes(n_genes):
    """Genes of 8 kb, so far apart that none has reads in another's window."""
    genes = simulate.place_genes(n_genes, seed=1)
    number = np.arange(n_genes)
    genes["chrom"] = [f"chr{1 + place // 40}" for place in number]
    genes["start"] = number % 40 * 100_000 + 50_000
    genes["end"] = genes["start"] + 8_000
    forward = genes["strand"] == 1
    genes["tss"] = np.where(forward, genes["start"], genes["end"])
    genes["tts"] = np.where(forward, genes["end"], genes["start"])
    return genes


@pytest.mark.parametrize("name", ["10000bp_100bp", "8000bp_100bp_flanks", "20000bp_1000bp"])
def test_counts_without_reads_are_as_those_of_reads(name, tmp_path):
    genes, window = lone_genes(400), Window.parse(name)
    sizes = dict.fromkeys(simulate.CHROMOSOMES, 5_000_000)
    activity = np.linspace(-2, 2, len(genes))
    for mark in ("H3K36me3", "H3K4me3"):  # along the gene, and narrow around the TSS
        drawn = simulate.draw_reads(genes, activity, mark, "E003", 1, 3.0, 0.0, sizes)
        simulate.write_tagalign(tmp_path / "reads.gz", drawn)
        reads = read_tagalign(tmp_path / "reads.gz", sizes, tell=print)
        counted = []
        for anchor in window.anchors:
            where = (genes["chrom"], genes[anchor], window.around_one, sizes, tmp_path, "sweep")
            counted.append(BinCounter(*where).count(reads, anchor))
        counted = np.concatenate(counted, axis=1)
        counts, n_reads = simulate.draw_counts_in_bins(
            genes, activity, mark, "E003", 1, 3.0, 0.0, window
        )
        assert counts.shape == counted.shape and counts.dtype == np.uint32
        assert n_reads == pytest.approx(len(drawn), rel=0.15)
        assert counts.mean() == pytest.approx(counted.mean(), rel=0.15)
        assert pearsonr(counts.mean(axis=0), counted.mean(axis=0))[0] > 0.9
        assert spearmanr(counts.sum(axis=1), counted.sum(axis=1))[0] > 0.6


def test_counts_without_reads_have_bins_of_100_bp_and_multiples(genes):
    with pytest.raises(
        InputError, match=r"10000bp_50bp: simulate\.level: counts has bins of 100 bp"
    ):
        simulate.draw_counts_in_bins(
            genes, np.zeros(3_000), "H3K4me3", "E003", 1, 1.0, 0.0, Window.parse("10000bp_50bp")
        )
