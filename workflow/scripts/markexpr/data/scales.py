"""What scale and unit a table of expression can be in: what cannot be what it is called is
refused, and what is unlikely is warned of.

The bounds come from REMC's tables: RPKM of 19,795 genes in 56 cells, read counts in 9.
"""

import numpy as np

from markexpr.data.tensors import INVERSES
from markexpr.io.jobs import InputError, warn
from markexpr.settings.units import REMC

# ---- what cannot be ----

# TPM and CPM of all genes add up to a million. RPKM reach 1e7 if all reads are of one gene of 100
# bp. No library has 1e10 reads.
LARGEST = {"RPKM": 1e7, "FPKM": 1e7, "TPM": 1e6, "CPM": 1e6}
LARGEST_OF_ALL = 1e10
MILLION = 1e6
ROUNDED = 0.01  # share by which a sum of rounded values may differ from what it should be
# so many genes tell a scale by their values: 300 draws of 120 genes of REMC's RPKM all have one
# above 72
MANY = 100

# ---- what is unlikely ----

# The largest log2(count + 1) in REMC's tables is 22.5, the largest of 120 drawn RPKM never below
# 72: what ends below 25 looks like a logarithm, or is scaled.
END_OF_LOGARITHMS = 25.0
# From so many genes on, the largest value is not below: a third of what REMC's are (298 in draws of
# 1,000 genes, 1,574 in a whole table)
LEAST_LARGEST = ((10_000, 500.0), (1_000, 100.0), (MANY, END_OF_LOGARITHMS), (50, 15.0))
UNLIKELY = 3e7  # five times the largest read count (5.7e6); RPKM reach 2.2e5
# The mean RPKM of a whole table is 13 to 46. A logarithm that is undone as another one makes it 0.7
# to 6, or more than 93 (of log2 as if it were ln). That of TPM is bounded by their sum.
MEANS, GENES_OF_A_MEAN = (5.0, 80.0), 5_000
# The mean by the median: 2.7 and more in whole tables, 1.8 in the worst of 300 draws of 200 genes,
# 1.0 of ranks and percentiles, 1.5 at most of log2(RPKM + 1)
LEAST_SKEW = 1.6
WHOLE = 0.99  # share of whole numbers among read counts; RPKM with three decimals have 0.21
MUCH_ZERO = 0.5  # share of genes without expression: 2 to 21 % in REMC's tables

NORMALISED = ("RPKM", "FPKM", "TPM", "CPM")


def undo_scale(values, scale, unit, cell, place, stated=True):
    """The expression of a cell, from the values of its table, Series by gene_id.

    values: as they stand; scale: how the source says that they were transformed (a key of
    INVERSES); stated: whether it says so; unit: that of the expression, as in the source; place:
    function that tells where the value of a gene stands. Raises InputError for values that cannot
    be of this scale and unit, and warns of those that are hardly.
    """
    _refuse_no_expression(values, place)
    with np.errstate(over="ignore"):
        plain = INVERSES[scale](values)
    _refuse_too_large(values, plain, scale, unit, place)
    _refuse_whole_logarithms(values, scale, place)
    _refuse_too_much(plain, unit, place)
    if not _check_end(values, plain, scale, cell, place, stated):
        _check_size(plain, unit, scale, cell)
        _check_skew(plain, cell)
    _check_unit(plain, unit, scale, cell)
    return plain


def warn_of_zeros(values, cell):
    """Warn of a cell most of whose genes are without expression. values: of the genes of the gene
    table."""
    share = float((values == 0).mean())
    if len(values) >= MANY and share > MUCH_ZERO:
        warn(
            f"expression is 0 for {share:.0%} of {len(values):,} genes (2 to 21 % in REMC's "
            "tables): is the table whole, and of bulk RNA?",
            cell,
        )


def warn_of_unit(values, unit, wanted, cell, study):
    """Warn of a cell whose expression is of another unit than its study's, by name or by its
    values. wanted: the study's data.target.expression."""
    wanted = REMC[wanted]
    what = (
        f"study {study} is of {wanted}s"
        if wanted == "read count"
        else f"study {study} is of {wanted}"
    )
    if unit in (*NORMALISED, "read count"):
        if unit != wanted:
            warn(
                f"its expression is in {unit} and {what}: {_compared(unit, wanted)}, and its "
                "scores do not compare with the paper's",
                cell,
            )
        return
    whole = _whole(values)
    if len(values) < MANY:
        return
    if wanted == "read count" and whole < WHOLE:
        warn(
            f"{1 - whole:.0%} of its values are no whole numbers and {what}: say what they are by "
            "key expression_unit",
            cell,
        )
    if wanted == "RPKM" and whole == 1:
        warn(
            f"all of its values are whole numbers, as of read counts, and {what}: say what they "
            "are by key expression_unit",
            cell,
        )


def _compared(unit, wanted):
    """What parts two units."""
    if wanted == "read count":
        return "a log2 fold change of these is not that of counts"
    if unit in ("read count", "CPM"):
        return "they grow with the length of a gene, which changes labels and values alike"
    return "both are by length, and differ by a factor of the cell"


def _whole(values):
    """The share of whole numbers among the values that are not 0."""
    some = values[values != 0]
    return float((some == some.round()).mean()) if len(some) else 1.0


def _at_largest(values, place):
    gene = values.idxmax()
    return f"{place(gene)}: expression of {gene} is {values[gene]:g}"


