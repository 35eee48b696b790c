"""The genes of a table of expression, by the ids of the gene table."""

import pandas as pd

from markexpr.io.jobs import InputError, log, warn

# an id of Ensembl or GENCODE, of any species, with its version: ENSG00000000003.10,
# ENSMUSG00000000001.5, and lifted to another assembly ENSG00000000003.14_2
VERSIONED = r"(ENS[A-Z]*G\d{11})\.\d+(?:_\d+)?"
# GENCODE's copy on Y of a gene that lies on X as well, ENSG00000182378.15_PAR_Y
COPY = "_PAR_Y"
# share of the gene table's genes without a value above which it is said. A release of Ensembl
# before or after another one lacks 1 to 4 % of its protein-coding genes.
WITHOUT_VALUE = 0.05
EXAMPLES = 3


def plain_ids(ids):
    """Ids, a Series of text, without versions of Ensembl's; others as they are."""
    plain = ids.str.removesuffix(COPY).str.extract(f"^{VERSIONED}$", expand=False)
    return plain.fillna(ids)


def match_genes(values, genes, wanted, cell, where):
    """The values of the genes of the gene table, Series by gene_id, in the order of `values`.

    values: a cell's expression, Series by gene_id; genes: the gene table (gene_id, name); wanted:
    the ids among them that the study takes; where: the table of expression, for messages. Versions
    of Ensembl ids are taken away where the gene table has none. Copies on Y and genes that are not
    in the gene table are left out, and wanted ones without a value are warned of. Raises InputError
    if no gene is left, with the likely cause, or two ids are one gene's.
    """
    known, wanted = pd.Index(genes["gene_id"]), pd.Index(wanted)
    found = _drop_versions(_drop_copies(values, where), known, where)
    found = found[found.index.isin(known)]
    if not len(found):
        raise InputError(f"{where}: {_explain(values.index, genes)}")
    others, absent = len(values) - len(found), wanted[~wanted.isin(found.index)]
    log.info(
        "%s: %d of %d genes of the table are in the gene table; %d of the %d that the study takes "
        "have no value",
        cell,
        len(found),
        len(values),
        len(absent),
        len(wanted),
    )
    if len(absent) > WITHOUT_VALUE * len(wanted):
        more = f"; {others:,} other ids of it are not in the gene table" if others else ""
        warn(
            f"{where} has no value for {len(absent):,} of {len(wanted):,} genes "
            f"({len(absent) / len(wanted):.0%}), such as {', '.join(absent[:EXAMPLES])}{more}: "
            "they are left out; is it of another release, or cut short?",
            cell,
        )
    return found


def _drop_copies(values, where):
    """Values without those of copies on Y, whose reads are mostly given to X."""
    copies = values.index.astype(str).str.endswith(COPY)
    if copies.any():
        log.info("%s: %d genes of Y that X has as well (%s) left out", where, copies.sum(), COPY)
    return values[~copies]


def _drop_versions(values, known, where):
    """Values by the ids that the gene table knows, where only their versions differ."""
    ids = values.index.to_series(index=range(len(values)))
    plain = ids.str.extract(f"^{VERSIONED}$", expand=False)
    change = ~ids.isin(known) & plain.isin(known)
    if not change.any():
        return values
    log.info("%s: versions of %d ids are taken away (%s)", where, change.sum(), ids[change].iloc[0])
    changed = ids.where(~change, plain)
    twice = changed.duplicated()
    if twice.any():
        gene = changed[twice].iloc[0]
        both = ", ".join(ids[changed == gene])
        raise InputError(
            f"{where}: gene {gene} stands twice, as {both}: keep the one that is meant"
        )
    return values.set_axis(changed)


def _explain(ids, genes):
    """Why no id of a table is in the gene table."""
    known, symbols = genes["gene_id"].iloc[0], set(genes["name"].str.upper())
    some = f"its ids, such as {', '.join(ids[:EXAMPLES])},"
    said = f"no gene of it is in the gene table, whose ids are like {known}"
    as_text = ids.astype(str)
    upper = as_text.str.upper()
    if upper.isin(symbols).mean() > 0.5:
        return f"{said}: {some} are gene symbols; give the ids of these genes"
    if upper.isin(set(genes["gene_id"].str.upper())).any():
        return f"{said}: {some} differ from these in capitals"
    for pattern, what in (
        (r"ENS[A-Z]*T\d+.*", "ids of transcripts: add up those of each gene"),
        (r"ENS[A-Z]*P\d+.*", "ids of proteins"),
        (r".*ENSG\d{11}.*", "more than ids: take the rest of each away"),
        (r"ENS[A-Z]+G\d+.*", "of another species or release"),
        (r"[NX][MR]_\d+.*", "RefSeq's of transcripts: add up those of each gene"),
        (r"\d+", "numbers: Entrez ids, or the first column is a row's number"),
    ):
        if upper.str.fullmatch(pattern).mean() > 0.5:
            return f"{said}: {some} are {what}"
    return f"{said}: {some} are others"
