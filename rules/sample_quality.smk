"""Is a sample of a user's own like the cells that models were trained on?

Needs: results/counts/ of samples and training cells, the tensors of the latter, the sheet's
controls.
Makes: in results/predictions/ reference/{predictor}.npz (what training cells look like),
{sample}.quality.tsv with its figure and {sample}.warnings.tsv, and matching.tsv (what
predict.match: quantile changes, tried on held-out cells).
"""


rule build_reference:
    """What the counts of a model's training cells look like."""
    input:
        unpack(predicting.quality.reference_from),
    output:
        f"{PREDICTIONS}/reference/{{predictor}}.npz",
    log:
        "logs/build_reference/{predictor}.log",
    priority: 100
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("build_reference"),
    params:
        cells=predicting.quality.training_cells,
        marks=lambda wildcards: predicting.data(wildcards)["marks"],
        window=lambda wildcards: predicting.data(wildcards)["window"],
        code=code_digest("build_reference.py"),
    message:
        "Looking at the cells that {wildcards.predictor} was trained on"
    script:
        "../workflow/scripts/build_reference.py"


# The controls (input, IgG) of a sample's marks, by the same code as the marks themselves.
use rule count_reads as count_controls with:
    input:
        unpack(predicting.quality.controls_from),
    output:
        f"{PREDICTIONS}/controls/{{window}}/{{cell}}.npz",
    log:
        "logs/count_controls/{window}/{cell}.log",
    benchmark:
        "benchmarks/count_controls/{window}/{cell}.tsv"
    wildcard_constraints:
        cell=match_any(predicting.quality.with_controls),
    params:
        source=predicting.quality.source_of_controls,
        marks=predicting.quality.marks_of_controls,
        engine=config["count_engine"],
        tss_check=0,
        own=predicting.quality.own_controls,
        twins=predicting.quality.twins_of_controls,
        made_from=predicting.quality.controls_made_from,
        code=code_digest("count_reads.py"),
    message:
        "Counting the controls of {wildcards.cell} in windows of {wildcards.window}"


rule check_sample:
    """Is a sample like the cells that models were trained on? In numbers, drawn, and in words."""
    input:
        unpack(predicting.quality.checked_from),
    output:
        tsv=f"{PREDICTIONS}/{{sample}}.quality.tsv",
        warnings=f"{PREDICTIONS}/{{sample}}.warnings.tsv",
        svg=f"{PREDICTIONS}/{{sample}}.quality.svg",
        png=report(
            f"{PREDICTIONS}/{{sample}}.quality.png",
            caption="../workflow/report/sample_quality.rst",
            category="Own samples",
            subcategory="{sample}",
            labels={"result": "like the training cells?"},
        ),
    log:
        "logs/check_sample/{sample}.log",
    # warnings come before numbers
    priority: 100
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("check_sample"),
    params:
        models=predicting.quality.models_compared,
        controls=predicting.quality.controls,
        window=predicting.quality.window_of_controls,
        matched=config["predict"]["match"] == "quantile",
        simulated=predicting.simulated,
        code=code_digest("check_sample.py"),
    message:
        "Comparing {wildcards.sample} with the cells that models were trained on"
    script:
        "../workflow/scripts/check_sample.py"


use rule build_inputs as build_inputs_of_trial with:
    output:
        f"{PREDICTIONS}/held_out/{{match}}/inputs/{{predictor}}/{{sample}}.npz",
    log:
        "logs/build_inputs_of_trial/{match}/{predictor}/{sample}.log",
    wildcard_constraints:
        sample=predicting.quality.held_out(),
        match="none|quantile",
    params:
        data=predicting.data,
        match="{match}",
        code=code_digest("build_inputs.py"),
    message:
        "Building what {wildcards.predictor} sees of {wildcards.sample}, match: {wildcards.match}"


use rule predict_sample as predict_trial with:
    input:
        unpack(predicting.quality.trial_from),
    output:
        f"{PREDICTIONS}/held_out/{{match}}/{{predictor}}/{{subject}}.tsv.gz",
    log:
        "logs/predict_trial/{match}/{predictor}/{subject}.log",
    wildcard_constraints:
        predictor=predicting.names("net"),
        subject=predicting.quality.held_out(),
        match="none|quantile",
    message:
        "Predicting {wildcards.subject} by {wildcards.predictor}, match: {wildcards.match}"


use rule predict_sample_by_estimators as predict_trial_by_estimators with:
    input:
        unpack(predicting.quality.trial_from),
    output:
        f"{PREDICTIONS}/held_out/{{match}}/{{predictor}}/{{subject}}.tsv.gz",
    log:
        "logs/predict_trial_by_estimators/{match}/{predictor}/{subject}.log",
    wildcard_constraints:
        predictor=predicting.names("estimator"),
        subject=predicting.quality.held_out(),
        match="none|quantile",
    message:
        "Predicting {wildcards.subject} by {wildcards.predictor}, match: {wildcards.match}"


rule compare_matching:
    """What quantile matching changes: scores of held-out cells without it and with it."""
    input:
        unpack(predicting.quality.trials_from),
    output:
        f"{PREDICTIONS}/matching.tsv",
    log:
        "logs/compare_matching.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_matching"),
    params:
        rows=predicting.quality.trials_described,
        bootstrap=config["bootstrap"],
        code=code_digest("compare_matching.py"),
    message:
        "Scoring held-out cells with and without quantile matching"
    script:
        "../workflow/scripts/compare_matching.py"
