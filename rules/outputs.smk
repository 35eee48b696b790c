"""What a study ends in, and how its tables and figures are made: functions for input and params. No rules."""


def changes_of(study):
    """What the config changes of a study's own setting, in words; nothing if it is as in its file."""
    source = STUDIES[study].get("transfer", {}).get("source")
    cells = {*cells_of(study), *([source] if source else [])}
    other = [cell for cell in cells if source_of(cell)["kind"] != "remc"]
    said = [f"{len(other)} cells of other sources"] if other else []
    files = {study, STUDIES[study].get("base"), STUDIES[study].get("data_of")}
    changed = files & set(config["overrides"])
    return ", ".join(said + (["settings changed by overrides"] if changed else []))


def has_labels(study):
    """Whether a study predicts labels, high or low, rather than values."""
    return STUDIES[study]["data"]["target"]["kind"] == "median_label"


def labels_of(wildcards):
    """The table of label modes, for studies of labels."""
    return (
        {"labels": f"results/tables/{wildcards.study}/labels.tsv"}
        if has_labels(wildcards.study)
        else {}
    )


def first_metric(study):
    """The metric that a study's comparisons are made in."""
    return STUDIES[study].get("metric", "auc" if has_labels(study) else "pearson")


def shown_cell(study):
    """The cell of which a study shows one gene: the one it names if it is built and trains, else the first that does."""
    cell = STUDIES[study]["gene_attributions"]["cell"]
    return next(
        iter([c for c in seen_cells(study) if c == cell] + seen_cells(study)), None
    )


def shown_block(study):
    """The block of the model of which a study shows one gene."""
    return STUDIES[study]["models"][STUDIES[study]["gene_attributions"]["model"]]


def shown_inputs(wildcards):
    """The model of which a study shows one gene, the cell's tensors and the sequences."""
    study = wildcards.study
    model = STUDIES[study]["gene_attributions"]["model"]
    run = RUN.format(study=study, model=model, unit="pooled", seed=config["seeds"][0])
    return {
        "weights": f"{run}/weights.safetensors",
        "params": f"{run}/params.yaml",
        "cell": cell_tensors(study, shown_cell(study)),
        "sequence": sequence_of(study),
    }


def attributed(study):
    """The units of those whose attributions a study draws that are built and have a model of their own."""
    built = PAIRS if STUDIES[study]["units"] == "pairs" else seen_cells(study)
    return [unit for unit in STUDIES[study]["attributions"]["units"] if unit in built]


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


def can_be_built(study):
    """Whether the sources of a study's cells have what it asks for: published csv have no reads around a gene's end, and DeepDiff's
    bring counts and no RPKM."""
    data = STUDIES[study]["data"]
    kinds = {source_of(cell)["kind"] for cell in cells_of(study)}
    flanks = data["window"].endswith("_flanks")
    rpkm = data["target"]["expression"] == "rpkm" and not has_labels(study)
    return not (
        (flanks and kinds & {"deepdiff_csv", "deepchrome_csv", "kaggle_npz"})
        or (
            rpkm
            and any(
                source_of(cell)["kind"] == "deepdiff_csv"
                and "expression" not in source_of(cell)
                for cell in cells_of(study)
            )
        )
    )


def settings_of(study):
    """A study and its variants, the studies whose `base` it is, as far as the cells' sources serve them."""
    return [study] + [
        other
        for other in STUDIES
        if STUDIES[other].get("base") == study and can_be_built(other)
    ]


def published_as(study):
    """The study under which config/published.tsv has the numbers that a study compares with: its own, or that of its base if they
    differ in how labels are made alone; None for other variants."""
    base = STUDIES[study].get("base")
    if study in PUBLISHED_STUDIES or base not in PUBLISHED_STUDIES:
        return study if study in PUBLISHED_STUDIES else None
    data = {name: dict(STUDIES[name]["data"]) for name in (study, base)}
    for setting in data.values():
        setting["target"] = {**setting["target"], "label_mode": None}
    return base if data[study] == data[base] else None


def asked_for(study):
    """For input: all outputs of a study; an error if the cells and pairs that are asked for leave it none."""

    def found(wildcards):
        outputs = outputs_of(study)
        if not outputs:
            raise WorkflowError(
                f"study {study} has nothing to build: config keys 'cells' and 'pairs' leave it no unit"
            )
        return outputs

    return found


def outputs_of(study):
    """All tables and figures of a study and its variants. One without models shows its data."""
    setting = STUDIES[study]
    if (
        not any(units_of(study, model) for model in setting["models"])
        and setting["models"]
    ):
        return []
    # around two anchors there is no one distance to draw along
    one_anchor = not setting["data"]["window"].endswith("_flanks")
    figures = ["genes", "depth"] + (["profiles", "correlation"] if one_anchor else [])
    if "data_of" in setting:  # its figures are those of the study that has them
        figures = []
    tables = []
    if setting["models"]:
        figures += ["roc" if has_labels(study) else "predicted"]
        tables += ["scores", "sizes"] + (["published"] if published_as(study) else [])
    if has_labels(study):
        figures += ["labels"]
    for part, names in (("tables", tables), ("figures", figures)):
        names += [
            name
            for name, block in setting.get(part, {}).items()
            if are_built(study, block["models"])
        ]
    if has_regimes(study):
        tables += ["regimes"]
        figures += ["regimes"]
        # REMC's table of expression is fetched for REMC's cells alone
        kinds = {source_of(cell)["kind"] for cell in cells_of(study)}
        if kinds == {"remc"} and not has_labels(study):
            tables += ["leave_one_out"]
        if members_tables(study):
            tables += ["ensemble"]
            figures += ["ensemble"]
    if "losses" in setting and are_trained(study, setting["losses"]):
        figures += ["losses"]
    if "cross_validation" in setting and seen_cells(study):
        figures += ["cross_validation"]
    if "gene_attributions" in setting and shown_cell(study):
        figures += ["gene_marks", "gene_sequence", "gene_attributions"]
    if "attributions" in setting and attributed(study):
        figures += ["attributions"]
    if "claims" in setting:
        tables += ["claims"]
    if "tables" in setting and len(settings_of(study)) > 1:
        tables += ["settings"]
    figures += [f"attention_{model}" for model in setting.get("attention", [])]
    figures += [
        name
        for name in ("mark_attention", "inputs")
        if name in setting and setting[name]["unit"] in PAIRS
    ]
    # attention of both levels, gene by gene, of the first seed
    pairs_attended = [
        f"results/attention/{study}/{model}/{unit}/seed{config['seeds'][0]}.npz"
        for model, block in setting["models"].items()
        if block.get("architecture") == "deepdiff"
        for unit in units_of(study, model)
    ]
    return (
        pairs_attended
        + [f"results/figures/{study}/{name}.png" for name in figures]
        + [f"results/tables/{study}/{name}.html" for name in tables]
        + [output for other in settings_of(study)[1:] for output in outputs_of(other)]
    )
