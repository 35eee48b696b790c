"""One table says what each rule needs; the cluster's profile names rules that there are."""

import re

import pytest
import yaml

from markexpr import resources
from markexpr.io.jobs import InputError
from markexpr.resources import Needs, where_gpus_are
from markexpr.settings.reading import read_sheet


def rules_text(root):
    return "".join(path.read_text() for path in sorted((root / "rules").glob("*.smk")))


def derived_rules(root):
    """Rules that are another one but for what they say."""
    return set(re.findall(r"^use rule \w+ as (\w+) with:", rules_text(root), re.M))


def rule_names(root):
    """Rules by name; those made in a loop by the part of the name that is the same for all."""
    text = rules_text(root)
    return (
        derived_rules(root)
        | set(re.findall(r"^ *rule (\w+):", text, re.M))
        | set(re.findall(r'^ *name:\s+f"(\w+?)_\{', text, re.M))
    )


def test_every_rule_asks_by_its_name_and_every_line_is_of_a_rule(root):
    names = {row["rule"] for row in read_sheet(root / "config/resources.tsv", ["rule"])}
    assert names - {"default"} <= rule_names(root)
    text = rules_text(root)
    asking = re.findall(r'\*\*needs\("(\w+)"', text)
    # a derived rule that does not ask needs what the other one does
    like_another = derived_rules(root) - set(asking)
    assert sorted(asking) == sorted(
        rule_names(root) - like_another - {"deepchrome", "export", "predict", "study"}
    )
    assert not re.findall(r"^ +(?:mem_mb|runtime|gpu|network)=", text, re.M)


def test_the_table_is_sane(root):
    rows = read_sheet(root / "config/resources.tsv", ["rule"])
    assert rows[0]["rule"] == "default"
    assert len({row["rule"] for row in rows}) == len(rows)
    for row in rows:
        values = {key: int(value) for key, value in row.items() if key != "rule"}
        assert 500 <= values["mem_mb"] <= 16_000 and 5 <= values["runtime"] <= 2880, row
        assert bool(values["on_gpu"]) == row["rule"].startswith("train_"), row
    # what takes hours does not take the default
    assert {"train_model", "fit_estimator", "count_reads"} <= {row["rule"] for row in rows}


TABLE = """\
rule\tmem_mb\tmem_mb_per_cell\truntime\ton_gpu\tnetwork
default\t1000\t0\t10\t0\t0
train\t4000\t40\t240\t45\t0
fetch\t500\t0\t60\t0\t1
"""
ANY = {"cpu": None, "gpu": None, "network": None}


def needs(folder, gpus="nowhere", fits_per_gpu=1, partitions=ANY, cells=10):
    (folder / "needs.tsv").write_text(TABLE)
    return Needs(folder / "needs.tsv", cells, partitions, gpus, fits_per_gpu)


def at(attempt, found):
    """Resources of one attempt."""
    return {key: value(None, attempt) if callable(value) else value for key, value in found.items()}


def test_a_rule_without_a_line_takes_the_default(tmp_path):
    assert at(1, needs(tmp_path)("plot_new")) == {"mem_mb": 1000, "runtime": 10}


def test_memory_counts_cells_and_grows_with_each_attempt(tmp_path):
    assert at(1, needs(tmp_path)("train")) == {"mem_mb": 4400, "runtime": 240}
    assert at(3, needs(tmp_path, cells=2)("train")) == {"mem_mb": 12_240, "runtime": 720}
    assert at(2, needs(tmp_path)("fetch")) == {"mem_mb": 1000, "runtime": 120, "network": 1}


@pytest.mark.parametrize(
    ("gpus", "fits_per_gpu", "expected"),
    [
        ("machine", 1, {"gpu": 1}),
        ("machine", 3, {"gpu_percent": 33}),
        ("cluster", 1, {"gpu": 1}),
        ("cluster", 3, {"gpu": 1}),  # the profile says what shares a GPU there
    ],
)
def test_a_fit_asks_for_a_gpu_and_for_less_time(tmp_path, gpus, fits_per_gpu, expected):
    found = at(1, needs(tmp_path, gpus, fits_per_gpu)("train"))
    assert found == {"mem_mb": 4400, "runtime": 45, **expected}
    assert "gpu" not in needs(tmp_path, gpus, fits_per_gpu)("plot_new")


