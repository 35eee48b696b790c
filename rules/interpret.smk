"""Interpretation: what trained models look at, saved once per run and drawn from what was saved.

Needs: weights and params.yaml of runs, the tensors that they read.
Makes: results/attention/, results/attributions/ and the figures of them.
"""


rule save_attention:
    """Attention of a trained model over its test genes: gene by gene for pairs of cells, else
    means over high and over low ones."""
    input:
        unpack(ask.trained_inputs),
    output:
        "results/attention/{study}/{model}/{unit}/seed{seed}.npz",
    log:
        "logs/save_attention/{study}/{model}/{unit}/seed{seed}.log",
    wildcard_constraints:
        **plan.made_by("train"),
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        **needs("save_attention"),
    params:
        samples=ask.samples,
        code=ask.model_code("save_attention.py"),
    message:
        "Saving the attention of {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/save_attention.py"


rule plot_attention:
    """The self-attention map around the TSS, mean over cells; the first seed."""
    input:
        ask.attention_maps,
    output:
        **figure("attention_{model}"),
    log:
        "logs/plot_attention/{study}/{model}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_attention"),
    params:
        **drawn_by("plot_attention.py"),
    message:
        "Drawing the attention of {wildcards.model}"
    script:
        "../workflow/scripts/plot_attention.py"


rule plot_mark_attention:
    """Mean attention over marks of the genes that go up and that go down, over all seeds, and
    whether what the paper says of it holds."""
    input:
        ask.mark_attention,
    output:
        **figure("mark_attention"),
        **table("mark_statements"),
        table="results/tables/{study}/mark_attention.tsv",
    log:
        "logs/plot_mark_attention/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_mark_attention"),
    params:
        **drawn_by("plot_mark_attention.py"),
        setting=ask.setting("mark_attention"),
    message:
        "Drawing attention over marks of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_mark_attention.py"


rule save_attributions:
    """Saliency and integrated gradients of a trained net, means over test genes."""
    input:
        unpack(ask.trained_inputs),
        study_genes=ask.genes,
    output:
        "results/attributions/{study}/{model}/{unit}/seed{seed}.npz",
    log:
        "logs/save_attributions/{study}/{model}/{unit}/seed{seed}.log",
    benchmark:
        "benchmarks/save_attributions/{study}/{model}/{unit}/seed{seed}.tsv"
    wildcard_constraints:
        **plan.made_by("train"),
    conda:
        "../envs/attribution.yaml"
    threads: config["train_threads"]
    resources:
        **needs("save_attributions"),
    params:
        samples=ask.samples,
        genes=ask.setting("attributions", "genes"),
        turned=ask.is_turned,
        code=ask.model_code("save_attributions.py"),
    message:
        "Saving attributions of {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/save_attributions.py"


rule plot_attributions:
    """What marks and bins the predictions of some units depend on; the first seed."""
    input:
        ask.attributions,
    output:
        **figure("attributions"),
    log:
        "logs/plot_attributions/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_attributions"),
    params:
        **drawn_by("plot_attributions.py"),
        setting=ask.attributions_setting,
    message:
        "Drawing attributions of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_attributions.py"


rule save_gene_attributions:
    """Gradients of the prediction of one gene with respect to marks and DNA, and means over genes,
    of a pooled model; the first seed."""
    input:
        unpack(ask.gene_shown),
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
        setting=ask.setting("gene_attributions"),
        code=ask.gene_shown_code,
    message:
        "Saving what the prediction of one gene depends on (study {wildcards.study})"
    script:
        "../workflow/scripts/save_gene_attributions.py"


rule plot_gene_attributions:
    """Marks and DNA of one gene, and means over genes."""
    input:
        rules.save_gene_attributions.output,
    output:
        **figure("gene_marks", "marks_"),
        **figure("gene_sequence", "sequence_"),
        **figure("gene_attributions", "means_"),
    log:
        "logs/plot_gene_attributions/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_gene_attributions"),
    params:
        **drawn_by("plot_gene_attributions.py"),
        setting=ask.setting("gene_attributions"),
    message:
        "Drawing what the prediction of one gene depends on (study {wildcards.study})"
    script:
        "../workflow/scripts/plot_gene_attributions.py"
