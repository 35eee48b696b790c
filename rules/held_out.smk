"""Cells that train and cells that a study holds out, and what runs of several cells read: functions for input and params. No rules."""


def held_out(study):
    """The cells that a study's models are never trained on."""
    return STUDIES[study]["data"]["split"].get("held_out_cells", [])


def training_cells(study, model):
    """The units that a model of a study is trained on: all but cells that are held out."""
    return [cell for cell in units_of(study, model) if cell not in held_out(study)]


def seen_cells(study):
    """The cells that are built and that a study does not hold out."""
    return [cell for cell in CELLS if cell not in held_out(study)]


def are_trained(study, models):
    """Whether each of some models of a study has a cell that it is trained on."""
    return all(training_cells(study, model) for model in models)


def has_regimes(study):
    """Whether a study holds cells out, so that seen and unseen ones are scored apart."""
    models = STUDIES[study]["models"]
    return bool(
        held_out(study)
        and seen_cells(study)
        and models
        and STUDIES[study]["units"] in ("cells", "pooled")
    )


def regimes_of(wildcards):
    """Scores by regime, for studies that hold cells out."""
    table = f"results/tables/{wildcards.study}/regimes.tsv"
    return {"regimes": table} if has_regimes(wildcards.study) else {}


def together():
    """Study and model of the nets whose cells are trained in one job (config key `train_together`)."""
    return [
        (study, model)
        for study, setting in STUDIES.items()
        for model, block in setting["models"].items()
        if config["train_together"] and setting["units"] == "cells"
        if "network" in block and not {"regime", "units"} & set(block)
        if not set(block["training"]) & {"domain", "auxiliary", "start_at_mean"}
        if block["architecture"] not in studies.NOT_STACKED
        if training_cells(study, model)
    ]


def fits_of(study, model, file):
    """A file of the fits of one model on all of its training cells, with {seed} left open."""
    folder = f"results/runs/{study}/{model}/{{unit}}/seed{{seed}}"
    return expand(
        f"{folder}/{file}", unit=training_cells(study, model), allow_missing=True
    )


def averaged_runs():
    """Patterns of {study}/{model}/{unit}/ of runs that are means over cells."""
    return [
        f"{study}/[^/]+/(?:{'|'.join(map(re.escape, held_out(study)))})/"
        for study in STUDIES
        if held_out(study) and STUDIES[study]["units"] == "cells"
    ]


def only_averaged():
    """For wildcard `study`: that of runs that are means over cells."""
    names = "|".join(map(re.escape, STUDIES))
    return rf"(?={'|'.join(averaged_runs()) or 'none/'})(?:{names})"


def trained_elsewhere(nets, pooled=False):
    """For wildcard `study`: that of all runs but means over cells and, for nets, those that are trained with others. pooled: of studies whose units
    pool all cells, or of the others."""
    runs = averaged_runs()
    if nets:
        runs += [
            f"{study}/{model}/(?:{'|'.join(map(re.escape, training_cells(study, model)))})/"
            for study, model in together()
        ]
    names = "|".join(
        re.escape(study)
        for study in STUDIES
        if (STUDIES[study]["units"] == "pooled") == pooled
    )
    return rf"(?!{'|'.join(runs) or 'none/'})(?:{names or 'none'})"


def members_of(file):
    """For input: params.yaml and a file of the run of every training cell's model, for a cell that the study holds out."""

    def found(wildcards):
        study, model, unit = wildcards.study, wildcards.model, wildcards.unit
        members = training_cells(study, model)
        if unit not in held_out(study) or not members:
            why = (
                f"no cell that {model} is trained on is among config key 'cells' (and its own key 'cells', if it has one)"
                if unit in held_out(study)
                else f"{model} has no run of unit {unit}; its units are {', '.join(units_of(study, model)[:3])}…"
            )
            raise WorkflowError(f"study {study}: {why}")
        folder = f"results/runs/{study}/{model}/{{cell}}/seed{wildcards.seed}"
        return {
            name: expand(f"{folder}/{part}", cell=members)
            for name, part in (
                (file.split(".")[0], file),
                ("params", "params.yaml"),
            )
        }

    return found


def control_inputs(wildcards):
    """The tensors of a control's cell, or of all of a pooled study, and of all training cells (but it)."""
    study, unit = wildcards.study, wildcards.unit
    pooled = STUDIES[study]["units"] == "pooled"
    if unit not in units_of(study, wildcards.model):
        raise WorkflowError(
            f"control {wildcards.model} of study {study} has no unit {unit}: it needs another cell that trains"
        )
    others = [cell for cell in seen_cells(study) if cell != unit]
    return {
        "cells": [cell_tensors(study, cell) for cell in (CELLS if pooled else [unit])],
        "others": [cell_tensors(study, cell) for cell in others],
    }


def members_tables(study):
    """How each cell's model does alone on each unseen cell, of all models and seeds."""
    return [
        f"{RUN}/members.tsv".format(study=study, model=model, unit=unit, seed=seed)
        for model, block in STUDIES[study]["models"].items()
        for unit in units_of(study, model)
        for seed in config["seeds"]
        if STUDIES[study]["units"] == "cells"
        and unit in held_out(study)
        and "control" not in block
    ]


def loss_files(study):
    """Training losses by step of the models that a study draws, of the first seed."""
    return [
        f"{RUN}/steps.tsv".format(
            study=study, model=model, unit=unit, seed=config["seeds"][0]
        )
        for model in STUDIES[study]["losses"]
        for unit in training_cells(study, model)
    ]


def fitted_run(study, model):
    """params.yaml of one fit of a model, or nothing if it has none."""
    block = STUDIES[study]["models"][model]
    units = training_cells(study, model)
    if block.get("regime") == "uncross":
        units = [STUDIES[study]["transfer"]["source"]] if units else []
    if block.get("regime") == "difference":
        units = cells_of(study)
    if "control" in block or not units:
        return []
    run = RUN.format(study=study, model=model, unit=units[0], seed=config["seeds"][0])
    return [f"{run}/params.yaml"]


def target_of(wildcards):
    """What a study's models are asked for."""
    return STUDIES[wildcards.study]["data"]["target"]
