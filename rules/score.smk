"""Scores: results/metrics/{study}.tsv, and the tables and figures made of it. Reads predictions, never a model."""


rule score_study:
    # Every metric of every run and split, with its bootstrap interval.
    input:
        lambda wildcards: predictions_of(wildcards.study),
    output:
        "results/metrics/{study}.tsv",
    log:
        "logs/score_study/{study}.log",
    benchmark:
        "benchmarks/score_study/{study}.tsv"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("score_study"),
    params:
        bootstrap=config["bootstrap"],
        kind=lambda wildcards: STUDIES[wildcards.study]["data"]["target"]["kind"],
        pooled=lambda wildcards: STUDIES[wildcards.study]["units"] == "pooled",
        code=code_digest("score_study.py"),
    message:
        "Scoring study {wildcards.study}"
    script:
        "../workflow/scripts/score_study.py"


rule tabulate_scores:
    # The scores of the test genes as people read them, one row a run.
    input:
        "results/metrics/{study}.tsv",
    output:
        tsv="results/tables/{study}/scores.tsv",
        html=report(
            "results/tables/{study}/scores.html",
            caption="../workflow/report/scores.rst",
            category="{study}",
            subcategory="Scores",
            labels={"result": "scores of the test genes"},
        ),
    log:
        "logs/tabulate_scores/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("tabulate_scores"),
    params:
        simulated=SIMULATED,
        code=code_digest("tabulate_scores.py"),
    message:
        "Tabulating scores of study {wildcards.study}"
    script:
        "../workflow/scripts/tabulate_scores.py"


rule tabulate_sizes:
    # Parameters of every model, and how many genes trained it.
    input:
        lambda wildcards: [
            params
            for model in STUDIES[wildcards.study]["models"]
            for params in fitted_run(wildcards.study, model)
        ],
    output:
        tsv="results/tables/{study}/sizes.tsv",
        html=report(
            "results/tables/{study}/sizes.html",
            caption="../workflow/report/sizes.rst",
            category="{study}",
            subcategory="Models",
            labels={"result": "sizes of models"},
        ),
    log:
        "logs/tabulate_sizes/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("tabulate_sizes"),
    params:
        simulated=SIMULATED,
        code=code_digest("tabulate_sizes.py"),
    message:
        "Tabulating sizes of models of study {wildcards.study}"
    script:
        "../workflow/scripts/tabulate_sizes.py"


rule compare_published:
    # The paper's numbers and ours side by side.
    input:
        unpack(regimes_of),
        metrics="results/metrics/{study}.tsv",
        published=PUBLISHED,
    output:
        tsv="results/tables/{study}/published.tsv",
        html=report(
            "results/tables/{study}/published.html",
            caption="../workflow/report/published.rst",
            category="{study}",
            subcategory="Scores",
            labels={"result": "published and ours"},
        ),
    log:
        "logs/compare_published/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_published"),
    params:
        simulated=SIMULATED,
        changed=lambda wildcards: changes_of(wildcards.study),
        published_as=lambda wildcards: published_as(wildcards.study),
        paper=lambda wildcards: STUDIES[wildcards.study]["paper"]["citation"],
        label_mode=lambda wildcards: STUDIES[wildcards.study]["data"]["target"].get(
            "label_mode", "none"
        ),
        code=code_digest("compare_published.py"),
    message:
        "Comparing study {wildcards.study} with its paper"
    script:
        "../workflow/scripts/compare_published.py"


rule plot_predicted:
    # Predicted against true values of the test genes, one panel a model.
    input:
        metrics="results/metrics/{study}.tsv",
        predictions=lambda wildcards: predictions_of(wildcards.study),
    output:
        svg="results/figures/{study}/predicted.svg",
        png=report(
            "results/figures/{study}/predicted.png",
            caption="../workflow/report/predicted.rst",
            category="{study}",
            subcategory="Scores",
            labels={"result": "predicted and true values of the test genes"},
        ),
    log:
        "logs/plot_predicted/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_predicted"),
    params:
        simulated=SIMULATED,
        code=code_digest("plot_predicted.py"),
    message:
        "Drawing predictions of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_predicted.py"


rule plot_roc:
    # ROC curves of the test genes, one panel a model, one line a run.
    input:
        metrics="results/metrics/{study}.tsv",
        predictions=lambda wildcards: predictions_of(wildcards.study),
    output:
        svg="results/figures/{study}/roc.svg",
        png=report(
            "results/figures/{study}/roc.png",
            caption="../workflow/report/roc.rst",
            category="{study}",
            subcategory="Scores",
            labels={"result": "ROC curves of the test genes"},
        ),
    log:
        "logs/plot_roc/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_roc"),
    params:
        simulated=SIMULATED,
        code=code_digest("plot_roc.py"),
    message:
        "Drawing ROC curves of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_roc.py"
