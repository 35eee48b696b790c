"""Controls that can fail: what must fail does, and what must not be possible is not.

Needs: predictions, params.yaml and fits of runs, tensors, REMC's expression table.
Makes: results/randomised/, and the table controls (PASS or FAIL), and what randomised marks cost,
under results/tables/ and results/figures/. results/controls.tsv has the verdicts of all studies, at
the end of a run (markexpr/io/verdicts.py).
"""


rule randomise_marks:
    """What a trained net predicts for its test genes if their marks are those of other genes."""
    input:
        unpack(ask.trained_inputs),
    output:
        "results/randomised/{study}/{model}/{unit}/seed{seed}.npz",
    log:
        "logs/randomise_marks/{study}/{model}/{unit}/seed{seed}.log",
    wildcard_constraints:
        **plan.made_by("train"),
    conda:
        "../envs/train.yaml"
    threads: config["train_threads"]
    resources:
        **needs("randomise_marks"),
    params:
        samples=ask.samples,
        setting=ask.setting("controls"),
        code=ask.model_code("randomise_marks.py"),
    message:
        "Randomising the marks of {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/randomise_marks.py"


rule randomise_marks_of_estimator:
    """The same of a fitted estimator."""
    input:
        unpack(ask.fitted_inputs),
    output:
        "results/randomised/{study}/{model}/{unit}/seed{seed}.npz",
    log:
        "logs/randomise_marks_of_estimator/{study}/{model}/{unit}/seed{seed}.log",
    wildcard_constraints:
        **plan.made_by("fit"),
    conda:
        "../envs/estimators.yaml"
    threads: config["train_threads"]
    resources:
        **needs("randomise_marks_of_estimator"),
    params:
        samples=ask.samples,
        setting=ask.setting("controls"),
        code=ask.model_code("randomise_marks_of_estimator.py"),
    message:
        "Randomising the marks of {wildcards.model} on {wildcards.unit}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/randomise_marks_of_estimator.py"


rule check_controls:
    """All controls of a study, judged for all of its models."""
    input:
        unpack(ask.control_inputs),
        predictions=ask.predictions,
        tensors=ask.tensors,
        genes=ask.genes,
    output:
        **table("controls"),
    log:
        "logs/check_controls/{study}.log",
    benchmark:
        "benchmarks/check_controls/{study}.tsv"
    wildcard_constraints:
        study=ask.studies_where(outputs.has_controls),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("check_controls"),
    params:
        **drawn_by("check_controls.py"),
        bootstrap=config["bootstrap"],
        models=ask.controlled_models,
        data=ask.data,
        held_out=ask.held_out,
        left_out=ask.left_out,
        of_remc=ask.cells_of_remc,
        null=config["simulate"]["null"],
    message:
        "Checking the controls of study {wildcards.study}"
    script:
        "../workflow/scripts/check_controls.py"


rule show_randomised:
    """The score that each model loses if a mark, or all others, are those of other genes."""
    input:
        randomised=ask.randomised,
    output:
        **table("randomised"),
        **figure("randomised"),
    log:
        "logs/show_randomised/{study}.log",
    wildcard_constraints:
        study=ask.studies_where(outputs.randomises_marks),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("show_randomised"),
    params:
        **drawn_by("show_randomised.py"),
        bootstrap=config["bootstrap"],
        metric=ask.chance_metric,
    message:
        "Showing what randomised marks cost the models of study {wildcards.study}"
    script:
        "../workflow/scripts/show_randomised.py"
