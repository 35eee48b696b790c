"""What jobs ask for: memory and minutes from config/resources.tsv, and a GPU where there is one."""

import shutil
import subprocess

from markexpr.io.jobs import InputError, log
from markexpr.settings.reading import read_sheet

COLUMNS = ["rule", "mem_mb", "mem_mb_per_cell", "runtime", "on_gpu", "network"]
DEFAULT = "default"  # the line of every rule that has none of its own


def printed_by(*command):
    """What a command prints; nothing if there is no such command, or, with a warning, if it fails
    or does not answer."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60
        ).stdout
    except subprocess.SubprocessError as error:
        log.warning(
            "%s does not say what GPUs there are (%s): fits ask for none, unless you set config "
            "key gpu to true",
            command[0],
            error,
        )
        return ""


def cluster_has_gpu(partition):
    """Whether Slurm lists a GPU in a partition (or several, by commas); None: in the default one.

    Raises InputError if Slurm knows GPUs or partitions, but none where the partition says.
    """
    rows = [line.split() for line in printed_by("sinfo", "-h", "-o", "%P %G").splitlines()]
    with_gpu = sorted({name for name, gres in rows if "gpu" in gres})
    if partition is None:
        found = any(name.endswith("*") for name in with_gpu)  # sinfo's mark of the default
        if with_gpu and not found:
            log.warning(
                "GPUs are in partition %s, which is not the default: set config key "
                "partitions.gpu, or fits run on CPUs",
                ", ".join(with_gpu),
            )
        return found
    if rows and not set(partition.split(",")) & {name.rstrip("*") for name in with_gpu}:
        raise InputError(
            f"config key 'partitions': sinfo lists no GPU in gpu partition {partition!r}, but in "
            f"{with_gpu or 'none'}; name one that has, or set gpu: false"
        )
    return bool(rows)


def where_gpus_are(setting, submits, partition):
    """Where fits get a GPU from: "machine" (this one), "cluster", or "nowhere".

    setting: config key gpu (auto, true or false); submits: whether jobs are submitted to a cluster;
    partition: its partition for GPUs, or None. Raises InputError as cluster_has_gpu.
    """
    if setting == "auto":
        setting = (
            cluster_has_gpu(partition) if submits else "GPU " in printed_by("nvidia-smi", "-L")
        )
    if not setting:
        return "nowhere"
    return "cluster" if submits else "machine"


class Needs:
    """Resources of each rule: `resources: **needs("train_model")`."""

    def __init__(self, table, n_cells, partitions, gpus, fits_per_gpu):
        """table: path of the sheet; n_cells: how many are built; partitions: by kind (cpu, gpu,
        network), None for the cluster's default; gpus: of where_gpus_are."""
        self.lines = {
            row["rule"]: {key: int(row[key]) for key in COLUMNS[1:]}
            for row in read_sheet(table, COLUMNS)
        }
        self.n_cells, self.partitions = n_cells, partitions
        self.gpus, self.fits_per_gpu = gpus, fits_per_gpu

    def __call__(self, rule):
        """Resources by name of one rule.

        After a failure a job gets twice of memory and minutes, then three times.
        """
        line = self.lines.get(rule, self.lines[DEFAULT])
        memory = line["mem_mb"] + line["mem_mb_per_cell"] * self.n_cells
        kind, minutes, found = "cpu", line["runtime"], {}
        if line["on_gpu"] and self.gpus != "nowhere":
            kind, minutes = "gpu", line["on_gpu"]
            if self.gpus == "cluster" or self.fits_per_gpu == 1:
                found["gpu"] = 1
            else:
                # as a percentage: whole numbers that can be added up and capped
                found["gpu_percent"] = 100 // self.fits_per_gpu
        if line["network"]:
            kind, found["network"] = "network", line["network"]
        if self.partitions[kind]:
            found["slurm_partition"] = self.partitions[kind]
        return {
            "mem_mb": lambda wildcards, attempt: attempt * memory,
            "runtime": lambda wildcards, attempt: attempt * minutes,
            **found,
        }
