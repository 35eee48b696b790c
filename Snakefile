"""markexpr: from histone-mark alignments of the Roadmap Epigenomics project to gene expression.

Table of contents. The rules stand in the order in which data flow; docs/ explains each stage.
"""

from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "rules/common.smk"
include: "rules/simulate.smk"
include: "rules/download.smk"
include: "rules/annotate.smk"
include: "rules/count.smk"
include: "rules/tensors.smk"
include: "rules/quality.smk"
include: "rules/train.smk"
include: "rules/score.smk"
include: "rules/compare.smk"
include: "rules/controls.smk"
include: "rules/benchmark.smk"
include: "rules/interpret.smk"
include: "rules/predict.smk"
include: "rules/sample_quality.smk"
include: "rules/export.smk"
include: "rules/studies.smk"


onstart:
    hold_folder()


onsuccess:
    list_at_end("logs", STARTED)
    tell_verdicts("results", plan.studies, STARTED)


onerror:
    list_at_end("logs", STARTED)
    tell_verdicts("results", plan.studies, STARTED)


rule all:
    default_target: True
    input:
        [ask.paper(study) for study in config["studies"]],
        "results/reproduction.html",
