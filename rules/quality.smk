"""What the data look like, before any model sees them.

Needs: results/annotation/, results/counts/, results/tensors/.
Makes: figures and tables of genes kept, reads, profiles around the TSS, correlation with
expression, labels, and the signals of one gene.
"""


rule plot_genes:
    """How many genes a study keeps, and why the others fell."""
    input:
        genes="results/annotation/genes.{study}.tsv",
        dropped="results/annotation/dropped.{study}.tsv",
        before="results/annotation/dropped.tsv",
    output:
        **figure("genes"),
        table="results/tables/{study}/genes.tsv",
    log:
        "logs/plot_genes/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_genes"),
    params:
        **drawn_by("plot_genes.py"),
        published=ask.setting("paper", "genes"),
    message:
        "Drawing which genes study {wildcards.study} keeps"
    script:
        "../workflow/scripts/plot_genes.py"


rule tabulate_warnings:
    """What looked wrong in the data, and was used all the same."""
    input:
        counts=ask.counts,
        tensors=ask.tensors,
    output:
        **table("warnings"),
    log:
        "logs/tabulate_warnings/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("tabulate_warnings"),
    params:
        **drawn_by("tabulate_warnings.py"),
    message:
        "Listing warnings about the data of study {wildcards.study}"
    script:
        "../workflow/scripts/tabulate_warnings.py"


rule plot_depth:
    """Reads, reads per bin and empty bins of each cell and mark."""
    input:
        ask.counts,
    output:
        **figure("depth"),
        table="results/tables/{study}/depth.tsv",
    log:
        "logs/plot_depth/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_depth"),
    params:
        **drawn_by("plot_depth.py"),
    message:
        "Drawing reads per cell and mark of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_depth.py"


rule plot_profiles:
    """Mean reads around the TSS of high and of low genes, per mark: the first thing to look at."""
    input:
        counts=ask.counts,
        tensors=ask.tensors,
        genes="results/annotation/genes.{study}.tsv",
    output:
        **figure("profiles"),
        table="results/tables/{study}/profiles.tsv",
    log:
        "logs/plot_profiles/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_profiles"),
    params:
        **drawn_by("plot_profiles.py"),
    message:
        "Drawing mean profiles of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_profiles.py"


rule plot_correlation:
    """Spearman correlation of each bin's count with expression, per mark."""
    input:
        counts=ask.counts,
        tensors=ask.tensors,
        genes="results/annotation/genes.{study}.tsv",
    output:
        **figure("correlation"),
        table="results/tables/{study}/correlation.tsv",
    log:
        "logs/plot_correlation/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_correlation"),
    params:
        **drawn_by("plot_correlation.py"),
    message:
        "Drawing correlations of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_correlation.py"


rule plot_labels:
    """How many labels depend on whether numbers are compared as numbers or as text."""
    input:
        ask.tensors,
    output:
        **figure("labels"),
        table="results/tables/{study}/labels.tsv",
    log:
        "logs/plot_labels/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_labels"),
    params:
        **drawn_by("plot_labels.py"),
    message:
        "Comparing label modes of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_labels.py"


rule plot_inputs:
    """What a model of two cells sees of one gene."""
    input:
        unpack(ask.pair_shown),
    output:
        **figure("inputs"),
    log:
        "logs/plot_inputs/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_inputs"),
    params:
        **drawn_by("plot_inputs.py"),
        setting=ask.setting("inputs"),
    message:
        "Drawing the inputs of one gene of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_inputs.py"
