"""Expression tables: REMC's RPKM and count matrices, the tables that come with published counts,
and a user's own."""

import csv
import io
import re

import numpy as np
import pandas as pd

from markexpr.data.formats import first_bytes, name_bytes
from markexpr.io.files import open_text, reading
from markexpr.io.jobs import InputError, log

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

# ---- REMC's tables ----

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
        text,
        sep="\t",
        header=None,
        usecols=[names.index(column) for column in columns],
        dtype=str,
        keep_default_na=False,
        quoting=csv.QUOTE_NONE,
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
    values = pd.DataFrame({cell: _checked(table[cell], path) for cell in cells})
    for name, value in known.items():
        found = table.loc[TSPAN6, name] if TSPAN6 in table.index else str(value)
        if not (NUMBER.fullmatch(found) and abs(float(found) - value) < 0.0005):
            raise InputError(
                f"{path}: {TSPAN6} in {name} is {found}, but {value} in "
                "REMC's table: the columns are shifted or the cells mixed up"
            )
    return values


def _checked(values, path):
    """Text of one column as float64; InputError for a value that is no number of 0 or more, or a
    gene that stands twice."""
    plain = values.str.strip()
    numbers = pd.to_numeric(plain.where(plain.str.fullmatch(NUMBER)), errors="coerce")
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if bad.size:
        raise InputError(
            f"{path}, line {bad[0] + 2}: expression of {values.index[bad[0]]} is "
            f"{values.iloc[bad[0]]!r}, not a number >= 0"
        )
    if values.index.has_duplicates:
        raise InputError(f"{path}: gene {values.index[values.index.duplicated()][0]} stands twice")
    return numbers.astype(np.float64)


# ---- a user's table, or that which comes with published counts ----

OWN_FIX = "check the cell's entry under config key 'sources'"
EXPECTED = "expected are two columns, gene id and expression, by tab or comma, without a header"
NOTHING = {"", "-", "na", "n/a", "nan", "null", "none", "#n/a"}
# how spreadsheets write what they took for a date: 1-Mar, Sep-02, 2001-03-01
DATE = re.compile(
    r"[0-9]{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-[0-9]{1,2}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}",
    re.IGNORECASE,
)
ID = re.compile("ENS[A-Z]*[GTP][0-9]")
INFINITE = re.compile("[+-]?inf(inity)?", re.IGNORECASE)


def read_expression_csv(path):
    """The values of a table of gene id and expression, a float64 Series by gene_id.

    It may be gzipped, whatever its name. Quotes, blanks around a field, empty lines, lines that
    begin with # and HTSeq's counts of what is no gene (`__no_feature`) are taken for what they are.
    Raises InputError, naming the line, for anything else than two columns, a value that is no
    number of 0 or more, an id that a spreadsheet has spoilt, or a gene that stands twice.
    """
    _refuse_other_formats(path)
    values, lines, others = {}, {}, []
    for number, fields in _rows(path):
        place = f"{path}, line {number}"
        if len(fields) != 2:
            raise InputError(f"{place}: {_wrong_columns(fields)}")
        gene, text = (field.strip() for field in fields)
        if gene.startswith("__"):
            others.append(gene)
            continue
        if gene == "" or DATE.fullmatch(gene):
            fault = "is a date, as spreadsheets make of names" if gene else "is missing"
            raise InputError(f"{place}: the gene id {gene!r} {fault}; {EXPECTED}")
        if gene in values:
            # a symbol may be of several genes
            symbols = "" if ID.match(gene) else ": ids are wanted, such as ENSG00000000003"
            raise InputError(
                f"{path}: gene {gene} stands twice, in lines {lines[gene]} and {number}{symbols}"
            )
        value = float(text) if NUMBER.fullmatch(text) else np.nan
        if not (np.isfinite(value) and value >= 0):
            hint = _hint(gene, text, values)
            raise InputError(f"{place}: expression of {gene} is {text!r}, not a number >= 0{hint}")
        values[gene], lines[gene] = value, number
    if not values:
        raise InputError(f"{path} holds no gene; {EXPECTED}")
    if others:
        log.info("%s: left out %s, which are no genes", path, ", ".join(others))
    return pd.Series(values, dtype=np.float64)


def find_line(path, gene):
    """The line of a gene in its table, in words: the place that a message names."""
    for number, fields in _rows(path):
        if fields[0].strip() == gene:
            return f"{path}, line {number}"
    return str(path)


def _refuse_other_formats(path):
    with reading(path, OWN_FIX):
        named = name_bytes(first_bytes(path))
    if named:
        raise InputError(f"{path} is {named[0]}; {EXPECTED}, in plain text or gzipped")


def _rows(path):
    """Numbers and fields of the lines that are neither empty nor comments."""
    separator = None
    with reading(path, OWN_FIX), open_text(path) as file:
        for number, line in enumerate(file, 1):
            # Windows' editors begin a file with a mark of its encoding
            line = line.removeprefix("\ufeff").rstrip("\r\n")
            if not line.strip() or line.startswith("#"):
                continue
            separator = separator or next((mark for mark in "\t;," if mark in line), "\t")
            if separator == ";":
                raise InputError(
                    f"{path}, line {number}: fields are separated by semicolons; {EXPECTED}, with "
                    "a point in numbers (1.5)"
                )
            yield number, _fields(line, separator, f"{path}, line {number}")


def _fields(line, separator, place):
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error as error:
        raise InputError(f"{place}: a quote is not closed ({error}); {EXPECTED}") from error


def _wrong_columns(fields):
    count = f"{len(fields)} column" + "s" * (len(fields) != 1)
    if len(fields) == 3 and all(part.strip().isdigit() for part in fields[1:]):
        return f"{count}, or a number with a comma (write 1.5 or 1234); {EXPECTED}"
    if len(fields) == 1 and len(fields[0].split()) > 1:
        return f"{count}, since fields are separated by blanks; {EXPECTED}"
    return f"{count}; {EXPECTED}"


def _hint(gene, text, before):
    """What a value that is no expression may be, and what to do. before: the values above it."""
    if NUMBER.fullmatch(gene) and not NUMBER.fullmatch(text) and text.lower() not in NOTHING:
        return ": the gene id comes first"
    if text.lower() in NOTHING:
        return ": it is missing; take the gene out, or write 0 if nothing was found of it"
    if "," in text:
        return ": write numbers without commas, with a point (1.5, 1234)"
    if NUMBER.fullmatch(text):
        if not np.isfinite(float(text)):
            return ": no computer's number is as large"
        return (
            ": ratios, z-scores and logarithms without + 1 have no place here; give the values "
            "themselves, or a logarithm of value + 1 with key expression_scale"
        )
    if INFINITE.fullmatch(text):
        return ": take the gene out"
    # names of samples have letters
    return (
        ""
        if before or not re.search("[A-Za-z]", text)
        else ": if this line is a header, take it away"
    )
