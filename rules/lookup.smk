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


def units_of(study, model):
    """What a model of a study is trained on, one run each."""
    block = STUDIES[study]["models"][model]
    cells = [cell for cell in CELLS if cell in block.get("cells", CELLS)]
    if block.get("units") == "transfers":
        source = STUDIES[study]["transfer"]["source"]
        return [f"{source}-to-{cell}" for cell in cells if cell != source]
    return {"cells": cells, "pairs": PAIRS, "pooled": ["pooled"]}[
        STUDIES[study]["units"]
    ]


def are_built(study, models):
    """Whether each of some models of a study has a unit among the cells that are built."""
    return all(units_of(study, model) for model in models)


def cells_of(study):
    """The cells that a study's units are made of."""
    if STUDIES[study]["units"] == "pairs":
        return sorted({cell for pair in PAIRS for cell in pair.split("-")})
    return CELLS


def tensors_of(study):
    """The tensors of all cells of a study."""
    return [f"results/tensors/{study}/{cell}.npz" for cell in cells_of(study)]


def runs_of(study, file, models=None):
    """One `file` of each run of some models of a study, all by default."""
    return [
        f"{RUN}/{file}".format(study=study, model=model, unit=unit, seed=seed)
        for model in (STUDIES[study]["models"] if models is None else models)
        for unit in units_of(study, model)
        for seed in config["seeds"]
    ]


def predictions_of(study):
    """The predictions of all runs of a study. On the simulated mirror its truth is one more model, on the same units."""
    runs = runs_of(study, "predictions.tsv.gz")
    truth = {
        re.sub(
            f"^results/runs/{study}/[^/]+/",
            f"results/runs/{study}/simulator_truth/",
            run,
        )
        for run in runs
    }
    return runs + (sorted(truth) if SIMULATED else [])


def changes_of(study):
    """What the config changes of a study's own setting, in words; nothing if it is as in its file."""
    cells = {
        *cells_of(study),
        STUDIES[study].get("transfer", {}).get("source", CELLS[0]),
    }
    other = [cell for cell in cells if source_of(cell)["kind"] != "remc"]
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
    # which units it has changes none of its runs
    return {
        key: value
        for key, value in models[wildcards.model].items()
        if key not in ("units", "cells")
    }


def cell_tensors(study, cell):
    """The tensors of one cell of a study."""
    return f"results/tensors/{study}/{cell}.npz"


def run_inputs(wildcards):
    """The tensors that a run reads, by what they are to it, and the study's genes where it splits them anew."""
    study, unit, regime = (
        wildcards.study,
        wildcards.unit,
        model_block(wildcards).get("regime"),
    )
    source, _, target = unit.partition("-to-")
    if bool(target) != (regime in ("origin", "cross")):
        raise WorkflowError(
            f"model {wildcards.model} of study {study} is not trained on {unit}, but on units like {(units_of(study, wildcards.model) or ['none'])[0]}"
        )
    if regime is None:
        return {"cell": cell_tensors(study, unit)}
    cells = {
        "origin": {"target": target},
        "uncross": {"source": source},
        "cross": {"source": source, "target": target},
    }[regime]
    return {
        **{role: cell_tensors(study, cell) for role, cell in cells.items()},
        "genes": f"results/annotation/genes.{study}.tsv",
    }


def truth_inputs(wildcards):
    """The tensors of the genes that a unit tests, and for a transfer the study's genes, which it splits anew."""
    *source, tested = wildcards.unit.split("-to-")
    genes = (
        {"genes": f"results/annotation/genes.{wildcards.study}.tsv"} if source else {}
    )
    return {"tensors": cell_tensors(wildcards.study, tested), **genes}


def transfer_of(wildcards):
    """How a transfer splits the genes, for units that are one."""
    return (
        STUDIES[wildcards.study].get("transfer")
        if "regime" in model_block(wildcards)
        else None
    )


def uncross_models():
    """For a wildcard: all models that are trained on a source cell and applied to others."""
    models = {
        model
        for study in STUDIES.values()
        for model, block in study["models"].items()
        if block.get("regime") == "uncross"
    }
    return "|".join(sorted(models)) or "none"


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


def model_code(script):
    """For params: hash of a script and of the one architecture that the job uses, so that an edit of it retrains just that model."""

    def digest(wildcards):
        architecture = model_block(wildcards)["architecture"]
        return code_digest(script, f"markexpr/models/{architecture}.py")

    return digest


def comparison(part, name):
    """For params: the block of a study's `tables` or `figures` that the wildcard `name` names."""

    def block(wildcards):
        blocks = STUDIES[wildcards.study].get(part, {})
        if wildcards[name] not in blocks:
            raise WorkflowError(
                f"study {wildcards.study} has no {wildcards[name]}; {configuration.did_you_mean(wildcards[name], blocks) if blocks else f'it has no {part}'}"
            )
        return blocks[wildcards[name]]

    return block


def settings_of(study):
    """A study and its variants, the studies whose `base` it is."""
    return [study] + [other for other in STUDIES if STUDIES[other].get("base") == study]


def published_as(study):
    """The study under which config/published.tsv has the numbers that a study compares with: its own, or that of its base if they
    differ in how labels are made alone; None for other variants."""
    base = STUDIES[study].get("base")
    if base is None:
        return study
    data = {name: dict(STUDIES[name]["data"]) for name in (study, base)}
    for setting in data.values():
        setting["target"] = {**setting["target"], "label_mode": None}
    return base if data[study] == data[base] else None


def outputs_of(study):
    """All tables and figures of a study and its variants. One without models shows its data."""
    setting = STUDIES[study]
    figures = ["genes", "depth", "profiles", "correlation"]
    tables = []
    if setting["models"]:
        figures += ["roc"]
        tables += ["scores", "published"] if published_as(study) else ["scores"]
    if setting["data"]["target"]["kind"] == "median_label":
        figures += ["labels"]
    for part, names in (("tables", tables), ("figures", figures)):
        names += [
            name
            for name, block in setting.get(part, {}).items()
            if are_built(study, block["models"])
        ]
    if "claims" in setting:
        tables += ["claims"]
    if "tables" in setting and len(settings_of(study)) > 1:
        tables += ["settings"]
    figures += [f"attention_{model}" for model in setting.get("attention", [])]
    return (
        [f"results/figures/{study}/{name}.png" for name in figures]
        + [f"results/tables/{study}/{name}.html" for name in tables]
        + [output for other in settings_of(study)[1:] for output in outputs_of(other)]
    )
