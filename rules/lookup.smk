"""Where a cell's data come from: functions for input and params, up to the tensors. No rules."""


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
    if "expression" in source:
        return own_file(cell, source["expression"])
    return published_table(cell, "expr") if source["kind"] == "deepdiff_csv" else None


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
