"""A bundle of trained models: everything that predicting needs, and rows to prove it by."""

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import yaml

from markexpr import __version__
from markexpr.bundles.files import (
    CHROM_SIZES,
    CITATION,
    LAYOUT,
    LICENSE,
    README,
    file_of,
    list_parts,
)
from markexpr.bundles.proof import check_predictor, read_rows, read_settings, score
from markexpr.data.assembly import name_assembly, read_chrom_sizes
from markexpr.io.checksums import sha256
from markexpr.io.files import atomic, read_tsv
from markexpr.io.jobs import InputError, log, run_job

# what is installed under another name than it is imported by
INSTALLED = {"sklearn": "scikit-learn"}


def clear(folder, wanted):
    """Remove what an earlier bundle of other models has left. Raises InputError for a file that is
    none of a bundle's."""
    for path in sorted(folder.rglob("*"), reverse=True):
        inside = path.relative_to(folder).as_posix()
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif inside not in wanted:
            if not inside.startswith(("predictors/", "sequence/")):
                raise InputError(f"{path} is no file of a bundle: move it out of {folder}")
            path.unlink()


def describe(name, described, folder):
    """What the manifest says of a predictor whose files are in `folder`."""
    paths = [
        f"{folder}/{file_of(name, f'members/{member}/params.yaml')}"
        for member in described["members"]
    ]
    units = [read_settings(path).get("measured", {}).get("expression_unit") for path in paths]
    if len(set(units)) > 1 or units[0] is None:
        raise InputError(
            f"{name}: its fits were trained on expression in different units "
            f"({', '.join(sorted(map(str, set(units))))}): of them no mean can be taken"
        )
    expected = read_tsv(f"{folder}/{file_of(name, 'held_out/expected.tsv.gz')}")
    part = list_parts(described["predicts"])[-1]
    target = read_rows(f"{folder}/{file_of(name, f'held_out/{part}.npz')}")["target"]
    table = read_tsv(f"{folder}/{file_of(name, 'trained.tsv')}")
    known = table.loc[table["trained"] > 0, "gene_id"]
    held_out = {
        **described["held_out"],
        "rows": len(expected),
        "trained": int(np.isin(expected["gene_id"], known).sum()),
        "scores": score(described["predicts"], target, expected["mean"].to_numpy()),
    }
    return {**described, "unit": units[0], "held_out": held_out}


def find_versions(params):
    """Versions of what made the fits, and of what reads and writes them here."""
    found = {"markexpr": __version__, "python": platform.python_version()}
    for one in params:
        for name, told in one.get("versions", {}).items():
            if name != "markexpr":
                found[INSTALLED.get(name, name)] = str(told)
    for name in ("numpy", "scikit-learn", "torch", "safetensors", "skops"):
        try:
            found.setdefault(name, version(name))
        except PackageNotFoundError:  # each rule has an environment of its own
            continue
    return found


def write_readme(manifest, assembly):
    """What is in the bundle and how it is used, in plain words."""
    lines = [
        "# Trained models of gene expression from histone marks",
        "",
        "This folder was made by `snakemake export` of markexpr "
        f"{manifest['versions']['markexpr']}. It holds models that are trained, and all that is "
        "needed to predict a sample of your own by them: no data to train on.",
        "",
        "## Use",
        "",
        "Fill in the sheet `config/samples.tsv` of markexpr: a line for each sample and mark, with "
        "the path of its alignments. Then, in the folder of markexpr:",
        "",
        "```bash",
        "snakemake predict --config bundle=/path/to/this/folder",
        "```",
        "",
        "Before it predicts, it checks that no file has changed, predicts the held-out rows that "
        "are here, and compares with what is expected (`results/predictions/bundle_check.tsv`).",
        "",
        f"- Marks that a sample needs: {', '.join(manifest['marks'])}",
        f"- Genome: {assembly} (`chrom.sizes`); alignments must be to this one",
        "",
        "## Models",
        "",
        "| model | predicts | fits | held-out score | paper |",
        "|---|---|---|---|---|",
    ]
    lines += [_describe_row(name, one) for name, one in manifest["predictors"].items()]
    if manifest["simulated"]:
        lines += ["", "**All models were trained on simulated data**: they are good for trials."]
    lines += [
        "",
        "How each fit does on its own test genes stands in `scores.tsv` beside it. Changes between "
        "two samples are far harder to predict than values: look at their scores first.",
        "",
        "## Files",
        "",
        "- `bundle.yaml`: what is here, with the size and sha256 of each file, and versions",
        "- `genes.tsv`, `chrom.sizes`: the genes that are counted, and the chromosomes",
        "- `predictors/STUDY/MODEL/`: `members/` (weights and settings of each fit), `genes.tsv` "
        "(genes that are predicted), `trained.tsv` (those it was trained on), `scores.tsv`, and "
        "`held_out/` (inputs, and `expected.tsv.gz`)",
        "- `LICENSE`, `CITATION.cff`: please cite markexpr and the papers of the models",
    ]
    return "\n".join(lines) + "\n"


def _describe_row(name, one):
    what = {
        "value": f"{one['unit']}, as {one['data']['target'].get('transform', 'none')}",
        "label": "probability of high expression",
        "change": f"change of log2({one['unit']} + 1)",
    }[one["predicts"]]
    held_out = one["held_out"]
    scores = ", ".join(f"{metric} {value:.3f}" for metric, value in held_out["scores"].items())
    cells = "-".join(held_out["cells"]) + (" (never trained on)" if held_out["unseen"] else "")
    fits = len(one["members"])
    return (
        f"| {name} | {what} | {fits} | {scores or 'none'} on {held_out['rows']} test genes of "
        f"{cells} | {one['paper']} |"
    )


def describe_genome(path):
    """A few words on a table of chromosomes: its first one, and how long that is."""
    sizes = read_chrom_sizes(path)
    name, length = next(iter(sizes.items()))
    return f"{name_assembly(sizes) or 'an assembly'} with {name} of {length:,} bp"


def main(job):
    manifest_path = Path(job.output[-1])
    folder = manifest_path.parent
    written = {Path(path).relative_to(folder).as_posix() for path in job.output}
    clear(folder, written)
    places = [LICENSE, CITATION, CHROM_SIZES, *job.params.places]
    sources = [job.input.license, job.input.citation, job.input.chrom_sizes, *job.input.content]
    for inside, source in zip(places, sources):
        with atomic(folder / inside) as temporary:
            shutil.copyfile(source, temporary)
    predictors = {
        name: describe(name, described, folder) for name, described in job.params.described.items()
    }
    params = [
        read_settings(f"{folder}/{inside}") for inside in places if inside.endswith("/params.yaml")
    ]
    manifest = {
        "layout": LAYOUT,
        "versions": find_versions(params),
        "simulated": job.params.simulated,
        "marks": job.params.marks,
        "predictors": predictors,
    }
    with atomic(folder / README) as temporary:
        text = write_readme(manifest, describe_genome(folder / CHROM_SIZES))
        temporary.write_text(text, encoding="utf-8")
    manifest["files"] = {
        inside: {
            "size": (folder / inside).stat().st_size,
            "sha256": sha256(folder / inside),
        }
        for inside in sorted([README, *places])
    }
    for name, one in predictors.items():
        check_predictor(name, one, folder)
    # last: without it there is no bundle
    with atomic(manifest_path) as temporary:
        text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True)
        temporary.write_text(text, encoding="utf-8")
    log.info("%d files, %d models", len(manifest["files"]) + 1, len(predictors))


if __name__ == "__main__":
    run_job(main, snakemake)
