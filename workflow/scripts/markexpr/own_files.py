"""A user's own files have an identity, size and sha256, by which Snakemake sees that one changed.

Time stamps do not tell: a file can be replaced by an older one (cp -p, rsync -a, tar), or be
touched and stay the same. A file is read once; after that, NOTES says whether it is still the one
that was read. Imported by the Snakefile: no torch, no numpy.
"""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from markexpr.io.checksums import sha256
from markexpr.io.files import atomic
from markexpr.io.jobs import PROGRESS, InputError, log

NOTES = Path("results/own_files.json")
# bytes above which reading a file for its sha256 takes seconds, so that the terminal says so
LARGE = 300_000_000
# files that are read for it side by side, on a core each: more than that no disk is glad of
AT_A_TIME = 4
# file systems keep times in steps of up to so many ns (FAT's two seconds are the coarsest): a file
# that was read sooner after its last change may have changed once more within the same step
COARSEST_CLOCK = 2_000_000_000


class OwnData:
    """The own files of all cells of a configuration: identities, and files under two names.

    origins: markexpr.origins.Origins; files: OwnFiles; tell: called with sample, mark and what is
    to be told of files with the same content, once each; None tells nothing.
    """

    def __init__(self, origins, files, tell=None):
        self.origins, self.files, self.tell = origins, files, tell
        self._names = {}  # identity: all cells and marks (or parts) that it stands for, with path
        self._found = {}

    def identify_counts(self, cell):
        """{path: [size, sha256]} of the files that a cell's counts are made from. Raises InputError
        for a file that is not there or cannot be read."""
        return self._once("counts", cell, self.origins.own_counts)

    def identify_expression(self, cell):
        """{path: [size, sha256]} of the table of expression that a cell's source brings."""
        return self._once("expression", cell, self._expression)

    def _expression(self, cell):
        path = self.origins.own_expression(cell)
        return {"expression": path} if path else {}

    def _once(self, kind, cell, list_paths):
        # what was found when the run was planned holds to its end, also for a file that goes away
        # meanwhile: the job that needs it says so, and no other is stopped
        if (kind, cell) not in self._found:
            self._found[kind, cell] = self._identify(cell, list_paths(cell))
        return self._found[kind, cell]

    def _identify(self, cell, paths):
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            found = dict(zip(paths.values(), pool.map(self.files.identify, paths.values())))
        for what, path in paths.items():
            self._register(cell, what, path, found[path])
        return found

    def _register(self, cell, what, path, identity):
        if what == "npz":
            return  # one file of the class competition holds all cells
        name, names = (cell, what, path), self._names.setdefault(tuple(identity), [])
        if name not in names:
            names.append(name)
            if len(names) > 1 and self.tell:
                self.tell(cell, what, _describe_twin(cell, path, *names[0]))

    def list_twins(self, cell, own):
        """Files of a cell that are those of another mark, part or cell as well: lists of mark and
        what is to be said. own: identities of the cell's files, by path."""
        if self.files.trusting:
            self._register_known()
        found = []
        for path, identity in own.items():
            names = self._names.get(tuple(identity), [])
            for what in [name[1] for name in names if name[::2] == (cell, path)]:
                others = [name for name in names if name != (cell, what, path)]
                found += [[what, _describe_twin(cell, path, *other)] for other in others[:1]]
        return found

    def _register_known(self):
        """Have the files of all cells that are known, where not all of them are asked for."""
        for cell in self.origins.config.sources:
            try:
                paths = {**self.origins.own_counts(cell), **self._expression(cell)}
            except InputError:
                continue  # that is told by the job that needs it
            for what, path in paths.items():
                if identity := self.files.known(path):
                    self._register(cell, what, path, identity)


def _describe_twin(cell, path, other_cell, other, other_path):
    other = f"{other_cell} {other}" if other_cell != cell else other
    if os.path.realpath(path) == os.path.realpath(other_path):
        same = f"is the same file as {other} ({path})"
    else:
        same = f"has the same content as {other} ({path} and {other_path})"
    return f"{same}: if that is a mistake, mend 'sources' in your configuration"


class OwnFiles:
    """Identities of files, each a list [size, sha256], with what is known of files read before.

    notes: path of the JSON file {path: [size, mtime_ns, ctime_ns, inode, when it was read, sha256]}
    that remembers them; trusting: take what it says without a look at the file, as the job of a
    cluster does, which goes by what was found where it was submitted.
    """

    def __init__(self, notes=NOTES, trusting=False):
        self.notes, self.trusting = Path(notes), trusting
        self._noted = _read_notes(self.notes)
        self._seen = {}
        self._noting = Lock()

    def identify(self, path):
        """[size, sha256] of a file, of the target if it is a link.

        Raises InputError if it cannot be read, or changes meanwhile.
        """
        path = str(path)
        if path not in self._seen:
            self._seen[path] = self._identify(path)
        return self._seen[path]

    def _identify(self, path):
        noted = self._noted.get(path)
        if noted and self.trusting:
            return [noted[0], noted[-1]]
        try:
            stamp = _stamp(path)
            if noted and noted[:4] == stamp and noted[4] - stamp[2] > COARSEST_CLOCK:
                return [noted[0], noted[-1]]
            if stamp[0] > LARGE:
                log.log(
                    PROGRESS, "reading %s (%.1f GB), once, to know it again", path, stamp[0] / 1e9
                )
            now, digest = time.time_ns(), sha256(path)
            changed = _stamp(path) != stamp
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror})") from error
        if changed:
            raise InputError(f"{path} changes while it is read: run again when it is complete")
        if not self.trusting:
            self._note(path, [*stamp, now, digest])
        return [stamp[0], digest]

    def _note(self, path, line):
        with self._noting:
            # read anew, since another run may have noted other files
            self._noted = {**_read_notes(self.notes), path: line}
            text = json.dumps(self._noted, indent=0, sort_keys=True)
            try:
                with atomic(self.notes) as temporary:
                    temporary.write_text(text, encoding="utf-8")
            except OSError:
                pass  # a folder that cannot be written: the file is read again next time

    def known(self, path):
        """[size, sha256] of a file if it was identified before and has not changed since, else
        None. Reads no file."""
        path = str(path)
        if path in self._seen:
            return self._seen[path]
        noted = self._noted.get(path)
        try:
            return [noted[0], noted[-1]] if noted and noted[:4] == _stamp(path) else None
        except OSError:
            return None


def _stamp(path):
    """What changes with a file's content; a link is followed."""
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _read_notes(path):
    """What is noted of files, by path; a damaged file of notes is the same as none."""
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(noted, dict):
        return {}
    return {
        file: line
        for file, line in noted.items()
        if isinstance(line, list) and [type(part) for part in line] == [*[int] * 5, str]
    }


@contextmanager
def unchanged(own):
    """Refuse files that are not, or are no longer, what they were when the run began.

    own: {path: [size, sha256]}. Compared before and after the block. Raises InputError.
    """
    _compare(own)
    yield
    _compare(own)


def _compare(own):
    files = OwnFiles()
    for path, identity in own.items():
        if not os.path.exists(path):
            raise InputError(f"{path} is gone since the run began: put it back and run again")
        if files.identify(path) != list(identity):
            raise InputError(
                f"{path} has changed since the run began: run again when it is complete"
            )
