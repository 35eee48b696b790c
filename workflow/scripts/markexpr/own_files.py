"""A user's own files have an identity, size and sha256, by which Snakemake sees that one changed.

Time stamps do not tell: a file can be replaced by an older one (cp -p, rsync -a, tar), or be
touched and stay the same. A file is read once; after that, NOTES says whether it is still the one
that was read. Imported by the Snakefile: no torch, no numpy.
"""

import json
import os
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from markexpr.io.checksums import sha256
from markexpr.io.files import atomic
from markexpr.io.jobs import PROGRESS, InputError, log

NOTES = Path("results/own_files.json")
# bytes above which reading a file for its sha256 takes seconds, so that the terminal says so
LARGE = 300_000_000
# file systems keep times in steps of up to so many ns (FAT's two seconds are the coarsest): a file
# that was read sooner after its last change may have changed once more within the same step
COARSEST_CLOCK = 2_000_000_000


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
