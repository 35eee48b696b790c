"""Tensors: results/tensors/{study}/{cell}.npz, what a model of the study sees of a cell."""


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
        **needs("build_tensors"),
    params:
        source=lambda wildcards: source_of(wildcards.cell),
        own_expression=lambda wildcards: own_expression(wildcards.cell) is not None,
        data=lambda wildcards: STUDIES[wildcards.study]["data"],
        code=code_digest("build_tensors.py"),
    message:
        "Building tensors of {wildcards.cell} for study {wildcards.study}"
    script:
        "../workflow/scripts/build_tensors.py"


rule export_kaggle:
    # A study's counts and targets in the layout of the class competition that DenseEnsemble and WakaWaka took part in.
    input:
        counts=lambda wildcards: [
            counts_of(wildcards.study, cell) for cell in cells_of(wildcards.study)
        ],
        tensors=lambda wildcards: tensors_of(wildcards.study),
    output:
        train="results/export/kaggle/{study}/train.npz",
        eval="results/export/kaggle/{study}/eval.npz",
    log:
        "logs/export_kaggle/{study}.log",
    conda:
        "../envs/data.yaml"
    resources:
        **needs("export_kaggle"),
    params:
        cells=lambda wildcards: cells_of(wildcards.study),
        code=code_digest("export_kaggle.py"),
    message:
        "Writing study {wildcards.study} in the competition's layout"
    script:
        "../workflow/scripts/export_kaggle.py"
