"""What Snakemake does when its terminal is closed. For the Snakefile's process alone: psutil comes
with Snakemake, and jobs may not have it."""

import signal
import threading
from contextlib import suppress

import psutil


def end_on_hang_up():
    """End this Snakemake in order when its terminal is closed, as it ends on SIGTERM: the lock on
    its folder goes, and so do the outputs of jobs that were broken off. Under nohup it goes on."""
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _end)


def _end(number, frame):
    # some terminals tell this process alone, and a fit may have hours before it
    for job in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            job.send_signal(number)
    terminate = signal.getsignal(signal.SIGTERM)  # Snakemake's own, once it has begun
    if not callable(terminate):
        raise KeyboardInterrupt
    terminate(number, frame)
