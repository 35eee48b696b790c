"""One target rule per paper: `snakemake deepchrome` builds all that the paper shows."""


rule deepchrome:
    input:
        outputs_of("deepchrome"),


rule transferchrome:
    input:
        outputs_of("transferchrome"),


rule deepdiff:
    input:
        outputs_of("deepdiff"),


rule dense_ensemble:
    input:
        outputs_of("dense_ensemble"),
