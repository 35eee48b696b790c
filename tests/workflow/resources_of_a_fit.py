"""Prints what the first fit of a dry run would ask for, as JSON: resources_of_a_fit.py followed by
arguments of snakemake."""

import json
import sys

from snakemake import cli
from snakemake.jobs import Job

of_any = Job.resources.fget
ASKED = ("gpu", "gpu_percent", "gres", "slurm_partition", "runtime", "mem_mb")


def resources(job):
    found = of_any(job)
    if job.rule.name == "train_model":
        print(
            "FIT",
            json.dumps({name: value for name, value in found.items() if name in ASKED}),
            file=sys.__stdout__,
            flush=True,
        )
    return found


Job.resources = property(resources)
cli.main(
    ["-n", *sys.argv[1:], "--", "results/runs/deepchrome/deepchrome/E003/seed1/predictions.tsv.gz"]
)
