"""Config, sheets and study files, checked; wildcards; helpers for input, params and resources. No rules."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(workflow.basedir)
sys.path.insert(0, str(HOME / "workflow/scripts"))

from markexpr import configuration
from markexpr.configuration import code_digest
from markexpr.jobs import InputError
from markexpr.windows import Window

try:
    config = configuration.normalised(config)
    configuration.check(
        config,
        configuration.read_yaml(HOME / "workflow/schemas/config.schema.yaml"),
        "config",
    )
    STUDIES = configuration.load_studies(
        HOME / "config/studies",
        config["overrides"],
        configuration.read_yaml(HOME / "workflow/schemas/study.schema.yaml"),
        config["marks"],
    )
    configuration.choose(config["studies"], STUDIES, "studies", "config/studies/")
    SHEET_CELLS = [
        row["cell"]
        for row in configuration.read_sheet(HOME / "config/cells.tsv", ["cell", "name"])
    ]
    KNOWN_CELLS = SHEET_CELLS + [
        cell for cell in config["sources"] if cell not in SHEET_CELLS
    ]
    CELLS = configuration.choose(
        config["cells"],
        KNOWN_CELLS,
        "cells",
        "config/cells.tsv or config key 'sources'",
    )
    PAIRS = configuration.choose(
        config["pairs"],
        [
            f"{row['cell_a']}-{row['cell_b']}"
            for row in configuration.read_sheet(
                HOME / "config/pairs.tsv", ["cell_a", "cell_b"]
            )
        ],
        "pairs",
        "config/pairs.tsv",
    )
    WINDOWS = {
        name: Window.parse(study["data"]["window"]) for name, study in STUDIES.items()
    }
except InputError as error:
    raise WorkflowError(str(error))

SIMULATED = config["mirror"] == "simulated"
# both would share the names of their files, and old ones be taken for new
if Path("results/raw").exists() and Path("results/simulated").exists() != SIMULATED:
    raise WorkflowError(
        f"{Path('results').resolve()} holds {'real' if SIMULATED else 'simulated'} data, and config key 'mirror' is "
        f"{config['mirror']!r}: choose another folder with --directory, or remove this one"
    )
CHROM_SIZES = str(HOME / config["chrom_sizes"])
EXPRESSION = "results/raw/byDataType/rna/expression"
MIRROR = "results/simulated/mirror"
RUN = "results/runs/{study}/{model}/{unit}/seed{seed}"


wildcard_constraints:
    study="|".join(map(re.escape, STUDIES)),
    model="[a-z0-9_]+",
    cell="[A-Za-z0-9][A-Za-z0-9_.]*",
    unit="[A-Za-z0-9][A-Za-z0-9_.-]*",
    mark="|".join(map(re.escape, config["marks"])),
    window=r"\d+bp_\d+bp",
    seed=r"\d+",


def data_setting(key):
    """For params: one block of the `data` setting of the job's study."""
    return lambda wildcards: STUDIES[wildcards.study]["data"][key]


def source_of(cell):
    """Where a cell's data come from: {kind, path} (config key `sources`)."""
    if cell not in KNOWN_CELLS:
        configuration.choose(
            [cell], KNOWN_CELLS, "cells", "config/cells.tsv or config key 'sources'"
        )
    return config["sources"].get(cell, {"kind": "remc"})


def published_table(cell, part):
    """A file of a deepdiff_csv source, gzipped or not."""
    folder = Path(source_of(cell)["path"])
    plain = folder / f"{cell}.{part}.csv"
    return str(plain if plain.exists() else folder / f"{cell}.{part}.csv.gz")


def units_of(study):
    """What the models of a study are trained on, one run each."""
    return {"cells": CELLS}[STUDIES[study]["units"]]


def runs_of(study, file):
    """One `file` of each run of a study. On the simulated mirror its truth is one more model."""
    models = list(STUDIES[study]["models"]) + (["simulator_truth"] if SIMULATED else [])
    return expand(
        f"{RUN}/{file}",
        study=study,
        model=models,
        unit=units_of(study),
        seed=config["seeds"],
    )


def model_block(wildcards):
    """The block of a study's file that describes the job's model."""
    models = STUDIES[wildcards.study]["models"]
    if wildcards.model not in models:
        raise WorkflowError(
            f"unknown model {wildcards.model!r} in study {wildcards.study}; {configuration.did_you_mean(wildcards.model, models)}"
        )
    return models[wildcards.model]


def gpu_is_visible():
    """Whether nvidia-smi lists a GPU on this machine."""
    if shutil.which("nvidia-smi") is None:
        return False
    return b"GPU " in subprocess.run(["nvidia-smi", "-L"], capture_output=True).stdout


GPU_PER_FIT = int(gpu_is_visible() if config["gpu"] == "auto" else config["gpu"])


def mirrored(file):
    """Where the simulated mirror holds a `file` of results/raw/."""
    root = "results/simulated" if file.startswith("hg19/") else MIRROR
    return f"{root}/{file}"


def download_url(file):
    """Where a `file` of results/raw/ is fetched from."""
    if SIMULATED:
        return mirrored(file)
    if file.startswith("hg19/"):
        return file.replace("hg19", config["genome_mirror"], 1)
    return f"{config['mirror']}/{file}"


def count_inputs(wildcards):
    """The files that a cell's counts are made from, by the kind of its source."""
    if source_of(wildcards.cell)["kind"] == "deepdiff_csv":
        return {
            part: published_table(wildcards.cell, part)
            for part in ("train", "valid", "test")
        }
    return {
        "reads": expand(
            "results/raw/byFileType/alignments/consolidated/{cell}-{mark}.tagAlign.gz",
            cell=wildcards.cell,
            mark=config["marks"],
        ),
        "genes": "results/annotation/genes.tsv",
        "chrom_sizes": CHROM_SIZES,
    }


def counts_of(study, cell):
    """The counts of a cell in the window of a study."""
    return f"results/counts/{WINDOWS[study].name}/{cell}.npz"


def expression_of(wildcards):
    """The table that a cell's expression is read from: the source's own if it has one, else REMC's."""
    if source_of(wildcards.cell)["kind"] == "deepdiff_csv":
        return published_table(wildcards.cell, "expr")
    return f"{EXPRESSION}/57epigenomes.RPKM.pc.gz"


def model_code(wildcards):
    """Hash of the training code and of the one architecture that the job uses: an edit of it retrains just that model."""
    architecture = model_block(wildcards)["architecture"]
    return code_digest("train_model.py", f"markexpr/models/{architecture}.py")


def outputs_of(study):
    """All tables and figures of a study."""
    return [
        f"results/metrics/{study}.tsv",
        f"results/tables/{study}/scores.html",
        f"results/tables/{study}/published.html",
        f"results/figures/{study}/profiles.png",
        f"results/figures/{study}/roc.png",
    ]
