"""Expression tables: REMC's RPKM and count matrices, and the tables that come with published
counts."""

import io

import numpy as np
import pandas as pd

from markexpr.io.files import open_text, reading
from markexpr.io.jobs import InputError

FIX = (
    "delete it (and its .sha256) and run again to fetch it anew, or "
    "point config key 'mirror' at a whole roadmap/data tree"
)

# A table whose columns are shifted by one (every row ends with a tab more than the header) still
# looks fine and still gives a high AUC. These values of TSPAN6 in REMC's tables show the shift.
TSPAN6 = "ENSG00000000003"
KNOWN = {
    ".RPKM.": {"E003": 43.985, "E047": 1.235, "E050": 5.544},
    ".N.": {"E003": 22232, "E123": 153},
}

REMC_GENES = 19_795  # of each of REMC's tables


def refuse_cut_table(path, gene_ids):
    """Raise InputError for a table of REMC's genes that lacks some: a copy that was cut at the end
    of a line. Small tables of some genes, as those of tests, may lack most."""
    found = len(set(gene_ids))
    if REMC_GENES / 2 < found < REMC_GENES and TSPAN6 in gene_ids:
        raise InputError(
            f"{path} has {found:,} genes where REMC's has {REMC_GENES:,}: it was cut short; {FIX}"
        )


def _lines(path):
    """Header (list of names) and rows (text, each of as many fields) of a table whose rows may end
    with a tab more than its header."""
    with reading(path, FIX), open_text(path) as file:
        names, *rows = [line.rstrip("\r\n") for line in file] or [""]
    names = names.rstrip("\t").split("\t")
    if names[0] != "gene_id" or len(names) < 2:
        raise InputError(
            f"{path}, line 1: expected a header gene_id, E000, E003, …, separated by tabs; "
            f"got {names[:3]}; {FIX}"
        )
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise InputError(f"{path}, line 1: the header names {repeated[0]} twice; {FIX}")
    if not rows:
        raise InputError(f"{path} has a header and no rows; {FIX}")
    for number, row in enumerate(rows, 2):
        fields = row.count("\t") + 1
        if fields != len(names) and not (fields == len(names) + 1 and row.endswith("\t")):
            raise InputError(
                f"{path}, line {number}: {fields} fields where the header names {len(names)} "
                f"columns; {FIX}"
            )
    return names, rows


def _table(names, rows, columns):
    """The named columns, by their position in the header."""
    text = io.StringIO("\n".join(rows))
    table = pd.read_csv(
        text, sep="\t", header=None, usecols=[names.index(column) for column in columns]
    )
    table.columns = sorted(columns, key=names.index)
    return table


def read_gene_ids(path):
    """Ids of all genes of an expression table."""
    _, rows = _lines(path)
    gene_ids = np.array([row.split("\t", 1)[0] for row in rows])
    refuse_cut_table(path, gene_ids)
    return gene_ids


def read_expression(path, cell):
    """One cell's column of 57epigenomes.RPKM.pc.gz or 57epigenomes.N.pc.gz, indexed by gene_id;
    raises as read_expressions."""
    return read_expressions(path, [cell])[cell]


def read_expressions(path, cells):
    """Columns of some cells of 57epigenomes.RPKM.pc.gz or 57epigenomes.N.pc.gz, DataFrame [genes,
    cells] by gene_id.

    Raises InputError if a cell has no column, a row has another number of fields, a value is
    missing, negative or no number, a gene stands twice, or the columns are shifted: whichever cells
    are read, known values of three are compared.
    """
    names, rows = _lines(path)
    for cell in cells:
        if cell not in names or cell in ("gene_id", "E000"):
            raise InputError(
                f"{path} has no column for cell {cell!r}; it has "
                f"{', '.join(name for name in names[1:] if name != 'E000')}"
            )
    known = {
        name: value
        for part, values in KNOWN.items()
        if part in str(path)
        for name, value in values.items()
        if name in names
    }
    table = _table(names, rows, list(dict.fromkeys(["gene_id", *cells, *known]))).set_index(
        "gene_id"
    )
    refuse_cut_table(path, table.index)
    values = pd.DataFrame({cell: _checked(table[cell], path, header=1) for cell in cells})
    for name, value in known.items():
        if TSPAN6 in table.index and not abs(table.loc[TSPAN6, name] - value) < 0.0005:
            raise InputError(
                f"{path}: {TSPAN6} in {name} is {table.loc[TSPAN6, name]}, but {value} in "
                "REMC's table: the columns are shifted or the cells mixed up"
            )
    return values


def read_expression_csv(path):
    """A table of gene id and expression in two columns, by comma or tab, without header: DeepDiff's
    published raw counts, or a user's own values. Returns a Series by gene_id. Raises InputError as
    read_expression."""
    fix = "check the cell's entry under config key 'sources'"
    with reading(path, fix):
        with open_text(path) as file:
            separator = "\t" if "\t" in file.readline() else ","
        try:
            table = pd.read_csv(path, header=None, sep=separator)
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise InputError(
                f"{path} is not a table of gene id and expression "
                f"({' '.join(str(error).split())}); {fix}"
            ) from error
    if table.shape[1] != 2:
        raise InputError(
            f"{path} has {table.shape[1]} columns where gene id and expression are expected, "
            "without a header"
        )
    return _checked(table.set_index(0)[1], path, header=0)


def _checked(values, path, header):
    numbers = pd.to_numeric(values, errors="coerce")
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if bad.size:
        raise InputError(
            f"{path}, line {bad[0] + 1 + header}: expression of {values.index[bad[0]]} is "
            f"{str(values.iloc[bad[0]])!r}, not a number >= 0"
        )
    if values.index.has_duplicates:
        raise InputError(f"{path}: gene {values.index[values.index.duplicated()][0]} stands twice")
    return numbers.astype(np.float64)
