"""What was seen in training and what was not: scores by regime, ensembles and their members, controls, and training losses."""


rule score_regimes:
    # Genes of seen cells, unseen cells, and both new at once; each model against the gene's mean over training cells.
    input:
        lambda wildcards: predictions_of(wildcards.study),
    output:
        tsv="results/tables/{study}/regimes.tsv",
        html=report(
            "results/tables/{study}/regimes.html",
            caption="../workflow/report/regimes.rst",
            category="{study}",
            subcategory="Scores",
            labels={"result": "seen and unseen genes and cells"},
        ),
    log:
        "logs/score_regimes/{study}.log",
    benchmark:
        "benchmarks/score_regimes/{study}.tsv"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("score_regimes"),
    params:
        bootstrap=config["bootstrap"],
        simulated=SIMULATED,
        code=code_digest("score_regimes.py"),
    message:
        "Scoring seen and unseen genes and cells of study {wildcards.study}"
    script:
        "../workflow/scripts/score_regimes.py"


rule plot_regimes:
    # Validation and test error of every architecture.
    input:
        "results/tables/{study}/regimes.tsv",
    output:
        svg="results/figures/{study}/regimes.svg",
        png=report(
            "results/figures/{study}/regimes.png",
            caption="../workflow/report/regimes.rst",
            category="{study}",
            subcategory="Scores",
            labels={"result": "validation and test error (Figure 4)"},
        ),
    log:
        "logs/plot_regimes/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_regimes"),
    params:
        simulated=SIMULATED,
        code=code_digest("plot_regimes.py"),
    message:
        "Drawing validation and test error of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_regimes.py"


rule compare_members:
    # The mean of all cells' models on each unseen cell, beside each of them alone.
    input:
        members=lambda wildcards: members_tables(wildcards.study),
        metrics="results/metrics/{study}.tsv",
    output:
        tsv="results/tables/{study}/ensemble.tsv",
        html=report(
            "results/tables/{study}/ensemble.html",
            caption="../workflow/report/ensemble.rst",
            category="{study}",
            subcategory="Models",
            labels={"result": "ensemble and its members"},
        ),
        svg="results/figures/{study}/ensemble.svg",
        png=report(
            "results/figures/{study}/ensemble.png",
            caption="../workflow/report/ensemble.rst",
            category="{study}",
            subcategory="Models",
            labels={"result": "ensemble and its members (figure)"},
        ),
    log:
        "logs/compare_members/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_members"),
    params:
        simulated=SIMULATED,
        metric=lambda wildcards: "auc" if has_labels(wildcards.study) else "mse",
        seed=config["seeds"][0],
        code=code_digest("compare_members.py"),
    message:
        "Comparing ensembles of study {wildcards.study} with their members"
    script:
        "../workflow/scripts/compare_members.py"


rule leave_one_out:
    # What the expression of other cells tells of a left-out one, over all cells of REMC's table: needs no alignment.
    input:
        expression=lambda wildcards: f"{EXPRESSION}/57epigenomes.{ {'rpkm': 'RPKM', 'n': 'N'}[target_of(wildcards)['expression']] }.pc.gz",
        genes="results/annotation/genes.{study}.tsv",
    output:
        tsv="results/tables/{study}/leave_one_out.tsv",
        html=report(
            "results/tables/{study}/leave_one_out.html",
            caption="../workflow/report/leave_one_out.rst",
            category="{study}",
            subcategory="Scores",
            labels={"result": "expression told by other cells"},
        ),
    log:
        "logs/leave_one_out/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("leave_one_out"),
    params:
        simulated=SIMULATED,
        cells=SHEET_CELLS,
        target=target_of,
        code=code_digest("leave_one_out.py"),
    message:
        "Leaving out one cell after another of the expression table"
    script:
        "../workflow/scripts/leave_one_out.py"


rule plot_losses:
    # Training loss of the models of all cells against the step; the first seed.
    input:
        lambda wildcards: loss_files(wildcards.study),
    output:
        svg="results/figures/{study}/losses.svg",
        png=report(
            "results/figures/{study}/losses.png",
            caption="../workflow/report/losses.rst",
            category="{study}",
            subcategory="Models",
            labels={"result": "training loss of every cell's model (Figure 3)"},
        ),
    log:
        "logs/plot_losses/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_losses"),
    params:
        simulated=SIMULATED,
        code=code_digest("plot_losses.py"),
    message:
        "Drawing training losses of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_losses.py"


rule plot_cross_validation:
    # Training and validation loss of each fold; the first seed.
    input:
        lambda wildcards: [
            f"{RUN}/history.tsv".format(
                study=wildcards.study,
                model=STUDIES[wildcards.study]["cross_validation"]["model"],
                unit=unit,
                seed=config["seeds"][0],
            )
            for unit in units_of(
                wildcards.study, STUDIES[wildcards.study]["cross_validation"]["model"]
            )
        ],
    output:
        svg="results/figures/{study}/cross_validation.svg",
        png=report(
            "results/figures/{study}/cross_validation.png",
            caption="../workflow/report/cross_validation.rst",
            category="{study}",
            subcategory="Scores",
            labels={"result": "cross-validation (Figure 3)"},
        ),
    log:
        "logs/plot_cross_validation/{study}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_cross_validation"),
    params:
        simulated=SIMULATED,
        setting=lambda wildcards: STUDIES[wildcards.study]["cross_validation"],
        code=code_digest("plot_cross_validation.py"),
    message:
        "Drawing the cross-validation of study {wildcards.study}"
    script:
        "../workflow/scripts/plot_cross_validation.py"
