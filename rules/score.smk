"""Scores: every metric of every run, and the tables and figures of scores.

Needs: predictions.tsv.gz of the runs of a study, never a model; config/published.tsv.
Makes: results/metrics/{study}.tsv, and scores, sizes, published, regimes, seen, leave_one_out, ROC
curves, predicted against true values and cross-validation under results/tables/ and
results/figures/.
"""

SCORES = {
    "metrics": "results/metrics/{study}.tsv",
    **table("scores", "scores_"),
    **table("sizes", "sizes_"),
}


rule score_study:
    """Every metric of every run and split, with its bootstrap interval; the scores of the test
    genes as people read them, one row a run; parameters of every model, and how many genes trained
    it; ROC curves, one panel a model, one line a run."""
    input:
        predictions=ask.predictions,
        tensors=ask.tensors,
        fits=ask.sizes,
    output:
        **SCORES,
        **figure("roc", "roc_"),
    log:
        "logs/score_study/{study}.log",
    benchmark:
        "benchmarks/score_study/{study}.tsv"
    wildcard_constraints:
        study=ask.studies_where(outputs.predicts_labels),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("score_study"),
    params:
        **drawn_by("score_study.py"),
        bootstrap=config["bootstrap"],
        kind=ask.setting("data", "target", "kind"),
        pooled=ask.is_pooled,
    message:
        "Scoring study {wildcards.study}"
    script:
        "../workflow/scripts/score_study.py"


# Of values: predicted against true ones.
use rule score_study as score_study_of_values with:
    output:
        **SCORES,
        **figure("predicted", "predicted_"),
    wildcard_constraints:
        study=ask.studies_where(outputs.predicts_values),


rule compare_published:
    """The paper's numbers and ours side by side."""
    input:
        unpack(ask.regimes),
        unpack(ask.saliency),
        metrics="results/metrics/{study}.tsv",
        published=PUBLISHED,
    output:
        **table("published"),
    log:
        "logs/compare_published/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_published"),
    params:
        **drawn_by("compare_published.py"),
        published=CONTENT_OF_PUBLISHED,
        bootstrap=config["bootstrap"],
        changed=ask.changes,
        deviations=ask.deviations,
        published_as=ask.published_as,
        paper=ask.setting("paper", "citation"),
        label_mode=ask.label_mode,
    message:
        "Comparing study {wildcards.study} with its paper"
    script:
        "../workflow/scripts/compare_published.py"


rule score_regimes:
    """Genes of seen cells, unseen cells, and both new at once; each model against the gene's mean
    over training cells."""
    input:
        predictions=ask.predictions,
        tensors=ask.tensors,
    output:
        **table("regimes"),
        cells="results/tables/{study}/unseen_cells.tsv",
        errors="results/tables/{study}/regimes.npz",
    log:
        "logs/score_regimes/{study}.log",
    benchmark:
        "benchmarks/score_regimes/{study}.tsv"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("score_regimes"),
    params:
        **drawn_by("score_regimes.py"),
        bootstrap=config["bootstrap"],
    message:
        "Scoring seen and unseen genes and cells of study {wildcards.study}"
    script:
        "../workflow/scripts/score_regimes.py"


rule score_seen:
    """Test genes by whether gene, cell and tissue were trained on."""
    input:
        predictions=ask.predictions,
        tensors=ask.tensors,
    output:
        **table("seen"),
    log:
        "logs/score_seen/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("score_seen"),
    params:
        **drawn_by("score_seen.py"),
        kind=ask.setting("data", "target", "kind"),
    message:
        "Scoring study {wildcards.study} by what was seen"
    script:
        "../workflow/scripts/score_seen.py"


rule plot_regimes:
    """Validation and test error of every architecture."""
    input:
        "results/tables/{study}/regimes.tsv",
    output:
        **figure("regimes"),
    log:
        "logs/plot_regimes/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_regimes"),
    params:
        **drawn_by("plot_regimes.py"),
    message:
        "Drawing validation and test error of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_regimes.py"


rule plot_unseen_cells:
    """Each model's error above or below the gene mean's on every unseen cell, and on all."""
    input:
        regimes="results/tables/{study}/regimes.tsv",
        cells="results/tables/{study}/unseen_cells.tsv",
    output:
        **figure("unseen_cells"),
    log:
        "logs/plot_unseen_cells/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_unseen_cells"),
    params:
        **drawn_by("plot_unseen_cells.py"),
    message:
        "Drawing the unseen cells of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_unseen_cells.py"


rule plot_competition:
    """Validation and test error of every model on the competition's rows, and what is printed."""
    input:
        regimes="results/tables/{study}/regimes.tsv",
        published=PUBLISHED,
    output:
        **figure("competition"),
    log:
        "logs/plot_competition/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_competition"),
    params:
        **drawn_by("plot_competition.py"),
        published=CONTENT_OF_PUBLISHED,
        models=ask.model_names,
        published_as=ask.published_as,
    message:
        "Drawing the competition's errors of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_competition.py"


rule leave_one_out:
    """What the expression of other cells tells of a left-out one, over all cells of REMC's table:
    needs no alignment."""
    input:
        expression=ask.remc_expression,
        genes="results/annotation/genes.{study}.tsv",
    output:
        **table("leave_one_out"),
    log:
        "logs/leave_one_out/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("leave_one_out"),
    params:
        **drawn_by("leave_one_out.py"),
        tissues=project.sheet_tissues,
        target=ask.setting("data", "target"),
    message:
        "Leaving out one cell after another of the expression table"
    script:
        "../workflow/scripts/leave_one_out.py"


rule plot_cross_validation:
    """Training and validation loss of each fold; the first seed."""
    input:
        ask.folds,
    output:
        **figure("cross_validation"),
    log:
        "logs/plot_cross_validation/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_cross_validation"),
    params:
        **drawn_by("plot_cross_validation.py"),
        setting=ask.setting("cross_validation"),
    message:
        "Drawing the cross-validation of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_cross_validation.py"
