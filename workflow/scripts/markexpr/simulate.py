"""A generative model of genes, expression and histone-mark reads with known truth, in REMC's file
layout.

Per gene g and cell c a latent activity z = sqrt(RHO)·s_g + sqrt(1 - RHO)·u_gc, standard normal, and
per gene a strength q_g of its promoter's sequence. Expression is log2(RPKM + 1) = max(0, mean +
SD·(sqrt(1 - DNA - NOISE)·z + sqrt(DNA)·q + sqrt(NOISE)·e)).
Marks follow z: nothing that sees only them can predict better than by the normal law that is left,
which is known. Sequence follows q, in how often a motif stands near the TSS: what it tells, marks
do not. Marks have their known shapes around the TSS, with heights that follow z and over-dispersed
counts. Every random stream is seeded by (seed, what, cell): a cell's data are the same whichever
other cells are simulated.
"""

import zlib

import numpy as np
import pandas as pd

from markexpr.data.chromosomes import GAPS_OF_HG19
from markexpr.evaluation import metrics
from markexpr.io.files import atomic, gzip_writer
from markexpr.io.jobs import InputError

READ_LENGTH = 36  # bp, as REMC's uniformly truncated reads (Kundaje 2015, Methods)
STEP = 100  # bp, resolution of the read rates
REACH = 12_000  # bp on either side of a TSS that get reads
GAP_MARGIN = 60_000  # bp between a gene's TSS and a large gap of hg19
SHARED = 0.73  # share of var(log2(RPKM + 1)) that a gene's mean over the 56 cells explains
# share of it that follows from the promoter's sequence alone, unless config key simulate.dna says
# otherwise
DNA = 0.08
NOISE = 0.12  # share of it that nothing explains
# an ETS site: its copies within 500 bp of the TSS follow the strength of the promoter
MOTIF = b"CCGGAAGT"
MEAN, SD = 2.3, 2.2  # of log2(RPKM + 1); gives 15 % of zeros, the real table has 13 %
# as in the real table, the median of these cells is between 1 and 2 RPKM: there, labels are the
# same as number and as text
SPARSE_CELLS, SPARSE_MEAN = ("E056", "E057", "E059", "E100", "E116", "E117", "E123"), 1.3
# mean reads per bin away from peaks; marks without an entry have 1.3
BACKGROUND = {"H3K4me3": 0.8, "H3K4me1": 1.1, "H3K36me3": 0.7, "H3K9me3": 1.2, "H3K27me3": 0.9}
DISPERSION = 1.0  # shape of the gamma law of a bin's rate; smaller is more over-dispersed
CHROMOSOMES = [f"chr{name}" for name in [*range(1, 23), "X", "Y"]]


def stream(seed, *what):
    """A random generator of its own for (seed, what…), whatever else is drawn elsewhere."""
    return np.random.default_rng([seed, *(zlib.crc32(str(word).encode()) for word in what)])


def place_genes(n_genes, seed):
    """Genes along 24 chromosomes, some of them near a neighbour.

    Returns a DataFrame of gene_id, chrom, start, end (1-based), strand (1, -1), name, in order of
    gene_id.
    """
    rng = stream(seed, "genes")
    chromosome = np.sort(np.arange(n_genes) % len(CHROMOSOMES))
    # about a fifth of real TSSs have another within 5 kb; sparse chromosomes keep the sequence
    # small
    gap = np.where(
        rng.random(n_genes) < 0.15,
        rng.uniform(300, 5_000, n_genes),
        8_000 + rng.exponential(20_000, n_genes),
    )
    first = np.r_[True, chromosome[1:] != chromosome[:-1]]
    gap[first] += 60_000
    position = np.cumsum(gap)
    tss = (position - np.repeat(position[first] - gap[first], np.bincount(chromosome))).astype(int)
    tss = _leap_gaps(chromosome, tss)
    length = np.clip(np.exp(rng.normal(9.6, 1.0, n_genes)), 1_000, 45_000).astype(int)
    strand = rng.choice([1, -1], n_genes)
    genes = pd.DataFrame(
        {
            # ids of a series that Ensembl does not use, in random order along the genome as
            # Ensembl's are
            "gene_id": [f"ENSG9{number:010d}" for number in rng.permutation(n_genes) + 1],
            "chrom": np.array(CHROMOSOMES)[chromosome],
            "start": np.where(strand == 1, tss, tss - length),
            "end": np.where(strand == 1, tss + length, tss),
            "strand": strand,
        }
    )
    genes["name"] = "SIM" + genes["gene_id"].str[-5:]
    return genes.sort_values("gene_id", ignore_index=True)


