"""A model of a user's own file: what is told before the first job, and what in one."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from markexpr import own_model
from markexpr.data.samples import Samples
from markexpr.estimators import dump_estimator, find_module, load_estimator, make_features
from markexpr.estimators import predict as predict_by
from markexpr.io.jobs import InputError
from markexpr.models import build_seeded, load_model, predict
from markexpr.own_files import OwnFiles

NET = """
from torch import nn

class Own(nn.Module):
    def __init__(self, n_marks, n_bins, outputs):
        super().__init__()
        self.linear = nn.Linear(n_marks * n_bins, outputs)

    def forward(self, marks):
        return self.linear(marks.flatten(1))

def build(n_marks, n_bins, outputs=2):
    return Own(n_marks, n_bins, outputs)
"""
MODEL = """
import numpy as np

class Model:
    def __init__(self, strength=1.0, seed=0):
        self.strength, self.seed = strength, seed

    def fit(self, features, target):
        x = features.reshape(len(features), -1)
        self.weights = np.linalg.solve(x.T @ x + self.strength * np.eye(x.shape[1]), x.T @ target)

    def predict(self, features):
        return features.reshape(len(features), -1) @ self.weights
"""


@pytest.fixture(autouse=True)
def anew():
    """Have each file run anew."""
    yield
    own_model.load.cache_clear()
    for name in [name for name in sys.modules if name.startswith(own_model.PREFIX)]:
        del sys.modules[name]


def write(tmp_path, text, name="mine.py"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def samples(n=40):
    rng = np.random.default_rng(0)
    return Samples(
        inputs={"marks": rng.normal(size=(n, 2, 5)).astype(np.float32)},
        target=(np.arange(n) % 2).astype(np.float32),
        split=np.full(n, "train"),
        gene_id=np.arange(n).astype(str),
        cell=np.full(n, "E003"),
        mark_names=["A", "B"],
    )


# ---- before the first job ----


@pytest.mark.parametrize(
    ("text", "part", "keys", "message"),
    [
        ("x = (", "network", {}, "mine.py, line 2: not valid Python"),
        ("x = 1", "network", {}, "has no build: .* needs a function build"),
        ("x = 1", "estimator", {}, "has no build: .* needs a class Model"),
        (NET, "network", {"output": 1}, "network.output is no argument .*did you mean 'outputs'"),
        (NET, "network", {"n_bins": 1}, "network.n_bins is what the pipeline gives"),
        (NET.replace("outputs=2", "outputs"), "network", {}, "network lacks 'outputs'"),
        ("def build(n_bins): pass", "network", {}, "line 2.* has no argument n_marks"),
        (MODEL.replace("def predict", "def tell"), "estimator", {}, "class Model has no predict"),
        (MODEL, "estimator", {"strenght": 1}, "did you mean 'strength'"),
        (MODEL, "estimator", {"seed": 1}, "estimator.seed is what the pipeline gives"),
    ],
)
def test_what_a_file_cannot_hold_is_told_without_running_it(tmp_path, text, part, keys, message):
    sign = tmp_path / "sign"
    path = write(tmp_path, f"open({str(sign)!r}, 'w')\n{text}")
    with pytest.raises(InputError, match=message):
        own_model.check_file(path, part, keys, "study s, model m")
    assert not sign.exists()


@pytest.mark.parametrize(
    ("text", "part", "keys"),
    [
        (NET, "network", {"outputs": 1}),
        ("def build(n_marks, n_bins, **network): pass", "network", {"any": 1}),
        ("from markexpr.models.deepchrome import build", "network", {"kernels": 4}),
        (MODEL, "estimator", {"strength": 2}),
        ("def build(n_bins, depth): pass", "estimator", {"depth": 2}),
        ("from sklearn.linear_model import Ridge as Model", "estimator", {"alpha": 2}),
        ("class Model(Base): pass", "estimator", {"alpha": 2}),
    ],
)
def test_what_a_file_may_hold_is_taken(tmp_path, text, part, keys):
    own_model.check_file(write(tmp_path, text), part, keys, "study s, model m")


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(InputError, match=r"names no\.py, and there is no such file"):
        own_model.check_file("no.py", "network", {}, "study s, model m")


def test_a_relative_path_is_of_the_working_directory_and_then_of_the_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert own_model.find_file("README.md") == own_model.HOME / "README.md"
    (tmp_path / "README.md").write_text("mine")
    assert own_model.find_file("README.md").resolve() == tmp_path / "README.md"


# ---- in a job ----


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ny = x / 0", "mine.py, line 2: ZeroDivisionError"),
        ("import no_such_package", "line 1: ModuleNotFoundError: .*packages of its environment"),
        ("raise SystemExit(3)", "line 1: SystemExit"),
    ],
)
def test_a_file_that_fails_is_told_with_its_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        own_model.load(write(tmp_path, text))


def test_a_file_is_run_once_and_leaves_nothing_behind(tmp_path):
    log = tmp_path / "log"
    path = write(tmp_path, f"open({str(log)!r}, 'a').write('x')\n")
    assert own_model.load(path) is own_model.load(path)
    assert log.read_text() == "x" and not (tmp_path / "__pycache__").exists()


def block(path, loss="cross_entropy", **network):
    return {"architecture": path, "network": network, "training": {"loss": loss}}


@pytest.mark.parametrize(
    ("loss", "network"), [("cross_entropy", {}), ("binary_cross_entropy", {"outputs": 1})]
)
def test_a_net_of_another_shape_is_refused(tmp_path, loss, network):
    """[batch, 1] against [batch] would be a loss of each sample with each other one."""
    path = write(tmp_path, NET)
    if loss == "cross_entropy":
        build_seeded(block(path, loss, **network), samples(), 1, "E003")
        network = {"outputs": 3}
    with pytest.raises(
        InputError, match=rf"mine.py: the net returns \(3, \d\) .*loss {loss} wants"
    ):
        build_seeded(block(path, loss, **network), samples(), 1, "E003")


def test_a_net_is_drawn_from_its_seed_and_read_back(tmp_path):
    from safetensors.torch import save_file

    path = write(tmp_path, NET)
    first, again, other = (build_seeded(block(path), samples(), seed, "E003") for seed in (1, 1, 2))
    weights = [net.module.linear.weight for net in (first, again, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    save_file(first.state_dict(), tmp_path / "weights.safetensors")
    identity = OwnFiles(notes=tmp_path / "notes.json").identify(path)
    params = {
        **block(path),
        "inputs": {"marks": ["A", "B"], "bins": 5},
        "made_from": {"own_model": identity},
    }
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    files = tmp_path / "params.yaml", tmp_path / "weights.safetensors"
    net, told = load_model(*files)
    with torch.no_grad():
        logits = first.eval()(marks=torch.from_numpy(samples().inputs["marks"])).double()
    np.testing.assert_allclose(predict(net, told, samples()), logits.softmax(1)[:, 1])
    write(tmp_path, NET + "\n# another file\n")
    with pytest.raises(InputError, match=r"is not the file that .* was fitted with"):
        load_model(*files)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def build(n_marks, n_bins):\n    return 3", "build returns a int, and no torch"),
        ("def build(n_marks, n_bins):\n    return n_marks.width", "line 2: AttributeError"),
        (NET.replace("(self, marks)", "(self, x)"), "unexpected keyword argument 'marks'"),
    ],
)
def test_a_net_that_cannot_be_built_is_told(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        build_seeded(block(write(tmp_path, text)), samples(), 1, "E003")


def test_a_net_of_the_project_is_taken_as_it_is(tmp_path):
    text = (
        "from markexpr.models.deepchrome import build as made\n\ndef build(n_marks, n_bins):\n"
        "    return made(n_marks, n_bins, outputs=2, kernels=4, kernel_width=2, pool=1, "
        "dropout=0.0, hidden=[4])\n"
    )
    net = build_seeded(block(write(tmp_path, text)), samples(), 1, "E003")
    assert type(net).__name__ == "DeepChrome"


def fit(path, **estimator):
    module, some = find_module(path), samples()
    made = module.build(n_marks=2, n_bins=5, seed=7, threads=1, **estimator)
    features = make_features(module, some, estimator)
    made.fit(features, some.target)
    return made, features


def test_an_estimator_is_fitted_saved_without_code_and_read_back(tmp_path):
    made, features = fit(write(tmp_path, MODEL), strength=2.0)
    assert made.seed == 7 and made.strength == 2.0 and features.shape == (40, 2, 5)
    (tmp_path / "model.skops").write_bytes(dump_estimator(made))
    again = load_estimator(tmp_path / "model.skops")
    np.testing.assert_array_equal(again.predict(features), made.predict(features))


def test_a_saved_estimator_is_read_where_its_file_was_run_alone(tmp_path):
    made, _ = fit(write(tmp_path, MODEL))
    (tmp_path / "model.skops").write_bytes(dump_estimator(made))
    anew_names = [name for name in sys.modules if name.startswith(own_model.PREFIX)]
    del sys.modules[anew_names[0]]
    with pytest.raises(InputError, match="no part of a model of this pipeline"):
        load_estimator(tmp_path / "model.skops")


def test_what_cannot_be_saved_is_told_by_the_fit(tmp_path):
    text = MODEL.replace("self.weights =", "self.name = open; self.weights =")
    with pytest.raises(InputError, match=r"the fitted Model (holds|cannot be saved)"):
        dump_estimator(fit(write(tmp_path, text))[0])


def test_a_build_of_an_estimator_is_given_what_it_names(tmp_path):
    text = (
        "from sklearn.linear_model import Ridge\n\ndef build(labels, alpha):\n"
        "    return Ridge(alpha=alpha + labels)\n\ndef features(marks):\n"
        "    return marks.sum(axis=2)\n"
    )
    path = write(tmp_path, text)
    made = find_module(path).build(n_marks=2, n_bins=5, seed=1, threads=1, labels=True, alpha=1)
    assert made.alpha == 2 and fit(path, alpha=1)[1].shape == (40, 2)


def test_a_classifier_is_asked_for_probabilities(tmp_path):
    text = (
        "from sklearn.linear_model import LogisticRegression\n\ndef build():\n"
        "    return LogisticRegression()\n\ndef features(marks):\n    return marks[:, :, 0]\n"
    )
    made, features = fit(write(tmp_path, text))
    found = predict_by(made, features, labels=True)
    assert len(np.unique(found)) > 2 and found.min() > 0 and found.max() < 1
    assert set(np.unique(predict_by(made, features, labels=False))) <= {0, 1}


def test_marks_of_a_pair_stand_one_behind_the_other(tmp_path):
    module = find_module(write(tmp_path, MODEL))
    a, b = np.zeros((3, 2, 5)), np.ones((3, 2, 5))
    assert module.features(a=a, b=b)[:, :, 0].tolist() == [[0, 0, 1, 1]] * 3


@pytest.mark.parametrize(
    ("predicted", "message"),
    [
        ([[0.5], [0.5]], r"an array \[2, 1\] for 2 samples"),
        ([0.5], r"an array \[1\] for 2 samples"),
        ([0.5, np.nan], "not finite"),
        ([0.5, 1.2], "0.5 to 1.2: of labels it must be the probability"),
        (["a", "b"], "no numbers"),
    ],
)
def test_predictions_of_another_kind_are_refused(predicted, message):
    with pytest.raises(InputError, match=message):
        own_model.check_predictions("mine.py", predicted, np.array([0.0, 1.0]))


def test_values_need_be_no_probabilities():
    target = np.array([0.0, 3.0])
    assert own_model.check_predictions("mine.py", [1, 7], target).tolist() == [1, 7]


def test_a_file_that_changed_since_the_run_began_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, NET)
    identity = OwnFiles(notes=tmp_path / "notes.json").identify(path)
    params = SimpleNamespace(model={"architecture": path}, made_from={"own_model": identity})
    with own_model.unchanged(params):
        pass
    write(tmp_path, NET + "\n# later\n")
    with (
        pytest.raises(InputError, match="has changed since the run began"),
        own_model.unchanged(params),
    ):
        pass


def test_nothing_is_asked_of_other_architectures():
    with pytest.raises(ZeroDivisionError), own_model.running("ridge"):
        divmod(1, 0)
    assert isinstance(nn.Linear(1, 1), nn.Module) and not own_model.is_own("ridge")
