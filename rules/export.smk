"""A bundle of trained models: `snakemake export` makes one, and a bundle that config key `bundle`
names proves itself before anything is predicted by it.

Needs: the fits of the models that config key `predict` names, and tensors of held-out rows.
Makes: results/bundle/ (docs/bundle.md); of a bundle that is used bundle_files.tsv and
bundle_check.tsv in results/predictions/.
"""

PREPARED = "results/export"


rule export_held_out:
    """Test genes by which a bundle proves itself."""
    input:
        unpack(exporting.held_out_from),
    output:
        f"{PREPARED}/{{predictor}}/{{part}}.npz",
    log:
        "logs/export_held_out/{predictor}/{part}.log",
    wildcard_constraints:
        part="sample|a|b",
    conda:
        "../envs/data.yaml"
    resources:
        **needs("export_held_out"),
    params:
        code=code_digest("export_held_out.py"),
    message:
        "Choosing held-out rows of {wildcards.predictor}"
    script:
        "../workflow/scripts/export_held_out.py"


use rule predict_sample as predict_held_out with:
    input:
        unpack(exporting.predicted_from),
    output:
        f"{PREPARED}/{{predictor}}/expected.tsv.gz",
    log:
        "logs/predict_held_out/{predictor}.log",
    message:
        "Predicting held-out rows by {wildcards.predictor}"


use rule predict_sample_by_estimators as predict_held_out_by_estimators with:
    input:
        unpack(exporting.predicted_from),
    output:
        f"{PREPARED}/{{predictor}}/expected.tsv.gz",
    log:
        "logs/predict_held_out/{predictor}.log",
    message:
        "Predicting held-out rows by {wildcards.predictor}"


rule export_bundle:
    """All that predicting needs, in one folder; its manifest is written last."""
    input:
        unpack(exporting.sources),
        chrom_sizes=CHROM_SIZES,
    output:
        exporting.files,
    log:
        "logs/export_bundle.log",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("export_bundle"),
    params:
        described=exporting.described,
        places=exporting.places,
        marks=config["marks"],
        simulated=SIMULATED,
        chrom_sizes=CONTENT_OF_CHROM_SIZES,
        code=code_digest("export_bundle.py"),
    message:
        "Writing the bundle of trained models"
    script:
        "../workflow/scripts/export_bundle.py"


rule verify_bundle:
    """Whether the files of a bundle are those that its manifest lists, and fit each other."""
    input:
        predicting.manifest,
    output:
        f"{PREDICTIONS}/bundle_files.tsv",
    log:
        "logs/verify_bundle.log",
    priority: 100
    conda:
        "../envs/data.yaml"
    resources:
        **needs("verify_bundle"),
    params:
        own=predicting.identify_bundle,
        code=code_digest("verify_bundle.py"),
    message:
        "Checking the files of the bundle"
    script:
        "../workflow/scripts/verify_bundle.py"


use rule predict_sample as recompute_held_out with:
    input:
        unpack(predicting.recomputed_from),
    output:
        f"{PREDICTIONS}/bundle/{{predictor}}.tsv.gz",
    log:
        "logs/recompute_held_out/{predictor}.log",
    priority: 100
    message:
        "Predicting the bundle's held-out rows by {wildcards.predictor}"


use rule predict_sample_by_estimators as recompute_held_out_by_estimators with:
    input:
        unpack(predicting.recomputed_from),
    output:
        f"{PREDICTIONS}/bundle/{{predictor}}.tsv.gz",
    log:
        "logs/recompute_held_out/{predictor}.log",
    priority: 100
    message:
        "Predicting the bundle's held-out rows by {wildcards.predictor}"


rule check_bundle:
    """Whether a bundle gives the predictions and scores that it says."""
    input:
        manifest=predicting.manifest,
        found=predicting.recomputed,
    output:
        f"{PREDICTIONS}/bundle_check.tsv",
    log:
        "logs/check_bundle.log",
    priority: 100
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("check_bundle"),
    params:
        names=predicting.recomputed_names,
        code=code_digest("check_bundle.py"),
    message:
        "Comparing the bundle's predictions with what it says"
    script:
        "../workflow/scripts/check_bundle.py"


rule export:
    """Make a bundle of the models that config key `predict` names."""
    input:
        exporting.targets,
