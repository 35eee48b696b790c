"""Training: results/runs/{study}/{model}/{unit}/seed{seed}/, one job per fit. A run ends in predictions of every gene."""


rule train_model:
    # One model on one unit with one seed. Killed, it goes on from its last whole epoch.
    input:
        unpack(run_inputs),
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
        history=f"{RUN}/history.tsv",
        steps=f"{RUN}/steps.tsv",
        weights=f"{RUN}/weights.safetensors",
        params=f"{RUN}/params.yaml",
    log:
        "logs/train_model/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/train_model/{study}/{model}/{unit}/seed{seed}.tsv"
    wildcard_constraints:
        study=trained_elsewhere(nets=True),
        # the truth, models that are applied or subtracted, and estimators are runs of other rules
        model="".join(
            [
                "(?!simulator_truth/)",
                rf"(?!(?:{models_with('regime', 'uncross')})/[^/]+-to-)",
                rf"(?!(?:{models_with('regime', 'difference')})/[^/]+-)",
                rf"(?!(?:{models_with('estimator')}|{models_with('control')})/)",
                "[a-z0-9_]+",
            ]
        ),
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        **needs("train_model"),
    params:
        model=model_block,
        transfer=transfer_of,
        folds=fold_of,
        # beside the outputs, but none of them: Snakemake deletes the outputs of a job that fails
        checkpoint=f"{CHECKPOINT}.pt",
        code=model_code("train_model.py"),
    message:
        "Training {wildcards.model} on {wildcards.unit}, seed {wildcards.seed} (study {wildcards.study})"
    script:
        "../workflow/scripts/train_model.py"


# On all cells at once: the same job, with the memory and time that this takes.
use rule train_model as train_model_pooled with:
    wildcard_constraints:
        study=trained_elsewhere(nets=True, pooled=True),
        model="(?!simulator_truth/)(?!(?:{})/)[a-z0-9_]+".format(
            "|".join([models_with("estimator"), models_with("control")])
        ),
    resources:
        **needs("train_model_pooled"),


rule apply_model:
    # A model that was trained on a source cell predicts the test genes of another: one fit serves all targets.
    input:
        weights="results/runs/{study}/{model}/{source}/seed{seed}/weights.safetensors",
        params="results/runs/{study}/{model}/{source}/seed{seed}/params.yaml",
        target="results/tensors/{study}/{target}.npz",
        genes="results/annotation/genes.{study}.tsv",
    output:
        predictions="results/runs/{study}/{model}/{source}-to-{target}/seed{seed}/predictions.tsv.gz",
    log:
        "logs/apply_model/{study}/{model}/{source}-to-{target}/seed{seed}.log",
    wildcard_constraints:
        model=models_with("regime", "uncross"),
        source="[A-Za-z0-9_.]+",
        target="[A-Za-z0-9_.]+",
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        **needs("apply_model"),
    params:
        transfer=transfer_of,
        code=model_code("apply_model.py"),
    message:
        "Applying {wildcards.model} of {wildcards.source} to {wildcards.target}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/apply_model.py"


rule subtract_cells:
    # A model that is trained on each cell apart predicts a pair of cells by the difference of its predictions.
    input:
        a="results/runs/{study}/{model}/{a}/seed{seed}/predictions.tsv.gz",
        b="results/runs/{study}/{model}/{b}/seed{seed}/predictions.tsv.gz",
    output:
        predictions="results/runs/{study}/{model}/{a}-{b}/seed{seed}/predictions.tsv.gz",
    log:
        "logs/subtract_cells/{study}/{model}/{a}-{b}/seed{seed}.log",
    wildcard_constraints:
        model=models_with("regime", "difference"),
        a="[A-Za-z0-9_.]+",
        b="[A-Za-z0-9_.]+",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("subtract_cells"),
    params:
        code=code_digest("subtract_cells.py"),
    message:
        "Difference of {wildcards.model}'s predictions for {wildcards.a} and {wildcards.b}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/subtract_cells.py"


rule fit_estimator:
    # A baseline of scikit-learn on one unit with one seed.
    input:
        unpack(run_inputs),
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
        model=f"{RUN}/model.skops",
        params=f"{RUN}/params.yaml",
    log:
        "logs/fit_estimator/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/fit_estimator/{study}/{model}/{unit}/seed{seed}.tsv"
    wildcard_constraints:
        study=trained_elsewhere(nets=False),
        model=models_with("estimator"),
    conda:
        "../envs/estimators.yaml"
    threads: config["train_threads"]
    resources:
        **needs("fit_estimator"),
    params:
        model=model_block,
        finished=CHECKPOINT,
        code=model_code("fit_estimator.py"),
    message:
        "Fitting {wildcards.model} on {wildcards.unit}, seed {wildcards.seed} (study {wildcards.study})"
    script:
        "../workflow/scripts/fit_estimator.py"


use rule fit_estimator as fit_estimator_pooled with:
    wildcard_constraints:
        study=trained_elsewhere(nets=False, pooled=True),
        model=models_with("estimator"),
    resources:
        **needs("fit_estimator_pooled"),


if SIMULATED:

    # The simulator knows each gene's activity: nothing that sees only marks can predict better.
    rule predict_truth:
        input:
            unpack(truth_inputs),
            truth=rules.simulate_genome.output.truth,
        output:
            predictions="results/runs/{study}/simulator_truth/{unit}/seed{seed}/predictions.tsv.gz",
        log:
            "logs/predict_truth/{study}/{unit}/seed{seed}.log",
        conda:
            "../envs/data.yaml"
        resources:
            **needs("predict_truth"),
        params:
            transfer=lambda wildcards: STUDIES[wildcards.study].get("transfer"),
            # what the study's models see
            sequence=lambda wildcards: "sequence" in STUDIES[wildcards.study],
            code=code_digest("predict_truth.py"),
        message:
            "Best possible predictions for {wildcards.unit}, from the simulator's truth"
        script:
            "../workflow/scripts/predict_truth.py"
