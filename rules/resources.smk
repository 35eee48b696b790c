"""What jobs ask for (markexpr.resources). No rules."""

from markexpr.resources import Needs, where_gpus_are

# jobs of a cluster start Snakemake anew, where other GPUs are: what was found where they were submitted holds for all
if workflow.is_main_process or "MARKEXPR_GPUS" not in os.environ:
    try:
        os.environ["MARKEXPR_GPUS"] = where_gpus_are(
            config["gpu"], bool(workflow.nodes), config["partitions"]["gpu"]
        )
    except InputError as error:
        raise WorkflowError(str(error))


envvars:
    "MARKEXPR_GPUS",


needs = Needs(
    HOME / "config/resources.tsv",
    len(CELLS),
    config["partitions"],
    os.environ["MARKEXPR_GPUS"],
    config["fits_per_gpu"],
)
