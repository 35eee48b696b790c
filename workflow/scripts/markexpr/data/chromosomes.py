"""Chromosomes of files against those of the project: their names, their lengths, places without
sequence, and which of them have no data."""

import numpy as np

from markexpr.data.assembly import name_assembly, plain_name
from markexpr.io.jobs import InputError, warn

# UCSC's table `gap` of hg19: centromeres, 3 Mb each, with chr1's heterochromatin behind its own.
# Nothing aligns there; in other assemblies sequence lies at many of these places.
GAPS_OF_HG19 = {
    "chr1": (121_535_434, 142_535_434),
    "chr2": (92_326_171, 95_326_171),
    "chr3": (90_504_854, 93_504_854),
    "chr4": (49_660_117, 52_660_117),
    "chr5": (46_405_641, 49_405_641),
    "chr6": (58_830_166, 61_830_166),
    "chr7": (58_054_331, 61_054_331),
    "chr8": (43_838_887, 46_838_887),
    "chr9": (47_367_679, 50_367_679),
    "chr10": (39_254_935, 42_254_935),
    "chr11": (51_644_205, 54_644_205),
    "chr12": (34_856_694, 37_856_694),
    "chr13": (16_000_000, 19_000_000),
    "chr14": (16_000_000, 19_000_000),
    "chr15": (17_000_000, 20_000_000),
    "chr16": (35_335_801, 38_335_801),
    "chr17": (22_263_006, 25_263_006),
    "chr18": (15_460_898, 18_460_898),
    "chr19": (24_681_782, 27_681_782),
    "chr20": (26_369_569, 29_369_569),
    "chr21": (11_288_129, 14_288_129),
    "chr22": (13_000_000, 16_000_000),
    "chrX": (58_632_012, 61_632_012),
}
# Ours. Reads that reach into a gap's edge, or strays of a tool, are few: a whole file of another
# assembly has some per mille of its reads in these 2.9 % of the genome
STRAYS, STRAY_SHARE = 20, 1e-4
# Ours. A chromosome with less than so much of the others' median per bp is as good as lost: in real
# and simulated cells none but Y, which women lack, is below a tenth
LEAST_DENSITY = 0.01
# Ours. Genes at a chromosome's end without data: as many by chance in fewer than one of so many
# files, and more than this share of its genes (the last few are often repeats that nothing aligns
# to, as in the part of X that Y has too)
BY_CHANCE, LEAST_TAIL, TAIL_SHARE = 1e-4, 2, 0.02
# Ours. More genes than this share without any data, where the others have enough (REMC's E003 and
# E123 have none of 400; simulated cells, shifted by 60 kb, have more than half)
HOLES, ENOUGH = 0.25, 20
# women have no Y, and mitochondria are left out by many
ASIDE = ("y", "m", "mt")


def check_lengths(path, lengths, chrom_sizes):
    """Compare the lengths that a file's header gives with chrom_sizes (dicts from name to bp).

    Mitochondria aside, whose sequence differs between copies of one assembly. Raises InputError for
    a chromosome of another length, under whatever name: to rename it would not help.
    """
    for name, length in lengths.items():
        main = name if name in chrom_sizes else looks_like(name, chrom_sizes)
        if main is None or (main != name and main in lengths) or plain_name(main) in ASIDE[1:]:
            continue
        if length != chrom_sizes[main]:
            theirs, ours = map(name_assembly, (lengths, chrom_sizes))
            theirs = None if theirs == ours else theirs
            raise InputError(
                f"{path}: it says that {name} has {length} bp"
                f"{f' ({theirs})' if theirs else ''}, config key 'chrom_sizes' says "
                f"{chrom_sizes[main]}{f' ({ours})' if ours else ''}: it is of another assembly; "
                "take data of the same one, or change 'chrom_sizes' and 'annotation'"
            )


def looks_like(name, chrom_sizes):
    """The main chromosome that a name is likely to stand for (chr23 for chrX, a space behind it,
    NC_000001.10), or None; names of chrom_sizes and of mitochondria stand for themselves."""
    plain = {plain_name(main): main for main in chrom_sizes}
    if name in chrom_sizes or (key := plain_name(name)) in ASIDE[1:]:
        return None
    if key not in plain and "x" in plain:  # human: X and Y by number
        key = {"23": "x", "24": "y"}.get(key, key)
    return plain.get(key)


def check_names(path, left_out, total, chrom_sizes, what="of its reads", tell=warn):
    """Warn of data on names that look like a main chromosome, and are left out for that.

    left_out: dict from name to reads (or bp) that are not on chromosomes of chrom_sizes; total: all
    there are; what: words for them; tell: as warn() of io/jobs.py.
    """
    like = {name: looks_like(name, chrom_sizes) for name in left_out}
    like = {name: main for name, main in like.items() if main}
    lost = sum(left_out[name] for name in like)
    if lost:
        tell(
            f"{path}: {_percent(lost / total)} {what} is left out, on chromosomes that are named "
            f"otherwise in config key 'chrom_sizes': rename {_renamings(like)}"
        )


