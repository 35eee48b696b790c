"""Samples of a user's own: `snakemake predict` predicts all of the sheet (config key `samples`).

Needs: results/counts/ of each sample, the fits of the models that config key `predict` names.
Makes: results/predictions/{sample}.tsv, and what it is gathered from: inputs/{predictor}/ (what the
models see of each sample), by_model/{predictor}/ (what they predict), trained/ (which genes they
were trained on), members/ (how each fit does on its test genes). {sample}.scores.tsv where the
sheet gives expression; {group}-vs-control.tsv where it has two groups; {sample}.html, its page.
"""

PREDICTIONS = "results/predictions"


rule build_inputs:
    """What the models of one study see of a sample, of which no expression need be known."""
    input:
        unpack(predicting.inputs_from),
    output:
        f"{PREDICTIONS}/inputs/{{predictor}}/{{sample}}.npz",
    log:
        "logs/build_inputs/{predictor}/{sample}.log",
    conda:
        "../envs/data.yaml"
    resources:
        **needs("build_inputs"),
    params:
        data=predicting.data,
        match=config["predict"]["match"],
        code=code_digest("build_inputs.py"),
    message:
        "Building what {wildcards.predictor} sees of {wildcards.sample}"
    script:
        "../workflow/scripts/build_inputs.py"


rule list_trained_genes:
    """How many of a model's fits were trained on each gene, and how each does on test genes."""
    input:
        predicting.members,
    output:
        trained=f"{PREDICTIONS}/trained/{{predictor}}.tsv",
        scores=f"{PREDICTIONS}/members/{{predictor}}.tsv",
    log:
        "logs/list_trained_genes/{predictor}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("list_trained_genes"),
    params:
        metrics=predicting.metrics,
        code=code_digest("list_trained_genes.py"),
    message:
        "Listing the genes that {wildcards.predictor} was trained on"
    script:
        "../workflow/scripts/list_trained_genes.py"


rule predict_sample:
    """What all nets of a model predict for a sample, or for the change between two."""
    input:
        unpack(predicting.prediction_from),
    output:
        f"{PREDICTIONS}/by_model/{{predictor}}/{{subject}}.tsv.gz",
    log:
        "logs/predict_sample/{predictor}/{subject}.log",
    wildcard_constraints:
        predictor=predicting.names("net"),
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        **needs("predict_sample"),
    params:
        code=code_digest("predict_sample.py"),
    message:
        "Predicting {wildcards.subject} by {wildcards.predictor}"
    script:
        "../workflow/scripts/predict_sample.py"


rule predict_sample_by_estimators:
    """The same by estimators of scikit-learn."""
    input:
        unpack(predicting.prediction_from),
    output:
        f"{PREDICTIONS}/by_model/{{predictor}}/{{subject}}.tsv.gz",
    log:
        "logs/predict_sample_by_estimators/{predictor}/{subject}.log",
    wildcard_constraints:
        predictor=predicting.names("estimator"),
    conda:
        "../envs/estimators.yaml"
    threads: config["train_threads"]
    resources:
        **needs("predict_sample_by_estimators"),
    params:
        block=predicting.block,
        code=code_digest("predict_sample_by_estimators.py"),
    message:
        "Predicting {wildcards.subject} by {wildcards.predictor}"
    script:
        "../workflow/scripts/predict_sample_by_estimators.py"


rule gather_predictions:
    """The table of a sample: all genes with what is predicted, and how far models agree."""
    input:
        unpack(predicting.gathered_from),
    output:
        f"{PREDICTIONS}/{{sample}}.tsv",
    log:
        "logs/gather_predictions/{sample}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("gather_predictions"),
    params:
        predictors=predicting.described,
        simulated=predicting.simulated,
        code=code_digest("gather_predictions.py"),
    message:
        "Gathering predictions of {wildcards.sample}"
    script:
        "../workflow/scripts/gather_predictions.py"


rule explain_sample:
    """What the predictions of a few genes depend on: integrated gradients of a net, mean over some
    of its fits."""
    input:
        unpack(predicting.pages.explained_from),
    output:
        f"{PREDICTIONS}/explained/{{sample}}.npz",
    log:
        "logs/explain_sample/{sample}.log",
    conda:
        "../envs/attribution.yaml"
    threads: config["train_threads"]
    resources:
        **needs("explain_sample"),
    params:
        predictor=predicting.pages.explained,
        genes=config["predict"]["genes"],
        code=code_digest("explain_sample.py"),
    message:
        "Explaining predictions of {wildcards.sample}"
    script:
        "../workflow/scripts/explain_sample.py"


rule show_sample:
    """The page of a sample: is it like what models were trained on, what is predicted, and why."""
    input:
        unpack(predicting.pages.shown_from),
    output:
        report(
            f"{PREDICTIONS}/{{sample}}.html",
            caption="../workflow/report/sample.rst",
            category="Own samples",
            subcategory="{sample}",
            labels={"result": "page"},
        ),
    log:
        "logs/show_sample/{sample}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("show_sample"),
    params:
        predictors=predicting.described,
        unexplained=predicting.pages.unexplained,
        simulated=predicting.simulated,
        code=code_digest("show_sample.py"),
    message:
        "Writing the page of {wildcards.sample}"
    script:
        "../workflow/scripts/show_sample.py"


rule score_predictions:
    """How well a sample is predicted, where the sheet gives its expression."""
    input:
        unpack(predicting.expression),
        predictions=rules.gather_predictions.output[0],
        annotation=predicting.annotation,
    output:
        f"{PREDICTIONS}/{{sample}}.scores.tsv",
    log:
        "logs/score_predictions/{sample}.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("score_predictions"),
    params:
        predictors=predicting.described,
        source=predicting.source,
        own=predicting.own_expression,
        bootstrap=config["bootstrap"],
        code=code_digest("score_predictions.py"),
    message:
        "Scoring the predictions of {wildcards.sample}"
    script:
        "../workflow/scripts/score_predictions.py"


rule compare_groups:
    """Predicted changes of a group of samples against the group `control`."""
    input:
        unpack(predicting.compared_from),
    output:
        table=f"{PREDICTIONS}/{{group}}-vs-control.tsv",
        worth=f"{PREDICTIONS}/{{group}}-vs-control.worth.tsv",
    log:
        "logs/compare_groups/{group}.log",
    wildcard_constraints:
        group=match_any(predicting.group_names),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_groups"),
    params:
        models=predicting.change_models,
        pairs=predicting.named_pairs,
        code=code_digest("compare_groups.py"),
    message:
        "Comparing {wildcards.group} with control"
    script:
        "../workflow/scripts/compare_groups.py"


rule plot_groups:
    """The same as a figure."""
    input:
        rules.compare_groups.output.table,
    output:
        svg=f"{PREDICTIONS}/{{group}}-vs-control.svg",
        png=f"{PREDICTIONS}/{{group}}-vs-control.png",
    log:
        "logs/plot_groups/{group}.log",
    wildcard_constraints:
        group=match_any(predicting.group_names),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_groups"),
    params:
        simulated=predicting.simulated,
        code=code_digest("plot_groups.py"),
        models=predicting.change_models,
    message:
        "Drawing the changes of {wildcards.group}"
    script:
        "../workflow/scripts/plot_groups.py"


rule predict:
    """Predict all samples of the sheet."""
    input:
        predicting.targets,
