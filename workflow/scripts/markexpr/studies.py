"""Study files: read, laid over each other, and checked, so that what cannot work is refused before
anything is computed."""

import ast
from pathlib import Path

from markexpr.configuration import PACKAGE, check, did_you_mean, merged, read_yaml, retyped
from markexpr.io.jobs import InputError

# the kind of target (a study's data.target.kind) that each loss of markexpr.training fits
TARGET_OF_LOSS = {
    "cross_entropy": "median_label",
    "binary_cross_entropy": "median_label",
    "mean_squared_error": "expression",
}

# architectures whose layers cannot be stacked over cells (train_together): torch.func has no rule
# for LSTMs
NOT_STACKED = ("attentivechrome", "deepdiff")


def load_studies(folder, overrides, schema, marks, used=None):
    """All study files of a `folder`, by name, with the config's `overrides` laid over them, each
    checked.

    used: those that are to be built, whose marks must be among `marks`; all if None.
    """
    files = {path.stem: path for path in sorted(Path(folder).glob("*.yaml"))}
    for name in overrides:
        if name not in files:
            raise InputError(
                f"config key 'overrides' names the unknown study {name!r}; "
                f"{did_you_mean(name, files)}"
            )
    written = with_data({name: read_yaml(path) for name, path in files.items()}, overrides)
    studies = {}
    for name, path in files.items():
        study = derived_study(name, written)
        check(
            study,
            schema,
            f"config/studies/{path.name}" + (" with 'overrides'" if name in overrides else ""),
        )
        for mark in study["data"]["marks"]:
            if mark not in marks and (used is None or name in used):
                raise InputError(
                    f"study {name}: unknown mark {mark!r}: it is not in config key 'marks'; "
                    f"{did_you_mean(mark, marks)}"
                )
        check_data(study, f"study {name}")
        for model, block in study["models"].items():
            check_model(block, study, f"study {name}, model {model}")
        for block, key in [
            (block, key)
            for part in ("tables", "figures")
            for key, block in study.get(part, {}).items()
        ]:
            check_models_named(block["models"], study, f"study {name}, {key}")
        for key in ("attention", "losses"):
            check_models_named(study.get(key, []), study, f"study {name}, {key}")
        for model in study.get("losses", []):
            if "training" not in study["models"][model]:
                raise InputError(
                    f"study {name}, losses: {model} is no net: it has no training loss"
                )
        check_attributions(study, f"study {name}, attributions")
        check_pooled(study, f"study {name}")
        for model in study.get("attention", []):
            if (
                study["models"][model].get("architecture") != "transferchrome"
                or "regime" in study["models"][model]
            ):
                raise InputError(
                    f"study {name}, attention: {model} has no self-attention over the "
                    "positions of one cell"
                )
        for key in ("mark_attention",):
            check_models_named(
                [study[key]["model"]] if key in study else [], study, f"study {name}, {key}"
            )
        for claim in study.get("claims", []):
            check_models_named([claim["better"], claim["than"]], study, f"study {name}, claims")
        studies[name] = study
    return studies


def with_data(files, overrides):
    """Studies as in their files with overrides laid over them, by name; `data` that names another
    study is that study's, then changed."""
    written = {
        name: retyped(merged(file, overrides.get(name, {})))
        for name, file in files.items()
        if not isinstance(file.get("data"), str)
    }
    for name, file in files.items():
        if name in written:
            continue
        changes = dict(overrides.get(name, {}))
        other = changes.pop("data") if isinstance(changes.get("data"), str) else file["data"]
        if "data" not in written.get(other, {}):
            known = [candidate for candidate in written if "data" in written[candidate]]
            raise InputError(
                f"study {name}: data of the unknown study {other!r}; {did_you_mean(other, known)}"
            )
        written[name] = retyped(
            merged({**file, "data": written[other]["data"], "data_of": other}, changes)
        )
    return {name: written[name] for name in files}


