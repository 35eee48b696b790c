"""The conda environments and the pip requirements name the same versions, and each rule's
environment holds what its code imports."""

import ast
import re
import subprocess
import sys

import pytest
import yaml
from packaging.requirements import Requirement
from rattler import MatchSpec

from markexpr.digest import code_files
from markexpr.models.registry import ESTIMATORS, NETS

# conda's name where it is not pip's; tools that are no Python packages
CONDA_NAMES = {"torch": "pytorch", "pybigwig": "pybigwig", "isal": "python-isal"}
NO_PIP = {"python", "pip", "bedtools", "curl"}
IMPORTS = {
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "torch": "pytorch",
    "pyBigWig": "pybigwig",
    "isal": "python-isal",
}


def pip_pins(root):
    pins = {}
    for line in (root / "envs/requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version = re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[\w+\])?==([\w.]+)", line).groups()
            pins[CONDA_NAMES.get(name.lower(), name.lower())] = version
    return pins


def conda_pins(path):
    pins = {}
    specs = yaml.safe_load(path.read_text())["dependencies"]
    by_pip = [spec for extra in specs if isinstance(extra, dict) for spec in extra["pip"]]
    for spec in [spec.replace(" ==", " =") for spec in by_pip] + [
        spec for spec in specs if isinstance(spec, str)
    ]:
        name, _, version = spec.partition(" =")
        pins[name] = version
    return pins


def environments(root):
    return {path.name: conda_pins(path) for path in sorted((root / "envs").glob("*.yaml"))}


def test_conda_and_pip_pin_the_same_versions(root):
    pip = pip_pins(root)
    for name, pins in environments(root).items():
        for package, version in pins.items():
            if package not in NO_PIP:
                assert pip.get(package) == version, f"{name}: {package}"
        assert pins["python"] == "3.11"


def test_every_line_is_one_that_conda_reads(root):
    for path in sorted((root / "envs").glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        assert (
            set(content) == {"channels", "dependencies"} and content["channels"][-1] == "nodefaults"
        )
        for spec in content["dependencies"]:
            if isinstance(spec, dict):
                assert [str(Requirement(line).specifier) for line in spec["pip"]]
                continue
            match = MatchSpec(spec, strict=True)
            assert match.name is not None and (match.version or match.name.normalized in NO_PIP), (
                f"{path.name}: {spec}"
            )


def test_the_container_has_what_the_makefile_looks_for(root):
    container, makefile = ((root / name).read_text() for name in ("Dockerfile", "Makefile"))
    for tool in re.search(r"^TOOLS := (.*)", makefile, re.M)[1].split():
        assert re.search(rf"\b{tool}\b", container)
    for source in re.findall(r"^COPY ((?:\S+ )+)\S+$", container, re.M):
        assert all((root / name).exists() for name in source.split())


def test_constraints_do_not_contradict_requirements(root):
    pip = pip_pins(root)
    for line in (root / "envs/constraints.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, version = line.split("==")
            assert pip.get(CONDA_NAMES.get(name.lower(), name.lower()), version) == version, line


def rules(root):
    """Script and environment of each rule that has both."""
    for path in sorted((root / "rules").glob("*.smk")):
        for block in re.split(r"^\s*rule[ :]", path.read_text(), flags=re.M)[1:]:
            script, env = (
                re.search(r"(?:scripts|SCRIPTS)/(\w+\.py)", block),
                re.search(r'envs/(\w+\.yaml)"', block),
            )
            if script:
                yield script[1], env and env[1]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_each_rules_environment_holds_what_its_script_imports(root):
    pairs = list(rules(root))
    assert len(pairs) >= 10
    for script, env in pairs:
        assert env, f"{script} has no conda environment"
        packages = environments(root)[env]
        files = code_files(script)
        if re.match(
            "train|apply|fit|average|save", script
        ):  # nets are modules with torch, estimators without
            names = ESTIMATORS if "estimator" in script else NETS
            files += [root / f"workflow/scripts/markexpr/models/{name}.py" for name in names]
        for name in {name for path in files for name in imports(path)}:
            if name not in sys.stdlib_module_names and name != "markexpr":
                assert IMPORTS.get(name, name) in packages, (
                    f"{script} imports {name}, which envs/{env} lacks"
                )


def test_one_script_per_rule_with_its_name(root):
    names = {path.stem for path in (root / "workflow/scripts").glob("*.py")}
    written = {
        match[1] or match[2]: match[3]
        for path in (root / "rules").glob("*.smk")
        # a rule made in a loop has no name of its own but a key `name`, which begins with its
        # script's
        for match in re.finditer(
            r"rule ?(?:(\w+):|:\s+name:\s+f\"(\w+)_\{)(?:(?!\brule(?: "
            r"\w+)?:\n).)*?(?:scripts|SCRIPTS)/(\w+)\.py",
            path.read_text(),
            re.S,
        )
    }
    assert set(written.values()) == names
    assert all(rule == script for rule, script in written.items())


@pytest.mark.parametrize(
    "script", ["count_reads.py", "score_study.py", "show_data.py", "build_tensors.py"]
)
def test_jobs_that_do_not_train_load_neither_torch_nor_scikit_learn(root, script):
    assert not any({"torch", "sklearn"} & set(imports(path)) for path in code_files(script))


def test_downloads_need_nothing_but_python(root):
    # whatever python3 a job finds runs them; -S: without installed packages
    code = "import sys; sys.path.insert(0, '.'); import markexpr.io.downloads"
    command = [sys.executable, "-I", "-S", "-c", code]
    subprocess.run(command, cwd=root / "workflow/scripts", check=True)


@pytest.mark.parametrize("first", ["pass", "import sklearn", "import torch"])
def test_a_saved_estimator_loads_no_torch(root, tmp_path, first):
    code = (
        f"import sys\n{first}\nbefore = 'torch' in sys.modules\n"
        "from markexpr.estimators import dump_estimator, load_estimator\n"
        "from markexpr.models.ridge import build\n"
        f"path = {str(tmp_path / 'model.skops')!r}\n"
        "open(path, 'wb').write(dump_estimator(build(5, 100, 1, 1, False, 20, True, [1.0])))\n"
        "load_estimator(path)\n"
        "assert ('torch' in sys.modules) == before\n"
        "import torch; torch.ones(1)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=root / "workflow/scripts", check=True)


def test_a_saved_estimator_is_read_where_nothing_else_is_loaded(root, tmp_path):
    from markexpr.estimators import dump_estimator
    from markexpr.models.ridge import build

    path = tmp_path / "model.skops"
    path.write_bytes(dump_estimator(build(5, 100, 1, 1, False, 20, True, [1.0])))
    code = f"from markexpr.estimators import load_estimator; load_estimator({str(path)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=root / "workflow/scripts", check=True)


def test_estimators_need_no_torch(root):
    # their environment has none; modules of nets stand beside theirs in one package
    block = (
        "import sys, importlib\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'safetensors'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "import fit_estimator, average_estimators\n"
    )
    blocks = [
        model
        for path in (root / "config/studies").glob("*.yaml")
        for model in (yaml.safe_load(path.read_text()).get("models") or {}).values()
    ]
    names = sorted(
        {
            model["architecture"]
            for model in blocks
            if "estimator" in model and "architecture" in model
        }
    )
    assert "random_forest" in names
    code = block + "".join(f"importlib.import_module('markexpr.models.{name}')\n" for name in names)
    subprocess.run([sys.executable, "-c", code], cwd=root / "workflow/scripts", check=True)
