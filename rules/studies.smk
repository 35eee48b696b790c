"""One target rule per paper: `snakemake deepchrome` builds all that the paper shows."""


rule deepchrome:
    input:
        outputs_of("deepchrome"),
