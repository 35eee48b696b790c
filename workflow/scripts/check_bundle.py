"""Whether a bundle gives, on its held-out rows, the predictions and scores that it says."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

from markexpr import __version__
from markexpr.bundles.files import file_of, list_parts
from markexpr.bundles.proof import compare, read_rows, read_settings
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import PROGRESS, InputError, log, run_job


def find_versions(known):
    """Which of some packages are here in another version: {name: version here}. What is not
    installed where this runs is passed over."""
    others, ours = {}, {"markexpr": __version__, "python": platform.python_version()}
    for name, told in known.items():
        try:
            here = ours.get(name) or version(name)
        except PackageNotFoundError:
            continue
        if here != told:
            others[name] = here
    return others


def main(job):
    folder = Path(str(job.input.manifest[0])).parent
    manifest, rows = read_settings(job.input.manifest[0]), []
    for name, path in zip(job.params.names, job.input.found):
        one = manifest["predictors"][name]
        part = list_parts(one["predicts"])[-1]
        target = read_rows(f"{folder}/{file_of(name, f'held_out/{part}.npz')}")["target"]
        expected = read_tsv(f"{folder}/{file_of(name, 'held_out/expected.tsv.gz')}")
        found = read_tsv(path)
        if list(found["gene_id"]) != list(expected["gene_id"]):
            raise InputError(f"{path} has other genes than the bundle's; delete it")
        compared = compare(name, one, target, expected["mean"].to_numpy(), found["mean"].to_numpy())
        equal = all(
            np.array_equal(expected[column], found[column], equal_nan=True)
            for column in ("mean", "spread")
        )
        rows += [{**row, "equal_to_the_bit": equal} for row in compared]
        said = ", ".join(f"{row['metric']} {row['found']:.4f}" for row in compared)
        log.log(
            PROGRESS,
            "bundle: %s has %s on %d held-out rows, as it says%s",
            name,
            said or "no score",
            len(target),
            " (equal to the bit)" if equal else "",
        )
    others = find_versions(manifest["versions"])
    for name, here in others.items():
        log.info("%s is %s here, and was %s", name, here, manifest["versions"][name])
    table = pd.DataFrame(rows).assign(versions_equal=not others)
    write_tsv(job.output[0], table, float_format="%.9g")


if __name__ == "__main__":
    run_job(main, snakemake)