def check_pooled(study, name):
    """Check the keys of a study of one model over all cells: its target, its models, its
    cross-validation and the gene that it shows."""
    if study["units"] != "pooled":
        for key in ("cross_validation", "gene_attributions", "sequence"):
            if key in study:
                raise InputError(f"{name}: '{key}' is for studies with units: pooled")
        for model, block in study["models"].items():
            training = block.get("training", {})
            if "stages" in training or training.get("sampler", "random") != "random":
                raise InputError(
                    f"{name}, model {model}: training.stages and training.sampler are for "
                    "studies with units: pooled"
                )
        return
    if study["data"]["target"]["kind"] != "expression":
        raise InputError(
            f"{name}: units: pooled is for values, not for labels: set data.target.kind to "
            "expression"
        )
    for model, block in study["models"].items():
        if "cells" in block:
            raise InputError(
                f"{name}, model {model}: a pooled model is trained on all cells: take its "
                "key 'cells' away"
            )
    named = [
        study[key]["model"] for key in ("cross_validation", "gene_attributions") if key in study
    ]
    check_models_named(named, study, name)
    shown = (
        study["models"][study["gene_attributions"]["model"]]
        if "gene_attributions" in study
        else None
    )
    if shown and not (
        shown.get("network", {}).get("dna")
        and shown["network"].get("histone")
        and "units" not in shown
    ):
        raise InputError(
            f"{name}, gene_attributions: {study['gene_attributions']['model']} does not read "
            "both marks and DNA of all cells"
        )
    if (
        "cross_validation" in study
        and study["models"][study["cross_validation"]["model"]].get("units") != "folds"
    ):
        raise InputError(
            f"{name}, cross_validation: {study['cross_validation']['model']} needs units: folds"
        )


def check_attributions(study, name):
    """Check that the model of `attributions` is a net of its own in each of the units."""
    if "attributions" not in study:
        return
    setting = study["attributions"]
    check_models_named([setting["model"]], study, name)
    block = study["models"][setting["model"]]
    if "network" not in block or "regime" in block:
        raise InputError(
            f"{name}: {setting['model']} is no net that is trained on the study's units"
        )


def check_data(study, name):
    """Check that the keys of a study's `data` fit each other and its units."""
    data = study["data"]
    target = data["target"]
    if data["window"].endswith("_flanks") and data["orientation"] == "transcription":
        raise InputError(
            f"{name}: windows around both ends of a gene are not turned: use orientation: genomic"
        )
    if data["split"].get("held_out_cells") and (study["units"] == "pairs" or "transfer" in study):
        raise InputError(
            f"{name}: data.split.held_out_cells is for studies of cells without transfers: "
            "take it away"
        )
    if study["units"] == "pairs" and (target["kind"], target.get("transform")) != (
        "expression",
        "log2p1",
    ):
        raise InputError(
            f"{name}: a pair's target is a log2 fold change: data.target needs kind: "
            "expression and transform: log2p1"
        )


def derived_study(name, written):
    """A study as written, or laid over the one that its key `base` names.

    written: studies as in their files, by name. A derived study takes paper, data, units and
    transfer from its base, and those of its models that it names itself, each with its own changes.
    """
    study = written[name]
    base = study.get("base")
    if base is None:
        return {**study, "models": derived_models(study.get("models", {}), {}, name)}
    if base not in written or "base" in written[base]:
        known = [other for other in written if "base" not in written[other]]
        raise InputError(f"study {name}: unknown base {base!r}; {did_you_mean(base, known)}")
    parent = derived_study(base, written)
    inherited = {
        key: parent[key]
        for key in ("paper", "data", "data_of", "sequence", "units", "transfer")
        if key in parent
    }
    return {
        **merged(inherited, study),
        "models": derived_models(study.get("models", {}), parent["models"], name),
    }


def derived_models(models, parent, name):
    """Blocks of models, each laid over that of the same name in the parent study, or over the model
    that its key `base` names."""

    def resolve(model, seen):
        block = models[model] or {}
        base = block.get("base")
        if base is None:
            return merged(parent.get(model, {}), block)
        if base not in models or base in seen:
            raise InputError(
                f"study {name}, model {model}: unknown base {base!r}; "
                f"{did_you_mean(base, [other for other in models if other != model])}"
            )
        return merged(
            resolve(base, [*seen, model]),
            {key: value for key, value in block.items() if key != "base"},
        )

    return {model: resolve(model, [model]) for model in models}


def check_models_named(models, study, name):
    """Check that a study has the models that one of its tables, figures or claims names."""
    for model in models:
        if model not in study["models"]:
            raise InputError(
                f"{name} names the unknown model {model!r}; {did_you_mean(model, study['models'])}"
            )


