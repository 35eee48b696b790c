"""A text file as a stream of its lines of data: comments, headings and empty lines are taken out,
the numbers of lines are kept, and each piece can be looked at on its way."""

import numpy as np

from markexpr.io.jobs import InputError

NEWLINE, TAB, CARRIAGE_RETURN = b"\n"[0], b"\t"[0], b"\r"[0]
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # of UTF-8, which some editors write

# what a line that is no data can begin with
_OTHER = np.zeros(256, dtype=bool)
_OTHER[list(b"#tb \t\r\n")] = True


class Piece:
    """Some whole lines of data: line i is data[starts[i] : ends[i]], without its line end.

    data: bytes; starts, ends: int64 [lines]; first: the row of data, from 0, that line 0 is.
    """

    def __init__(self, data, first):
        self.data = data
        self.first = first
        self.bytes = np.frombuffer(data, dtype=np.uint8)
        self.ends = np.flatnonzero(self.bytes == NEWLINE)
        self.starts = np.empty_like(self.ends)
        if len(self.ends):
            self.starts[0], self.starts[1:] = 0, self.ends[:-1] + 1

    def __len__(self):
        return len(self.ends)

    def fields(self, line):
        """The fields of a line, as text."""
        return self.data[self.starts[line] : self.ends[line]].decode(errors="replace").split("\t")


class DataLines:
    """Reads an open binary file as pandas does, by read(size), and gives its lines of data alone.

    look(piece): called with each Piece; heading(line, number): with each `track` line and its
    number in the file. Line ends of Windows become plain ones. `ended`: whether the last line has
    its line end. Raises InputError for zero bytes and for line ends of old Macs (CR alone).
    """

    def __init__(self, file, path, look, heading):
        self.file, self.path, self.look, self.heading = file, path, look, heading
        self.rows = self.lines = 0  # of data, and in all, so far
        self.ended = True
        self.taken_out = []  # the row of data before which each other line stood

    def read(self, size=-1):
        """The next lines of data, about `size` bytes; nothing only at the end of the file."""
        while data := self.file.read(size):
            if not data.endswith(b"\n"):
                data += self.file.readline()
            if data := self._take(data):
                return data
        return b""

    def __iter__(self):
        """What pandas knows a file by; it reads by read()."""
        return iter(self.read, b"")

    def number(self, row):
        """The number in the file, from 1, of a row of data, from 0."""
        return row + 1 + int(np.searchsorted(self.taken_out, row, side="right"))

    def _take(self, data):
        if self.lines == 0:
            data = data.removeprefix(BYTE_ORDER_MARK)
        self._refuse_bytes(data)
        data = data.replace(b"\r\n", b"\n") if b"\r" in data else data
        self.ended = data.endswith(b"\n")
        piece = Piece(data if self.ended else data + b"\n", self.rows)
        other = _find_other(piece)
        for line in other:
            text = piece.data[piece.starts[line] : piece.ends[line]]
            if text.startswith(b"track"):
                self.heading(text.decode(errors="replace"), self.lines + int(line) + 1)
        self.lines += len(piece)
        if len(other):
            self.taken_out.extend(int(line) - place + self.rows for place, line in enumerate(other))
            piece = Piece(_without(piece, other), self.rows)
        self.rows += len(piece)
        if len(piece):
            self.look(piece)
        return piece.data

    def _refuse_bytes(self, data):
        what = None
        if b"\0" in data:
            at, what = data.index(b"\0"), "holds zero bytes: the file is damaged, or no text"
        elif b"\r" in data and b"\r" in (rest := data.replace(b"\r\n", b"\n ").removesuffix(b"\r")):
            at = rest.index(b"\r")
            what = "ends as on old Macs, by CR alone: convert the file by tr '\\r' '\\n'"
        if what:
            number = self.lines + data[:at].count(b"\n") + 1
            raise InputError(f"{self.path}, line {number}: {what}")


def is_no_data(line):
    """Whether a line (bytes) of a table of intervals is no data: a comment, `track`, `browser`, or
    empty."""
    words = line.split(maxsplit=1)
    return not words or line.startswith(b"#") or words[0] in (b"track", b"browser")


def _find_other(piece):
    """The lines of a piece that are no data, in order."""
    suspect = np.flatnonzero(_OTHER[piece.bytes[piece.starts]])
    if not suspect.size:
        return suspect
    # names of chromosomes may begin with t or b: few of them go on as `track` and `browser` do
    word = np.isin(piece.bytes[piece.starts[suspect]], list(b"tb"))
    second = piece.bytes[np.minimum(piece.starts[suspect] + 1, len(piece.bytes) - 1)]
    suspect = suspect[~word | (second == b"r"[0])]
    found = [
        line for line in suspect if is_no_data(piece.data[piece.starts[line] : piece.ends[line]])
    ]
    return np.array(found, dtype=np.int64)


def _without(piece, lines):
    """The bytes of a piece without some of its lines."""
    kept = np.ones(len(piece.data), dtype=bool)
    for line in lines:
        kept[piece.starts[line] : piece.ends[line] + 1] = False
    return piece.bytes[kept].tobytes()
