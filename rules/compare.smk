"""Comparisons: models side by side, tests of claims, other settings, ensembles.

Needs: results/metrics/, and params.yaml, members.tsv and steps.tsv of runs.
Makes: the papers' tables and figures of models by number, claims, named_cells, settings, ensemble,
losses and gaps under results/tables/ and results/figures/, and results/reproduction.tsv.
"""


rule tabulate_models:
    """A table of the paper: least, mean, largest and median value of each model over units, and
    the published ones."""
    input:
        unpack(ask.labels),
        unpack(ask.denominators),
        metrics="results/metrics/{study}.tsv",
        published=PUBLISHED,
    output:
        **table("{table}"),
    log:
        "logs/tabulate_models/{study}/{table}.log",
    wildcard_constraints:
        table=r"table\d+[a-z]?",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("tabulate_models"),
    params:
        **drawn_by("tabulate_models.py"),
        table=ask.comparison("table"),
        published=CONTENT_OF_PUBLISHED,
    message:
        "Tabulating {wildcards.table} of study {wildcards.study}"
    script:
        "../workflow/scripts/tabulate_models.py"


rule plot_models:
    """A figure of the paper: models side by side, unit by unit."""
    input:
        "results/metrics/{study}.tsv",
    output:
        **figure("{figure}"),
    log:
        "logs/plot_models/{study}/{figure}.log",
    wildcard_constraints:
        figure=r"figure\d+[a-z]?",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_models"),
    params:
        **drawn_by("plot_models.py"),
        figure=ask.comparison("figure"),
    message:
        "Drawing {wildcards.figure} of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_models.py"


rule judge_claims:
    """What the paper says of its models: paired tests over units, bootstrap tests on the rows of
    all cells, and counts of units."""
    input:
        unpack(ask.evidence),
        metrics="results/metrics/{study}.tsv",
    output:
        **table("claims"),
    log:
        "logs/judge_claims/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("judge_claims"),
    params:
        **drawn_by("judge_claims.py"),
        claims=ask.setting("claims"),
        metric=ask.first_metric,
        deviations=ask.deviations,
    message:
        "Testing the claims of study {wildcards.study}"
    script:
        "../workflow/scripts/judge_claims.py"


rule compare_named_cells:
    """The cells that the paper names as those with the worst, median and best scores, beside
    ours."""
    input:
        "results/metrics/{study}.tsv",
    output:
        **table("named_cells"),
    log:
        "logs/compare_named_cells/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_named_cells"),
    params:
        **drawn_by("compare_named_cells.py"),
        named_cells=ask.setting("named_cells"),
        metric=ask.first_metric,
        label_mode=ask.label_mode,
    message:
        "Comparing the cells that the paper of study {wildcards.study} names"
    script:
        "../workflow/scripts/compare_named_cells.py"


rule compare_settings:
    """A study beside its variants of the same paper and task: the models of its first table, or, if
    it has none, those that any variant has."""
    input:
        unpack(ask.labels),
        metrics=ask.settings_metrics,
    output:
        **table("settings"),
        **figure("settings"),
    log:
        "logs/compare_settings/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_settings"),
    params:
        **drawn_by("compare_settings.py"),
        table=ask.compared,
        settings=ask.settings_names,
    message:
        "Comparing settings of study {wildcards.study}"
    script:
        "../workflow/scripts/compare_settings.py"


rule split_gaps:
    """The gaps between printed numbers, split into the effects of labels, split, genes and
    model."""
    input:
        metrics=ask.settings_metrics,
    output:
        **table("gaps"),
        **figure("gaps"),
    log:
        "logs/split_gaps/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("split_gaps"),
    params:
        **drawn_by("split_gaps.py"),
        gaps=ask.setting("gaps"),
        metric=ask.first_metric,
        levels=ask.settings_levels,
        bootstrap=config["bootstrap"],
    message:
        "Splitting the gaps of study {wildcards.study}"
    script:
        "../workflow/scripts/split_gaps.py"


rule tabulate_reproduction:
    """Every published number beside ours, of the studies of config key `studies`."""
    input:
        unpack(ask.reproduced),
        published=PUBLISHED,
    output:
        tsv="results/reproduction.tsv",
        html=report(
            "results/reproduction.html",
            caption="../workflow/report/reproduction.rst",
            category="Reproduction",
            labels={"result": "published numbers and ours"},
        ),
    log:
        "logs/tabulate_reproduction.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("tabulate_reproduction"),
    params:
        **drawn_by("tabulate_reproduction.py"),
        published=CONTENT_OF_PUBLISHED,
        compared=ask.reproduced_studies(),
        models=ask.models_of_studies(),
    message:
        "Setting all published numbers beside ours"
    script:
        "../workflow/scripts/tabulate_reproduction.py"


rule compare_ablation:
    """What each setting of a study's grid of models changes, all else equal."""
    input:
        ask.ablation_predictions,
    output:
        **table("ablation"),
        **figure("ablation"),
        ranked="results/tables/{study}/ablation_ranked.tsv",
    log:
        "logs/compare_ablation/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_ablation"),
    params:
        **drawn_by("compare_ablation.py"),
        axes=ask.ablation_axes,
        settings=ask.ablation_settings,
        metric=ask.first_metric,
    message:
        "Comparing the settings of study {wildcards.study}"
    script:
        "../workflow/scripts/compare_ablation.py"


rule compare_members:
    """The mean of all cells' models on each unseen cell, beside each of them alone."""
    input:
        members=ask.members,
        metrics="results/metrics/{study}.tsv",
    output:
        **table("ensemble"),
        **figure("ensemble"),
    log:
        "logs/compare_members/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_members"),
    params:
        **drawn_by("compare_members.py"),
        metric=ask.member_metric,
        seed=config["seeds"][0],
    message:
        "Comparing ensembles of study {wildcards.study} with their members"
    script:
        "../workflow/scripts/compare_members.py"


rule plot_losses:
    """Training loss of every fit of a model against the step; the first seed."""
    input:
        ask.losses,
    output:
        **figure("losses"),
    log:
        "logs/plot_losses/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_losses"),
    params:
        **drawn_by("plot_losses.py"),
    message:
        "Drawing training losses of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_losses.py"
