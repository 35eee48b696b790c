"""Reading and writing of files so that nothing half-written is ever taken for whole."""

import gzip
import os
import socket
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

from markexpr.io.jobs import FULL, InputError
from markexpr.io.scheduler import check_scheduler

GZIP = b"\x1f\x8b"  # how every gzip file begins
READ = 1 << 20  # bytes at a time
# of compression in npz. Tensors take a third of the time that numpy's own level 6 does, and a tenth
# more space
LEVEL = 4


def place(temporary, path):
    """Move a file that is whole into place, in one step. All files of the pipeline take this way.

    Raises SchedulerGone if the Snakemake that started this job has ended: `path` may be another
    run's by now.
    """
    check_scheduler()
    os.replace(temporary, path)


@contextmanager
def naming(path):
    """Have the error of a full disk name the file that is written: of an open file it does not."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL and error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def atomic(path):
    """Yield a temporary path beside `path`; move it into place only if the block ends without an
    error, and the Snakemake that started this job lives."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # the host's name too: nodes of a cluster share the folder, and a process id is one node's
    temporary = path.with_name(f".{socket.gethostname()}.{os.getpid()}.{path.name}")
    try:
        with naming(path):
            yield temporary
        place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_npz(path, **arrays):
    """Write a compressed npz. The same arrays give the same bytes."""
    import numpy as np  # here, so that downloads need nothing but Python

    with (
        atomic(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive,
    ):
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


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
    "against", "against_controls", "best_member", "biotype", "cell", "chosen_member", "chrom",
    "claim", "control", "description", "expression", "from", "gene_id", "group", "kind",
    "label_mode", "mark", "member", "metric", "model", "name", "nearest", "other", "outcome",
    "own_paper", "part", "published_label_mode", "randomised", "reason", "regime", "setting",
    "sha256", "source", "split", "standing", "statistic", "step", "strand", "study", "task",
    "tested_by", "to", "unit", "verdict", "what", "why",
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
        packed = "gzip" if is_gzipped(path) else None
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
    # pandas takes what is beyond the header for names of rows, and shifts all columns
    if not isinstance(table.index, pd.RangeIndex):
        raise InputError(f"{path} has rows with more columns than its header; {fix}")
    for column in numbers:
        if not (len(table) == 0 or pd.api.types.is_numeric_dtype(table[column])):
            held = table[column].dropna()
            wrong = held[pd.to_numeric(held, errors="coerce").isna()]
            raise InputError(
                f"{path}: column {column} holds {str((*wrong, *held)[0])!r}, which is no number "
                f"that can be read; {fix}"
            )
    return table


def open_text(path):
    """Open a text file for reading, gzipped or not, by its content rather than by its name."""
    opener = gzip.open if is_gzipped(path) else open
    return opener(path, "rt", encoding="utf-8")


def is_gzipped(path):
    """Whether a file is gzipped, by its content."""
    with open(path, "rb") as file:
        return file.read(2) == GZIP


@contextmanager
def reading(path, fix):
    """Turn the errors of a missing, truncated or corrupt file into one line that names it and says
    the `fix`."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
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
    """Read a gzip file to its end. Returns of how many members it consists: a file that was put
    together from several may break off between two without a trace.

    Raises InputError if the stream is cut short, corrupt, or not gzip.
    """
    try:
        with open(path, "rb") as file:
            members = sum(1 for _ in _members(file))
        if not members:
            raise EOFError("it is empty")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is not a whole gzip file ({error})") from error
    return members


def _members(file):
    """Yield at the end of each member of an open gzip file; what a member holds is checked and
    dropped."""
    rest = b""
    while rest := rest or file.read(READ):
        if rest[:2] != GZIP[: len(rest)]:
            # zeros may follow the last member, as on tapes
            if not (rest + file.read()).strip(b"\0"):
                return
            raise gzip.BadGzipFile(f"Not a gzipped file ({rest[:2]!r})")
        member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        while not member.eof:
            rest = rest or file.read(READ)
            # no more than so much at a time: it may be zeros by the gigabyte
            out = member.decompress(rest, READ)
            if not rest and not out and not member.eof:
                raise EOFError("Compressed file ended before the end-of-stream marker was reached")
            rest = member.unused_data or member.unconsumed_tail
        yield
