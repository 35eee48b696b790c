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


def write_tsv(path, table, float_format="%.6g"):
    """Write a DataFrame as TSV without its index, gzipped if `path` ends in .gz. The same table
    gives the same bytes."""
    options = {"sep": "\t", "index": False, "float_format": float_format, "na_rep": "NA"}
    if str(path).endswith(".gz"):
        with gzip_writer(path) as file:
            table.to_csv(file, **options)
    else:
        with atomic(path) as temporary:
            table.to_csv(temporary, **options)


def open_text(path):
    """Open a text file for reading, gzipped or not, by its content rather than by its name."""
    return gzip.open(path, "rt") if is_gzipped(path) else open(path)


def open_bytes(path):
    """Open a file for reading as bytes, unzipped if it is gzipped, by its content."""
    return gzip.open(path, "rb") if is_gzipped(path) else open(path, "rb")


def is_gzipped(path):
    """Whether a file is gzipped, by its content."""
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
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file ({error}); {fix}") from error


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
