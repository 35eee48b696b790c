"""Where a net trains: on the CPU, or on a GPU that the fit holds alone or with a few others."""

import ctypes
import fcntl
import os
import tempfile
import time
from pathlib import Path

import torch

from markexpr.io.jobs import PROGRESS, log

WHOLE = 100  # per cent of a GPU
# parameters of glibc's mallopt, and what they are set to: no array is fetched from the system by
# itself, and 2 GB may lie unused
MMAP_MAX, TRIM_THRESHOLD = -4, -1
KEPT = {MMAP_MAX: 0, TRIM_THRESHOLD: (1 << 31) - 1}
_held = []  # open lock files: a GPU is held until the process ends, however it ends


def keep_freed_memory():
    """Let this process keep the memory that it frees for what it needs next.

    glibc gives large arrays back to the system as soon as they are freed. A step of training then
    fetches the same ones again, page by page: an LSTM takes up to twice as long. The numbers do not
    change. With another C library nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    for parameter, value in KEPT.items():
        mallopt(parameter, value)


def choose_device(resources):
    """The device of a fit, from its job's resources by name.

    `gpu` (whole GPUs) or `gpu_percent` (a share of one) above 0 asks for a GPU, as does `gres`, by
    which Slurm itself shares one out. The CPU serves where none of them is, or torch sees no GPU.
    """
    percent, shared_by_slurm = resources.get("gpu_percent", 0), resources.get("gres")
    if not (resources.get("gpu", 0) or percent or shared_by_slurm):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        log.warning("the job was given a GPU but torch sees none: training on the CPU")
        return torch.device("cpu")
    # the same bits on every run, at some cost in speed; cuBLAS asks for the variable
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # where an operation has no such form, a warning in the log is better than no training
    torch.use_deterministic_algorithms(True, warn_only=True)
    place = 0
    # Slurm lets no more fits share a GPU than may. Elsewhere a lock does, also where Slurm gave a
    # GPU to this job alone: it is free then
    if not shared_by_slurm:
        names = [
            str(torch.cuda.get_device_properties(number).uuid)
            for number in range(torch.cuda.device_count())
        ]
        try:
            place, locks = take_place(names, WHOLE // percent if percent else 1)
            _held.extend(locks)
        except OSError as error:
            log.warning(
                "no locks can be had in %s (%s): nothing keeps other fits off this GPU; set "
                "TMPDIR to a local disk",
                tempfile.gettempdir(),
                error,
            )
    log.info("GPU %d (%s)", place, torch.cuda.get_device_name(place))
    return torch.device("cuda", place)


def take_place(names, fits_each, folder=None, wait=1.0):
    """A place on one of the GPUs called `names`, each of which serves `fits_each` fits at once: the
    emptiest first.

    Returns which GPU it is and open files: the place is held until they are closed, at the latest
    when the process ends. Waits while all are taken, by jobs of this or another run of the same
    user. A fit that holds a GPU alone (1) shares it with none that would share. Raises OSError
    where files cannot be locked, or the folder of locks is another user's.
    """
    folder = Path(folder or tempfile.gettempdir()) / f"markexpr-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} is another user's")
    told = False
    while True:
        for number in range(fits_each):
            for which, name in enumerate(names):
                locks = _locked(folder / name, fcntl.LOCK_EX if fits_each == 1 else fcntl.LOCK_SH)
                if locks and fits_each > 1:
                    more = _locked(folder / f"{name}.{number}", fcntl.LOCK_EX)
                    if not more:
                        locks[0].close()
                    locks = more and locks + more
                if locks:
                    return which, locks
        if not told:
            log.log(PROGRESS, "all GPUs are taken: waiting (locks in %s)", folder)
            told = True
        time.sleep(wait)


def _locked(path, how):
    """A list of one open file that is locked, empty if others have it."""
    file = path.open("a")
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return []
    except OSError:
        file.close()
        raise
    return [file]