def test_jobs_go_to_the_partition_of_their_kind(tmp_path):
    partitions = {"cpu": "short", "gpu": "big", "network": "out"}
    for gpus, expected in (("nowhere", "short"), ("cluster", "big")):
        found = needs(tmp_path, gpus, partitions=partitions)
        assert found("train")["slurm_partition"] == expected
        assert found("plot_new")["slurm_partition"] == "short"
        assert found("fetch")["slurm_partition"] == "out"


SINFO = "cpu* (null)\nbig gpu:a100:4,shard:16\n"


@pytest.mark.parametrize(
    ("setting", "submits", "partition", "printed", "expected"),
    [
        ("auto", False, None, "GPU 0: a GPU (UUID: x)\n", "machine"),
        ("auto", False, None, "", "nowhere"),
        ("auto", True, None, "work* gpu:4\n", "cluster"),
        ("auto", True, None, SINFO, "nowhere"),
        ("auto", True, "big", SINFO, "cluster"),
        ("auto", True, "small,big", SINFO, "cluster"),
        ("auto", True, "big", "", "nowhere"),
        (True, True, None, "", "cluster"),
        (True, False, None, "", "machine"),
        (False, True, "big", SINFO, "nowhere"),
    ],
)
def test_where_gpus_are(monkeypatch, setting, submits, partition, printed, expected):
    monkeypatch.setattr(resources, "printed_by", lambda *_: printed)
    assert where_gpus_are(setting, submits, partition) == expected


def test_a_partition_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(resources, "printed_by", lambda *_: SINFO)
    with pytest.raises(InputError, match=r"no GPU in gpu partition 'cpu', but in \['big'\]"):
        where_gpus_are("auto", True, "cpu")


def test_the_slurm_profile_groups_jobs_of_seconds_and_no_fits(root):
    profile = yaml.safe_load((root / "profiles/slurm/config.yaml").read_text())
    groups = dict(entry.split("=") for entry in profile["groups"])
    assert set(groups) <= rule_names(root)
    assert set(groups.values()) == {entry.split("=")[0] for entry in profile["group-components"]}
    minutes = {
        row["rule"]: int(row["runtime"])
        for row in read_sheet(root / "config/resources.tsv", ["rule", "runtime"])
    }
    assert all(minutes.get(rule, 0) <= 20 for rule in groups)
    assert not any(rule.startswith(("train_", "fit_", "average_")) for rule in groups)


def test_both_profiles_agree_where_they_should(root):
    default, slurm = (
        yaml.safe_load((root / f"profiles/{name}/config.yaml").read_text())
        for name in ("default", "slurm")
    )
    for key in ("rerun-incomplete", "show-failed-logs", "keep-going"):
        assert default[key] == slurm[key]
    assert default["resources"]["network"] == slurm["resources"]["network"]


def test_the_picture_of_the_rules_shows_them_all(root):
    # `make graph` draws it; rules of the simulator and those that are asked for by name are not
    # part of the studies on real data
    drawn = set(re.findall(r"<text[^>]*>(\w+)</text>", (root / "docs/rules.svg").read_text()))
    apart = {
        "simulate_genome",
        "simulate_reads",
        "simulate_counts",
        "predict_truth",
        "take_given",  # of a user's file
        "export_kaggle",
    }
    for name in ("predict", "sample_quality", "export"):
        apart |= set(re.findall(r"rule (\w+):", (root / f"rules/{name}.smk").read_text()))
    apart |= derived_rules(root)
    studies = {path.stem for path in (root / "config/studies").glob("*.yaml")}
    drawn -= studies
    missing = rule_names(root) - {"deepchrome", "study"} - apart - drawn
    assert drawn <= rule_names(root)
    # a new figure is no reason to draw the picture anew
    assert all(name.startswith("plot_") for name in missing), missing