def _refuse_no_expression(values, place):
    bad = values[~(np.isfinite(values) & (values >= 0))]
    if len(bad):
        raise InputError(
            f"{place(bad.index[0])}: expression of {bad.index[0]} is {bad.iloc[0]:g}, not a number "
            ">= 0"
        )
    if len(values) > 1 and values.min() == values.max():
        raise InputError(
            f"{place(values.index[0])}: expression of all {len(values):,} genes is "
            f"{values.iloc[0]:g}: nothing can be learned from it; check key 'expression' of the "
            "source"
        )


def _refuse_too_large(values, plain, scale, unit, place):
    most = LARGEST.get(unit, LARGEST_OF_ALL)
    # what adds up to a million is rounded
    if not plain.max() > most * (1 + ROUNDED):
        return
    if scale == "none":
        raise InputError(
            f"{_at_largest(values, place)}, and no {_name(unit)} is above {most:g}: check keys "
            "expression_unit and expression_scale of the source"
        )
    raise InputError(
        f"{_at_largest(values, place)}, which expression_scale: {scale} would make "
        f"{_size(plain.max())}, and no {_name(unit)} is above {most:g}: the values are no such "
        "logarithms; take the key away if they are plain, or name theirs"
    )


def _refuse_whole_logarithms(values, scale, place):
    many = (values != 0).sum() >= MANY
    if scale != "none" and many and _whole(values) == 1 and values.nunique() > 2:
        raise InputError(
            f"{_at_largest(values, place)}, and all of {len(values):,} values are whole numbers, "
            f"which logarithms are not: take expression_scale: {scale} away"
        )


def _refuse_too_much(plain, unit, place):
    if unit in ("TPM", "CPM") and plain.sum() > MILLION * (1 + ROUNDED):
        raise InputError(
            f"{_at_largest(plain, place)}, and all values add up to {plain.sum():,.0f}, where "
            f"{unit} add up to {MILLION:,.0f}: check keys expression_unit and expression_scale of "
            "the source"
        )


def _check_end(values, plain, scale, cell, place, stated):
    """Look whether the largest value is as large as it must be of so many genes; returns whether
    it warned."""
    least = next((value for number, value in LEAST_LARGEST if len(plain) >= number), 0.0)
    if plain.max() >= least:
        return False
    said = f"{_at_largest(values, place)}, the largest of {len(values):,}"
    if scale != "none":
        warn(
            f"{said}, which expression_scale: {scale} makes {plain.max():.3g}, where expression of "
            f"so many genes reaches {least:g} and more: is it another logarithm?",
            cell,
        )
        return True
    like = "a logarithm" if plain.max() > 1 else "a share, a rank or a logarithm"
    if (
        not stated
        and plain.max() <= END_OF_LOGARITHMS
        and len(plain) >= MANY
        and _whole(plain) < WHOLE
    ):
        raise InputError(
            f"{said}: this looks like {like}; name it by key expression_scale of the source "
            f"({', '.join(name for name in INVERSES if name != 'none')}), or say "
            "expression_scale: none if the values are plain"
        )
    warn(
        f"{said}, where expression of so many genes reaches {least:g} and more: is it {like} (key "
        "expression_scale)?",
        cell,
    )
    return True


def _check_size(plain, unit, scale, cell):
    """Look at the largest value and the mean."""
    by = f" after expression_scale: {scale} is undone" if scale != "none" else ""
    if plain.max() > UNLIKELY:
        warn(
            f"expression of {plain.idxmax()} is {plain.max():.3g}{by}, far above any read count: "
            "check key expression_scale",
            cell,
        )
        return
    low, high = MEANS
    mean = plain.mean()
    too_high = unit in ("RPKM", "FPKM") and mean > high
    if len(plain) >= GENES_OF_A_MEAN and (mean < low or too_high):
        warn(
            f"the mean of {len(plain):,} values is {mean:.3g}{by}, where a table of RPKM or TPM "
            "has 13 to 50: check keys expression_scale and expression_unit",
            cell,
        )


def _check_skew(plain, cell):
    """Look whether a few genes have most of the expression, as in any cell."""
    mean, median = plain.mean(), plain.median()
    if len(plain) >= MANY and mean < LEAST_SKEW * median:
        warn(
            f"the mean of {len(plain):,} values is {mean:.3g} and their median {median:.3g}, where "
            "the mean of expression is 2.7 times the median and more: are they ranks, lengths, "
            "z-scores or a logarithm?",
            cell,
        )


def _check_unit(plain, unit, scale, cell):
    """Look whether whole numbers, and the sum, are those of the unit."""
    if len(plain) < MANY:
        return
    whole = _whole(plain)
    # logarithms are rounded in a table: what comes of them is not whole
    if unit == "read count" and whole < WHOLE and scale == "none":
        warn(
            f"{1 - whole:.0%} of the values are no whole numbers, as read counts are: fine for "
            "expected counts (RSEM, salmon); of another unit, say so by key expression_unit",
            cell,
        )
    if unit in NORMALISED and whole == 1:
        warn(
            f"all values are whole numbers, which {unit} are not: if they are read counts, say "
            "expression_unit: read count",
            cell,
        )
    if unit not in ("TPM", "CPM") and abs(plain.sum() / MILLION - 1) < ROUNDED and whole < WHOLE:
        warn(
            f"all values add up to {plain.sum():,.0f}, as TPM and CPM do, and the unit is "
            f"{unit}: check key expression_unit",
            cell,
        )


def _name(unit):
    return unit if unit in LARGEST or unit == "read count" else "expression"


def _size(value):
    """A number in words: what is too large for a computer as well."""
    return f"{value:.2g}" if np.isfinite(value) else "more than 1e308"
