"""Reading of large gzip files by ISA-L, which inflates some times faster than zlib. Apart from
io/files.py, since downloads need nothing but Python."""

import zlib
from contextlib import contextmanager

from isal import igzip, isal_zlib

from markexpr.io.files import is_gzipped


@contextmanager
def open_bytes(path):
    """Open a file for reading as bytes, unzipped if it is gzipped, by its content. What is wrong
    with a gzip file raises the errors of Python's own module."""
    with igzip.open(path, "rb") if is_gzipped(path) else open(path, "rb") as file:
        try:
            yield file
        except isal_zlib.error as error:
            raise zlib.error(str(error)) from error
