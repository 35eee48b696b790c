"""A bundle of trained models, opened: its predictors, and whether a configuration fits it.

Nothing in a bundle is run as code. What stands in its manifest is checked here, before the first
job; content of files and the scores of its held-out rows are checked by the jobs of
rules/export.smk. Imported by the Snakefile: no torch, no numpy.
"""

from pathlib import Path

import yaml

from markexpr.bundles.files import CHROM_SIZES, GENES, LAYOUT, MANIFEST, file_of, sequence_file
from markexpr.io.archives import is_archive, open_archive, unpack
from markexpr.io.files import open_text
from markexpr.io.jobs import InputError
from markexpr.origins import refuse_braces
from markexpr.predict.kinds import CHANGE
from markexpr.predict.predictors import Predictor
from markexpr.settings.blocks import validated
from markexpr.settings.bundle import Manifest
from markexpr.settings.reading import did_you_mean, read_yaml

KEY = "config key 'bundle'"
UNPACKED = Path("results/bundles")  # archives, by the sha256 of their content
LARGEST_MANIFEST = 50_000_000  # bytes; one of a thousand fits has less than one million
AGAIN = "copy the bundle again, or ask whoever made it for another"
# config keys that say where genes are, which a bundle brings
BROUGHT = ("annotation", "tss")


class Bundle:
    """A bundle in a folder.

    path: what the user named; folder: where its manifest is; manifest:
    markexpr.settings.bundle.Manifest.
    """

    def __init__(self, path, folder, manifest):
        self.path, self.folder, self.manifest = str(path), str(folder), manifest

    # ---- its files ----

    def file(self, path):
        """Where one of its files is."""
        return f"{self.folder}/{path}"

    @property
    def files(self):
        """All of its files, the manifest first."""
        return [self.file(MANIFEST), *map(self.file, self.manifest.files)]

    @property
    def genes(self):
        """The table of all genes that can be counted."""
        return self.file(GENES)

    @property
    def chrom_sizes(self):
        """The table of chromosomes."""
        return self.file(CHROM_SIZES)

    def has(self, path):
        """Whether a path is that of a file of the bundle."""
        return str(path).startswith(f"{self.folder}/")

    # ---- its predictors ----

    def names(self, changes):
        """The names of its predictors, of changes or of samples."""
        return [
            name
            for name, one in self.manifest.predictors.items()
            if (one.predicts == CHANGE) == changes
        ]

    def find(self, name, key):
        """The predictor of a name. key: the config key that names it, for messages. Raises
        InputError for one that the bundle has not, or that predicts something else."""
        changes = key == "predict.changes"
        if name not in self.manifest.predictors:
            known = self.names(changes) or self.manifest.predictors
            raise InputError(
                f"config key '{key}': the bundle {self.path} has no model {name}; "
                f"{did_you_mean(name, known)}"
            )
        one = self.manifest.predictors[name]
        if (one.predicts == CHANGE) != changes:
            other = "predict.models" if changes else "predict.changes"
            raise InputError(
                f"config key '{key}': {name} predicts a {one.predicts}: name it under '{other}'"
            )
        return Predictor(
            name,
            one.kind,
            one.predicts,
            one.data,
            one.block,
            self.file(file_of(name, GENES)),
            tuple(self.file(file_of(name, f"members/{member}")) for member in one.members),
            self.file(sequence_file(one.sequence)) if one.sequence else None,
            self.file(file_of(name, "trained.tsv")),
            self.file(file_of(name, "scores.tsv")),
            self.file(file_of(name, "reference.npz")),
            tuple(one.cells),
        )

    # ---- the configuration ----

    def adopt(self, config, asked, home):
        """A configuration with what the bundle brings: marks, chromosomes and predictors.

        config: markexpr.settings.config.Config; asked: what a user has given beyond the defaults of
        config/config.yaml; home: the project's folder. Raises InputError for what does not fit.
        """
        self._check_marks(config, asked)
        self._check_chrom_sizes(config, asked, home)
        for key in BROUGHT:
            if key in asked:
                raise InputError(
                    f"config key {key!r}: genes come with the bundle {self.path}, and its models "
                    "know no others: leave the key out"
                )
        for study, changes in config.overrides.items():
            self._check_overrides(study, changes)
        named = asked.get("predict") or {}
        models = config.predict.models if "models" in named else self.names(changes=False)
        changes = config.predict.changes if "changes" in named else self.names(changes=True)
        for name in models:
            self.find(name, "predict.models")
        for name in changes:
            self.find(name, "predict.changes")
        predict = config.predict.model_copy(update={"models": models, "changes": changes})
        brought = {"marks": self.manifest.marks, "chrom_sizes": self.chrom_sizes}
        return config.model_copy(update={**brought, "predict": predict})

    def _check_marks(self, config, asked):
        marks = self.manifest.marks
        if "marks" in asked and config.marks != marks:
            raise InputError(
                f"config key 'marks' asks for {', '.join(config.marks)}, and the models of the "
                f"bundle {self.path} read {', '.join(marks)}, in this order: leave the key out"
            )

    def _check_chrom_sizes(self, config, asked, home):
        if "chrom_sizes" not in asked:
            return
        path = home / config.chrom_sizes
        if not path.is_file():
            raise InputError(f"config key 'chrom_sizes': there is no file {path}")
        ours, theirs = _read_sizes(self.chrom_sizes), _read_sizes(path)
        for name in dict.fromkeys([*ours, *theirs]):
            if ours.get(name) != theirs.get(name):
                known = [f"{one[name]} bp" if name in one else "none" for one in (theirs, ours)]
                raise InputError(
                    f"config key 'chrom_sizes': {path} is not of the genome that the models of the "
                    f"bundle {self.path} know ({name} has {known[0]} there and {known[1]} in the "
                    "bundle): leave the key out, and give alignments to the bundle's genome"
                )

    def _check_overrides(self, study, changes):
        """Overrides of a study that the bundle has change nothing of models that are trained."""
        for name, one in self.manifest.predictors.items():
            own, _, model = name.partition("/")
            if own != study or not isinstance(changes, dict):
                continue
            pairs = [(changes.get("data"), one.data, "data")]
            models = changes.get("models")
            if isinstance(models, dict):
                pairs.append((models.get(model), one.block, f"models.{model}"))
            for wanted, held, place in pairs:
                found = _find_difference(wanted, held, place)
                if found:
                    key, theirs, ours = found
                    raise InputError(
                        f"config key 'overrides': {study}.{key} asks for {theirs}, and {name} of "
                        f"the bundle {self.path} was trained with {ours}: leave it out, or train "
                        "such a model and export that"
                    )