def check_model(block, study, name):
    """Check that a model's architecture exists and takes its hyperparameters, and that loss and
    units fit the study."""
    if "control" in block:
        if study["units"] not in ("cells", "pooled") or set(block) - {"control", "cells"}:
            raise InputError(
                f"{name}: a control is of studies with units: cells or pooled, and has no "
                "other key than 'cells'"
            )
        return
    check_architecture(block, name)
    if "estimator" in block:
        if "regime" in block or "units" in block:
            raise InputError(
                f"{name}: an estimator is trained on the units of its study: take 'regime' "
                "and 'units' away"
            )
        return
    loss, kind = block["training"]["loss"], study["data"]["target"]["kind"]
    if TARGET_OF_LOSS[loss] != kind:
        fitting = [other for other, fits in TARGET_OF_LOSS.items() if fits == kind]
        raise InputError(
            f"{name}: training.loss {loss!r} does not fit the target {kind!r} of the study; "
            f"use {' or '.join(fitting)}"
        )
    monitor, fitting = (
        block["training"]["early_stopping"]["monitor"],
        {"median_label": "auc", "expression": "pearson"}[kind],
    )
    if monitor not in (fitting, "loss", "none"):
        raise InputError(
            f"{name}: early_stopping.monitor {monitor!r} does not fit the target {kind!r} of "
            f"the study; use {fitting}, loss or none"
        )
    if ("auxiliary" in block["training"]) != bool(block["network"].get("auxiliary")) or (
        "contrastive" in block["training"] and "auxiliary" not in block["training"]
    ):
        raise InputError(
            f"{name}: 'training.auxiliary' and 'network.auxiliary' go together, and "
            "'training.contrastive' needs them"
        )
    if block["training"].get("start_at_mean") and (
        kind != "expression"
        or block["training"].get("auxiliary", {}).get("kind") == "classification"
    ):
        raise InputError(
            f"{name}: training.start_at_mean is for values, not for labels: set it to false"
        )
    stages = block["training"].get("stages", [])
    if stages and sum(stage["epochs"] for stage in stages) != block["training"]["epochs"]:
        raise InputError(
            f"{name}: training.epochs is {block['training']['epochs']}, and its stages have "
            f"{sum(s['epochs'] for s in stages)}"
        )
    if (
        block["training"].get("sampler", "random") == "by_gene"
        and "cells_per_gene" not in block["training"]
    ):
        raise InputError(f"{name}: training.sampler: by_gene needs training.cells_per_gene")
    if block["network"].get("dna") and "sequence" not in study:
        raise InputError(
            f"{name}: network.dna reads DNA, and the study names no 'sequence' (its bp "
            "around the TSS)"
        )
    if block["network"].get("span", 0) > study.get("sequence", 0) and block["network"].get("dna"):
        raise InputError(
            f"{name}: network.span is {block['network']['span']} bp, and the study's "
            f"'sequence' has {study['sequence']}"
        )
    if study["units"] == "pooled":
        if block.get("units") not in (None, "folds") or (block.get("units") == "folds") != (
            study.get("cross_validation", {}).get("model") == name.rsplit(" ", 1)[-1]
        ):
            raise InputError(
                f"{name}: 'units: folds' is for the model that 'cross_validation' names"
            )
        return
    if block.get("regime") == "difference":
        if study["units"] != "pairs":
            raise InputError(f"{name}: 'regime: difference' is for studies of pairs of cells")
        return
    if (block.get("units") == "transfers") != ("regime" in block) or (
        "regime" in block and "transfer" not in study
    ):
        raise InputError(
            f"{name}: 'units: transfers' and 'regime' go together, and need the study's key "
            "'transfer'"
        )
    if "regime" in block and study["data"].get("zscore_genes") == "train":
        raise InputError(
            f"{name}: transfers split the genes anew, so their z-score cannot be of "
            "data.split's training genes: use zscore_genes: all"
        )
    if block.get("regime") == "cross" and not block["network"].get("domain_hidden"):
        raise InputError(
            f"{name}: 'regime: cross' needs an architecture with a domain classifier and "
            "network.domain_hidden above 0"
        )
    if ("domain" in block["training"]) != (block.get("regime") == "cross"):
        raise InputError(
            f"{name}: 'training.domain' and 'regime: cross' go together: only there are "
            "samples of a second domain"
        )


def check_architecture(block, name):
    """Check that a model's architecture exists and takes its hyperparameters; InputError with the
    nearest that does."""
    files = {file.stem: file for file in sorted((PACKAGE / "models").glob("[a-z]*.py"))}
    architecture = block["architecture"]
    if architecture not in files:
        raise InputError(
            f"{name}: unknown architecture {architecture!r}; {did_you_mean(architecture, files)}"
        )
    known = build_arguments(files[architecture])
    part = "estimator" if "estimator" in block else "network"
    for key in block[part]:
        if key not in known:
            raise InputError(f"{name}: unknown key '{part}.{key}'; {did_you_mean(key, known)}")


def build_arguments(path):
    """Hyperparameters of an architecture: the arguments of its build(), read without importing
    it."""
    build = next(
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "build"
    )
    return [
        argument.arg
        for argument in build.args.args
        if argument.arg not in ("n_marks", "n_bins", "seed", "threads")
    ]
