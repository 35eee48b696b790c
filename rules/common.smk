"""Config, sheets and study files, checked; constants and wildcards. No rules."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(workflow.basedir)
sys.path.insert(0, str(HOME / "workflow/scripts"))
# where a rule's command finds its script, without making the folder of this clone part of the command
os.environ["MARKEXPR_SCRIPTS"] = str(HOME / "workflow/scripts")


envvars:
    "MARKEXPR_SCRIPTS",


from markexpr import configuration, studies
from markexpr.configuration import code_digest
from markexpr.io.jobs import InputError

try:
    for file in workflow.configfiles:
        # read once more: Snakemake takes the last of two cells of one name without a word
        configuration.read_yaml(file)
    config = configuration.normalised(config)
    configuration.check(
        config,
        configuration.read_yaml(HOME / "workflow/schemas/config.schema.yaml"),
        "config",
    )
    STUDIES = studies.load_studies(
        HOME / "config/studies",
        config["overrides"],
        configuration.read_yaml(HOME / "workflow/schemas/study.schema.yaml"),
        config["marks"],
        config["studies"],
    )
    configuration.choose(config["studies"], STUDIES, "studies", "config/studies/")
    SHEET_CELLS = [
        row["cell"]
        for row in configuration.read_sheet(HOME / "config/cells.tsv", ["cell", "name"])
    ]
    # a sample of one's own must be asked for by name: a misspelt cell among the sources would else go unnoticed
    for cell in config["sources"]:
        if config["cells"] == "all" or cell not in config["cells"]:
            configuration.choose(
                [cell], SHEET_CELLS, "sources", "config/cells.tsv or config key 'cells'"
            )
    KNOWN_CELLS = SHEET_CELLS + [
        cell for cell in config["sources"] if cell not in SHEET_CELLS
    ]
    CELLS = configuration.choose(
        config["cells"],
        SHEET_CELLS if config["cells"] == "all" else KNOWN_CELLS,
        "cells",
        "config/cells.tsv or config key 'sources'",
    )
    for study in STUDIES:
        place = f"config/cells.tsv or config key 'sources' (study {study})"
        for model, block in STUDIES[study]["models"].items():
            configuration.choose(
                block.get("cells", []), KNOWN_CELLS, f"models.{model}.cells", place
            )
        held_out = STUDIES[study]["data"]["split"].get("held_out_cells", [])
        configuration.choose(held_out, KNOWN_CELLS, "data.split.held_out_cells", place)
        if "transfer" in STUDIES[study]:
            source = STUDIES[study]["transfer"]["source"]
            configuration.choose([source], KNOWN_CELLS, "transfer.source", place)
    listed = [
        f"{row['cell_a']}-{row['cell_b']}"
        for row in configuration.read_sheet(
            HOME / "config/pairs.tsv", ["cell_a", "cell_b"]
        )
    ]
    PAIRS = configuration.pairs_of(
        config["pairs"],
        listed,
        KNOWN_CELLS,
        CELLS if config["cells"] != "all" else None,
    )
    PUBLISHED_STUDIES = {
        row["study"]
        for row in configuration.read_sheet(HOME / "config/published.tsv", ["study"])
    }
except InputError as error:
    raise WorkflowError(str(error))

for key in ("mirror", "genome_mirror"):
    if not config["allow_http"] and re.match(
        "(?!https:|file:)[a-z][a-z0-9+.-]*://", config[key], re.I
    ):
        raise WorkflowError(
            f"config key {key!r}: {config[key]} is not https, so that anyone on the way can change what comes; take https, or say allow_http: true"
        )
SIMULATED = config["mirror"] == "simulated"
for cell in config["sources"] if SIMULATED else []:
    if config["sources"][cell]["kind"] != "remc":
        raise WorkflowError(
            f"config key 'sources': {cell} has data of its own, which do not mix with 'mirror: simulated'; set 'mirror', or leave the cell out"
        )
# both would share the names of their files, and old ones be taken for new
if Path("results/raw").exists() and Path("results/simulated").exists() != SIMULATED:
    raise WorkflowError(
        f"{Path('results').resolve()} holds {'real' if SIMULATED else 'simulated'} data, and config key 'mirror' is "
        f"{config['mirror']!r}: choose another folder with --directory, or remove this one"
    )
CHROM_SIZES = str(HOME / config["chrom_sizes"])
if not Path(CHROM_SIZES).is_file():
    raise WorkflowError(f"config key 'chrom_sizes': there is no file {CHROM_SIZES}")
PUBLISHED = str(HOME / "config/published.tsv")
EXPRESSION = "results/raw/byDataType/rna/expression"
MIRROR = "results/simulated/mirror"
CHECKPOINTS = "results/runs/.checkpoints"
CHECKPOINT = f"{CHECKPOINTS}/{{study}}/{{model}}/{{unit}}/seed{{seed}}"
RUN = "results/runs/{study}/{model}/{unit}/seed{seed}"


wildcard_constraints:
    study="|".join(map(re.escape, STUDIES)),
    model="[a-z0-9_]+",
    cell="[A-Za-z0-9][A-Za-z0-9_.]*",
    unit="[A-Za-z0-9][A-Za-z0-9_.-]*",
    window=r"\d+bp_\d+bp(_flanks)?",
    seed=r"\d+",