def _leap_gaps(chromosome, tss):
    """The TSSs with those in or behind a large gap of hg19 moved by its length, since no read of a
    real cell lies there. Genomes of some thousand genes reach none."""
    tss = tss.copy()
    for name, (start, end) in GAPS_OF_HG19.items():
        later = (chromosome == CHROMOSOMES.index(name)) & (tss > start - GAP_MARGIN)
        tss[later] += end - start + 2 * GAP_MARGIN
    return tss


def shared_activity(dna):
    """Share RHO of activity that cells have in common, so that SHARED comes out."""
    return (SHARED - dna) / (1 - dna - NOISE)


def draw_expression(genes, cells, seed, null, dna=DNA):
    """Activity and expression of all genes in all cells.

    Returns (truth, rpkm). truth has a row per gene and cell: `activity` (what marks follow),
    `promoter` (what sequence follows), and mean and sd of log2(RPKM + 1) before the floor at 0,
    given what marks tell (log2_rpkm_mean, log2_rpkm_sd) and given marks and sequence (..._dna).
    rpkm is float [genes, cells]. dna: share of the variance that follows from sequence alone. With
    `null`, marks and sequence follow others than expression does.
    """
    shared, promoter = (
        stream(seed, "shared").normal(size=len(genes)),
        stream(seed, "promoter").normal(size=len(genes)),
    )
    shown = stream(seed, "null").permutation(promoter) if null else promoter
    rows, rpkm, rho = [], np.empty((len(genes), len(cells))), shared_activity(dna)
    for column, cell in enumerate(cells):
        rng = stream(seed, "cell", cell)
        activity = np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.normal(size=len(genes))
        mean = SPARSE_MEAN if cell in SPARSE_CELLS else MEAN
        by_marks = mean + SD * np.sqrt(1 - dna - NOISE) * activity
        by_both = by_marks + SD * np.sqrt(dna) * promoter
        level = by_both + SD * np.sqrt(NOISE) * rng.normal(size=len(genes))
        rpkm[:, column] = np.round(2 ** np.maximum(level, 0) - 1, 3)
        columns = {
            "activity": rng.permutation(activity) if null else activity,
            "promoter": shown,
            "log2_rpkm_mean": mean if null else by_marks,
            "log2_rpkm_sd": SD if null else SD * np.sqrt(dna + NOISE),
            "log2_rpkm_mean_dna": mean if null else by_both,
            "log2_rpkm_sd_dna": SD if null else SD * np.sqrt(NOISE),
        }
        rows.append(pd.DataFrame({"gene_id": genes["gene_id"], "cell": cell, **columns}))
    return pd.concat(rows, ignore_index=True), rpkm


def find_activity(truth, cell, genes):
    """Activity of each gene in a cell, float [genes]. truth: as from draw_expression."""
    of_cell = truth[truth["cell"] == cell].set_index("gene_id")["activity"]
    return of_cell.loc[genes["gene_id"]].to_numpy()


def find_tss(genes):
    """TSS of each gene, 1-based, [genes]: its start on the plus strand, its end on the minus
    strand."""
    return np.where(genes["strand"] == 1, genes["start"], genes["end"])


def reads_per_rpkm(genes, seed, null):
    """What RPKM is multiplied with for reads: gene length in kb times 20 million reads, float
    [genes].

    With `null`, lengths of other genes, since H3K36me3 shows a gene's own.
    """
    factor = (genes["end"] - genes["start"]).to_numpy() / 1000 * 20
    return stream(seed, "null length").permutation(factor) if null else factor


def draw_counts(genes, rpkm, seed, null):
    """Read counts of expression, float [genes, cells], whole numbers."""
    return np.round(rpkm * reads_per_rpkm(genes, seed, null)[:, None])


def add_expectations(genes, truth, seed, null):
    """`truth` with what to expect of log2(RPKM + 1) and of log2(counts + 1), given what marks tell
    (expected_log2_rpkm, expected_log2_counts) and given marks and sequence (..._dna), by quadrature
    over what is not seen."""
    node, weight = np.polynomial.hermite_e.hermegauss(64)
    weight = weight / weight.sum()
    factor = (
        pd.Series(reads_per_rpkm(genes, seed, null), index=genes["gene_id"])
        .loc[truth["gene_id"]]
        .to_numpy()[:, None]
    )
    columns = {}
    for suffix in ("", "_dna"):
        mean, sd = (
            truth[f"log2_rpkm_{part}{suffix}"].to_numpy()[:, None] for part in ("mean", "sd")
        )
        level = np.maximum(mean + sd * node, 0)
        for name, values in (("rpkm", level), ("counts", np.log2((2**level - 1) * factor + 1))):
            expected = pd.Series(values @ weight)
            if null:  # nothing that is seen tells one gene from another
                expected = expected.groupby(truth["cell"].to_numpy()).transform("mean")
            columns[f"expected_log2_{name}{suffix}"] = expected.to_numpy()
    return truth.assign(**columns)


