"""What jobs need, from the one table config/resources.tsv: functions for resources. No rules."""

import shutil
import subprocess

from markexpr.settings.reading import read_sheet

NEEDS = {
    row["rule"]: {key: int(value) for key, value in row.items() if key != "rule"}
    for row in read_sheet(
        HOME / "config/resources.tsv",
        ["rule", "mem_mb", "mem_mb_per_cell", "runtime", "on_gpu", "network"],
    )
}


def printed_by(*command):
    """What a command prints; nothing if there is no such command, or, with a warning, if it fails or does not answer."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60
        ).stdout
    except subprocess.SubprocessError as error:
        logger.warning(
            f"{command[0]} does not say what GPUs there are ({error}): fits ask for none, unless you set config key gpu to true"
        )
        return ""


# jobs of a cluster start Snakemake anew, which sees no cluster and other GPUs: what holds where they were submitted holds for all
if workflow.is_main_process or "MARKEXPR_SUBMITTED" not in os.environ:
    os.environ["MARKEXPR_SUBMITTED"] = str(int(bool(workflow.nodes)))


def clusters_gpu():
    """Whether Slurm lists a GPU in the gpu partition, or in the default one where none is named."""
    named = config["partitions"]["gpu"]
    rows = [
        line.split() for line in printed_by("sinfo", "-h", "-o", "%P %G").splitlines()
    ]
    having = sorted({name for name, gres in rows if "gpu" in gres})
    if (
        named
        and rows
        and not set(named.split(",")) & {name.rstrip("*") for name in having}
    ):
        raise WorkflowError(
            f"config key 'partitions': sinfo lists no GPU in gpu partition {named!r}, but in {having or 'none'}; name one that has, or set gpu: false"
        )
    found = bool(named and rows) or any(name.endswith("*") for name in having)
    if having and not found:
        logger.warning(
            f"GPUs are in partition {', '.join(having)}, which is not the default: set config key partitions.gpu, or fits run on CPUs"
        )
    return found


def finds_gpu():
    """Whether a fit will find a GPU: one of this machine's, or one of the cluster's where jobs are submitted."""
    if os.environ["MARKEXPR_SUBMITTED"] == "1":
        return clusters_gpu()
    return "GPU " in printed_by("nvidia-smi", "-L")


if workflow.is_main_process or "MARKEXPR_GPU" not in os.environ:
    asks = finds_gpu() if config["gpu"] == "auto" else config["gpu"]
    os.environ["MARKEXPR_GPU"] = str(int(asks))
USES_GPU = os.environ["MARKEXPR_GPU"] == "1"


envvars:
    "MARKEXPR_GPU",
    "MARKEXPR_SUBMITTED",


def needs(rule, cells=None):
    """Resources by name, from the line of the table that is called so. cells is how many it reads, all that are built if not given.

    Fits share a GPU as a percentage of it: as whole numbers that can be added up and capped; what Slurm is asked for is then the whole.
    """
    row = NEEDS[rule]
    memory = row["mem_mb"] + row["mem_mb_per_cell"] * (
        len(plan.built) if cells is None else cells
    )
    found = {
        "mem_mb": lambda wildcards, attempt: attempt * memory,
        "runtime": lambda wildcards, attempt: attempt * row["runtime"],
    }
    kind = "cpu"
    if row["on_gpu"] and USES_GPU:
        kind = "gpu"
        found["runtime"] = lambda wildcards, attempt: attempt * row["on_gpu"]
        if config["fits_per_gpu"] == 1:
            found["gpu"] = 1
        else:
            found |= {"gres": "gpu:1", "gpu_percent": 100 // config["fits_per_gpu"]}
    if row["network"]:
        kind, found["network"] = "network", row["network"]
    if config["partitions"][kind]:
        found["slurm_partition"] = config["partitions"][kind]
    return found
