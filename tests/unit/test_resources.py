"""One table says what each rule needs; the cluster's profile names rules that there are."""

import re

import yaml

from markexpr.settings.reading import read_sheet


def rule_names(root):
    """Rules by name; those made in a loop by the part of the name that is the same for all."""
    text = "".join(path.read_text() for path in sorted((root / "rules").glob("*.smk")))
    derived = set(re.findall(r"^use rule \w+ as (\w+) with:", text, re.M))
    return (
        derived
        | set(re.findall(r"^ *rule (\w+):", text, re.M))
        | set(re.findall(r'^ *name:\s+f"(\w+?)_\{', text, re.M))
    )


def test_every_rule_has_its_line_in_the_table_and_takes_it(root):
    names = {row["rule"] for row in read_sheet(root / "config/resources.tsv", ["rule"])}
    target_rules = {"deepchrome", "study"}
    assert names == rule_names(root) - target_rules
    text = "".join(path.read_text() for path in sorted((root / "rules").glob("*.smk")))
    for name in names:
        assert len(re.findall(rf'\*\*needs\("{name}"', text)) == 1, name
    assert not re.findall(r"^ +(?:mem_mb|runtime|gpu|network)=", text, re.M)


def test_the_table_is_sane(root):
    for row in read_sheet(root / "config/resources.tsv", ["rule"]):
        values = {key: int(value) for key, value in row.items() if key != "rule"}
        assert 500 <= values["mem_mb"] <= 16_000 and 5 <= values["runtime"] <= 2880, row
        assert bool(values["on_gpu"]) == row["rule"].startswith("train_"), row


def test_the_slurm_profile_groups_rules_that_there_are(root):
    profile = yaml.safe_load((root / "profiles/slurm/config.yaml").read_text())
    groups = dict(entry.split("=") for entry in profile["groups"])
    assert set(groups) <= rule_names(root)
    assert set(groups.values()) == {entry.split("=")[0] for entry in profile["group-components"]}
    # what is not in a group reaches the queue alone: no rule of which there is one job a run
    alone = rule_names(root) - set(groups) - {"deepchrome", "study"}
    assert not alone & {
        "train_model",
        "fit_estimator",
        "apply_model",
        "build_tensors",
        "average_models",
        "predict_control",
    }


def test_both_profiles_agree_where_they_should(root):
    default, slurm = (
        yaml.safe_load((root / f"profiles/{name}/config.yaml").read_text())
        for name in ("default", "slurm")
    )
    for key in ("rerun-incomplete", "show-failed-logs", "keep-going"):
        assert default[key] == slurm[key]
    assert default["resources"]["gpu"] == slurm["resources"]["gpu"] == 1


def test_the_picture_of_the_rules_shows_them_all(root):
    # `make graph` draws it; rules of the simulator and those that are asked for by name are not
    # part of the studies on real data
    drawn = set(re.findall(r"<text[^>]*>(\w+)</text>", (root / "docs/rules.svg").read_text()))
    apart = {
        "simulate_genome",
        "simulate_reads",
        "predict_truth",
        "train_together",
        "export_kaggle",
    }
    studies = {path.stem for path in (root / "config/studies").glob("*.yaml")}
    assert drawn - studies == rule_names(root) - {"deepchrome", "study"} - apart
