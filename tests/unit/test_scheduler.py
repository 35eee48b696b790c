"""Jobs end with the Snakemake that started them, and place nothing without it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import serving

from markexpr.io import scheduler
from markexpr.io.files import atomic, write_tsv
from markexpr.io.scheduler import SchedulerGone, name_scheduler, scheduler_lives
from markexpr.io.terminal import end_on_hang_up

LONG = 60  # seconds that nothing here takes, on however busy a machine

# A job that imports once its stdin is closed, and works for WORK seconds, in short steps: Python
# takes no notice of a signal just before it sleeps.
JOB = """
import sys, time
sys.path.insert(0, {scripts!r})
sys.stdin.read()
from types import SimpleNamespace
from markexpr.io.files import atomic
from markexpr.io.jobs import run_job

def main(job):
    open("begun", "w").close()
    for _ in range({work} * 100):
        time.sleep(0.01)
    with atomic("out.tsv") as temporary:
        temporary.write_text("old settings")

run_job(main, SimpleNamespace(log=["log.txt"]))
"""


@pytest.fixture
def other(monkeypatch):
    """Another process, which stands for the Snakemake that started a job; it is named as that."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    )
    monkeypatch.setenv(scheduler.VARIABLE, named(process.pid))
    yield process
    process.kill()
    process.wait()


def named(pid):
    return f"{scheduler.name_machine()} {pid} {scheduler.start_of(pid)}"


def start_job(root, folder, work=0, stdin=subprocess.DEVNULL):
    script = JOB.format(scripts=str(root / "workflow/scripts"), work=work)
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=folder, stdin=stdin, stderr=subprocess.PIPE
    )


def wait_for(path):
    deadline = time.monotonic() + LONG
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists()


def wait_for_end(job):
    """The exit status of a job that ends before its work is done."""
    try:
        return job.wait(LONG)
    finally:
        job.kill()


def test_the_snakemake_that_lives_is_seen_to_live(monkeypatch):
    monkeypatch.setenv(scheduler.VARIABLE, "")
    name_scheduler()
    assert scheduler_lives() and os.environ[scheduler.VARIABLE] == named(os.getpid())


def test_one_that_has_ended_is_seen_to_have_ended(other):
    assert scheduler_lives()
    other.kill()
    while scheduler_lives():  # its exit code is not yet fetched
        time.sleep(0.01)
    other.wait()
    assert not scheduler_lives()


def test_its_process_id_may_be_another_process_by_now(monkeypatch):
    machine, pid, start = named(os.getpid()).split(" ")
    told_by, number = start.split(":")
    monkeypatch.setenv(scheduler.VARIABLE, f"{machine} {pid} {told_by}:{int(number) - 1}")
    assert not scheduler_lives()


@pytest.mark.parametrize(
    "value", ["", "x", "{other} 1 proc:1", "{here} {gone} unknown", "{here} x proc:1"]
)
def test_what_cannot_be_seen_from_here_is_taken_to_live(monkeypatch, value):
    here, pid = scheduler.name_machine(), os.getpid()
    monkeypatch.setenv(
        scheduler.VARIABLE, value.format(here=here, other="node7/pid:[1]", gone=pid, pid=pid)
    )
    assert scheduler_lives()


def test_without_proc_ps_tells(monkeypatch, other):
    monkeypatch.setattr(scheduler, "Path", lambda _: Path("/nowhere"))
    start = scheduler.start_of(other.pid)
    assert start.startswith("ps:") and start == scheduler.start_of(other.pid)
    # told by /proc at the start and by ps here: not compared
    assert scheduler_lives()
    other.kill()
    other.wait()
    assert scheduler.start_of(other.pid) == scheduler.ENDED
    monkeypatch.setenv("PATH", "/nowhere")
    assert scheduler.start_of(other.pid) == scheduler.UNKNOWN and scheduler_lives()


