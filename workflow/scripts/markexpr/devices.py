"""Where a net trains: on the CPU, or on a GPU that the fit holds alone or with a few others."""

import fcntl
import os
import tempfile
import time
from pathlib import Path

import torch

from markexpr.jobs import PROGRESS, log

WHOLE = 100  # per cent of a GPU
_held = []  # open lock files: a GPU is held until the process ends, however it ends


def choose_device(resources):
    """The device of a fit, from its job's resources by name.

    `gpu` (whole GPUs) or `gpu_percent` (a share of one) above 0 asks for a GPU; the CPU serves where neither is, or torch sees none.
    """
    percent = resources.get("gpu_percent", 0)
    if not (resources.get("gpu", 0) or percent):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        log.warning("the job was given a GPU but torch sees none: training on the CPU")
        return torch.device("cpu")
    # the same bits on every run, at some cost in speed; cuBLAS asks for the variable
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # where an operation has no such form, a warning in the log is better than no training
    torch.use_deterministic_algorithms(True, warn_only=True)
    names = [str(torch.cuda.get_device_properties(place).uuid) for place in range(torch.cuda.device_count())]
    place, lock = take_place(names, WHOLE // percent if percent else 1)
    _held.append(lock)
    log.info("GPU %d (%s)", place, torch.cuda.get_device_name(place))
    return torch.device("cuda", place)


def take_place(names, fits_each, folder=None, wait=1.0):
    """A place on one of the GPUs called `names`, each of which serves `fits_each` fits at once: the emptiest first.

    Returns which GPU it is and an open file: the place is held until the file is closed, at the latest when the process ends. Waits while all are
    taken, by jobs of this or another run of the same user.
    """
    folder = Path(folder or tempfile.gettempdir()) / f"markexpr-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    told = False
    while True:
        for number in range(fits_each):
            for which, name in enumerate(names):
                lock = (folder / f"{name}.{number}").open("a")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return which, lock
                except BlockingIOError:
                    lock.close()
        if not told:
            log.log(PROGRESS, "all GPUs are taken: waiting (locks in %s)", folder)
            told = True
        time.sleep(wait)
