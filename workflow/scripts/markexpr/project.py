"""All that is known before the first job: config, studies and sheets, read and checked once.

Imported by the Snakefile: no torch, no numpy.
"""

from dataclasses import dataclass
from pathlib import Path

from markexpr.bundles.bundle import open_bundle
from markexpr.bundles.exporting import Exporting
from markexpr.io.jobs import InputError
from markexpr.lookup import Lookup
from markexpr.meetings import check_meetings
from markexpr.origins import Origins, refuse_braces
from markexpr.own_data import OwnData
from markexpr.own_files import OwnFiles
from markexpr.own_model import check_file, is_own
from markexpr.plan import Plan
from markexpr.predict.predicting import Predicting
from markexpr.settings.config import Config, check_cell_names, choose_pairs, load_config
from markexpr.settings.models import Net
from markexpr.settings.reading import choose, read_sheet, read_yaml
from markexpr.settings.samples import read_samples
from markexpr.settings.studies import load_studies
from markexpr.tissues import list_tissues

# folders of results that need data to train on
OF_TRAINING = ("tensors", "runs", "metrics", "tables", "figures", "bundle")
CELL_PLACES = "config/cells.tsv or config key 'sources'"


@dataclass(frozen=True)
class Project:
    """What a configuration amounts to.

    sheet_cells: REMC's cells, of config/cells.tsv; known_cells: those and own samples; tissues:
    from every known cell to its tissue; predicting: what the rules of `snakemake predict` ask;
    exporting: what those of `snakemake export` ask.
    """

    config: Config
    plan: Plan
    lookup: Lookup
    predicting: Predicting
    exporting: Exporting
    sheet_cells: list
    known_cells: list
    tissues: dict
    chrom_sizes: Path

    @property
    def sheet_tissues(self):
        """From each of REMC's cells to its tissue."""
        return {cell: self.tissues[cell] for cell in self.sheet_cells}

    def refuse_mixed_results(self, results):
        """Raise InputError if a folder of results holds real data and simulated ones are asked
        for, or the reverse: both would share the names of their files."""
        simulated = (results / "simulated").exists()
        if (results / "raw").exists() and simulated != self.config.simulated:
            held = "simulated" if simulated else "real"
            raise InputError(
                f"{results.resolve()} holds {held} data, and config key 'mirror' is "
                f"{self.config.mirror!r}: choose another folder with --directory, or remove this "
                "one"
            )

    def check_targets(self, targets):
        """Raise InputError for a target under results/runs/ that is no run of the plan, with the
        nearest that is (Snakemake would say that there is no rule for it), and for a study whose
        cells cannot meet. With a bundle, for whatever needs data to train on."""
        for target in targets:
            parts = Path(target).parts
            results = parts[0] == "results" and parts[1:2] and parts[1] in OF_TRAINING
            if results or target in (*self.plan.studies, "export"):
                self.lookup.sources.refuse_bundle(target)
        asked = [target for target in targets if target in self.plan.studies]
        check_meetings(self.plan, self.lookup.sources, asked)
        for target in targets:
            parts = Path(target).parts
            if parts[:2] == ("results", "runs") and len(parts) == 7:
                seed = parts[5].removeprefix("seed")
                if not seed.isdigit():
                    raise InputError(f"{target}: a run's folder is called seed1, seed2, …")
                self.plan.run(*parts[2:5], int(seed))


