"""Tensors: results/tensors/{study}/{cell}.npz, what a model of the study sees of a cell; and what the counts look like."""


rule build_tensors:
    # Normalised counts, expression, target and split of one cell for one study.
    input:
        counts=lambda wildcards: counts_of(wildcards.study, wildcards.cell),
        genes="results/annotation/genes.{study}.tsv",
        expression=expression_of,
    output:
        "results/tensors/{study}/{cell}.npz",
    log:
        "logs/build_tensors/{study}/{cell}.log",
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        source=lambda wildcards: source_of(wildcards.cell)["kind"],
        data=lambda wildcards: STUDIES[wildcards.study]["data"],
        code=code_digest("build_tensors.py"),
    message:
        "Building tensors of {wildcards.cell} for study {wildcards.study}"
    script:
        "../workflow/scripts/build_tensors.py"


rule plot_profiles:
    # Mean reads around the TSS of high and of low genes, per mark: the first thing to look at.
    input:
        counts=lambda wildcards: [counts_of(wildcards.study, cell) for cell in CELLS],
        tensors=expand("results/tensors/{{study}}/{cell}.npz", cell=CELLS),
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
        mem_mb=2000,
        runtime=20,
    params:
        simulated=SIMULATED,
        code=code_digest("plot_profiles.py"),
    message:
        "Drawing mean profiles of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_profiles.py"
