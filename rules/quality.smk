"""What the data look like, before any model sees them.

Needs: results/annotation/, results/counts/, results/tensors/.
Makes: figures and tables of genes kept, reads, profiles around the TSS, correlation with
expression, labels, and the signals of one gene.
"""

DATA_SHOWN = {
    **figure("genes", "genes_"),
    "genes_table": "results/tables/{study}/genes.tsv",
    **table("warnings", "warnings_"),
    **figure("depth", "depth_"),
    "depth_table": "results/tables/{study}/depth.tsv",
}


rule show_data:
    """How many genes a study keeps, and why the others fell; what looked wrong and was used all the
    same; reads of each cell and mark; around the TSS, mean reads of high and of low genes and the
    correlation of each bin's count with expression."""
    input:
        genes="results/annotation/genes.{study}.tsv",
        dropped="results/annotation/dropped.{study}.tsv",
        before="results/annotation/dropped.tsv",
        counts=ask.counts,
        tensors=ask.tensors,
    output:
        **DATA_SHOWN,
        **figure("profiles", "profiles_"),
        **figure("correlation", "correlation_"),
        profiles_table="results/tables/{study}/profiles.tsv",
        correlation_table="results/tables/{study}/correlation.tsv",
    log:
        "logs/show_data/{study}.log",
    wildcard_constraints:
        study=ask.studies_where(outputs.is_around_one_anchor),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("show_data"),
    params:
        **drawn_by("show_data.py"),
        published=ask.setting("paper", "genes"),
    message:
        "Drawing the data of study {wildcards.study}"
    script:
        "../workflow/scripts/show_data.py"


# Around TSS and TTS, there is no one distance to draw along.
use rule show_data as show_data_of_flanks with:
    output:
        **DATA_SHOWN,
    wildcard_constraints:
        study=ask.studies_where(outputs.is_around_two_anchors),


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
