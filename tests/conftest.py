"""What all tests share: the project's root, real data where they are, and a runner of the
pipeline."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).parents[1]
# Tests run side by side, as many as cores. Threads of one that wait for each other keep cores busy:
# with two threads each, such tests take several times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def real():
    """The folder of real Roadmap samples: $MARKEXPR_REAL, else ../shared/remc; tests that need it
    skip where neither is."""
    named = os.environ.get("MARKEXPR_REAL")
    if named and not Path(named).is_dir():
        pytest.fail(f"MARKEXPR_REAL is set to {named}, which is not there")
    folder = Path(named) if named else ROOT.parent / "shared/remc"
    if not folder.is_dir():
        pytest.skip("no real data: set MARKEXPR_REAL to a folder of Roadmap samples")
    return folder.resolve()


def shipped_studies(overrides=None):
    """The shipped studies, with overrides laid over them, as dicts of plain values by name."""
    from markexpr.settings.config import MARKS
    from markexpr.settings.studies import load_studies

    studies = load_studies(ROOT / "config/studies", overrides or {}, MARKS)
    return {name: study.plain() for name, study in studies.items()}


def with_studies(folder, **studies):
    """A folder of the shipped studies and further ones."""
    for path in (ROOT / "config/studies").glob("*.yaml"):
        (folder / path.name).write_text(path.read_text())
    for name, study in studies.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(study))
    return folder


def build_net(architecture, n_marks, n_bins, network=None):
    """A net with the defaults of the registry but for the keys of `network`."""
    from markexpr.models import build_model
    from markexpr.models.registry import NETS

    network = NETS[architecture].model_validate(network or {}).plain()
    return build_model(architecture, n_marks, n_bins, network)


def command(*arguments, directory=None):
    """The command line of a run of the pipeline on two cores."""
    return [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        *(["--directory", str(directory)] if directory else []),
        *map(str, arguments),
    ]


def snakemake(*arguments, directory=None, check=True, project=ROOT):
    """Run snakemake in the project's root (or a copy's) and return what it printed; `check` fails
    the test if it fails."""
    result = subprocess.run(
        command(*arguments, directory=directory),
        cwd=project,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    result.printed = result.stdout + result.stderr
    if check and result.returncode:
        pytest.fail(f"snakemake failed:\n{result.printed[-6000:]}")
    return result


@contextmanager
def serving(handler):
    """A loopback HTTP server that answers by a class of handlers; its address is `url`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@pytest.fixture(scope="session")
def counted(tmp_path_factory, worker_id):
    """A folder with the simulated mirror and the counts that the tests of the studies share; each
    works in a copy of it. Workers that run side by side share it as well."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "counted"
    cells = yaml.safe_load((ROOT / "tests/workflow/simulated.yaml").read_text())["cells"]
    targets = [f"results/counts/10000bp_100bp/{cell}.npz" for cell in cells]
    with FileLock(f"{folder}.lock"):
        if not all((folder / target).exists() for target in targets):
            arguments = ["--configfile", "tests/workflow/simulated.yaml", "--", *targets]
            snakemake(*arguments, directory=folder)
    return folder


def profile_with_shards(folder):
    """A copy of the Slurm profile in which its lines for fits that share a GPU are switched on."""
    lines = (ROOT / "profiles/slurm/config.yaml").read_text().splitlines()
    first = lines.index("# set-resources:")
    lines[first : first + 3] = [line.removeprefix("# ") for line in lines[first : first + 3]]
    profile = folder / "shards"
    profile.mkdir()
    (profile / "config.yaml").write_text("\n".join(lines))
    return profile


def jobs_of(printed):
    """The table of jobs that a (dry) run prints, {rule: number}."""
    table = printed.split("Job stats:", 1)[1].split("\n\n", 1)[0]
    return {
        line.split()[0]: int(line.split()[1])
        for line in table.splitlines()
        if len(line.split()) == 2 and line.split()[1].isdigit()
    }
