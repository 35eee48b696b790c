"""Snakemake itself as a process: its terminal is closed, it is told of a mirror with a password."""

import os
import pty
import select
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from conftest import ROOT, command, serving, snakemake
from test_faults import LONG, PREDICTIONS, copied, pids, settings

CHECKPOINT = "results/runs/.checkpoints/deepchrome/deepchrome/E003/seed1.pt"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_terminal_that_is_closed_ends_a_run_in_order(counted, tmp_path):
    folder = copied(counted, tmp_path / "closed")
    line = command(*settings(folder, 5000), "--", PREDICTIONS, directory=folder)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execv(line[0], line)
    deadline = time.monotonic() + LONG
    while not (folder / CHECKPOINT).exists() and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.05)[0]:
            os.read(terminal, 4096)
    assert (folder / CHECKPOINT).exists() and list(folder.glob(".snakemake/locks/*"))
    os.close(terminal)
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not list(folder.glob(".snakemake/locks/*"))
    assert not pids("train_model", folder) and not (folder / PREDICTIONS).exists()
    assert not [path for path in (folder / "results").rglob(".*.*") if path.is_file()]


def test_a_mirrors_password_is_written_nowhere(counted, tmp_path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked.append((self.path, self.headers.get("Authorization")))
            super().do_GET()

    asked, folder = [], tmp_path / "secret"
    tree = partial(Quiet, directory=counted / "results/simulated/mirror")
    with serving(tree) as server:
        url = f"http://ann:hush-hush@127.0.0.1:{server.server_port}/?token=t0psecret"
        arguments = ["--printshellcmds", "--config", f"mirror={url}", "allow_http=true"]
        result = snakemake(*arguments, "--", "results/annotation/genes.tsv", directory=folder)
    assert [(path.endswith("?token=t0psecret"), login) for path, login in asked] == [
        (True, "Basic YW5uOmh1c2gtaHVzaA==")
    ]
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    for secret in ("hush-hush", "t0psecret"):
        assert secret not in result.printed
        assert not any(secret.encode() in content for content in written)
