"""The pipeline at full scale on simulated counts: memory, seconds, disk and files of every rule.

    python tests/benchmarks/scale.py run FOLDER [--genes 19795] [--cells 56] [--cores 2]
        [--studies deepchrome] [--without resnet,alexnet]
        [--fits dense_ensemble,wakawaka/wakawaka_by_gene]
    python tests/benchmarks/scale.py report FOLDER [SMALLER ...]

`run` builds the whole of the studies under `--studies`, but for models under `--without` and what
is claimed of them, and of those under `--fits` all tensors and one fit of each net and estimator,
or of the model that is named. All nets train one epoch. `report` prints what each rule took, from
the last line of its jobs' logs, beside config/resources.tsv; with smaller runs beside it, how
memory, seconds and disk grow with cells × genes. A job's peak starts at that of the Snakemake that
starts it, so the smallest ones say what that has.
"""

import argparse
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import yaml

from markexpr.project import read_project
from markexpr.resources import Needs
from markexpr.settings.models import Net
from markexpr.settings.reading import read_sheet

USED = re.compile(r"done: ([\d.]+) s of CPU, (\d+) MB")
TABLE = ROOT / "config/resources.tsv"
PAPER_GENES = 17_447  # of which DenseEnsemble and WakaWaka hold out a number


def one_epoch(studies):
    """Overrides by which every net of some studies trains for one epoch, a stage for one, and
    forests are small."""
    overrides = {}
    for name, study in studies.items():
        models = overrides.setdefault(name, {"models": {}})["models"]
        for model, block in study.models.items():
            if isinstance(block, Net):
                stages = [{**stage.plain(), "epochs": 1} for stage in block.training.stages or []]
                training = {"epochs": max(1, len(stages))}
                models[model] = {"training": {**training, **({"stages": stages} if stages else {})}}
            elif getattr(block, "estimator", {}).get("n_trees"):
                trees = block.estimator["n_trees"]
                models[model] = {"estimator": {"n_trees": [5] if isinstance(trees, list) else 5}}
    return overrides