def read_project(home, given, files=(), own_files=None, tell=None, asked=None):
    """Read and check all settings.

    home: the project's folder; given: the configuration as Snakemake collected it; files: the
    configuration files behind it, which are read once more, since Snakemake takes the last of two
    keys of one name without a word; own_files: OwnFiles; tell: as in OwnData; asked: what of
    `given` goes beyond the defaults of config/config.yaml, all of it if None. Raises InputError
    with one line for the first thing wrong.
    """
    for file in files:
        read_yaml(file)
    config, own_files = load_config(given), own_files or OwnFiles()
    bundle = open_bundle(config.bundle, own_files) if config.has_bundle else None
    if bundle:
        config = bundle.adopt(config, given if asked is None else asked, home)
    # with a bundle nothing is trained, so that it is all the same which marks a study reads
    built = () if bundle else config.studies
    studies = load_studies(home / "config/studies", config.overrides, config.marks, built)
    choose(config.studies, studies, "studies", "config/studies/")
    rows = read_sheet(home / "config/cells.tsv", ["cell", "name", "tissue"])
    sheet_cells = [row["cell"] for row in rows]
    known = [*sheet_cells, *(cell for cell in config.sources if cell not in sheet_cells)]
    sheet, samples = _read_samples(home, config, known)
    _tell_unused_marks(samples, config.marks, tell)
    known += samples
    check_cell_names(known)
    own_sources = config.sources | {name: sample.source for name, sample in samples.items()}
    tissues = list_tissues({row["cell"]: row["tissue"] for row in rows}, own_sources)
    built = _choose_cells(config, sheet_cells, known)
    rows = read_sheet(home / "config/pairs.tsv", ["cell_a", "cell_b"])
    listed = [f"{row['cell_a']}-{row['cell_b']}" for row in rows]
    chosen = built if config.cells != "all" else None
    pairs = choose_pairs(config.pairs, listed, known, chosen)
    for name, study in studies.items():
        _check_cells(name, study, known)
        _check_own_models(name, study)
    chrom_sizes = Path(bundle.chrom_sizes) if bundle else home / config.chrom_sizes
    if not chrom_sizes.is_file():
        raise InputError(
            f"config key 'chrom_sizes': there is no file {chrom_sizes} (a relative path is looked "
            "up beside the Snakefile)"
        )
    refuse_braces(chrom_sizes, "config key 'chrom_sizes'")
    takes_all = config.cells == "all"
    plan = Plan(studies, built, pairs, config.seeds, config.simulated, listed, tissues, takes_all)
    origins = Origins(config, known, str(chrom_sizes), samples, sheet, bundle)
    check_meetings(plan, origins, config.studies)
    rows = read_sheet(home / "config/published.tsv", ["study", "metric"])
    published = {row["study"] for row in rows}
    gradients = {row["study"] for row in rows if row["metric"] == "gradient"}
    own = OwnData(origins, own_files, tell)
    lookup = Lookup(config, plan, origins, published, gradients, own)
    predicting = Predicting(config, plan, origins, samples, sheet, own, bundle)
    exporting = Exporting(config, plan, predicting, home)
    return Project(
        config, plan, lookup, predicting, exporting, sheet_cells, known, tissues, chrom_sizes
    )


def _read_samples(home, config, known):
    """The path of the sheet of samples, and its samples by name."""
    path = Path(config.samples)
    path = path if path.is_absolute() or path.exists() else home / path
    if not path.is_file():
        raise InputError(f"config key 'samples': there is no file {config.samples}")
    samples = read_samples(path)
    if samples and config.simulates_counts:
        raise InputError(
            f"{path}: with 'simulate: {{level: counts}}' no reads are counted, so that samples of "
            "the sheet cannot be: take level: reads, or leave the samples out"
        )
    for name, sample in samples.items():
        if name in known:
            raise InputError(
                f"{path}, line {sample.line}: {name} is the name of another cell (config/cells.tsv "
                "or config key 'sources'): choose another"
            )
    return path, samples


def _tell_unused_marks(samples, marks, tell):
    """Tell of marks of the sheet that no model reads. tell: as in OwnData."""
    for name, sample in samples.items() if tell else ():
        for mark in sample.paths:
            if mark not in marks:
                tell(
                    name, mark, f"is not used: models read {', '.join(marks)} (config key 'marks')"
                )


def _choose_cells(config, sheet_cells, known):
    # a sample of one's own must be asked for by name: a misspelt cell among the sources would else
    # go unnoticed
    asked = [*sheet_cells, *(config.cells if config.cells != "all" else ())]
    if config.pairs != "all":
        asked += [cell for pair in config.pairs for cell in pair.split("-")]
    choose(config.sources, asked, "sources", "config/cells.tsv or config key 'cells'")
    return choose(
        config.cells, sheet_cells if config.cells == "all" else known, "cells", CELL_PLACES
    )


def _check_cells(name, study, known):
    """Each cell that a study names is one that there is."""
    place = f"{CELL_PLACES} (study {name})"
    for model, block in study.models.items():
        choose(block.cells or [], known, f"models.{model}.cells", place)
    choose(study.cells or [], known, "cells", place)
    choose(study.data.held_out_cells, known, "data.split.held_out_cells", place)
    if study.transfer:
        choose([study.transfer.source], known, "transfer.source", place)


def _check_own_models(name, study):
    """Each file of the user's own that a model names can hold what its block asks for."""
    for model, block in study.models.items():
        if is_own(getattr(block, "architecture", "")):
            part = "network" if isinstance(block, Net) else "estimator"
            place = f"study {name}, model {model}"
            for changes in block.tune or [{}]:
                keys = {**getattr(block, part), **changes.get(part, {})}
                check_file(block.architecture, part, keys, place)
