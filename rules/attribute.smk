"""Attributions: which marks and bins predictions depend on. Saved once per run, drawn from the saved arrays."""


rule save_attributions:
    # Saliency and integrated gradients of a trained net, means over test genes.
    input:
        unpack(run_inputs),
        weights=f"{RUN}/weights.safetensors",
        params=f"{RUN}/params.yaml",
        study_genes="results/annotation/genes.{study}.tsv",
    output:
        "results/attributions/{study}/{model}/{unit}/seed{seed}.npz",
    log:
        "logs/save_attributions/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/save_attributions/{study}/{model}/{unit}/seed{seed}.tsv"
    conda:
        "../envs/attribution.yaml"
    threads: config["train_threads"]
    resources:
        **needs("save_attributions"),
    params:
        genes=lambda wildcards: STUDIES[wildcards.study]["attributions"]["genes"],
        turned=lambda wildcards: STUDIES[wildcards.study]["data"]["orientation"]
        == "transcription",
        code=model_code("save_attributions.py"),
    message:
        "Saving attributions of {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/save_attributions.py"


rule plot_attributions:
    # What marks and bins the predictions of some units depend on; the first seed.
    input:
        lambda wildcards: [
            f"results/attributions/{wildcards.study}/{STUDIES[wildcards.study]['attributions']['model']}/{unit}/seed{config['seeds'][0]}.npz"
            for unit in attributed(wildcards.study)
        ],
    output:
        svg="results/figures/{study}/attributions.svg",
        png=report(
            "results/figures/{study}/attributions.png",
            caption="../workflow/report/attributions.rst",
            category="{study}",
            subcategory="Interpretation",
            labels={"result": "saliency and integrated gradients"},
        ),
    log:
        "logs/plot_attributions/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_attributions"),
    params:
        simulated=SIMULATED,
        setting=lambda wildcards: {
            **STUDIES[wildcards.study]["attributions"],
            "units": attributed(wildcards.study),
        },
        code=code_digest("plot_attributions.py"),
    message:
        "Drawing attributions of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_attributions.py"


rule save_gene_attributions:
    # Gradients of the prediction of one gene with respect to marks and DNA, and means over genes, of a pooled model; the first seed.
    input:
        unpack(shown_inputs),
    output:
        "results/attributions/{study}/genes.npz",
    log:
        "logs/save_gene_attributions/{study}.log",
    benchmark:
        "benchmarks/save_gene_attributions/{study}.tsv"
    conda:
        "../envs/attribution.yaml"
    threads: config["train_threads"]
    resources:
        **needs("save_gene_attributions"),
    params:
        setting=lambda wildcards: STUDIES[wildcards.study]["gene_attributions"],
        code=lambda wildcards: code_digest(
            "save_gene_attributions.py",
            f"markexpr/models/{shown_block(wildcards.study)['architecture']}.py",
        ),
    message:
        "Saving what the prediction of one gene depends on (study {wildcards.study})"
    script:
        "../workflow/scripts/save_gene_attributions.py"


rule plot_gene_attributions:
    # Marks and DNA of one gene, and means over genes.
    input:
        rules.save_gene_attributions.output,
    output:
        marks_svg="results/figures/{study}/gene_marks.svg",
        marks=report(
            "results/figures/{study}/gene_marks.png",
            caption="../workflow/report/gene_attributions.rst",
            category="{study}",
            subcategory="Interpretation",
            labels={"result": "marks of one gene, gradient × input (Figure 4)"},
        ),
        sequence_svg="results/figures/{study}/gene_sequence.svg",
        sequence=report(
            "results/figures/{study}/gene_sequence.png",
            caption="../workflow/report/gene_attributions.rst",
            category="{study}",
            subcategory="Interpretation",
            labels={"result": "gradients of the four bases of one gene (Figure 5)"},
        ),
        means_svg="results/figures/{study}/gene_attributions.svg",
        means=report(
            "results/figures/{study}/gene_attributions.png",
            caption="../workflow/report/gene_attributions.rst",
            category="{study}",
            subcategory="Interpretation",
            labels={"result": "marks and DNA, means over genes"},
        ),
    log:
        "logs/plot_gene_attributions/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_gene_attributions"),
    params:
        simulated=SIMULATED,
        setting=lambda wildcards: STUDIES[wildcards.study]["gene_attributions"],
        code=code_digest("plot_gene_attributions.py"),
    message:
        "Drawing what the prediction of one gene depends on (study {wildcards.study})"
    script:
        "../workflow/scripts/plot_gene_attributions.py"