def best_scores(truth, rpkm, counts, cells, pairs):
    """The best scores that are possible for each task, for predictions that see marks, and marks
    and sequence; over all genes.

    truth: with expectations; rpkm, counts: float [genes, cells]. Returns a DataFrame of task
    (log2_rpkm, log2_counts, log2_fold_change of counts), unit (cell or pair A-B), sees, auc (of
    high expression in a cell), pearson, mse.
    """
    targets = {"log2_rpkm": np.log2(rpkm + 1), "log2_counts": np.log2(counts + 1)}
    rows = []
    for sees, suffix in (("marks", ""), ("marks and sequence", "_dna")):
        expected = {
            task: {
                cell: here[f"expected_{task}{suffix}"].to_numpy()
                for cell, here in truth.groupby("cell", sort=False)
            }
            for task in targets
        }
        for column, cell in enumerate(cells):
            for task, target in targets.items():
                rows.append(
                    (
                        task,
                        cell,
                        sees,
                        *_score(expected[task][cell], target[:, column], classes=True),
                    )
                )
        for pair in pairs:
            a, b = pair.split("-")
            if a in cells and b in cells:
                change = (
                    targets["log2_counts"][:, cells.index(b)]
                    - targets["log2_counts"][:, cells.index(a)]
                )
                best = expected["log2_counts"][b] - expected["log2_counts"][a]
                rows.append(("log2_fold_change", pair, sees, *_score(best, change, classes=False)))
    return pd.DataFrame(rows, columns=["task", "unit", "sees", "auc", "pearson", "mse"])


def _score(expected, target, classes):
    """AUC against the median of the target (NaN without `classes`), Pearson correlation (0 for a
    constant expectation) and MSE. expected, target: float64 [genes]."""
    auc = metrics.auc(target >= np.median(target), expected) if classes else np.nan
    pearson = 0.0 if np.ptp(expected) == 0 else metrics.pearson(expected, target)
    return auc, pearson, metrics.mse(expected, target)


def cell_effects(cell, seed, shift):
    """How a cell's experiment differs from others': factors of depth, background and peak width,
    all 1 for shift 0."""
    depth, background, width = stream(seed, "shift", cell).normal(size=3)
    return {
        "depth": np.exp(0.4 * shift * depth),
        "background": np.exp(0.4 * shift * background),
        "width": np.exp(0.25 * shift * width),
    }


def mark_rates(mark, activity, length, rng, width=1.0):
    """Expected reads above background per bin of STEP bp around the TSS, along transcription.

    activity, length (bp): [genes]; width: factor of the cell. Returns float [genes, 2·REACH/STEP];
    0 for marks without a known shape.
    """
    along = np.arange(-REACH, REACH, STEP)[None, :] + STEP / 2
    distance = np.abs(along) / width
    height = 1 / (1 + np.exp(-2.2 * activity))[:, None]
    gain = np.exp(rng.normal(0, 0.5, (len(activity), 1)))
    rate = np.zeros((len(activity), along.size))
    if mark == "H3K4me3":  # narrow at the TSS of active genes, with a dip where no nucleosome is
        peak = np.exp(-((distance / 900) ** 2)) * (1 - 0.5 * np.exp(-((distance / 150) ** 2)))
        rate += 115 * height**1.4 * gain * (peak + 0.005 * np.exp(-distance / 1_800))
    elif mark == "H3K4me1":  # on the flanks of the promoter
        rate += 2.3 * height * gain**2 * (np.exp(-(((distance - 1_100) / 900) ** 2)) + 0.25)
    elif mark == "H3K36me3":  # along the body of transcribed genes
        rate += 4.2 * height * gain * np.clip(along / 3_000, 0, 1) * (along < length[:, None])
    elif mark == "H3K27me3":  # broad on part of the silent genes
        covered = rng.random((len(activity), 1)) < 0.35
        broad = np.exp(-distance / 3_500) * (1 - 0.4 * np.exp(-((distance / 500) ** 2)))
        rate += 15 * (1 - height) ** 2 * gain**2 * covered * broad
    elif mark == "H3K9me3":  # broad on another part of them
        covered = rng.random((len(activity), 1)) < 0.3
        rate += 1.2 * (1 - height) ** 2 * gain**2 * covered
    return rate


