"""Interpretation: what trained models look at. Saved once per run, drawn from the saved arrays."""


rule save_attention:
    # Attention of a trained model over its test genes: gene by gene for pairs of cells, else means over high and over low ones.
    input:
        unpack(run_inputs),
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
        **needs("save_attention"),
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
            for unit in training_cells(wildcards.study, wildcards.model)
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
        **needs("plot_attention"),
    params:
        simulated=SIMULATED,
        model=lambda wildcards: wildcards.model,
        code=code_digest("plot_attention.py"),
    message:
        "Drawing the attention of {wildcards.model}"
    script:
        "../workflow/scripts/plot_attention.py"


rule plot_mark_attention:
    # Mean attention over marks of the genes that go up and that go down; the first seed.
    input:
        lambda wildcards: "results/attention/{study}/{model}/{unit}/seed{seed}.npz".format(
            study=wildcards.study,
            seed=config["seeds"][0],
            **STUDIES[wildcards.study]["mark_attention"],
        ),
    output:
        table="results/tables/{study}/mark_attention.tsv",
        svg="results/figures/{study}/mark_attention.svg",
        png=report(
            "results/figures/{study}/mark_attention.png",
            caption="../workflow/report/mark_attention.rst",
            category="{study}",
            subcategory="Interpretation",
            labels={"result": "attention over marks (Figure 5)"},
        ),
    log:
        "logs/plot_mark_attention/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_mark_attention"),
    params:
        simulated=SIMULATED,
        setting=lambda wildcards: STUDIES[wildcards.study]["mark_attention"],
        code=code_digest("plot_mark_attention.py"),
    message:
        "Drawing attention over marks of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_mark_attention.py"


rule plot_inputs:
    # What a model of two cells sees of one gene.
    input:
        unpack(pair_shown),
    output:
        svg="results/figures/{study}/inputs.svg",
        png=report(
            "results/figures/{study}/inputs.png",
            caption="../workflow/report/inputs.rst",
            category="{study}",
            subcategory="Data",
            labels={"result": "inputs of one gene (Figure 1)"},
        ),
    log:
        "logs/plot_inputs/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_inputs"),
    params:
        simulated=SIMULATED,
        setting=lambda wildcards: STUDIES[wildcards.study]["inputs"],
        code=code_digest("plot_inputs.py"),
    message:
        "Drawing the inputs of one gene of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_inputs.py"
