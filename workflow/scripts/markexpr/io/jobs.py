"""What every script of a rule shares: its log, its errors and its exit."""

import errno
import logging
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

log = logging.getLogger("markexpr")

PROGRESS = (
    25  # a level between INFO and WARNING: lines about long work, which the terminal shows as well
)
logging.addLevelName(PROGRESS, "PROGRESS")


class InputError(Exception):
    """Something the user can mend. The message is one line that names the file (and line) and the
    fix."""


# what this process has warned of in the data: rows of sample, mark, what
_warnings = []


def warn(what, sample="", mark=""):
    """Warn of something in the data that a reader of the results should know.

    It goes to the job's log and the terminal, into the list at the end of the run, and, with the
    file that the job makes (`warnings` of counts and tensors), into the report's page on the data.
    what: one line that says what is wrong and how to mend it; sample: a cell; mark: of one.
    """
    where = " ".join(part for part in (sample, mark) if part)
    log.warning("%s", f"{where}: {what}" if where else what)
    if (sample, mark, what) not in _warnings:
        _warnings.append((sample, mark, what))


def list_warnings():
    """All that was given to warn(), in order: tuples of sample, mark, what."""
    return list(_warnings)


def log_to_terminal():
    """Log progress, warnings and errors to the terminal alone, as the Snakefile does."""
    log.handlers[:] = [_terminal()]
    log.setLevel(PROGRESS)
    log.propagate = False


def _terminal():
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(PROGRESS)
    handler.setFormatter(logging.Formatter("markexpr: %(levelname)s: %(message)s"))
    return handler


def start_log(path):
    """Log to the job's file `path` in plain lines; progress, warnings and errors go to the terminal
    as well."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, mode="w")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    terminal = _terminal()
    for handler in log.handlers:
        handler.close()
    log.handlers[:] = [file, terminal]
    log.setLevel(logging.INFO)
    log.propagate = False
    # on a full disk the log cannot be written either: say the error, not that
    logging.raiseExceptions = False
    # what libraries warn of belongs in the job's log, not among Snakemake's lines
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").handlers[:] = [file]


def _find_parent(pid):
    """Process id of a process's parent, or None where /proc does not tell."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def die_with_scheduler():
    """End this process soon after the scheduler that started it was killed.

    Otherwise a job would go on unseen and, after a rerun with other settings, put its old results
    in place. Between a job and its scheduler there may be a shell, which outlives the scheduler:
    then its parent is watched too.
    """
    parent = os.getppid()
    try:
        shell = Path(f"/proc/{parent}/comm").read_text().strip() in ("sh", "bash", "dash")
    except OSError:
        shell = False
    scheduler = _find_parent(parent) if shell else None

    def watch():
        while os.getppid() == parent and (scheduler is None or _find_parent(parent) == scheduler):
            time.sleep(1)
        log.error("the scheduler is gone: stopping")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def run_job(main, job):
    """Run `main(job)` for a Snakemake job with its log set up.

    An InputError becomes one line in the log and on the terminal; anything else leaves its
    traceback in the log. Either way the process exits with 1, and Snakemake removes the job's
    outputs.
    """
    start_log(job.log[0])
    # a cluster ends jobs by this signal: as an exit, so that temporary files are removed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    die_with_scheduler()
    try:
        main(job)
    except InputError as error:
        log.error("%s", error)
        sys.exit(1)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            log.error(
                "the disk is full%s: free some space and run again",
                f" ({error.filename})" if error.filename else "",
            )
        else:
            log.error("%s: %s (traceback in %s)", type(error).__name__, error, job.log[0])
            log.info("%s", traceback.format_exc())
        sys.exit(1)
    log.info("done")
