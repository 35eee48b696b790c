"""Nothing that comes from outside is run: no pickled code in weights, arrays and estimators, no
shell in names; https stays https."""

import pickle
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml

from markexpr.estimators import load_estimator
from markexpr.io.downloads import _protocols
from markexpr.io.jobs import InputError
from markexpr.settings.config import load_config


class Trap:
    """Runs code when it is unpickled."""

    def __init__(self, sign):
        self.sign = sign

    def __reduce__(self):
        return (open, (str(self.sign), "w"))


def test_a_checkpoint_that_holds_code_is_not_run(tmp_path):
    from test_training import samples, trainer

    checkpoint, sign = tmp_path / "run.pt", tmp_path / "sign"
    torch.save({"fingerprint": "", "progress": Trap(sign)}, checkpoint)
    trainer(samples(), checkpoint=checkpoint).fit()  # starts anew
    assert not sign.exists()


def test_an_estimator_that_names_other_code_is_refused(tmp_path):
    skops = pytest.importorskip("skops.io")
    path = tmp_path / "model.skops"
    skops.dump({"call": print, "step": yaml.YAMLError("x")}, path)
    with pytest.raises(InputError, match="which is no part of a model of this pipeline"):
        load_estimator(path)


def test_arrays_that_hold_code_are_refused(tmp_path, root):
    path, sign = tmp_path / "E003.npz", tmp_path / "sign"
    array = np.empty(1, dtype=object)
    array[0] = Trap(sign)
    np.savez(path, X=array)
    with pytest.raises(ValueError, match="allow_pickle"), np.load(path) as file:
        file["X"]
    assert not sign.exists()
    # numpy's default, which nothing here changes
    texts = [script.read_text() for script in (root / "workflow/scripts").rglob("*.py")]
    assert not any(
        re.search(
            r"allow_pickle=True|weights_only=False|\bpickle\.|joblib\.load|shell=True"
            r"|os\.system|yaml\.unsafe_load",
            text,
        )
        for text in texts
    )


def test_the_trap_works(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "sign"))).close()
    assert (tmp_path / "sign").exists() and sys.version_info >= (3, 11)


@pytest.mark.parametrize(
    ("url", "first", "redirected"),
    [
        ("https://a/b", "=https", "=https"),
        ("HTTPS://a/b", "=https", "=https"),
        ("http://a/b", "=http", "=http,https"),
        ("file:///a", "=file", "=https"),
    ],
)
def test_protocols(url, first, redirected):
    assert _protocols(url) == ["--proto", first, "--proto-redir", redirected]


def test_what_shell_commands_are_given_is_quoted(root):
    for path in (root / "rules").glob("*.smk"):
        for command in re.findall(r"shell:\s+(?:'([^']*)'|\"([^\"]*)\")", path.read_text()):
            for name in re.findall(r"\{([^}]+)\}", "".join(command)):
                assert name.endswith(":q") or name == "params.checksum", f"{path.name}: {name}"


@pytest.mark.parametrize("name", ["$(touch x)", "a b", "a;b", "../x", "`x`", "-x", "a/b", "a'b"])
def test_names_of_cells_are_plain(name):
    for given in ({"cells": [name]}, {"sources": {name: {"kind": "bam", "path": "{mark}"}}}):
        with pytest.raises(InputError):
            load_config(given)


@pytest.mark.parametrize(
    ("architecture", "settings", "names"),
    [
        ("ridge", {}, "ab"),
        ("logistic", {}, ["marks"]),
        ("totals", {}, "ab"),
        ("random_forest", {"n_trees": 10}, ["marks"]),
        ("extra_trees", {"n_trees": 10}, "ab"),
        ("lightgbm", {"n_trees": 10, "min_genes": 5}, "ab"),
        ("kernel_svm", {}, "ab"),
        ("minirocket", {"n_features": 84}, "ab"),
        ("shallowchrome", {}, "ab"),
        ("patternchrome", {"max_shapes": 2, "particles": 3, "moves": 1, "n_trees": 10}, "ab"),
        ("svr", {"costs": [1], "layers": 2}, "ab"),
        ("relief_forest", {"n_features": [20], "n_trees": [10], "search_genes": 40}, "ab"),
    ],
)
def test_every_estimator_comes_back_as_it_was(root, tmp_path, architecture, settings, names):
    # with nothing trusted but what estimators hold: a new kind of estimator has to be named
    from markexpr.estimators import dump_estimator, find_module, make_features, predict
    from markexpr.models.registry import ESTIMATORS

    rng = np.random.default_rng(1)
    samples = SimpleNamespace(
        inputs={name: rng.poisson(2.0, (60, 2, 40)).astype(np.float32) for name in names},
        normalise="none",
    )
    module, kind = find_module(architecture), ESTIMATORS[architecture]
    settings = kind.model_validate(settings).plain()
    features, values = make_features(module, samples, settings), rng.normal(size=60)
    for labels in {asked == "label" for asked in kind.predicts}:
        estimator = module.build(n_marks=2, n_bins=40, seed=1, threads=1, labels=labels, **settings)
        estimator.fit(features, (values > 0).astype(np.float32) if labels else values)
        (tmp_path / "model.skops").write_bytes(dump_estimator(estimator))
        read = load_estimator(tmp_path / "model.skops")
        before, after = (predict(one, features, labels) for one in (estimator, read))
        assert after.tobytes() == before.tobytes() and np.ptp(before) > 0
        if hasattr(module, "size"):
            assert module.size(read) == module.size(estimator)


def test_all_estimators_are_tried(root):
    from markexpr.models.registry import ESTIMATORS

    test = test_every_estimator_comes_back_as_it_was
    assert {case[0] for case in test.pytestmark[0].args[1]} == set(ESTIMATORS)
