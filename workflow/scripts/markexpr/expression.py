"""Expression tables: REMC's RPKM and count matrices, and the tables that come with published counts."""

import numpy as np
import pandas as pd

from markexpr.files import open_text, reading
from markexpr.jobs import InputError

FIX = "fetch it again, or point config key 'mirror' at a whole roadmap/data tree"

# A table whose columns are shifted by one (every row ends with a tab more than the header) still looks fine and still
# gives a high AUC. These values of TSPAN6 in REMC's RPKM table show the shift.
KNOWN_RPKM = {("ENSG00000000003", "E003"): 43.985, ("ENSG00000000003", "E047"): 1.235, ("ENSG00000000003", "E050"): 5.544}


def _header(path):
    with reading(path, FIX), open_text(path) as file:
        names = file.readline().rstrip("\n").rstrip("\t").split("\t")
    if names[0] != "gene_id" or len(names) < 2:
        raise InputError(f"{path}, line 1: expected a header gene_id, E000, E003, …, separated by tabs; got {names[:3]}; {FIX}")
    return names


def _read(path, columns):
    """The named columns of a table with a header, by position: rows may have a tab more at their end."""
    names = _header(path)
    with reading(path, FIX):
        try:
            table = pd.read_csv(path, sep="\t", header=None, skiprows=1, usecols=[names.index(column) for column in columns], compression="infer")
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise InputError(f"{path} is not a table of {len(names)} columns ({' '.join(str(error).split())}); {FIX}") from error
    table.columns = sorted(columns, key=names.index)
    return table


def read_gene_ids(path):
    """Ids of all genes of an expression table."""
    return _read(path, ["gene_id"])["gene_id"].to_numpy(dtype=str)


def read_expression(path, cell):
    """One cell's column of 57epigenomes.RPKM.pc.gz or 57epigenomes.N.pc.gz, indexed by gene_id.

    Raises InputError if the cell has no column, a value is missing, negative or no number, a gene stands twice, or
    the columns are shifted.
    """
    names = _header(path)
    if cell not in names or cell in ("gene_id", "E000"):
        raise InputError(f"{path} has no column for cell {cell!r}; it has {', '.join(names[2:])}")
    values = _checked(_read(path, ["gene_id", cell]).set_index("gene_id")[cell], path, header=1)
    if ".RPKM." in str(path):
        for (gene, known_cell), known in KNOWN_RPKM.items():
            if known_cell == cell and gene in values.index and abs(values[gene] - known) > 0.0005:
                raise InputError(
                    f"{path}: {gene} in {cell} is {values[gene]}, but {known} in REMC's table: the columns are shifted or the cells mixed up"
                )
    return values


def read_expression_csv(path):
    """A table of gene_id and raw count without header, as published with DeepDiff's data. Returns a Series by gene_id."""
    fix = "check the 'path' of this cell under config key 'sources'"
    with reading(path, fix):
        try:
            table = pd.read_csv(path, header=None)
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise InputError(f"{path} is not a table of gene_id,count ({' '.join(str(error).split())}); {fix}") from error
    if table.shape[1] != 2:
        raise InputError(f"{path} has {table.shape[1]} columns where gene_id,count are expected, without a header")
    return _checked(table.set_index(0)[1], path, header=0)


def _checked(values, path, header):
    numbers = pd.to_numeric(values, errors="coerce")
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if bad.size:
        raise InputError(f"{path}, line {bad[0] + 1 + header}: expression of {values.index[bad[0]]} is {values.iloc[bad[0]]!r}, not a number >= 0")
    if values.index.has_duplicates:
        raise InputError(f"{path}: gene {values.index[values.index.duplicated()][0]} stands twice")
    return numbers.astype(np.float64)
