"""Figures and numbers depend on the project alone, whatever the environment or home folder says."""

import ast
import os
import subprocess
import sys

import pytest
import snakemake

from markexpr.io import environment
from markexpr.io.environment import refuse_locale, settle_environment
from markexpr.io.jobs import InputError

HOSTILE = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MATPLOTLIBRC": "{home}/matplotlibrc",
    "PYTHONPATH": "{home}/modules",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONSAFEPATH": "1",
    "PYTHONINSPECT": "1",
    "PYTHONHASHSEED": "7",
    "PYTHONIOENCODING": "latin-1",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "LC_ALL": "C",
    "LC_NUMERIC": "de_DE.UTF-8",
    "TZ": "Asia/Kathmandu",
    "SOURCE_DATE_EPOCH": "1",
    "OPENBLAS_CORETYPE": "Prescott",
    "CUBLAS_WORKSPACE_CONFIG": ":0:0",
    "BASH_ENV": "/nowhere/init.sh",
    "MALLOC_PERTURB_": "5",
    "DISPLAY": ":99",
    "TMPDIR": "/nowhere",
    "HOME": "{home}",
}

# what a job that draws does, in the environment that the Snakefile's process leaves to it
DRAW = """
import sys; sys.path.insert(0, {scripts!r})
from types import SimpleNamespace
import matplotlib.pyplot as plt
from markexpr.plots import save

figure, axis = plt.subplots()
axis.plot([1, 2.5, 3], sorted({{"b", "a", "ä"}}), label="H3K4me3")
axis.legend()
paths = SimpleNamespace(svg="figure.svg", png="figure.png")
save(figure, "Test", SimpleNamespace(output=paths, params=SimpleNamespace(simulated=False)))
"""


@pytest.fixture
def home(tmp_path):
    """A home folder with settings and modules of its own."""
    home = tmp_path / "home"
    (home / ".config/matplotlib").mkdir(parents=True)
    settings = "axes.facecolor: red\nfont.family: serif\nfont.size: 30\n"
    for path in ("matplotlibrc", ".config/matplotlib/matplotlibrc"):
        (home / path).write_text(settings)
    (home / "modules").mkdir()
    (home / "modules/matplotlib.py").write_text("raise RuntimeError('of the user')")
    return home


@pytest.fixture
def settled(monkeypatch, home, tmp_path):
    """The environment of jobs in a hostile one."""

    def settle(**more):
        for name, value in {**HOSTILE, **more}.items():
            monkeypatch.setenv(name, value.format(home=home))
        settle_environment(snakemake.__file__, tmp_path)
        return dict(os.environ)

    before = dict(os.environ)
    yield settle
    os.environ.clear()
    os.environ.update(before)


def test_a_figure_is_the_same_in_any_environment(root, settled, home, tmp_path):
    script = DRAW.format(scripts=str(root / "workflow/scripts"))
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    for name, variables in (("plain", plain), ("hostile", settled())):
        folder = tmp_path / name
        folder.mkdir()
        if name == "hostile":
            (folder / "matplotlibrc").write_text((home / "matplotlibrc").read_text())
        result = subprocess.run(
            [sys.executable, "-c", script],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert result.returncode == 0, result.stderr
    for name in ("figure.svg", "figure.png"):
        assert (tmp_path / "plain" / name).read_bytes() == (
            tmp_path / "hostile" / name
        ).read_bytes()


def test_what_changes_results_is_not_passed_on(settled):
    left = settled()
    assert {name for name in HOSTILE if name in left} == {
        "HOME",
        "TMPDIR",
        "DISPLAY",
        "TZ",
        "LC_NUMERIC",  # LC_ALL wins over it
        *("LC_ALL", "PYTHONUTF8", "PYTHONHASHSEED", "MPLBACKEND"),
    }
    assert (left["LC_ALL"], left["PYTHONUTF8"], left["MPLBACKEND"]) == ("C", "1", "Agg")
    assert left["PYTHONNOUSERSITE"] == "1"


def test_modules_of_the_user_stay_where_snakemake_itself_is_one(settled, monkeypatch):
    path = os.path.dirname(os.path.dirname(snakemake.__file__))
    monkeypatch.setattr(environment.site, "getusersitepackages", lambda: path)
    monkeypatch.delenv("PYTHONNOUSERSITE", raising=False)
    left = settled(PYTHONPATH=f"/elsewhere:{path}")
    assert left["PYTHONPATH"] == f"/elsewhere:{path}" and "PYTHONNOUSERSITE" not in left


# ---- letters ----


@pytest.mark.parametrize("encoding", ["ascii", "iso8859-1"])
def test_names_that_a_locale_cannot_hold_are_refused_in_one_line(monkeypatch, encoding):
    names = [{"sources": {"liver": {"path": "/data/Süd/{mark}.bam"}}}, "/clone"]
    refuse_locale(names)
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: encoding)
    refuse_locale(["/clone", {"cells": ["E003"], "seeds": [1]}])
    with pytest.raises(InputError, match=rf"'/data/S\\xfcd/.*a locale of {encoding}: set LC_ALL=C"):
        refuse_locale(names)


def test_what_snakemake_reads_is_plain_ascii(root):
    files = ["Snakefile", *root.glob("config/*.yaml"), *root.glob("profiles/*/*.yaml")]
    for path in [*files, *root.glob("rules/*.smk")]:
        assert (root / path).read_bytes().isascii(), path


def test_every_text_file_is_opened_as_utf8(root):
    for path in (root / "workflow/scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            text = name in ("read_text", "write_text") or (
                isinstance(node.func, ast.Name) and name == "open" and not binary(node)
            )
            named = any(keyword.arg in ("encoding", None) for keyword in node.keywords)
            assert named or not text, f"{path}, line {node.lineno}"


def binary(call):
    mode = call.args[1].value if len(call.args) > 1 else "r"
    return "b" in mode


def test_the_environment_is_settled_before_anything_is_read(root):
    text = (root / "rules/common.smk").read_text(encoding="utf-8")
    assert text.index("settle_environment(") < text.index("project = read_project(")