def rates_along_genome(mark, activity, length, strand, rng, width):
    """The same from left to right on the genome; strand (1, -1): [genes]."""
    rate = mark_rates(mark, activity, length, rng, width)
    rate[strand == -1] = rate[strand == -1, ::-1]
    return rate


def draw_reads(genes, activity, mark, cell, seed, depth, shift, chrom_sizes):
    """Reads of one mark in one cell, in random order: those of each gene's peaks, and background
    wherever there are genes.

    Returns a DataFrame of chrom, start, end (BED coordinates) and strand.
    """
    rng = stream(seed, "reads", cell, mark)
    effects = cell_effects(cell, seed, shift)
    strand = genes["strand"].to_numpy()
    tss = find_tss(genes)
    gene_length = (genes["end"] - genes["start"]).to_numpy()
    rate = rates_along_genome(mark, activity, gene_length, strand, rng, effects["width"])
    chrom = pd.Categorical(genes["chrom"], categories=CHROMOSOMES)
    signal = (
        np.repeat(chrom.codes, rate.shape[1]),
        (tss[:, None] + np.arange(-REACH, REACH, STEP)).ravel(),
        rate.ravel(),
    )
    # tiles that lie near several genes have background once
    tiles = np.unique(signal[0].astype(np.int64) << 32 | signal[1] // STEP)
    background = (
        tiles >> 32,
        (tiles & 0xFFFFFFFF) * STEP,
        np.full(tiles.size, BACKGROUND.get(mark, 1.3) * effects["background"]),
    )
    code, start, rate = (np.concatenate(column) for column in zip(signal, background))
    # over-dispersed; and a read overlaps 1.35 bins on average, so that counts come out at the rate
    rate *= (
        rng.gamma(DISPERSION, 1 / DISPERSION, rate.size)
        * depth
        * effects["depth"]
        * STEP
        / (STEP + READ_LENGTH - 1)
    )
    drawn = np.repeat(np.arange(rate.size), rng.poisson(rate))
    start = start[drawn] + rng.integers(-READ_LENGTH + 1, STEP - READ_LENGTH + 1, drawn.size)
    length = np.array([chrom_sizes[name] for name in CHROMOSOMES])[code[drawn]]
    on = (start >= 0) & (start + READ_LENGTH <= length)
    table = pd.DataFrame(
        {
            "chrom": pd.Categorical.from_codes(code[drawn][on], CHROMOSOMES),
            "start": start[on],
            "end": start[on] + READ_LENGTH,
        }
    )
    table["strand"] = rng.choice(["+", "-"], len(table))
    return table.iloc[rng.permutation(len(table))]


def draw_counts_in_bins(genes, activity, mark, cell, seed, depth, shift, window):
    """What counting the reads of one mark in one cell would find, without drawing the reads.

    genes: chrom, tss, tts, strand (1, -1), [genes]; activity: [genes]; window:
    markexpr.data.windows.Window. Returns (counts uint32 [genes, bins], number of reads in reach of
    the TSSs). Rates and over-dispersion are those of draw_reads, gene by gene: reads of a
    neighbour's peaks are not in a gene's counts, bins do not share reads, and beyond REACH there
    is background.

    Raises InputError for bins that are no multiple of STEP.
    """
    if window.bin % STEP:
        raise InputError(
            f"window {window.name}: simulate.level: counts has bins of {STEP} bp and multiples of "
            "it; set simulate.level: reads"
        )
    rng = stream(seed, "counts", cell, mark)
    effects = cell_effects(cell, seed, shift)
    tss, strand = genes["tss"].to_numpy(), genes["strand"].to_numpy()
    gene_length = np.abs(genes["tts"].to_numpy() - tss)
    rate = rates_along_genome(mark, activity, gene_length, strand, rng, effects["width"])
    scale = depth * effects["depth"]
    background = BACKGROUND.get(mark, 1.3) * effects["background"] * scale

    def over_dispersed(rates):
        return rates * rng.gamma(DISPERSION, 1 / DISPERSION, rates.shape)

    everywhere = np.full(rate.shape, background)
    tiles = rng.poisson(over_dispersed(rate * scale) + over_dispersed(everywhere))
    per_bin = window.bin // STEP
    # a read overlaps the bins of a wide window less often than as many tiles
    tile_share, bin_share = ((width + READ_LENGTH - 1) / width for width in (STEP, window.bin))
    around = []
    for anchor in window.anchors:
        offset = (genes[anchor].to_numpy() - tss)[:, None] + window.around_one.offsets[0]
        tile = (offset + REACH) // STEP + np.arange(window.around_one.span // STEP)
        near = (tile >= 0) & (tile < tiles.shape[1])
        found = np.take_along_axis(tiles, np.clip(tile, 0, tiles.shape[1] - 1), axis=1)
        if not near.all():
            away = rng.poisson(over_dispersed(np.full(tile.shape, background)))
            found = np.where(near, found, away)
        around.append(found.reshape(len(genes), -1, per_bin).sum(axis=2))
    counts = np.concatenate(around, axis=1)
    if per_bin > 1:
        counts = rng.binomial(counts, bin_share / tile_share)
    return counts.astype(np.uint32), int(tiles.sum() / tile_share)


def draw_sequence(genes, truth, seed):
    """Sequence of every chromosome, yielded as (name, uint8 ASCII [bp]).

    41 % G+C, 55 % within 500 bp of a TSS; there stand 0 to about 6 copies of MOTIF on the gene's
    strand, their mean number exp(0.6 + 0.8·q).
    """
    promoter = truth.groupby("gene_id")["promoter"].first().reindex(genes["gene_id"]).to_numpy()
    strand = genes["strand"].to_numpy()
    tss = find_tss(genes)
    motif = np.frombuffer(MOTIF, dtype=np.uint8)
    reverse = np.frombuffer(
        MOTIF.translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1], dtype=np.uint8
    )
    for name in CHROMOSOMES:
        here = np.flatnonzero(genes["chrom"] == name)
        if not here.size:
            continue
        rng = stream(seed, "sequence", name)
        gc = np.full(genes["end"].to_numpy()[here].max() + 60_000, 0.41, dtype=np.float32)
        for gene in here:
            gc[tss[gene] - 500 : tss[gene] + 500] = 0.55
        pair = np.where(rng.random(gc.size, dtype=np.float32) < gc, 2, 0) + rng.integers(
            0, 2, gc.size, dtype=np.uint8
        )
        sequence = np.frombuffer(b"ATGC", dtype=np.uint8)[pair]
        for gene in here:
            for place in rng.integers(
                -500, 500 - motif.size, rng.poisson(np.exp(0.6 + 0.8 * promoter[gene]))
            ):
                sequence[tss[gene] + place : tss[gene] + place + motif.size] = (
                    motif if strand[gene] == 1 else reverse
                )
        yield name, sequence


