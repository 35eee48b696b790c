"""What the data look like, before any model sees them: genes kept, reads per cell, profiles around the TSS, correlation by bin."""


rule plot_genes:
    # How many genes a study keeps, and why the others fell.
    input:
        genes="results/annotation/genes.{study}.tsv",
        dropped="results/annotation/dropped.{study}.tsv",
        before="results/annotation/dropped.tsv",
    output:
        table="results/tables/{study}/genes.tsv",
        svg="results/figures/{study}/genes.svg",
        png=report(
            "results/figures/{study}/genes.png",
            caption="../workflow/report/genes.rst",
            category="{study}",
            subcategory="Data",
            labels={"result": "genes kept and dropped"},
        ),
    log:
        "logs/plot_genes/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_genes"),
    params:
        simulated=SIMULATED,
        published=lambda wildcards: STUDIES[wildcards.study]["paper"].get("genes"),
        code=code_digest("plot_genes.py"),
    message:
        "Drawing which genes study {wildcards.study} keeps"
    script:
        "../workflow/scripts/plot_genes.py"


rule plot_depth:
    # Reads, reads per bin and empty bins of each cell and mark.
    input:
        lambda wildcards: [
            counts_of(wildcards.study, cell) for cell in cells_of(wildcards.study)
        ],
    output:
        table="results/tables/{study}/depth.tsv",
        svg="results/figures/{study}/depth.svg",
        png=report(
            "results/figures/{study}/depth.png",
            caption="../workflow/report/depth.rst",
            category="{study}",
            subcategory="Data",
            labels={"result": "reads per cell and mark"},
        ),
    log:
        "logs/plot_depth/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_depth"),
    params:
        simulated=SIMULATED,
        code=code_digest("plot_depth.py"),
    message:
        "Drawing reads per cell and mark of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_depth.py"


rule plot_profiles:
    # Mean reads around the TSS of high and of low genes, per mark: the first thing to look at.
    input:
        counts=lambda wildcards: [
            counts_of(wildcards.study, cell) for cell in cells_of(wildcards.study)
        ],
        tensors=lambda wildcards: tensors_of(wildcards.study),
        genes="results/annotation/genes.{study}.tsv",
    output:
        table="results/tables/{study}/profiles.tsv",
        svg="results/figures/{study}/profiles.svg",
        png=report(
            "results/figures/{study}/profiles.png",
            caption="../workflow/report/profiles.rst",
            category="{study}",
            subcategory="Data",
            labels={"result": "mean read profile, high and low genes"},
        ),
    log:
        "logs/plot_profiles/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_profiles"),
    params:
        simulated=SIMULATED,
        code=code_digest("plot_profiles.py"),
    message:
        "Drawing mean profiles of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_profiles.py"


rule plot_correlation:
    # Spearman correlation of each bin's count with expression, per mark.
    input:
        counts=lambda wildcards: [
            counts_of(wildcards.study, cell) for cell in cells_of(wildcards.study)
        ],
        tensors=lambda wildcards: tensors_of(wildcards.study),
        genes="results/annotation/genes.{study}.tsv",
    output:
        table="results/tables/{study}/correlation.tsv",
        svg="results/figures/{study}/correlation.svg",
        png=report(
            "results/figures/{study}/correlation.png",
            caption="../workflow/report/correlation.rst",
            category="{study}",
            subcategory="Data",
            labels={"result": "correlation of marks with expression"},
        ),
    log:
        "logs/plot_correlation/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_correlation"),
    params:
        simulated=SIMULATED,
        code=code_digest("plot_correlation.py"),
    message:
        "Drawing correlations of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_correlation.py"