def _find_difference(wanted, held, place):
    """The first key of `wanted` whose value is not that of `held`: key, wanted and held value; None
    if there is none. Keys that a predictor does not keep are passed over."""
    for key, value in (wanted or {}).items():
        if key in ("cells", "in_paper", "base"):
            continue
        own = held.get(key)
        if isinstance(value, dict) and isinstance(own, dict):
            if found := _find_difference(value, own, f"{place}.{key}"):
                return found
        elif value != own:
            return f"{place}.{key}", value, own
    return None


def _read_sizes(path):
    """Chromosomes and their lengths as text, {name: length}."""
    with open_text(path) as file:
        lines = [line.split() for line in file]
    return {fields[0]: fields[1] for fields in lines if len(fields) > 1}


# ---- opening ----


def open_bundle(path, own_files, unpacked=UNPACKED):
    """The Bundle of a path: its folder, any file in it, or a .tar.gz or .zip of it.

    own_files: OwnFiles; unpacked: folder below which archives are unpacked. Raises InputError for
    what is no bundle, is of a newer layout, or lacks a file or has one too many.
    """
    given, path = path, Path(path)
    refuse_braces(path, KEY)
    if not path.exists():
        raise InputError(f"{KEY}: there is no file or folder {path}")
    folder = _find_folder(path)
    if folder is None:
        folder = _unpack(path, own_files, Path(unpacked))
    manifest = read_manifest(folder / MANIFEST)
    _check_files(manifest, folder, _list_folder(folder))
    return Bundle(given, folder, manifest)