def test_nothing_is_placed_without_it(other, tmp_path):
    import pandas as pd

    kept = tmp_path / "kept.tsv"
    kept.write_text("of the next run")
    other.kill()
    other.wait()
    for path in (kept, tmp_path / "new.tsv", tmp_path / "new.tsv.gz"):
        with pytest.raises(SchedulerGone, match="puts nothing in place"):
            write_tsv(path, pd.DataFrame({"a": [1]}))
    with pytest.raises(SchedulerGone), atomic(kept) as temporary:
        temporary.write_text("old")
    assert os.listdir(tmp_path) == ["kept.tsv"] and kept.read_text() == "of the next run"


def test_a_job_whose_snakemake_is_dead_does_not_begin(root, other, tmp_path):
    other.kill()
    other.wait()
    (tmp_path / "log.txt").write_text("of the next run")
    job = start_job(root, tmp_path)
    assert "the Snakemake that started this job has ended" in job.communicate()[1].decode()
    assert job.returncode == 1 and os.listdir(tmp_path) == ["log.txt"]
    assert (tmp_path / "log.txt").read_text() == "of the next run"


def test_a_job_whose_snakemake_dies_while_it_imports(root, other, tmp_path):
    job = start_job(root, tmp_path, stdin=subprocess.PIPE)
    other.kill()
    other.wait()
    job.stdin.close()
    assert wait_for_end(job) == 1 and os.listdir(tmp_path) == []


def test_a_job_whose_snakemake_dies_while_it_works_ends_soon(root, other, tmp_path):
    job = start_job(root, tmp_path, work=2 * LONG)
    wait_for(tmp_path / "begun")
    other.kill()
    other.wait()
    assert wait_for_end(job) == 1
    assert "has ended" in (tmp_path / "log.txt").read_text()
    assert sorted(os.listdir(tmp_path)) == ["begun", "log.txt"]


def test_a_job_with_its_snakemake_places_what_it_makes(root, other, tmp_path):
    assert wait_for_end(start_job(root, tmp_path)) == 0
    assert (tmp_path / "out.tsv").read_text() == "old settings"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_job_without_leftovers(root, other, tmp_path, number):
    job = start_job(root, tmp_path, work=2 * LONG)
    wait_for(tmp_path / "begun")
    job.send_signal(number)
    assert wait_for_end(job) == 1 and sorted(os.listdir(tmp_path)) == ["begun", "log.txt"]


def test_under_nohup_a_job_goes_on(root, other, tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        job = start_job(root, tmp_path, work=1)
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_for(tmp_path / "begun")
    job.send_signal(signal.SIGHUP)
    assert wait_for_end(job) == 0 and (tmp_path / "out.tsv").exists()


def test_curl_writes_nothing_once_its_job_is_killed(root, tmp_path):
    from http.server import BaseHTTPRequestHandler

    ended = []

    class Trickle(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "100000000")
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(1000))
                    time.sleep(0.02)
            except OSError:
                ended.append(time.monotonic())

    with serving(Trickle) as server:
        script = (
            f"import sys; sys.path.insert(0, {str(root / 'workflow/scripts')!r})\n"
            "from markexpr.io.downloads import fetch\n"
            f"fetch('{server.url}/a.gz', 'a.gz')"
        )
        job = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
        deadline = time.monotonic() + LONG
        while not list(tmp_path.glob(".a.gz.*.part")) and time.monotonic() < deadline:
            time.sleep(0.01)
        (part,) = tmp_path.glob(".a.gz.*.part")
        job.kill()
        job.wait()
        size = part.stat().st_size
        while not ended and time.monotonic() < deadline:
            time.sleep(0.01)
        assert ended and part.stat().st_size == size


@pytest.mark.parametrize("ready", [True, False])
def test_a_closed_terminal_ends_snakemake_as_sigterm_does(ready):
    # before Snakemake schedules jobs there is no handler of its own, and the stack is unwound
    told = []
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        signal.signal(signal.SIGTERM, (lambda *_: told.append(1)) if ready else signal.SIG_DFL)
        end_on_hang_up()
        try:
            signal.raise_signal(signal.SIGHUP)
        except KeyboardInterrupt:
            told.append(0)
        assert told == [int(ready)] and job.wait(LONG) == -signal.SIGHUP
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
        end_on_hang_up()
        signal.raise_signal(signal.SIGHUP)
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGHUP), before):
            signal.signal(number, handler)
        job.kill()
    assert told == [int(ready)]
