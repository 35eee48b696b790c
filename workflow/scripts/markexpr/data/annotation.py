"""Genes and their transcription start sites, from REMC's gene table."""

from collections import Counter

import numpy as np
import pandas as pd

from markexpr.data.assembly import MAIN, main_chromosomes, plain_name
from markexpr.data.expression import refuse_cut_table
from markexpr.io.files import open_text, read_tsv, reading
from markexpr.io.jobs import InputError

GENE_INFO_COLUMNS = ["gene_id", "chrom", "start", "end", "strand", "biotype", "name", "description"]


def read_gene_info(path):
    """Read Ensembl_v65.Gencode_v10.ENSG.gene_info (no header; id, chromosome without `chr`, start,
    end, strand 1/-1, biotype, name, description).

    Returns a DataFrame of gene_id, chrom (`chr1`), tss (1-based: start on strand +, end on strand
    -), strand (+, -), biotype, name, tts (the other end). Raises InputError naming the line that is
    not of this form.
    """
    rows = []
    fix = (
        "delete it (and its .sha256) and run again to fetch it anew, "
        "or point config key 'mirror' at a whole tree"
    )
    with reading(path, fix), open_text(path) as file:
        for number, line in enumerate(file, 1):
            fields = line.rstrip("\n").split("\t")
            where = f"{path}, line {number}"
            if len(fields) < 7:
                raise InputError(
                    f"{where}: {len(fields)} columns where {', '.join(GENE_INFO_COLUMNS)} "
                    f"are expected, separated by tabs; {fix}"
                )
            gene_id, chrom, start, end, strand, biotype, name = fields[:7]
            if not (start.isdigit() and end.isdigit()):
                raise InputError(
                    f"{where}: start and end (columns 3 and 4) must be whole numbers, got "
                    f"{start!r} and {end!r}; the file has no header; {fix}"
                )
            if strand not in ("1", "-1"):
                raise InputError(
                    f"{where}: strand (column 5) must be 1 or -1, got {strand!r}; {fix}"
                )
            chrom = chrom if chrom.startswith("chr") else f"chr{chrom}"
            plus = strand == "1"
            first, last = (int(start), int(end)) if plus else (int(end), int(start))
            rows.append((gene_id, chrom, first, "+" if plus else "-", biotype, name, last))
    if not rows:
        raise InputError(f"{path} is empty; {fix}")
    refuse_cut_table(path, {row[0] for row in rows})
    return pd.DataFrame(
        rows, columns=["gene_id", "chrom", "tss", "strand", "biotype", "name", "tts"]
    )


def countable_genes(genes, chrom_sizes):
    """Genes of main chromosomes with their TSS on the chromosome, each once, in order of the
    genome.

    genes: a gene table; where it has a column `reason`, genes with a text there are dropped for it.
    Returns (genes, dropped); dropped has gene_id and reason. Raises InputError if no gene is left.
    """
    reason = genes["reason"].copy() if "reason" in genes else pd.Series("", index=genes.index)
    genes, length = genes.drop(columns="reason", errors="ignore"), genes["chrom"].map(chrom_sizes)
    repeated = genes[reason == ""].duplicated("gene_id")
    reason[repeated.index[repeated]] = "repeated row of a gene"
    strange = (reason == "") & ~genes["chrom"].isin(main_chromosomes(chrom_sizes))
    main = genes["chrom"].map(lambda name: MAIN.fullmatch(plain_name(name)) is not None)
    reason[strange & main] = "chromosome not in chrom_sizes"
    reason[strange & ~main] = "not on a standard chromosome"
    beyond = (reason == "") & ~genes["tss"].between(1, length)
    if beyond.any():
        gene = genes[beyond].iloc[0]
        raise InputError(
            f"gene {gene.gene_id} starts at {gene.chrom}:{gene.tss}, beyond the chromosome's "
            f"end ({chrom_sizes[gene.chrom]}): "
            "the gene table and config key 'chrom_sizes' are of different assemblies"
        )
    return _kept_and_dropped(genes, reason, "gene table")


def study_genes(
    genes,
    expressed,
    window,
    chrom_sizes,
    biotypes,
    min_distance=0,
    downstream="genome",
    gene_list=None,
):
    """The genes of one study.

    expressed: ids of REMC's expression table, None where genes are not asked to be in it (those of
    an annotation of one's own); biotypes: those to keep; min_distance, downstream: a
    gene whose TSS is within so many bp downstream of a kept gene's is dropped, as for
    find_neighbours (0 keeps all); gene_list: ids to which the study is limited, or None.

    Returns (genes, dropped) as countable_genes. Raises InputError for a gene list with ids that the
    gene table lacks.
    """
    if expressed is not None:
        _refuse_unlike(genes, expressed)
    reason = pd.Series("", index=genes.index)
    if gene_list is not None:
        unknown = sorted(set(gene_list) - set(genes["gene_id"]))
        if unknown:
            raise InputError(
                f"the study's gene list has {len(unknown)} ids that are not in the gene "
                f"table, for example {unknown[0]}"
            )
        reason[~genes["gene_id"].isin(set(gene_list))] = "not in the study's gene list"
    reason[(reason == "") & ~genes["biotype"].isin(biotypes)] = "biotype"
    if expressed is not None:
        absent = ~genes["gene_id"].isin(set(expressed))
        reason[(reason == "") & absent] = "not in the expression table"
    on = window.genes_fit(genes, chrom_sizes)
    reason[(reason == "") & ~on] = "window runs off the chromosome"
    if min_distance:
        neighbours = find_neighbours(genes[reason == ""], min_distance, downstream)
        reason[neighbours] = f"TSS within {min_distance} bp of a kept gene's"
    return _kept_and_dropped(genes, reason, "study's filter")


