"""Reading and writing of files so that nothing half-written is ever taken for whole."""

import gzip
import os
import socket
import zlib
from contextlib import contextmanager
from pathlib import Path

from markexpr.io.jobs import InputError


@contextmanager
def atomic(path):
    """Yield a temporary path beside `path`; move it into place only if the block ends without an
    error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # the host's name too: nodes of a cluster share the folder, and a process id is one node's
    temporary = path.with_name(f".{socket.gethostname()}.{os.getpid()}.{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_npz(path, **arrays):
    """Write a compressed npz. The same arrays give the same bytes."""
    import numpy as np  # here, so that downloads need nothing but Python

    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


@contextmanager
def gzip_writer(path, level=6):
    """Open `path` for writing gzipped bytes, atomically. The same content gives the same bytes: no
    time, no name."""
    with (
        atomic(path) as temporary,
        open(temporary, "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=level) as file,
    ):
        yield file


# Columns that hold names and words, in whatever table. All others hold numbers, or True and False.
# A sample may be called NA, 001 or true: pandas would take these for nothing, 1 and a switch.
# fmt: off
TEXT = frozenset([
    "against", "best_member", "biotype", "cell", "chosen_member", "chrom",
    "claim", "control", "description", "expression", "gene_id", "group",
    "label_mode", "mark", "member", "metric", "model", "name",
    "nearest", "own_paper", "reason", "regime", "setting", "source",
    "split", "statistic", "strand", "study", "unit", "verdict",
    "what",
])
# fmt: on
# how a missing number is written; missing text is empty
MISSING = "NA"


def write_tsv(path, table, float_format="%.6g"):
    """Write a DataFrame as TSV without its index, gzipped if `path` ends in .gz. The same table
    gives the same bytes. What is missing is empty in columns of TEXT, and NA in others."""
    options = {"sep": "\t", "index": False, "float_format": float_format, "na_rep": MISSING}
    words = [column for column in table if column in TEXT]
    table = table.assign(**{column: table[column].astype(object).fillna("") for column in words})
    if str(path).endswith(".gz"):
        with gzip_writer(path) as file:
            table.to_csv(file, **options)
    else:
        with atomic(path) as temporary:
            table.to_csv(temporary, **options)


def read_tsv(path, comment=None, names=None):
    """Read a table that this pipeline wrote, or ships, as a DataFrame: the one reader of tables.

    Columns of TEXT are text, whatever it looks like, and empty where nothing stands. All others are
    numbers (NaN where NA stands) or True and False.
    comment: what follows this character is left out; names: the columns of a table without a
    header. Raises InputError for a file that is missing, damaged or empty, and for a value that is
    no number where one must be.
    """
    import pandas as pd

    fix = "delete it, and run again to make it anew"
    with reading(path, fix):
        packed = "gzip" if _is_gzipped(path) else None
        options = {"sep": "\t", "comment": comment, "names": names, "compression": packed}
        try:
            columns = names or pd.read_csv(path, nrows=0, **options).columns
            numbers = [column for column in columns if column not in TEXT]
            table = pd.read_csv(
                path,
                dtype={column: str for column in columns if column in TEXT},
                keep_default_na=False,
                na_values={column: [MISSING, ""] for column in numbers},
                **options,
            )
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise InputError(
                f"{path} is no table ({' '.join(str(error).split())}); {fix}"
            ) from error
    for column in numbers:
        if not (len(table) == 0 or pd.api.types.is_numeric_dtype(table[column])):
            wrong = table[column][pd.to_numeric(table[column], errors="coerce").isna()]
            raise InputError(
                f"{path}: column {column} holds {str(wrong.dropna().iloc[0])!r}, which is no "
                f"number; {fix}"
            )
    return table


def open_text(path):
    """Open a text file (UTF-8) for reading, gzipped or not, by its content rather than by its
    name."""
    if _is_gzipped(path):
        return gzip.open(path, "rt", encoding="utf-8")
    return open(path, encoding="utf-8")


def open_bytes(path):
    """Open a file for reading as bytes, unzipped if it is gzipped, by its content."""
    return gzip.open(path, "rb") if _is_gzipped(path) else open(path, "rb")


def _is_gzipped(path):
    with open(path, "rb") as file:
        return file.read(2) == b"\x1f\x8b"


@contextmanager
def reading(path, fix):
    """Turn the errors of a missing, truncated or corrupt file into one line that names it and says
    the `fix`."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is truncated or corrupt ({error}); {fix}") from error
    except FileNotFoundError as error:
        raise InputError(f"{error.filename or path} does not exist; {fix}") from error
    except (IsADirectoryError, PermissionError) as error:
        raise InputError(
            f"{error.filename or path} cannot be read ({error.strerror}); {fix}"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file in UTF-8 ({error}); {fix}") from error


def check_gzip(path):
    """Read a gzip file to its end.

    Raises InputError if the stream is cut short, corrupt, or not gzip.
    """
    try:
        if os.path.getsize(path) == 0:
            raise EOFError("it is empty")
        with gzip.open(path, "rb") as file:
            while file.read(1 << 22):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is not a whole gzip file ({error})") from error
