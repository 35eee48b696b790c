"""Mirrors: what is secret in their URLs, and folders with odd names."""

import json
import os

import pytest

from markexpr.io.downloads import as_url, fetch, local_path
from markexpr.io.jobs import InputError
from markexpr.io.mirrors import VARIABLE, hide_secret, reveal_secret, without_secrets
from markexpr.settings.config import load_config


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch):
    monkeypatch.setenv(VARIABLE, "{}")


@pytest.mark.parametrize(
    ("mirror", "public", "whole"),
    [
        ("https://h/data", "https://h/data", "https://h/data/x/a.gz"),
        ("https://ann@h/data", "https://ann@h/data", "https://ann@h/data/x/a.gz"),
        ("https://ann:p%40ss@h:8/d", "https://h:8/d", "https://ann:p%40ss@h:8/d/x/a.gz"),
        ("https://:token@h/d", "https://h/d", "https://:token@h/d/x/a.gz"),
        ("https://h/d?key=a%20b&c", "https://h/d", "https://h/d/x/a.gz?key=a%20b&c"),
        ("https://a:b@[::1]:8/?k=v", "https://[::1]:8", "https://a:b@[::1]:8/x/a.gz?k=v"),
        ("file:///data/a:b@c?d", "file:///data/a:b@c?d", "file:///data/a:b@c?d/x/a.gz"),
    ],
)
def test_a_mirrors_secret_is_kept_apart_and_put_back(mirror, public, whole):
    assert hide_secret(mirror) == public
    assert reveal_secret(f"{public}/x/a.gz") == whole


def test_programs_that_repeat_a_secret_are_silenced():
    hide_secret("https://ann:p%40ss@h/d?key=hush")
    assert without_secrets("no p@ss for ann:p%40ss at ?key=hush") == "no *** for *** at ?***"


def test_the_configuration_does_not_hold_it():
    given = {"mirror": "https://ann:hush@h/d/", "genome_mirror": "https://g/?token=hush"}
    config = load_config(given)
    assert "hush" not in json.dumps(config.model_dump()) and "hush" in os.environ[VARIABLE]
    with pytest.raises(InputError) as error:
        load_config({"mirror": "http://ann:hush@h/d?key=hush"})
    assert "http://h/d is not https" in str(error.value) and "hush" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["a b", "with%20literal", "100%", "a#b", "what?", "ä", "a%2Fb", "+"]
)
def test_folders_of_any_name_are_found(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "a.txt").write_text("x")
    mirror = load_config({"mirror": f"{folder}/"}).mirror
    for number, place in enumerate(
        (f"{mirror}/a.txt", str(folder / "a.txt"), as_url(str(folder / "a.txt")))
    ):
        fetch(place, tmp_path / f"out/{number}.txt")
        assert (tmp_path / f"out/{number}.txt").read_text() == "x"
    # a URL with the name as it stands, where that names no other file
    fetch(f"file://{folder}/a.txt", tmp_path / "out/written.txt")


def test_a_url_is_decoded_where_both_are_there(tmp_path):
    for name in ("a b", "a%20b"):
        (tmp_path / name).write_text(name)
    assert local_path(f"file://{tmp_path}/a%20b").name == "a b"
    assert local_path(f"file://localhost{tmp_path}/a%2520b").name == "a%20b"


def test_a_folder_or_a_locked_file_is_no_file(tmp_path):
    (tmp_path / "a.gz").mkdir()
    with pytest.raises(InputError, match=r"a\.gz cannot be read \(Is a directory\); check config"):
        fetch(str(tmp_path / "a.gz"), tmp_path / "out.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.gz"]
