"""Runs: results/runs/{study}/{model}/{unit}/seed{seed}/, each made by one of these rules.

Needs: results/tensors/{study}/, and results/sequence/ for models that read DNA.
Makes: predictions.tsv.gz of every run; history.tsv, steps.tsv, weights.safetensors and params.yaml
of nets; model.skops and params.yaml of estimators; members.tsv of means over cells. Which rule
makes which run is decided by the plan (markexpr/plan.py, markexpr/tasks.py).
"""


rule train_model:
    """One model on one unit with one seed. Killed, it goes on from its last whole epoch."""
    input:
        unpack(ask.run_inputs),
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
        **plan.made_by("train", pooled=False),
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        **needs("train_model"),
    params:
        model=ask.model,
        samples=ask.samples,
        made_from=ask.run_made_from,
        tissues=ask.tissues,
        # beside the outputs, but none of them: Snakemake deletes the outputs of a job that fails
        checkpoint=f"{CHECKPOINT}.pt",
        code=ask.model_code("train_model.py"),
    message:
        "{wildcards.study}: training {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/train_model.py"


# On all cells at once: the same job, with the memory and time that this takes.
use rule train_model as train_model_pooled with:
    wildcard_constraints:
        **plan.made_by("train", pooled=True),
    resources:
        **needs("train_model_pooled"),


rule fit_estimator:
    """A baseline of scikit-learn on one unit with one seed."""
    input:
        unpack(ask.run_inputs),
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
        model=f"{RUN}/model.skops",
        params=f"{RUN}/params.yaml",
    log:
        "logs/fit_estimator/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/fit_estimator/{study}/{model}/{unit}/seed{seed}.tsv"
    wildcard_constraints:
        **plan.made_by("fit", pooled=False),
    conda:
        "../envs/estimators.yaml"
    threads: config["train_threads"]
    resources:
        **needs("fit_estimator"),
    params:
        model=ask.model,
        samples=ask.samples,
        made_from=ask.run_made_from,
        tissues=ask.tissues,
        code=ask.model_code("fit_estimator.py"),
    message:
        "{wildcards.study}: fitting {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/fit_estimator.py"


use rule fit_estimator as fit_estimator_pooled with:
    wildcard_constraints:
        **plan.made_by("fit", pooled=True),
    resources:
        **needs("fit_estimator_pooled"),


rule apply_model:
    """A model that was trained on a source cell predicts the test genes of another: one fit serves
    all targets."""
    input:
        unpack(ask.run_inputs),
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
    log:
        "logs/apply_model/{study}/{model}/{unit}/seed{seed}.log",
    wildcard_constraints:
        **plan.made_by("apply"),
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        **needs("apply_model"),
    params:
        samples=ask.samples,
        tissues=ask.tissues,
        code=ask.model_code("apply_model.py"),
    message:
        "{wildcards.study}: applying {wildcards.model}, {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/apply_model.py"


rule subtract_cells:
    """A model that is trained on each cell apart predicts a pair of cells by the difference of its
    predictions."""
    input:
        unpack(ask.run_inputs),
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
    log:
        "logs/subtract_cells/{study}/{model}/{unit}/seed{seed}.log",
    wildcard_constraints:
        **plan.made_by("subtract"),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("subtract_cells"),
    params:
        code=code_digest("subtract_cells.py"),
    message:
        "{wildcards.study}: {wildcards.model}, difference {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/subtract_cells.py"


rule average_models:
    """A cell that was held out: the mean of the nets of all training cells, and how each does
    alone."""
    input:
        unpack(ask.run_inputs),
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
        members=f"{RUN}/members.tsv",
    log:
        "logs/average_models/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/average_models/{study}/{model}/{unit}/seed{seed}.tsv"
    wildcard_constraints:
        **plan.made_by("average", kind="net"),
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        **needs("average_models"),
    params:
        tissues=ask.tissues,
        code=ask.model_code("average_models.py"),
    message:
        "{wildcards.study}: mean {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/average_models.py"


rule average_estimators:
    """The same for baselines of scikit-learn."""
    input:
        unpack(ask.run_inputs),
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
        members=f"{RUN}/members.tsv",
    log:
        "logs/average_estimators/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/average_estimators/{study}/{model}/{unit}/seed{seed}.tsv"
    wildcard_constraints:
        **plan.made_by("average", kind="estimator"),
    conda:
        "../envs/estimators.yaml"
    threads: config["train_threads"]
    resources:
        **needs("average_estimators"),
    params:
        model=ask.model,
        tissues=ask.tissues,
        code=ask.model_code("average_estimators.py"),
    message:
        "{wildcards.study}: mean {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/average_estimators.py"


rule predict_control:
    """What the expression of the other training cells tells of a cell, without a model."""
    input:
        unpack(ask.run_inputs),
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
    log:
        "logs/predict_control/{study}/{model}/{unit}/seed{seed}.log",
    wildcard_constraints:
        **plan.made_by("control"),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("predict_control"),
    params:
        control=ask.control,
        samples=ask.samples,
        tissues=ask.tissues,
        code=code_digest("predict_control.py"),
    message:
        "{wildcards.study}: control {wildcards.model} of {wildcards.unit}"
    script:
        "../workflow/scripts/predict_control.py"


rule take_given:
    """Predictions that were made elsewhere, on the same rows as all models of the unit."""
    input:
        unpack(ask.run_inputs),
        given=ask.given_file,
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
    log:
        "logs/take_given/{study}/{model}/{unit}/seed{seed}.log",
    wildcard_constraints:
        **plan.made_by("given"),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("take_given"),
    params:
        samples=ask.samples,
        tissues=ask.tissues,
        own=ask.given_content,
        seen=ask.seen_by_given,
        named_by_path=ask.unit_in_path,
        labels=ask.has_labels,
        code=code_digest("take_given.py"),
    message:
        "{wildcards.study}: taking {wildcards.model} of {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/take_given.py"


rule predict_truth:
    """The best possible predictions: the simulator knows each gene's activity, and nothing that
    sees only marks can predict better."""
    input:
        unpack(ask.run_inputs),
        truth=rules.simulate_genome.output.truth,
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
    log:
        "logs/predict_truth/{study}/{model}/{unit}/seed{seed}.log",
    wildcard_constraints:
        **plan.made_by("truth"),
    conda:
        "../envs/data.yaml"
    resources:
        **needs("predict_truth"),
    params:
        samples=ask.samples,
        sequence=ask.reads_sequence,
        code=code_digest("predict_truth.py"),
    message:
        "Best possible predictions for {wildcards.unit}, from the simulator's truth"
    script:
        "../workflow/scripts/predict_truth.py"
