"""Runs that are made of several cells: nets trained together, means of all cells' models on cells that a study holds out, and controls."""

for study, model in together():

    # All cells of one model in one job: one launch of a GPU serves the nets of all.
    rule:
        name:
            f"train_together_{study}_{model}"
        input:
            [cell_tensors(study, cell) for cell in training_cells(study, model)],
        output:
            predictions=fits_of(study, model, "predictions.tsv.gz"),
            history=fits_of(study, model, "history.tsv"),
            steps=fits_of(study, model, "steps.tsv"),
            weights=fits_of(study, model, "weights.safetensors"),
            params=fits_of(study, model, "params.yaml"),
        log:
            f"logs/train_together/{study}/{model}/seed{{seed}}.log",
        benchmark:
            f"benchmarks/train_together/{study}/{model}/seed{{seed}}.tsv"
        conda:
            "../envs/train.yaml"
        threads: config["train_threads"]
        resources:
            **needs("train_together", cells=len(training_cells(study, model))),
        params:
            names={"study": study, "model": model},
            model=STUDIES[study]["models"][model],
            checkpoint=lambda wildcards, study=study, model=model: f"{CHECKPOINTS}/{study}/{model}/together/seed{wildcards.seed}.pt",
            code=code_digest(
                "train_together.py",
                f"markexpr/models/{STUDIES[study]['models'][model]['architecture']}.py",
            ),
        message:
            f"Training {model} on {len(training_cells(study, model))} cells together, seed {{wildcards.seed}} (study {study})"
        script:
            "../workflow/scripts/train_together.py"


rule average_models:
    # A cell that was held out: the mean of the nets of all training cells, and how each does alone.
    input:
        unpack(members_of("weights.safetensors")),
        cell="results/tensors/{study}/{unit}.npz",
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
        members=f"{RUN}/members.tsv",
    log:
        "logs/average_models/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/average_models/{study}/{model}/{unit}/seed{seed}.tsv"
    wildcard_constraints:
        study=only_averaged(),
        model=models_with("network"),
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        **needs("average_models"),
    params:
        code=model_code("average_models.py"),
    message:
        "Mean of all cells' {wildcards.model} on {wildcards.unit}, seed {wildcards.seed} (study {wildcards.study})"
    script:
        "../workflow/scripts/average_models.py"


rule average_estimators:
    # The same for baselines of scikit-learn.
    input:
        unpack(members_of("model.skops")),
        cell="results/tensors/{study}/{unit}.npz",
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
        members=f"{RUN}/members.tsv",
    log:
        "logs/average_estimators/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/average_estimators/{study}/{model}/{unit}/seed{seed}.tsv"
    wildcard_constraints:
        study=only_averaged(),
        model=models_with("estimator"),
    conda:
        "../envs/estimators.yaml"
    threads: config["train_threads"]
    resources:
        **needs("average_estimators"),
    params:
        model=model_block,
        code=model_code("average_estimators.py"),
    message:
        "Mean of all cells' {wildcards.model} on {wildcards.unit}, seed {wildcards.seed} (study {wildcards.study})"
    script:
        "../workflow/scripts/average_estimators.py"


rule predict_control:
    # What the expression of the other training cells tells of a cell, without a model.
    input:
        unpack(control_inputs),
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
    log:
        "logs/predict_control/{study}/{model}/{unit}/seed{seed}.log",
    wildcard_constraints:
        model=models_with("control"),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("predict_control"),
    params:
        control=lambda wildcards: model_block(wildcards)["control"],
        code=code_digest("predict_control.py"),
    message:
        "Control {wildcards.model} of {wildcards.unit} (study {wildcards.study})"
    script:
        "../workflow/scripts/predict_control.py"
