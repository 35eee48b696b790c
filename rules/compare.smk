"""Comparisons: the papers' tables and figures of models side by side, tests of their claims, and what labels do to them."""


rule plot_labels:
    # How many labels depend on whether numbers are compared as numbers or as text.
    input:
        lambda wildcards: tensors_of(wildcards.study),
    output:
        table="results/tables/{study}/labels.tsv",
        svg="results/figures/{study}/labels.svg",
        png=report(
            "results/figures/{study}/labels.png",
            caption="../workflow/report/labels.rst",
            category="{study}",
            subcategory="Data",
            labels={"result": "labels as number and as text"},
        ),
    log:
        "logs/plot_labels/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_labels"),
    params:
        simulated=SIMULATED,
        code=code_digest("plot_labels.py"),
    message:
        "Comparing label modes of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_labels.py"


rule tabulate_models:
    # A table of the paper: least, mean, largest and median value of each model over units, and the published ones.
    input:
        unpack(labels_of),
        metrics="results/metrics/{study}.tsv",
        published=PUBLISHED,
    output:
        tsv="results/tables/{study}/{table}.tsv",
        html=report(
            "results/tables/{study}/{table}.html",
            caption="../workflow/report/models_table.rst",
            category="{study}",
            subcategory="Models",
            labels={"result": "{table}"},
        ),
    log:
        "logs/tabulate_models/{study}/{table}.log",
    wildcard_constraints:
        table=r"table\d+[a-z]?",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("tabulate_models"),
    params:
        simulated=SIMULATED,
        table=comparison("tables", "table"),
        code=code_digest("tabulate_models.py"),
    message:
        "Tabulating {wildcards.table} of study {wildcards.study}"
    script:
        "../workflow/scripts/tabulate_models.py"


rule plot_models:
    # A figure of the paper: models side by side, unit by unit.
    input:
        "results/metrics/{study}.tsv",
    output:
        svg="results/figures/{study}/{figure}.svg",
        png=report(
            "results/figures/{study}/{figure}.png",
            caption="../workflow/report/models_figure.rst",
            category="{study}",
            subcategory="Models",
            labels={"result": "{figure}"},
        ),
    log:
        "logs/plot_models/{study}/{figure}.log",
    wildcard_constraints:
        figure=r"figure\d+[a-z]?",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_models"),
    params:
        simulated=SIMULATED,
        figure=comparison("figures", "figure"),
        code=code_digest("plot_models.py"),
    message:
        "Drawing {wildcards.figure} of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_models.py"


rule judge_claims:
    # Each claim of the paper that one model is better than another, by a paired test over units.
    input:
        "results/metrics/{study}.tsv",
    output:
        tsv="results/tables/{study}/claims.tsv",
        html=report(
            "results/tables/{study}/claims.html",
            caption="../workflow/report/claims.rst",
            category="{study}",
            subcategory="Models",
            labels={"result": "claims of the paper, tested"},
        ),
    log:
        "logs/judge_claims/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("judge_claims"),
    params:
        simulated=SIMULATED,
        claims=lambda wildcards: STUDIES[wildcards.study]["claims"],
        metric=lambda wildcards: first_metric(wildcards.study),
        code=code_digest("judge_claims.py"),
    message:
        "Testing the claims of study {wildcards.study}"
    script:
        "../workflow/scripts/judge_claims.py"


rule compare_settings:
    # The first table of a study in its own setting and in those of its variants (studies whose `base` it is).
    input:
        unpack(labels_of),
        metrics=lambda wildcards: [
            f"results/metrics/{study}.tsv" for study in settings_of(wildcards.study)
        ],
    output:
        tsv="results/tables/{study}/settings.tsv",
        html=report(
            "results/tables/{study}/settings.html",
            caption="../workflow/report/settings.rst",
            category="{study}",
            subcategory="Models",
            labels={"result": "in other settings"},
        ),
        svg="results/figures/{study}/settings.svg",
        png=report(
            "results/figures/{study}/settings.png",
            caption="../workflow/report/settings.rst",
            category="{study}",
            subcategory="Models",
            labels={"result": "in other settings (figure)"},
        ),
    log:
        "logs/compare_settings/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_settings"),
    params:
        simulated=SIMULATED,
        table=lambda wildcards: next(iter(STUDIES[wildcards.study]["tables"].values())),
        settings=lambda wildcards: [
            ", ".join(
                filter(None, [STUDIES[study].get("setting", study), changes_of(study)])
            )
            for study in settings_of(wildcards.study)
        ],
        code=code_digest("compare_settings.py"),
    message:
        "Comparing settings of study {wildcards.study}"
    script:
        "../workflow/scripts/compare_settings.py"
