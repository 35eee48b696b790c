"""What is trained on what, and what a run reads: functions for input and params. No rules."""


def units_of(study, model):
    """What a model of a study is trained on, one run each."""
    block = STUDIES[study]["models"][model]
    cells = [cell for cell in CELLS if cell in block.get("cells", CELLS)]
    if "control" in block:
        # it knows what other cells that train tell
        cells = [cell for cell in cells if set(seen_cells(study)) - {cell}]
    if block.get("units") == "folds":
        number = STUDIES[study]["cross_validation"]["folds"]
        folds = [f"fold{which}" for which in range(1, number + 1)]
        return folds if seen_cells(study) else []
    if STUDIES[study]["units"] == "pooled":
        # a control needs another cell for each
        return ["pooled"] if len(seen_cells(study)) > ("control" in block) else []
    if block.get("units") == "transfers":
        source = STUDIES[study]["transfer"]["source"]
        return [f"{source}-to-{cell}" for cell in cells if cell != source]
    return {"cells": cells, "pairs": PAIRS}[STUDIES[study]["units"]]


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
    return [cell_tensors(study, cell) for cell in cells_of(study)]


def runs_of(study, file):
    """One `file` of each run of a study, but for folds of a cross-validation, which have splits of their own and no score beside others."""
    return [
        f"{RUN}/{file}".format(study=study, model=model, unit=unit, seed=seed)
        for model, block in STUDIES[study]["models"].items()
        if block.get("units") != "folds"
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


def pair_tensors(study, unit):
    """The tensors of the two cells of a pair A-B."""
    a, _, b = unit.partition("-")
    return {"a": cell_tensors(study, a), "b": cell_tensors(study, b)}


def run_inputs(wildcards):
    """The tensors that a run reads, by what they are to it, and the study's genes where it splits them anew."""
    study, unit, regime = (
        wildcards.study,
        wildcards.unit,
        model_block(wildcards).get("regime"),
    )
    if STUDIES[study]["units"] == "pooled":
        return pooled_inputs(study, wildcards.model, unit)
    if STUDIES[study]["units"] == "pairs" and regime is None:
        if "-" not in unit:
            raise WorkflowError(
                f"model {wildcards.model} of study {study} is trained on pairs like {PAIRS[0]}, not on {unit}"
            )
        return pair_tensors(study, unit)
    source, _, target = unit.partition("-to-")
    if regime == "difference":
        return {"cell": cell_tensors(study, unit)}
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


def pooled_inputs(study, model, unit):
    """The tensors of all cells, for a fold of those that train, and the sequences if the model reads them."""
    units = units_of(study, model)
    if unit not in units:
        raise WorkflowError(
            f"model {model} of study {study} is not trained on {unit}, but on {', '.join(units) or 'cells that are not held out: name some in cells'}"
        )
    cells = CELLS if unit == "pooled" else seen_cells(study)
    inputs = {"cells": [cell_tensors(study, cell) for cell in cells]}
    if STUDIES[study]["models"][model].get("network", {}).get("dna"):
        inputs["sequence"] = sequence_of(study)
    return inputs


def sequence_of(study):
    """The sequences that a study's models read."""
    return f"results/sequence/{STUDIES[study]['sequence']}bp.npz"


def fold_of(wildcards):
    """Which fold of a cross-validation a unit is: number, which, over; None for other units."""
    study = STUDIES[wildcards.study]
    if study["models"].get(wildcards.model, {}).get("units") != "folds":
        return None
    setting = study["cross_validation"]
    which = int(wildcards.unit.removeprefix("fold"))
    return {"number": setting["folds"], "which": which, "over": setting["over"]}


def pair_shown(wildcards):
    """The tensors of the pair of cells that a study shows one gene of."""
    study = wildcards.study
    return pair_tensors(study, STUDIES[study]["inputs"]["unit"])


def truth_inputs(wildcards):
    """The tensors of the genes that a unit tests, and for a transfer the study's genes, which it splits anew."""
    study, unit = wildcards.study, wildcards.unit
    if STUDIES[study]["units"] == "pooled":
        if unit != "pooled":
            raise WorkflowError(f"study {study} has no unit {unit}, but pooled")
        return {"tensors": tensors_of(study)}
    source, _, tested = unit.rpartition("-to-")
    cells = unit.split("-") if STUDIES[study]["units"] == "pairs" else [tested]
    genes = {"genes": f"results/annotation/genes.{study}.tsv"} if source else {}
    return {"tensors": [cell_tensors(study, cell) for cell in cells], **genes}


def transfer_of(wildcards):
    """How a transfer splits the genes, for units that are one."""
    regime = model_block(wildcards).get("regime")
    return (
        STUDIES[wildcards.study]["transfer"]
        if regime in ("origin", "uncross", "cross")
        else None
    )


def models_with(key, value=None):
    """For a wildcard: all models whose block has a key, with the given value if there is one."""
    models = {
        model
        for study in STUDIES.values()
        for model, block in study["models"].items()
        if key in block and value in (None, block[key])
    }
    return "|".join(sorted(models)) or "none"


def model_code(script):
    """For params: hash of a script and of the one architecture that the job uses, so that an edit of it retrains just that model."""

    def digest(wildcards):
        architecture = model_block(wildcards)["architecture"]
        return code_digest(script, f"markexpr/models/{architecture}.py")

    return digest


def forget_finished():
    """Remove the results that fits of a cluster keep beside their outputs, where the outputs are there."""
    for path in Path(CHECKPOINTS).rglob("seed*.finished"):
        folder = Path("results/runs") / path.parent.relative_to(CHECKPOINTS)
        if (folder / path.name.split(".")[0] / "predictions.tsv.gz").exists():
            path.unlink()
