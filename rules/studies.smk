"""One target rule per study, of its name: `snakemake deepchrome` builds all that the paper shows."""

for study in STUDIES:

    rule:
        name:
            study
        input:
            asked_for(study),
