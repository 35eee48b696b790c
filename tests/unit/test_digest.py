"""The digest of code: what an edit of a module reruns."""

import pytest

from markexpr import digest
from markexpr.digest import code_digest, code_files


def forget():
    """Have what was read of the code read anew."""
    digest._parsed.cache_clear()
    digest.code_digest.cache_clear()


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    files = {
        "train.py": "from markexpr.training import fit\n",
        "markexpr/__init__.py": "",
        "markexpr/training.py": (
            '"""Trains."""\nfrom markexpr import metrics\n\n\ndef fit():\n    """Fit."""\n    '
            "return metrics.auc\n"
        ),
        "markexpr/metrics.py": "def auc():\n    return 1\n",
        "markexpr/plots.py": "import markexpr.metrics\n",
        "markexpr/models/__init__.py": "",
        "markexpr/models/a.py": "WIDTH = 1\n",
        "markexpr/models/b.py": "WIDTH = 2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(digest, "SCRIPTS", tmp_path)
    forget()
    yield tmp_path
    forget()


def edited(scripts, name, old, new):
    forget()
    path = scripts / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_the_digest_follows_imports_and_no_others(scripts):
    assert [path.name for path in code_files("train.py")] == [
        "metrics.py",
        "training.py",
        "train.py",
    ]
    before = code_digest("train.py")
    edited(scripts, "markexpr/plots.py", "import", "import sys, ")
    assert code_digest("train.py") == before
    edited(scripts, "markexpr/metrics.py", "1", "2")
    assert code_digest("train.py") != before


def test_the_digest_of_one_model_does_not_see_the_other(scripts):
    a, b = (
        code_digest("train.py", "markexpr/models/a.py"),
        code_digest("train.py", "markexpr/models/b.py"),
    )
    edited(scripts, "markexpr/models/a.py", "1", "3")
    assert code_digest("train.py", "markexpr/models/a.py") != a
    assert code_digest("train.py", "markexpr/models/b.py") == b


def test_comments_and_docstrings_do_not_count(scripts):
    before = code_digest("train.py")
    edited(scripts, "markexpr/training.py", '"""Fit."""', '"""Fit a model."""  # quickly')
    assert code_digest("train.py") == before


def test_the_training_job_depends_on_all_it_uses(root):
    names = {path.name for path in code_files("train_model.py", "markexpr/models/deepchrome.py")}
    assert {"train_model.py", "training.py", "samples.py", "metrics.py", "deepchrome.py"} <= names
    assert "plots.py" not in names and "counts.py" not in names


def test_defaults_of_hyperparameters_are_params_and_no_code(root):
    names = {path.name for path in code_files("train_model.py", "markexpr/models/deepchrome.py")}
    assert "registry.py" not in names