# ---- in the server's formats ----


def write_gene_info(path, genes):
    """Ensembl_v65.Gencode_v10.ENSG.gene_info: no header, chromosome without `chr`."""
    table = genes.assign(
        chrom=genes["chrom"].str.removeprefix("chr"),
        biotype="protein_coding",
        description="simulated gene",
    )
    columns = ["gene_id", "chrom", "start", "end", "strand", "biotype", "name", "description"]
    with atomic(path) as temporary:
        table[columns].to_csv(temporary, sep="\t", header=False, index=False)


def write_expression(path, genes, cells, values, decimals):
    """57epigenomes.{RPKM,N}.pc.gz: with the reference column E000, and a tab more at the end of
    every row, as the server has it."""
    with gzip_writer(path, level=4) as file:
        file.write(("\t".join(["gene_id", "E000", *cells]) + "\n").encode())
        for gene_id, row in zip(genes["gene_id"], values):
            fields = [f"{value:.{decimals}f}" for value in [row.mean(), *row]]
            file.write(("\t".join([gene_id, *fields]) + "\t\n").encode())


def write_tagalign(path, reads):
    """BED6 with the name N and the score 1000, gzipped."""
    with gzip_writer(path, level=1) as file:
        reads.assign(name="N", score=1000)[
            ["chrom", "start", "end", "name", "score", "strand"]
        ].to_csv(file, sep="\t", header=False, index=False)


def write_fasta(path, sequences, width=50):
    """Gzipped FASTA of (name, uint8 ASCII [bp]) pairs."""
    with gzip_writer(path, level=1) as file:
        for name, sequence in sequences:
            file.write(f">{name}\n".encode())
            whole = sequence.size // width * width
            lines = np.full((whole // width, width + 1), ord("\n"), dtype=np.uint8)
            lines[:, :width] = sequence[:whole].reshape(-1, width)
            file.write(lines.tobytes())
            if whole < sequence.size:
                file.write(sequence[whole:].tobytes() + b"\n")
