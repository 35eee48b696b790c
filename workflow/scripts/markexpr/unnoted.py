"""Results of which Snakemake has no notes: compared with the configuration by what they say.

Counts, tensors and fits say themselves what they were made from. That is looked at for files that
came without results/.made_by/ (markexpr.notes), such as a folder of runs copied by itself: with
other settings they are refused, with the same they are taken. Imported by the Snakefile: no torch;
numpy only if there is such a file.
"""

import json
from pathlib import Path

from markexpr.io.files import reading
from markexpr.io.jobs import InputError
from markexpr.settings.reading import read_yaml

# rules in the order of the data: where one of them runs, so does all that comes after it
BEFORE = (
    "simulate_genome",
    "simulate_reads",
    "simulate_counts",
    "annotate_genes",
    "count_reads",
    "select_genes",
    "build_tensors",
)


class Unnoted:
    """Looks at files without notes, once each.

    noted: markexpr.notes.Noted; options: gives Snakemake's settings that say what is made anew in
    any case (`forcerun`, names of rules and files, and `forceall`) and what makes it look
    (`rerun_triggers`); tell: called with one line about a file that does not say what made it.
    """

    def __init__(self, noted, options, tell=lambda line: None):
        self.noted, self.options, self.tell = noted, options, tell
        self._told, self._seen, self._triggers_seen = set(), set(), False

    def _is_new(self, path, rule):
        """Whether a file is there without notes, and is not made anew in any case; False if it was
        looked at before."""
        self._look_at_triggers()
        if path in self._seen or path in self.noted:
            return False
        self._seen.add(path)
        options = self.options()
        before = BEFORE[: BEFORE.index(rule)] if rule in BEFORE else BEFORE
        forced = options.forceall or {*before, rule, path} & set(options.forcerun)
        return not forced and Path(path).exists()

    def _look_at_triggers(self):
        """Tell, once, if Snakemake was asked not to compare settings at all."""
        if not self._triggers_seen:
            self._triggers_seen = True
            if "PARAMS" not in {trigger.name for trigger in self.options().rerun_triggers}:
                self.tell(
                    "`--rerun-triggers` without params: results of other settings, code or own "
                    "files are taken for those asked for; add params to it, or leave it out"
                )

    def check_counts(self, path, made_from):
        """Refuse results/counts/{window}/{cell}.npz that were made from something else. made_from:
        as in the file. Raises InputError."""
        if self._is_new(path, "count_reads"):
            said = _read_array(path, "made_from")
            self._compare(path, "count_reads", said, made_from, {*(said or {}), *made_from})

    def check_tensors(self, path, data, made_from):
        """The same of results/tensors/{study}/{cell}.npz. data: the study's block."""
        if self._is_new(path, "build_tensors"):
            said, asked = _read_array(path, "provenance"), {"data": data, "made_from": made_from}
            self._compare(path, "build_tensors", said, asked, asked)

    def check_fit(self, path, rule, asked, keys):
        """The same of the params.yaml of a fit. asked: what it should say; keys: all that a model's
        block may have."""
        if self._is_new(path, rule):
            said = read_yaml(path)
            # of a model that was chosen among candidates, what it was before
            said = {**said, **said.get("untuned", {})} if said else said
            self._compare(path, rule, said, asked, {*keys, *asked})

    def check_others(self, path, rule):
        """Tell of a file of a `rule` that does not say what made it, of the first one of each."""
        if self._is_new(path, rule):
            self._tell_once(path, rule)

    def _tell_once(self, path, rule):
        if rule not in self._told:
            self._told.add(rule)
            self.tell(
                f"{path} and others of its kind are taken as they are: Snakemake's notes of what "
                f"made them are missing, or of other files (they were copied, or touched); "
                f"`--forcerun {rule}` makes them anew"
            )

    def _compare(self, path, rule, said, asked, keys):
        if not said:
            self._tell_once(path, rule)
            return
        said = {key: said[key] for key in keys if key in said}
        if "made_from" not in said:  # of an earlier version, which did not say so
            asked = {key: value for key, value in asked.items() if key != "made_from"}
        difference = find_difference(said, asked)
        if difference:
            key, old, new = difference
            raise InputError(
                f"{path} was made with {key.removeprefix('made_from.')}: {old}, and {new} is asked "
                "for (Snakemake's notes, results/.made_by, are not of this file): take another "
                f"folder by --directory, or make it anew by `--forcerun {_list_rules(key, rule)}`"
            )


def find_difference(said, asked, place=""):
    """The first key at which two blocks of settings differ, dotted, with both values as text; None
    if they are the same."""
    said, asked = json.loads(json.dumps(said)), json.loads(json.dumps(asked))
    if said == asked:
        return None
    if isinstance(said, dict) and isinstance(asked, dict):
        for key in [*asked, *(key for key in said if key not in asked)]:
            one, other = said.get(key), asked.get(key)
            if one != other:
                return find_difference(one, other, f"{place}.{key}" if place else key)
    return place, *(_shorten(value) for value in (said, asked))


def _list_rules(key, rule):
    """What to make anew where a file differs at a key: its rule, and those behind it that the key
    concerns."""
    parts = key.removeprefix("made_from.").split(".")
    if parts[0] == "simulate":
        return "simulate_genome simulate_reads"
    behind = {"data": "build_tensors", "genes": "select_genes build_tensors"}
    if key.startswith("made_from.") or rule == "build_tensors":
        behind = behind.get(parts[0], "count_reads build_tensors")
        return " ".join(dict.fromkeys([*behind.split(), rule]))
    return rule


def _shorten(value):
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _read_array(path, name):
    """One JSON text of an npz, as plain values; None if there is none."""
    import numpy as np

    fix = "delete it to make it anew"
    with reading(path, fix):
        try:
            with np.load(path) as file:
                return json.loads(str(file[name])) if name in file else None
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error}): {fix}") from error