def _find_folder(path):
    """The folder of the bundle that a path is in, or None if it is a file of no bundle."""
    if path.is_dir():
        if (path / MANIFEST).is_file():
            return path
        near = [one.parent for one in sorted(path.glob(f"*/{MANIFEST}"))]
        hint = f"; did you mean {near[0]}?" if near else "; `snakemake export` makes one"
        raise InputError(f"{KEY}: {path} is no bundle: it has no {MANIFEST}{hint}")
    if path.name == MANIFEST:
        return path.parent
    return next((folder for folder in path.parents if _lists(folder, path)), None)


def _lists(folder, path):
    """Whether a folder has a manifest that lists a file below it. A configuration of a user's, in
    whatever folder above, may be called bundle.yaml as well."""
    if not (folder / MANIFEST).is_file():
        return False
    try:
        files = read_yaml(folder / MANIFEST).get("files")
    except InputError:
        return False
    return isinstance(files, dict) and path.relative_to(folder).as_posix() in files


def _unpack(path, own_files, unpacked):
    """The folder into which an archive is unpacked, once."""
    if not is_archive(path):
        raise InputError(
            f"{KEY}: {path} is no bundle: name its folder, a file in it (as {MANIFEST}), or a "
            ".tar.gz or .zip of it"
        )
    folder = unpacked / own_files.identify(path)[1][:16]
    if (folder / MANIFEST).is_file():
        return folder
    with open_archive(path) as archive:
        found = sorted(
            (name for name in archive.files if Path(name).name == MANIFEST),
            key=lambda name: name.count("/"),
        )
        if not found:
            raise InputError(f"{KEY}: {path} is no bundle: there is no {MANIFEST} in it")
        inside = found[0].removesuffix(MANIFEST)
        with archive.open(found[0]) as file:
            text = file.read(LARGEST_MANIFEST + 1)
        manifest = _parse(text, f"{path}: {found[0]}")
        listed = {
            name.removeprefix(inside): size
            for name, size in archive.files.items()
            if name.startswith(inside)
        }
        _check_files(manifest, path, listed)
        unpack(archive, inside, folder)
    return folder


def _parse(text, where):
    if len(text) > LARGEST_MANIFEST:
        raise InputError(f"{where} is too large for the manifest of a bundle; {AGAIN}")
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{where} is not valid YAML ({_one_line(error)}); {AGAIN}") from error
    return _validated(content, where)


def _one_line(error):
    return " ".join(str(error).split())


def read_manifest(path):
    """The manifest in a file. Raises InputError if it is none, or of a newer layout."""
    if path.stat().st_size > LARGEST_MANIFEST:
        raise InputError(f"{path} is too large for the manifest of a bundle; {AGAIN}")
    return _validated(read_yaml(path), path)


def _validated(content, where):
    layout = content.get("layout") if isinstance(content, dict) else None
    if not isinstance(layout, int) or isinstance(layout, bool):
        raise InputError(f"{where} is no manifest of a bundle: it has no key 'layout'; {AGAIN}")
    if layout > LAYOUT:
        raise InputError(
            f"{where}: the bundle is of layout {layout}, and this version of markexpr reads up to "
            f"{LAYOUT}: update markexpr"
        )
    return validated(Manifest, content, str(where))


def _list_folder(folder):
    """The files of a folder and their sizes, by their path within it."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if not path.is_dir()
    }


def _check_files(manifest, where, there):
    """Raise InputError if a bundle lacks a file, has one too many, or one of another size.

    where: for messages; there: {path: size} of its files.
    """
    for path, file in manifest.files.items():
        if path not in there:
            raise InputError(f"bundle {where}: {path} is missing; {AGAIN}")
        if there[path] != file.size:
            raise InputError(
                f"bundle {where}: {path} has {there[path]:,} bytes, and {MANIFEST} says "
                f"{file.size:,}: it is cut short or changed; {AGAIN}"
            )
    for path in there:
        if path != MANIFEST and path not in manifest.files:
            raise InputError(
                f"bundle {where}: {path} is no file of the bundle: its {MANIFEST} does not list "
                "it; move it away"
            )
