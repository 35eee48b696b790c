"""Fits hold a GPU alone, or as many of them together as they are told, and let go of it however
they end."""

import contextlib
import os
import subprocess
import sys
import threading
import time

import pytest
import torch
from conftest import ROOT

from markexpr import devices
from markexpr.devices import choose_device, take_place


def test_places_are_dealt_over_gpus_before_they_are_shared(tmp_path):
    taken = [take_place(["a", "b"], 2, tmp_path) for _ in range(4)]
    assert [which for which, _ in taken] == [0, 1, 0, 1]


@contextlib.contextmanager
def one_that_waits(folder, fits_each=1):
    """A fit that wants GPU a, and has to wait for it until the block ends; what it found is in the
    list then."""
    found = []
    waiting = threading.Thread(
        target=lambda: found.append(take_place(["a"], fits_each, folder, wait=0.01))
    )
    waiting.start()
    time.sleep(0.1)
    assert not found
    yield found
    waiting.join(60)
    assert found


def test_a_fit_waits_for_a_place(tmp_path):
    _, (first,) = take_place(["a"], 1, tmp_path)
    with one_that_waits(tmp_path) as found:
        first.close()
    assert found[0][0] == 0


def test_a_killed_job_gives_its_gpu_back(tmp_path, root):
    code = (
        "from markexpr.devices import take_place; kept = take_place(['a'], 1, "
        f"{str(tmp_path)!r}); print('has it', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=root / "workflow/scripts",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "has it\n"
        with one_that_waits(tmp_path):
            process.kill()


@pytest.mark.parametrize(("first", "second"), [(1, 4), (4, 1)])
def test_a_fit_that_holds_a_gpu_alone_shares_it_with_none(tmp_path, first, second):
    _, locks = take_place(["a"], first, tmp_path)
    with one_that_waits(tmp_path, second):
        for lock in locks:
            lock.close()


def test_a_folder_of_locks_that_is_anothers_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"markexpr-gpus-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError):
        take_place(["a"], 1, tmp_path)


def test_without_locks_a_fit_goes_on(monkeypatch, caplog):
    def refuse(names, fits_each):
        raise OSError(38, "Function not implemented")

    one_gpu(monkeypatch)
    monkeypatch.setattr(devices, "take_place", refuse)
    assert choose_device({"gpu": 1}) == torch.device("cuda", 0)


@pytest.mark.parametrize("share", ["shard:1", "mps:25"])
def test_a_share_of_a_gpu_that_slurm_gives_takes_no_lock(monkeypatch, share):
    one_gpu(monkeypatch)
    monkeypatch.setattr(devices, "take_place", lambda *_: pytest.fail("took a lock"))
    assert choose_device({"gpu": 0, "gres": share}) == torch.device("cuda", 0)


def one_gpu(monkeypatch):
    """Have torch see one GPU."""
    properties = type("Properties", (), {"uuid": "GPU-1"})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda place: properties)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda place: "a GPU")
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda *_, **__: None)


@pytest.mark.parametrize("resources", [{}, {"gpu": 0}, {"gpu_percent": 0}])
def test_without_a_gpu_asked_for_the_cpu_serves(resources):
    assert choose_device(resources) == torch.device("cpu")


def test_where_torch_sees_no_gpu_the_cpu_serves(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device({"gpu": 1}) == torch.device("cpu")


@pytest.mark.parametrize(
    ("resources", "fits"), [({"gpu": 1}, 1), ({"gpu_percent": 25}, 4), ({"gpu_percent": 33}, 3)]
)
def test_a_share_of_a_gpu_is_so_many_fits(monkeypatch, resources, fits):
    asked = []
    one_gpu(monkeypatch)
    monkeypatch.setattr(
        devices, "take_place", lambda names, fits_each: asked.append((names, fits_each)) or (0, [])
    )
    assert choose_device(resources) == torch.device("cuda", 0)
    assert asked == [(["GPU-1"], fits)]


def test_freed_memory_is_kept_for_the_next_step():
    """Three arrays of 20 MB, freed and asked for again: pages are fetched once."""
    code = (
        "import resource, sys\n"
        "import numpy as np\n"
        "from markexpr.devices import keep_freed_memory\n"
        "if sys.argv[1] == 'kept':\n"
        "    keep_freed_memory()\n"
        "def step():\n"
        "    [np.ones(20 << 20, dtype=np.uint8) for _ in range(3)]\n"
        "step()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "step()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)\n"
    )
    faults = {}
    for how in ("default", "kept"):
        ran = subprocess.run(
            [sys.executable, "-c", code, how],
            cwd=ROOT / "workflow/scripts",
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        faults[how] = int(ran.stdout)
    if faults["default"] < 1000:
        pytest.skip("this C library keeps it anyway")
    assert faults["kept"] < 100
