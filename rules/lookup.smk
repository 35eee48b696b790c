"""Which files and settings belong to a cell, a study, a run: functions for input and params. No rules."""


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


def own_file(cell, *paths):
    """The first of a source's possible files that exists; an error that names them if none does."""
    for path in paths:
        if Path(path).exists():
            return str(path)
    raise WorkflowError(
        f"config key 'sources': {cell} has no file {paths[0]}; check its 'path' (kind {source_of(cell)['kind']})"
    )


def published_table(cell, part):
    """A file of a source of published csv, gzipped or not."""
    source = source_of(cell)
    stem = {
        "deepdiff_csv": f"{cell}.{part}.csv",
        "deepchrome_csv": f"{cell}/classification/{part}.csv",
    }[source["kind"]]
    plain = Path(source["path"]) / stem
    return own_file(cell, plain, f"{plain}.gz")


def units_of(study):
    """What the models of a study are trained on, one run each."""
    return {"cells": CELLS, "pairs": PAIRS, "pooled": ["pooled"]}[
        STUDIES[study]["units"]
    ]


def cells_of(study):
    """The cells that a study's units are made of."""
    if STUDIES[study]["units"] == "pairs":
        return sorted({cell for pair in PAIRS for cell in pair.split("-")})
    return CELLS


def tensors_of(study):
    """The tensors of all cells of a study."""
    return [f"results/tensors/{study}/{cell}.npz" for cell in cells_of(study)]


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


def changes_of(study):
    """What the config changes of a study's own setting, in words; nothing if it is as in its file."""
    other = [cell for cell in cells_of(study) if source_of(cell)["kind"] != "remc"]
    said = [f"{len(other)} cells of other sources"] if other else []
    return ", ".join(
        said
        + (["settings changed by overrides"] if study in config["overrides"] else [])
    )


def model_block(wildcards):
    """The block of a study's file that describes the job's model."""
    models = STUDIES[wildcards.study]["models"]
    if wildcards.model not in models:
        raise WorkflowError(
            f"unknown model {wildcards.model!r} in study {wildcards.study}; {configuration.did_you_mean(wildcards.model, models)}"
        )
    return models[wildcards.model]


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
    cell, source = wildcards.cell, source_of(wildcards.cell)
    if source["kind"] in ("deepdiff_csv", "deepchrome_csv"):
        return {
            part: published_table(cell, part) for part in ("train", "valid", "test")
        }
    if source["kind"] == "kaggle_npz":
        return {"npz": own_file(cell, source["path"])}
    if source["kind"] == "remc":
        reads = expand(
            "results/raw/byFileType/alignments/consolidated/{cell}-{mark}.tagAlign.gz",
            cell=cell,
            mark=config["marks"],
        )
    else:
        template = source["path"].replace("{cell}", cell)
        reads = [
            own_file(cell, template.replace("{mark}", mark)) for mark in config["marks"]
        ]
    return {
        "reads": reads,
        "genes": "results/annotation/genes.tsv",
        "chrom_sizes": CHROM_SIZES,
    }


def counts_of(study, cell):
    """The counts of a cell in the window of a study."""
    window = STUDIES[study]["data"]["window"]
    return f"results/counts/{window}/{cell}.npz"


def own_expression(cell):
    """The expression table that a cell's source brings, or None."""
    source = source_of(cell)
    if source["kind"] == "deepdiff_csv":
        return published_table(cell, "expr")
    return own_file(cell, source["expression"]) if "expression" in source else None


def expression_of(wildcards):
    """The table that a cell's expression is read from: the source's own, else REMC's; none if it stands with the counts."""
    own = own_expression(wildcards.cell)
    if own or source_of(wildcards.cell)["kind"] in ("deepchrome_csv", "kaggle_npz"):
        return own or []
    table = {"rpkm": "RPKM", "n": "N"}[
        STUDIES[wildcards.study]["data"]["target"]["expression"]
    ]
    return f"{EXPRESSION}/57epigenomes.{table}.pc.gz"


def gene_list_of(wildcards):
    """The file that limits a study's genes, if it names one."""
    listed = STUDIES[wildcards.study]["data"]["genes"].get("list")
    return [listed] if listed else []


def model_code(wildcards):
    """Hash of the training code and of the one architecture that the job uses: an edit of it retrains just that model."""
    architecture = model_block(wildcards)["architecture"]
    return code_digest("train_model.py", f"markexpr/models/{architecture}.py")


def outputs_of(study):
    """All tables and figures of a study. One without models shows its data."""
    scores = [
        f"results/metrics/{study}.tsv",
        f"results/tables/{study}/scores.html",
        f"results/tables/{study}/published.html",
        f"results/figures/{study}/roc.png",
    ]
    data = [
        f"results/figures/{study}/{name}.png"
        for name in ("genes", "depth", "profiles", "correlation")
    ]
    return data + (scores if STUDIES[study]["models"] else [])
