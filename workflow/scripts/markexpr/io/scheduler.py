"""Whether the Snakemake that started a job still lives: without it, a job puts nothing in place.

A job that outlives its Snakemake would put results of old settings in place of the next run's. The
Snakemake of a job is named in the environment by its machine, its process id and its start, since
the id alone may be another process's by now. A job on a cluster is started by a Snakemake of its
own, on its node; that one counts, and not the one that submitted the job.
"""

import os
import socket
import subprocess
from pathlib import Path

VARIABLE = "MARKEXPR_SCHEDULER"
ENDED, UNKNOWN = "ended", "unknown"  # in place of a start


class SchedulerGone(Exception):
    """The Snakemake that started this job has ended."""

    def __str__(self):
        return (
            "the Snakemake that started this job has ended: the job stops and puts nothing in place"
        )


def name_scheduler():
    """Say in the environment of all jobs that this process starts them."""
    try:
        pid = int(os.readlink("/proc/self"))  # as /proc numbers it, in a container as well
    except (OSError, ValueError):
        pid = os.getpid()
    os.environ[VARIABLE] = f"{name_machine()} {pid} {start_of(pid)}"


def check_scheduler():
    """Raise SchedulerGone if the Snakemake that started this job has ended."""
    if not scheduler_lives():
        raise SchedulerGone


def scheduler_lives():
    """Whether the Snakemake named in the environment lives. True as well where none is named, and
    where it cannot be seen from here: on another machine or in another container."""
    try:
        machine, pid, start = os.environ.get(VARIABLE, "").split(" ")
    except ValueError:
        return True
    if machine != name_machine() or not pid.isdigit():
        return True
    now = start_of(int(pid))
    told_by, told_by_now = start.split(":")[0], now.split(":")[0]
    return now != ENDED and (now == start or told_by != told_by_now)


def name_machine():
    """This machine, with the space of process ids that is seen here: a container may have its
    own."""
    try:
        ids = os.readlink("/proc/self/ns/pid")
    except OSError:
        ids = "pid"
    return f"{socket.gethostname()}/{ids}".replace(" ", "_")


def start_of(pid):
    """When a process started, with what tells it: /proc (clock ticks since the machine started) or
    else `ps`; ENDED if there is no such process, or only its exit code is left; UNKNOWN if nothing
    tells."""
    try:
        # the second field, the program's name in brackets, may hold anything
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace", encoding="utf-8")
        state, *fields = fields.rsplit(")", 1)[1].split()
        return ENDED if state in "ZX" else f"proc:{fields[18]}"
    except (OSError, IndexError, ValueError):
        if Path("/proc/self/stat").exists():
            return ENDED
    return _start_by_ps(pid)


def _start_by_ps(pid):
    try:
        told = subprocess.run(
            ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)],
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    state, *start = told.stdout.split() or [""]
    if not start:
        # a `ps` that does not know these options complains
        return UNKNOWN if told.stderr else ENDED
    return ENDED if state.startswith("Z") else f"ps:{'-'.join(start)}"