def name_advice(names, chrom_sizes):
    """What to do about a file with these names alone, none of which is in chrom_sizes: a few words
    for an error."""
    like = {name: main for name in names if (main := looks_like(name, chrom_sizes))}
    return f": rename {_renamings(like)}" if like else ": is it of another genome?"


def check_data(path, amounts, counts, chrom, tss, chrom_sizes, what="read", left_out=(), tell=warn):
    """Warn of chromosomes with genes where a mark has no data, or next to none; of many genes
    without data; and of those at a chromosome's end, as in a file that was cut.

    amounts: dict from chromosome to reads (or signal), in all; counts: [genes, bins]; chrom, tss:
    [genes]; what: a word for the data; left_out: names in the file that are not in chrom_sizes;
    tell: as warn() of io/jobs.py. Mitochondria aside, and Y, unless its data have another name.
    """
    chrom, tss = np.asarray(chrom, dtype=str), np.asarray(tss)
    renamed = {looks_like(name, chrom_sizes) for name in left_out}
    with_genes = set(chrom.tolist())
    names = [
        name
        for name in chrom_sizes
        if name in with_genes and (name in renamed or plain_name(name) not in ASIDE)
    ]
    empty = [name for name in names if not amounts.get(name)]
    if empty:
        why = (
            "they are named otherwise in it"
            if renamed.issuperset(empty)
            else "is the file cut short or filtered, or are they named otherwise in it?"
        )
        tell(
            f"{path} has no {what} on {_list(empty)}: the {int(np.isin(chrom, empty).sum())} genes "
            f"there count 0; {why}"
        )
    full = [name for name in names if name not in empty]
    density = np.array([amounts[name] / chrom_sizes[name] for name in full])
    if len(full) >= 3:
        sparse = [
            name for name, value in zip(full, density) if value < LEAST_DENSITY * np.median(density)
        ]
        if sparse:
            tell(
                f"{path} has next to no {what} on {_list(sparse)}: less than "
                f"{LEAST_DENSITY:.0%} of what other chromosomes have per bp; was it filtered?"
            )
    here = np.isin(chrom, full)
    sums = counts.sum(axis=1, dtype=np.float64)
    some = sums > 0
    if (~some[here]).sum() > HOLES * here.sum() and sums[some].mean() >= ENOUGH * (what == "read"):
        tell(
            f"{path} has no {what} at {(~some[here]).sum()} of {here.sum()} genes: is it of "
            "another assembly than the gene table, or of a part of the genome (peaks, regions)?"
        )
    tails = _tails(some, chrom, tss, full)
    if tails:
        tell(
            f"{path} has no {what} at the end of {_list([name for name, _ in tails])}: the genes "
            f"there, {sum(number for _, number in tails)} in all, count 0; is the file cut short?"
        )


def _tails(some, chrom, tss, names):
    """Chromosomes at whose end genes have no data, with the number of these genes; some: whether a
    gene has data, bool [genes]."""
    here = np.isin(chrom, names)
    # how rare a gene without data is, were they anywhere
    rate = ((~some[here]).sum() + 1) / (here.sum() + 2)
    tails = []
    for name in names:
        genes = np.flatnonzero(chrom == name)
        last = some[genes[np.argsort(tss[genes], kind="stable")]]
        number = len(last) if not last.any() else int(np.argmax(last[::-1]))
        # without the tail itself, and never surer than the other genes of the file allow
        elsewhere = max((rate * (here.sum() + 2) - number), 1) / (here.sum() + 2 - number)
        if (
            number >= LEAST_TAIL
            and number > TAIL_SHARE * len(genes)
            and elsewhere**number < BY_CHANCE
        ):
            tails.append((name, number))
    return tails


def has_gaps(chrom_sizes):
    """Whether chrom_sizes is hg19's, of which GAPS_OF_HG19 are known."""
    return chrom_sizes.get("chr1") == 249_250_621 and chrom_sizes.get("chrX") == 155_270_560


def check_gaps(path, in_gaps, total, chrom_sizes, tell=warn):
    """Warn of reads that lie where hg19 has no sequence, so that they must be of another assembly.

    in_gaps: dict from chromosome to reads well inside its gap; total: all reads; tell: as warn() of
    io/jobs.py. Not looked at for other genomes than hg19.
    """
    lost = sum(in_gaps.values())
    if has_gaps(chrom_sizes) and lost > max(STRAYS, STRAY_SHARE * total):
        most = max(in_gaps, key=in_gaps.get)
        start, end = GAPS_OF_HG19[most]
        tell(
            f"{path}: {lost} reads ({_percent(lost / total)}) lie in centromeres, where hg19 has "
            f"no sequence (most in {most}:{start}-{end}): they are of another assembly; align them "
            "to hg19, or give config keys 'chrom_sizes' and 'annotation' of theirs"
        )


def _renamings(like):
    """`'chr23' to chrX, 'chr24' to chrY`; a few of many."""
    shown = [f"{name!r} to {main}" for name, main in list(like.items())[:4]]
    return ", ".join(shown) + (f" and {len(like) - 4} more" if len(like) > 4 else "")


def _list(names):
    return ", ".join(names)


def _percent(share):
    return f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
