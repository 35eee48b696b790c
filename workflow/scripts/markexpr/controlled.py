"""What the controls of a study are asked of, by the plan: models, their counterparts, and runs.

Imported by the Snakefile: no torch, no numpy.
"""

from markexpr.settings.models import Estimator, Net

FITTED = (Net, Estimator)
TOTALS = "totals"  # the architecture that sees nothing but a total of each mark


def randomised_path(study, model, unit, seed="{seed}"):
    """What a model predicts from randomised marks."""
    return f"results/randomised/{study}/{model}/{unit}/seed{seed}.npz"


def describe_models(study):
    """What controls ask of the models of a Study, {model: dict of plain values}.

    kind: net, estimator or control; control: which; permute: the key, or none; own: of a model
    whose targets are of another cell, the one that is the same but for that; totals: whether it
    sees a total of each mark alone; dna: whether it reads DNA; residual: whether other cells'
    values are added to its predictions.
    """
    return {name: _describe(study, name, block) for name, block in study.models.items()}


def _describe(study, name, block):
    permute = getattr(block, "permute", None)
    return {
        "kind": type(block).__name__.lower(),
        "control": getattr(block, "control", None),
        "permute": permute,
        "own": _find_own(study, block) if permute == "cell" else None,
        "totals": getattr(block, "architecture", None) == TOTALS and not permute,
        "dna": reads_dna(block),
        "residual": getattr(block, "residual", None) is not None,
    }


def reads_dna(block):
    """Whether a model reads DNA."""
    return bool(getattr(block, "network", {}).get("dna"))


def _find_own(study, block):
    asked = _without_key(block)
    for name, other in study.models.items():
        if type(other) is type(block) and not other.permute and _without_key(other) == asked:
            return name
    return None


def _without_key(block):
    return {
        key: value
        for key, value in block.plain().items()
        if key not in ("permute", "cells", "in_paper")
    }


def list_randomised(plan, study):
    """The runs of a study whose models are asked once more with randomised marks, with seeds: of
    each model that has a fit of its own, the first units and seeds."""
    setting = plan.studies[study].controls
    if setting is None:
        return []
    runs = []
    for name, block in plan.studies[study].models.items():
        if isinstance(block, FITTED) and not block.permute:
            fits = plan.runs(study, name, scored=True, how=("train", "fit"))[: setting.units]
            seeds = plan.seeds[: setting.seeds]
            runs += [run.with_seed(seed) for run in fits for seed in seeds]
    return runs


def list_labelled_in_part(plan, study):
    """The fits of a study, without seeds, that train on samples without their label as well."""
    return [
        run for run in plan.runs(study, how=("train",)) if run.samples.get("trained_on") == "both"
    ]
