"""Reading of large gzip files by ISA-L, which inflates some times faster than zlib."""

import gzip
import zlib
from contextlib import contextmanager

from isal import igzip, isal_zlib

from markexpr.io.files import GZIP, READ, is_gzipped
from markexpr.io.jobs import InputError


@contextmanager
def open_bytes(path):
    """Open a file for reading as bytes, unzipped if it is gzipped, by its content. What is wrong
    with a gzip file raises the errors of Python's own module."""
    with igzip.open(path, "rb") if is_gzipped(path) else open(path, "rb") as file:
        try:
            yield file
        except isal_zlib.error as error:
            raise zlib.error(str(error)) from error


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
    except (EOFError, isal_zlib.error, gzip.BadGzipFile) as error:
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
        member = isal_zlib.decompressobj(wbits=16 + isal_zlib.MAX_WBITS)
        while not member.eof:
            rest = rest or file.read(READ)
            # no more than so much at a time: it may be zeros by the gigabyte
            out = member.decompress(rest, READ)
            if not rest and not out and not member.eof:
                raise EOFError("Compressed file ended before the end-of-stream marker was reached")
            rest = member.unused_data or member.unconsumed_tail
        yield
