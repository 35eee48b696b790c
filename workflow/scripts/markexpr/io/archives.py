"""Files out of an archive that somebody else made: nothing is written outside of one folder.

Imported by the Snakefile: no torch, no numpy.
"""

import lzma
import os
import shutil
import socket
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from markexpr.io.files import place
from markexpr.io.jobs import InputError

LINK = 0o120000  # the kind of a zip's member, of the upper half of its attributes
KIND = 0o170000


def is_archive(path):
    """Whether a file is a tar, packed or not, or a zip, by its content."""
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


class Archive:
    """A tar or zip that is open for reading.

    files: {path within: size} of its regular files. Raises InputError for one that is damaged, and
    for members that are links or devices, or whose path leads out of it.
    """

    def __init__(self, path, file):
        self.path, self._file = path, file
        self._members = {}
        for name, size, kind, member in self._list():
            if kind == "folder":
                continue
            self._check(name, kind)
            if name in self._members:
                raise InputError(f"{path}: {name} stands twice in it; pack the bundle anew")
            self._members[name] = (size, member)
        self.files = {name: size for name, (size, _) in self._members.items()}

    def _list(self):
        """Name, size, kind and member of each."""
        if isinstance(self._file, zipfile.ZipFile):
            for one in self._file.infolist():
                link = (one.external_attr >> 16) & KIND == LINK
                kind = "folder" if one.is_dir() else "link" if link else "file"
                yield one.filename, one.file_size, kind, one
            return
        for one in self._file:
            kind = "folder" if one.isdir() else "file" if one.isfile() else "link"
            yield one.name, one.size, kind, one

    def _check(self, name, kind):
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
            raise InputError(
                f"{self.path}: {name} leads out of the archive: it is not unpacked; ask whoever "
                "made it for another"
            )
        if kind != "file":
            raise InputError(
                f"{self.path}: {name} is a link or a device: it is not unpacked; ask whoever made "
                "it for one of plain files"
            )

    def open(self, name):
        """A file of the archive, open for reading."""
        member = self._members[name][1]
        if isinstance(self._file, zipfile.ZipFile):
            return self._file.open(member)
        return self._file.extractfile(member)


@contextmanager
def open_archive(path):
    """Yield an Archive. Raises InputError for a file that is none, or is damaged."""
    try:
        opener = zipfile.ZipFile if zipfile.is_zipfile(path) else tarfile.open
        with opener(path) as file:
            yield Archive(path, file)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,  # a zip with a password
    ) as error:
        raise InputError(
            f"{path} is no whole archive ({error}); copy it again, or unpack it yourself and name "
            "its folder"
        ) from error


def unpack(archive, inside, destination):
    """Write the files of an open Archive below its folder `inside` to the folder `destination`,
    which is there as a whole or not at all."""
    destination = Path(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    wanted = {name: name.removeprefix(inside) for name in archive.files if name.startswith(inside)}
    needed = sum(archive.files[name] for name in wanted)
    free = shutil.disk_usage(destination.parent).free
    if needed > free:
        raise InputError(
            f"{archive.path} takes {needed / 1e9:.1f} GB when it is unpacked, and "
            f"{destination.parent} has {free / 1e9:.1f} GB left: free some space"
        )
    temporary = destination.with_name(f".{socket.gethostname()}.{os.getpid()}.{destination.name}")
    try:
        for name, path in wanted.items():
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, open(temporary / path, "wb") as target:
                shutil.copyfileobj(source, target)
        if not destination.exists():  # else another run was first
            place(temporary, destination)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