def _refuse_unlike(genes, expressed):
    """Raise InputError for a gene table and an expression table (its ids) of which one was cut, or
    that are of different releases."""
    coding = genes["gene_id"][genes["biotype"] == "protein_coding"]
    _refuse_cut(genes["gene_id"], expressed, "the gene table", "the expression table")
    _refuse_cut(expressed, coding, "the expression table", "the gene table")
    absent = set(expressed) - set(genes["gene_id"])
    if len(absent) > 0.05 * len(expressed):
        raise InputError(
            f"{len(absent)} of the {len(expressed)} genes of the expression table are not in "
            "the gene table: it is cut short or of another "
            "release; delete both files from results/raw and run again to fetch them anew"
        )


def _refuse_cut(genes, others, name, other_name):
    """Raise InputError if the genes of a table end before those of another: ids of which nothing
    but the last are missing. Both of REMC's tables are in the order of ids."""
    missing = set(others) - set(genes)
    # a few of the last may be missing by chance
    few = max(3, 0.01 * len(others))
    if len(missing) >= few and min(missing) > max(genes):
        raise InputError(
            f"{name} ends with {max(genes)}, and {other_name} has {len(missing)} genes after it: "
            f"{name} was cut short; delete its file (and its .sha256) from results/raw and run "
            "again to fetch it anew"
        )


def find_neighbours(genes, min_distance, downstream="genome"):
    """Find the genes whose TSS is within `min_distance` bp downstream of the last kept gene's
    (TransferChrome, "Data collection"), as labels of the index of `genes`.

    downstream: `genome`, towards larger positions, whatever the strands; `strand`, as genes are
    transcribed: each strand is gone along in its own direction, and genes of the other one do not
    count. `genome` never leaves more genes than `strand`: it leaves as many as can be so far apart,
    and those of them on a strand are far apart on that strand as well.
    """
    groups = [genes]
    if downstream == "strand":
        groups = [genes[genes["strand"] == strand] for strand in "+-"]
    dropped = []
    for group in groups:
        backwards = downstream == "strand" and (group["strand"] == "-").all()
        group = group.assign(position=-group["tss"] if backwards else group["tss"])
        group = group.sort_values(["chrom", "position", "gene_id"])
        far = far_apart(group["chrom"].to_numpy(), group["position"].to_numpy(), min_distance)
        dropped.extend(group.index[~far])
    return dropped


def far_apart(chrom, position, min_distance):
    """Which genes, in order of chromosome and position, have theirs more than `min_distance` bp
    behind the last kept one's, bool [genes]."""
    kept, last = np.ones(len(position), dtype=bool), None
    for gene in range(len(position)):
        if (
            last is not None
            and chrom[gene] == chrom[last]
            and position[gene] - position[last] <= min_distance
        ):
            kept[gene] = False
        else:
            last = gene
    return kept


def read_gene_list(path):
    """Ids from a text file, one a line; what follows a tab or space is ignored, as are empty lines
    and those that begin with #."""
    with reading(path, "check data.genes.list of the study"), open_text(path) as file:
        ids = [line.split()[0] for line in file if line.strip() and not line.startswith("#")]
    if not ids:
        raise InputError(f"{path} holds no gene id; check data.genes.list of the study")
    gene, times = Counter(ids).most_common(1)[0]
    if times > 1:
        raise InputError(f"{path}: gene {gene} stands {times} times")
    return ids


def _kept_and_dropped(genes, reason, what):
    kept = genes[reason == ""].sort_values(["chrom", "tss", "gene_id"], ignore_index=True)
    if kept.empty:
        why = ", ".join(f"{number} {reason}" for reason, number in reason.value_counts().items())
        raise InputError(
            f"no gene is left after the {what}: {why}; check config key 'chrom_sizes' and "
            "the study's data.genes"
        )
    dropped = pd.DataFrame({"gene_id": genes["gene_id"], "reason": reason})[reason != ""]
    return kept, dropped.reset_index(drop=True)


def read_places(paths):
    """Name, chrom, tss and strand of the genes of several gene lists, by gene_id, each once."""
    genes = pd.concat([read_genes(path) for path in paths]).drop_duplicates("gene_id")
    return genes.set_index("gene_id")[["name", "chrom", "tss", "strand"]]


def read_genes(path):
    """Read a gene list written by this pipeline, results/annotation/genes*.tsv."""
    genes = read_tsv(path)
    missing = {"gene_id", "chrom", "tss", "strand", "name"} - set(genes.columns)
    if missing:
        raise InputError(f"{path} lacks the columns {', '.join(sorted(missing))}")
    return genes.astype({column: np.int64 for column in ("tss", "tts") if column in genes})