def write_overlay(folder, options):
    """Write FOLDER/scale.yaml, and return the project that it amounts to."""
    sheet = [row["cell"] for row in read_sheet(ROOT / "config/cells.tsv", ["cell"])]
    # cells that are held out, or trained on by name, come first
    shipped = read_project(ROOT, {}).plan.studies
    named = sorted({cell for study in shipped.values() for cell in study.data.held_out_cells})
    cells = [*named, *(cell for cell in sheet if cell not in named)][: options.cells]
    named = (fit.split("/")[0] for fit in options.fits)
    names = list(dict.fromkeys([*options.studies, *named]))
    overrides = one_epoch({name: shipped[name] for name in names})
    for name in names:
        split = shipped[name].data.plain()["split"]
        if isinstance(split.get("test"), int):  # a number of genes: as a share of the paper's
            share = round(split["test"] / PAPER_GENES, 4)
            overrides[name]["data"] = {"split": {"test": share}}
    for name in options.studies:
        left_out = [model for model in shipped[name].models if model in options.without]
        overrides[name]["models"] |= dict.fromkeys(left_out)
        if left_out:
            overrides[name]["claims"] = []
    overlay = {
        "mirror": "simulated",
        "simulate": {"genes": options.genes, "level": "counts"},
        "cells": sorted(cells),
        "studies": options.studies or names,
        "overrides": overrides,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scale.yaml").write_text(yaml.safe_dump(overlay, sort_keys=False))
    return read_project(ROOT, overlay)


def list_targets(plan, options):
    """Studies as a whole, and of others their tensors and one fit of each net and estimator."""
    targets = list(options.studies)
    for fit in options.fits:
        name, _, one = fit.partition("/")
        targets += plan.tasks[name].tensors(plan.tasks[name].cells)
        for model in [one] if one else plan.studies[name].models:
            runs = plan.runs(name, model, how=("train", "fit"))[:1]
            targets += plan.files(runs, "predictions.tsv.gz", plan.seeds)
    return targets


def run(folder, options):
    plan = write_overlay(folder, options).plan
    command = [sys.executable, "-m", "snakemake", "--cores", str(options.cores), "--quiet", "rules"]
    command += ["--directory", folder, "--configfile", folder / "scale.yaml", "--keep-going"]
    sys.exit(subprocess.run([*command, "--", *list_targets(plan, options)], cwd=ROOT).returncode)


def uses_of(folder):
    """CPU seconds and peak MB of every job that ended well, by rule."""
    uses = defaultdict(list)
    for log in (folder / "logs").rglob("*.log"):
        found = USED.search(log.read_text(errors="replace"))
        if found:
            rule = log.relative_to(folder / "logs").parts[0].removesuffix(".log")
            uses[rule].append((float(found[1]), float(found[2])))
    return uses


def disk_of(folder):
    """Files and MB of each folder of results/."""
    found = {}
    for part in sorted((folder / "results").iterdir()):
        files = [file for file in part.rglob("*") if file.is_file()]
        if part.is_dir() and files:
            found[part.name] = len(files), sum(file.stat().st_size for file in files) / 1e6
    return found


def sizes(folder):
    """Cells and genes of a run."""
    overlay = yaml.safe_load((folder / "scale.yaml").read_text())
    return len(overlay["cells"]), overlay["simulate"]["genes"]


def report(folder, smaller):
    (cells, genes), uses = sizes(folder), uses_of(folder)
    needs = Needs(TABLE, cells, {"cpu": None, "gpu": None, "network": None}, "nowhere", 1)
    others = [(sizes(other), uses_of(other), disk_of(other)) for other in smaller]
    headers = "".join(f"  {c}×{g} of this: memory, CPU" for (c, g), *_ in others)
    print(f"{cells} cells, {genes:,} genes")
    print(
        f"{'rule':24s} {'jobs':>5s} {'CPU s':>8s} {'a job':>7s} {'MB':>6s} {'asked':>6s}{headers}"
    )
    for rule, jobs in sorted(uses.items(), key=lambda item: -sum(use[0] for use in item[1])):
        seconds, peak = sum(use[0] for use in jobs), max(use[1] for use in jobs)
        asked = needs(rule)["mem_mb"]
        asked = asked(None, 1) if callable(asked) else asked
        line = f"{rule:24s} {len(jobs):5d} {seconds:8.0f} {seconds / len(jobs):7.1f} {peak:6.0f} "
        line += f"{asked:6.0f}{'  MORE THAN ASKED FOR' if peak > asked else ''}"
        for _, other, _ in others:
            if rule in other:
                mean = sum(use[0] for use in other[rule]) / len(other[rule])
                largest = max(use[1] for use in other[rule])
                line += f"  {largest / peak:5.2f} {mean / (seconds / len(jobs)):5.2f}"
        print(line)
    print(f"\n{'folder':24s} {'files':>6s} {'MB':>9s}  MB of cells × genes, in units of this run's")
    for name, (files, size) in disk_of(folder).items():
        line = f"{name:24s} {files:6d} {size:9.1f}"
        for (other_cells, other_genes), _, disk in others:
            if name in disk:
                share = other_cells * other_genes / (cells * genes)
                line += f"  {disk[name][1] / size / share:5.2f}"
        print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["run", "report"])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--genes", type=int, default=19_795)
    parser.add_argument("--cells", type=int, default=56)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--studies", type=_names, default="deepchrome")
    parser.add_argument("--without", type=_names, default="")
    parser.add_argument(
        "--fits",
        type=_names,
        default="transferchrome,transferchrome_cross_cell,deepdiff,dense_ensemble",
    )
    options = parser.parse_args()
    if options.what == "run":
        run(options.folders[0].resolve(), options)
    else:
        report(options.folders[0], options.folders[1:])


def _names(text):
    return [name for name in text.split(",") if name]


if __name__ == "__main__":
    main()
