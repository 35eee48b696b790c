"""Which files of two folders of results differ, and which one of them lacks.

    python tests/benchmarks/same_results.py before/results after/results

All but what names code or time: params.yaml of fits (the hash of the code) and what was downloaded
or simulated. Exits with 1 if any differs.
"""

import sys
from pathlib import Path

LEFT_OUT = ("raw", "simulated", ".made_by")


def list_files(folder):
    """Files of a folder of results that are compared, as paths within it."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path for path in paths if path.parts[0] not in LEFT_OUT and path.name != "params.yaml"}


def main():
    before, after = map(Path, sys.argv[1:3])
    ours, theirs = list_files(before), list_files(after)
    differ = sorted(
        path
        for path in ours & theirs
        if (before / path).read_bytes() != (after / path).read_bytes()
    )
    for what, paths in (
        ("differs", differ),
        ("before alone", sorted(ours - theirs)),
        ("after alone", sorted(theirs - ours)),
    ):
        for path in paths:
            print(f"{what}: {path}")
    print(f"{len(ours & theirs) - len(differ)} files are the same to the byte")
    sys.exit(bool(differ or ours ^ theirs))


if __name__ == "__main__":
    main()
