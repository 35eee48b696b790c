"""Interpretation: what trained models look at. Saved once per run, drawn from the saved arrays."""


rule save_attention:
    # Attention of a trained model over its test genes, mean over high and over low ones.
    input:
        cell="results/tensors/{study}/{unit}.npz",
        weights=f"{RUN}/weights.safetensors",
        params=f"{RUN}/params.yaml",
    output:
        "results/attention/{study}/{model}/{unit}/seed{seed}.npz",
    log:
        "logs/save_attention/{study}/{model}/{unit}/seed{seed}.log",
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        mem_mb=3000,
        runtime=20,
    params:
        code=model_code("save_attention.py"),
    message:
        "Saving the attention of {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/save_attention.py"


rule plot_attention:
    # The self-attention map around the TSS, mean over cells; the first seed.
    input:
        lambda wildcards: [
            f"results/attention/{wildcards.study}/{wildcards.model}/{unit}/seed{config['seeds'][0]}.npz"
            for unit in units_of(wildcards.study, wildcards.model)
        ],
    output:
        svg="results/figures/{study}/attention_{model}.svg",
        png=report(
            "results/figures/{study}/attention_{model}.png",
            caption="../workflow/report/attention.rst",
            category="{study}",
            subcategory="Interpretation",
            labels={"result": "self-attention of {model}"},
        ),
    log:
        "logs/plot_attention/{study}/{model}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        simulated=SIMULATED,
        model=lambda wildcards: wildcards.model,
        code=code_digest("plot_attention.py"),
    message:
        "Drawing the attention of {wildcards.model}"
    script:
        "../workflow/scripts/plot_attention.py"
