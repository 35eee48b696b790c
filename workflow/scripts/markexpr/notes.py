"""Snakemake's notes of what made each file, kept with the files.

Snakemake notes inputs and settings of every file that it makes, under .snakemake/metadata/ of the
folder in which it runs. Results that are copied, moved or linked without them would be taken for
what is asked, whatever made them. The notes therefore stand in results/.made_by/, and
.snakemake/metadata is a link to them. Imported by the Snakefile: no torch, no numpy.
"""

import json
import os
from base64 import urlsafe_b64encode
from pathlib import Path

NOTES = Path("results/.made_by")
SNAKEMAKE = Path(".snakemake")
SAME_TIME = 1  # seconds; as coarse as file systems keep times
LONGEST = 254  # characters of a file's name, as Snakemake cuts longer ones


def keep_notes(notes=NOTES, snakemake=SNAKEMAKE):
    """Have Snakemake keep its notes with the results. Those of its own folder move over.

    Where that cannot be done, such as in a folder that may not be written, nothing is changed.
    """
    place = snakemake / "metadata"
    try:
        notes.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():
            if place.exists():
                return
            place.unlink()
        # Snakemake 8 has no such folder: its notes are rewritten by Snakemake 9 first
        if place.exists() and not (snakemake / "incomplete").exists():
            return
        (snakemake / "incomplete").mkdir(parents=True, exist_ok=True)
        if place.exists():
            _move(place, notes)
        # relative, so that it holds in a copy of the folder
        moved = snakemake.is_symlink()
        place.symlink_to(os.path.abspath(notes) if moved else os.path.relpath(notes, snakemake))
    except OSError:
        pass


def _move(place, notes):
    """Move notes from a folder to another that has perhaps some of the same names: the later one of
    two stays."""
    for folder, _, names in os.walk(place, topdown=False):
        target = notes / Path(folder).relative_to(place)
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            old, new = Path(folder, name), target / name
            if not new.exists() or new.stat().st_mtime < old.stat().st_mtime:
                os.replace(old, new)
            else:
                old.unlink()
        os.rmdir(folder)


class Noted:
    """Which files Snakemake has notes of, and are still those that it noted."""

    def __init__(self, place=SNAKEMAKE / "metadata"):
        self.place = place

    def __contains__(self, path):
        try:
            note = json.loads(self._find(str(path)).read_text(encoding="utf-8"))
            # the time at which it was made; a file that was copied over it has another
            return abs(note["endtime"] - os.stat(path).st_mtime) < SAME_TIME
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _find(self, path):
        name = urlsafe_b64encode(path.encode()).decode()
        parts = [name[start : start + LONGEST] for start in range(0, len(name), LONGEST)]
        return self.place.joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])
