"""A user's own table of expression: read, brought to plain values and to the gene table's ids."""

from markexpr.data.expression import find_line, read_expression_csv
from markexpr.data.gene_ids import match_genes
from markexpr.data.scales import undo_scale, warn_of_zeros


def read_own_expression(path, source, unit, genes, wanted, cell):
    """The values of a cell's own table, plain ones, Series by gene_id.

    source: the cell's, as plain values; unit: of its expression; genes, wanted: as for
    markexpr.data.gene_ids.match_genes. Raises InputError for values that cannot be of this scale
    and unit, and for ids that are none of the gene table.
    """
    return as_plain(
        read_expression_csv(path),
        source.get("expression_scale", "none"),
        unit,
        genes,
        wanted,
        cell,
        path,
        place=lambda gene: find_line(path, gene),
        stated="expression_scale" in source,
    )


def as_plain(values, scale, unit, genes, wanted, cell, path, place, stated):
    """Plain values of the gene table's genes from values as they stand at `path`; place, stated: as
    for undo_scale."""
    plain = undo_scale(values, scale, unit, cell, place=place, stated=stated)
    plain = match_genes(plain, genes, wanted, cell, path)
    warn_of_zeros(plain[plain.index.isin(wanted)], cell)
    return plain
