"""Tensors: what a model of a study sees of a cell.

Needs: results/counts/, results/annotation/genes.{study}.tsv, an expression table.
Makes: results/tensors/{study}/{cell}.npz; on request results/export/kaggle/{study}/.
"""


rule build_tensors:
    """Normalised counts, expression, target and split of one cell for one study."""
    input:
        counts=ask.counts_of_cell,
        genes="results/annotation/genes.{study}.tsv",
        annotation="results/annotation/genes.tsv",
        expression=ask.expression,
    output:
        "results/tensors/{study}/{cell}.npz",
    log:
        "logs/build_tensors/{study}/{cell}.log",
    conda:
        "../envs/data.yaml"
    resources:
        **needs("build_tensors"),
    params:
        source=ask.source,
        own_expression=ask.has_own_expression,
        own=ask.own_expression,
        twins=ask.twins_of_expression,
        data=ask.data,
        made_from=ask.tensors_made_from,
        code=code_digest("build_tensors.py"),
    message:
        "Building tensors of {wildcards.cell} for study {wildcards.study}"
    script:
        "../workflow/scripts/build_tensors.py"


rule export_kaggle:
    """A study's counts and targets in the layout of the class competition that DenseEnsemble and
    WakaWaka took part in."""
    input:
        counts=ask.counts,
        tensors=ask.tensors,
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
        cells=ask.cells,
        code=code_digest("export_kaggle.py"),
    message:
        "Writing study {wildcards.study} in the competition's layout"
    script:
        "../workflow/scripts/export_kaggle.py"
