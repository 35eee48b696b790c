"""What every script of a rule shares: its log, its errors and its exit."""

import errno
import logging
import os
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

from markexpr.io.scheduler import SchedulerGone, check_scheduler, scheduler_lives

log = logging.getLogger("markexpr")

PROGRESS = (
    25  # a level between INFO and WARNING: lines about long work, which the terminal shows as well
)
logging.addLevelName(PROGRESS, "PROGRESS")

FULL = (errno.ENOSPC, errno.EDQUOT)  # the disk is full, or the user's quota of it
FREE_SPACE = "free some space (or, if it is TMPDIR, set that to another disk) and run again"


class InputError(Exception):
    """Something the user can mend. The message is one line that names the file (and line) and the
    fix."""


MARK = " WARNING "  # of a warning's line in a log
SHOWN = 100  # lines of the list at the end of a run
# what this process has warned of in the data: rows of sample, mark, what
_warnings = []


def warn(what, sample="", mark=""):
    """Warn of something in the data that a reader of the results should know.

    It goes to the job's log and the terminal, into the list at the end of the run, and, with the
    file that the job makes (`warnings` of counts and tensors), into the report's page on the data.
    what: one line that says what is wrong and how to mend it; sample: a cell; mark: of one.
    """
    if (sample, mark, what) in _warnings:
        return  # said before: a control compares each cell with all others
    _warnings.append((sample, mark, what))
    where = " ".join(part for part in (sample, mark) if part)
    log.warning("%s", f"{where}: {what}" if where else what)


def list_warnings():
    """All that was given to warn(): tuples of sample, mark, what, sorted, since threads that count
    side by side warn in any order."""
    return sorted(_warnings)


def gather_warnings(logs, since):
    """The warnings in the logs that were written `since` a time (seconds), each once: tuples of
    the text and the number of logs that have it.

    logs: folder of the logs of all jobs.
    """
    found = {}
    for path in sorted(Path(logs).rglob("*.log")):
        if path.stat().st_mtime < since:
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for said in {line.split(MARK, 1)[1] for line in lines if MARK in line}:
            found[said] = found.get(said, 0) + 1
    return list(found.items())


def list_at_end(logs, since):
    """Print the warnings of a run's jobs as one list: among the lines of thousands of jobs nobody
    sees them."""
    warnings = gather_warnings(logs, since)
    if not warnings:
        return
    number = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    print(f"\nmarkexpr: {number} in this run (the report has those about data):", file=sys.stderr)
    for said, times in warnings[:SHOWN]:
        print(f"  - {said}{f' ({times} jobs)' if times > 1 else ''}", file=sys.stderr)
    if len(warnings) > SHOWN:
        print(f"  … and {len(warnings) - SHOWN} more: grep -rh WARNING {logs}", file=sys.stderr)


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
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
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


def die_with_scheduler():
    """End this process soon after the Snakemake that started it, or its own parent, has ended."""
    parent = os.getppid()

    def watch():
        while scheduler_lives() and os.getppid() == parent:
            time.sleep(1)
        log.error("%s", SchedulerGone())
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def end_on_signals():
    """End by an exit, so that temporary files are removed, when a cluster ends the job (SIGTERM) or
    its terminal is closed (SIGHUP). What is ignored, as under nohup, stays so."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit(1))


def run_job(main, job):
    """Run `main(job)` for a Snakemake job with its log set up.

    An InputError becomes one line in the log and on the terminal; anything else leaves its
    traceback in the log. Either way the process exits with 1, and Snakemake removes the job's
    outputs.
    """
    try:
        check_scheduler()  # before the log, which may be the next run's by now
    except SchedulerGone as error:
        sys.exit(f"markexpr: ERROR: {error}")
    start_log(job.log[0])
    end_on_signals()
    die_with_scheduler()
    try:
        main(job)
    except (InputError, SchedulerGone) as error:
        log.error("%s", error)
        sys.exit(1)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            log.error("%s", explain_full_disk(error))
        else:
            log.error("%s: %s (traceback in %s)", type(error).__name__, error, job.log[0])
            log.info("%s", traceback.format_exc())
        sys.exit(1)
    log.info("done: %.1f s of CPU, %.0f MB of memory at most", *measure_use())


def measure_use():
    """Seconds of CPU that this process and its ended children took, and peak memory of the largest
    of them, in MB. Exact, where Snakemake's benchmark files look at a job now and then."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    seconds = sum(use.ru_utime + use.ru_stime for use in uses)
    return seconds, max(use.ru_maxrss for use in uses) / unit


def explain_full_disk(error):
    """One line on an OSError of a full disk or a used up quota: which folder it is in, and what to
    do."""
    # not every error says which file was written
    full = [_describe(error.filename)] if error.filename else find_full_disks()
    where = " and ".join(full) or f"of {Path.cwd()} or TMPDIR, {tempfile.gettempdir()}"
    what = "your quota is used up" if error.errno == errno.EDQUOT else "the disk is full"
    return f"{what} ({where}): {FREE_SPACE}"


def find_full_disks():
    """Of the two folders that jobs write to, those whose disk has no more than a last MB, or takes
    no further file."""
    return [_describe(folder) for folder in (Path.cwd(), tempfile.gettempdir()) if _is_full(folder)]


def _describe(path):
    """A path, with a word if it is in TMPDIR."""
    return f"TMPDIR, {path}" if Path(path).is_relative_to(tempfile.gettempdir()) else f"{path}"


def _is_full(folder):
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    no_more_files = disk.f_files > 0 and disk.f_favail == 0
    return no_more_files or disk.f_bavail * disk.f_frsize < 1 << 20
