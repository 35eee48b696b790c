"""Which genes train, which validate and which test.

A split depends on the study's gene list, its settings and the cell's name alone: never on the cells
that are built, on the machine, or on a library's random numbers. Random splits order genes by a
hash of seed and id, so a gene more or less moves no other.
"""

import hashlib

import numpy as np
import pandas as pd

from markexpr.data.assembly import plain_name
from markexpr.io.jobs import InputError

SPLITS = ("train", "valid", "test")
UNLABELLED = "unlabelled"  # samples that train without their label: in no split that is scored
UNSEEN = "unseen"  # genes of a sample that is predicted and was never trained on

# Four folds of whole chromosomes, of about equal numbers of genes (Lee et al. 2022, Chromoformer):
# no window of a test gene overlaps one of a training gene
CHROMOSOME_FOLDS = (
    ("chr1", "chr5", "chr6", "chr8", "chr14", "chrY"),
    ("chr7", "chr10", "chr11", "chr12", "chr15", "chr21"),
    ("chr2", "chr3", "chr4", "chr16", "chr18", "chr20"),
    ("chr9", "chr13", "chr17", "chr19", "chr22", "chrX"),
)
# the fold of each gene of a study in which each of them tests in turn (fold: all)
FOLDS = tuple(f"fold{number}" for number in range(len(CHROMOSOME_FOLDS)))


def by_id_order(gene_id, parts):
    """Consecutive parts in the order of Ensembl ids, as DeepChrome's and DeepDiff's published
    files.

    parts: from split to its number of genes, in the order of the files; scaled if the list has
    another number of genes than the parts together. Ids were given in order of annotation, so such
    parts differ in kind (docs/studies/deepchrome.md).
    """
    total = sum(parts.values())
    sizes = np.array([len(gene_id) * size // total for size in parts.values()])
    # what is left over goes to the largest remainders, the first of equal ones first
    remainder = np.array([len(gene_id) * size % total for size in parts.values()])
    sizes[np.argsort(-remainder, kind="stable")[: len(gene_id) - sizes.sum()]] += 1
    split = np.empty(len(gene_id), dtype="<U5")
    split[np.argsort(gene_id, kind="stable")] = np.repeat(list(parts), sizes)
    return split


def shuffled(gene_id, seed):
    """Positions of genes in an order drawn from the seed (a number, or text): the same on any
    machine, whatever other genes there are."""
    key = [hashlib.sha256(f"{seed}:{gene}".encode()).digest() for gene in gene_id]
    return np.array(sorted(range(len(key)), key=key.__getitem__), dtype=np.int64)


def at_random(
    gene_id, seed, test=0, valid=0.1, folds=None, fold=None, valid_drawn="shared", cell=None
):
    """Random genes: first `test` of them held out for testing, then of the others a share `valid`
    for validation.

    valid_drawn: shared, the same genes validate in all cells; per_model, `cell` draws its own of
    the genes that are not held out (DenseEnsemble's code).
    test: number of genes (1447: DenseEnsemble, WakaWaka) or, below 1, their share. folds, fold:
    instead of a share `valid`, the genes that are not held out are cut into `folds` parts and part
    `fold` (from 0) validates (WakaWaka: 4).
    """
    order = shuffled(gene_id, seed)
    n_test = round(test * len(order)) if test < 1 else int(test)
    if n_test >= len(order):
        raise InputError(
            f"the split holds out {n_test} genes for testing, but the study has {len(order)}"
        )
    split = np.full(len(order), "train", dtype="<U5")
    split[order[:n_test]] = "test"
    rest = order[n_test:]
    if valid_drawn == "per_model":
        own = shuffled(gene_id, f"{seed}:{cell}")
        rest = own[np.isin(own, rest)]
    if folds is None:
        split[rest[: round(valid * len(rest))]] = "valid"
    else:
        if not 0 <= fold < folds:
            raise InputError(
                f"the split has {folds} folds, numbered from 0: there is no fold {fold}"
            )
        split[np.array_split(rest, folds)[fold]] = "valid"
    return split


def by_chromosome(chrom, fold):
    """Whole chromosomes: part `fold` (0-3) of CHROMOSOME_FOLDS tests, the next one validates, the
    other two train; fold `all`: the name of each gene's part, of FOLDS, for choose_fold. Of other
    genomes, those of the same numbers are taken together (mouse has 1 to 19, X and Y)."""
    part_of = {
        plain_name(name): number for number, names in enumerate(CHROMOSOME_FOLDS) for name in names
    }
    unknown = sorted(name for name in set(chrom) if plain_name(name) not in part_of)
    if unknown:
        raise InputError(
            f"chromosome {unknown[0]} is in no fold of the chromosome split, which knows chr1 to "
            "chr22, chrX and chrY; use a study with another data.split.scheme, as random"
        )
    parts = np.array([FOLDS[part_of[plain_name(name)]] for name in chrom], dtype="<U5")
    return parts if fold == "all" else choose_fold(parts, fold)


def choose_fold(parts, fold):
    """The split of genes if part `fold` (0-3) tests: the next one validates, the other two train.
    parts: str [genes], of FOLDS."""
    valid = (fold + 1) % len(FOLDS)
    return np.where(
        parts == FOLDS[fold], "test", np.where(parts == FOLDS[valid], "valid", "train")
    ).astype("<U5")


def leave_out(split, cell, left_out):
    """The split of samples if all genes of some cells test, str [samples]. split, cell: str
    [samples]; left_out: names of cells."""
    return np.where(np.isin(cell, left_out), "test", split).astype("<U5")


def split_genes(setting, gene_id, chrom, cell):
    """The split of a study's genes for one cell, str [genes], by a study's `split` setting
    (docs/configuration.md).

    gene_id, chrom: [genes], the study's whole list. A cell that the setting holds out has test
    genes only.
    """
    setting = dict(setting)
    scheme, held_out = setting.pop("scheme"), setting.pop("held_out_cells", [])
    if cell in held_out:
        return np.full(len(gene_id), "test", dtype="<U5")
    if scheme == "id_order":
        return by_id_order(gene_id, **setting)
    if scheme == "random":
        return at_random(gene_id, **setting, cell=cell)
    if scheme == "tissue":
        # which cells test is a run's own: here all train and validate
        return at_random(gene_id, **setting)
    if scheme == "chromosome":
        return by_chromosome(chrom, **setting)
    raise ValueError(f"unknown split scheme {scheme!r}")


def split_by_gene(setting, genes, cell=None):
    """The split of a study's genes as a Series by gene_id. genes: its whole list (gene_id, chrom);
    the rest as for split_genes."""
    split = split_genes(
        setting, genes["gene_id"].to_numpy(dtype=str), genes["chrom"].to_numpy(dtype=str), cell
    )
    return pd.Series(split, index=genes["gene_id"])
