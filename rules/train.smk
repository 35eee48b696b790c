"""Training: results/runs/{study}/{model}/{unit}/seed{seed}/, one job per fit. A run ends in predictions of every gene."""


rule train_model:
    # One model on one unit with one seed. Killed, it goes on from its last whole epoch.
    input:
        "results/tensors/{study}/{unit}.npz",
    output:
        predictions=f"{RUN}/predictions.tsv.gz",
        history=f"{RUN}/history.tsv",
        weights=f"{RUN}/weights.safetensors",
        params=f"{RUN}/params.yaml",
    log:
        "logs/train_model/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/train_model/{study}/{model}/{unit}/seed{seed}.tsv"
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        gpu=GPU_PER_FIT,
        mem_mb=4000,
        runtime=240,
    params:
        model=model_block,
        # beside the outputs, but none of them: Snakemake deletes the outputs of a job that fails
        checkpoint=lambda wildcards: f"results/runs/.checkpoints/{wildcards.study}-{wildcards.model}-{wildcards.unit}-{wildcards.seed}.pt",
        code=model_code,
    message:
        "Training {wildcards.model} on {wildcards.unit}, seed {wildcards.seed} (study {wildcards.study})"
    script:
        "../workflow/scripts/train_model.py"


if SIMULATED:

    # The simulator knows each gene's activity: nothing that sees only marks can predict better.
    rule predict_truth:
        input:
            tensors="results/tensors/{study}/{unit}.npz",
            truth=rules.simulate_genome.output.truth,
        output:
            predictions="results/runs/{study}/simulator_truth/{unit}/seed{seed}/predictions.tsv.gz",
        log:
            "logs/predict_truth/{study}/{unit}/seed{seed}.log",
        conda:
            "../envs/data.yaml"
        resources:
            mem_mb=1000,
            runtime=5,
        params:
            code=code_digest("predict_truth.py"),
        message:
            "Best possible predictions for {wildcards.unit}, from the simulator's truth"
        script:
            "../workflow/scripts/predict_truth.py"

    ruleorder: predict_truth > train_model
