"""Targets: `snakemake deepdiff` builds all that a paper shows.

Needs: nothing.
Makes: one target rule a study, of its name, for all tables and figures of its paper.
"""

for study in plan.studies:

    rule:
        name:
            study
        input:
            ask.paper(study),
