"""The shipped studies, for benchmarks that stand outside the pipeline."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from markexpr.project import read_project


def read_studies():
    """The shipped studies as dicts of plain values, by name."""
    return {name: study.plain() for name, study in read_project(ROOT, {}).plan.studies.items()}


def count_fits(study, model):
    """How many nets of a model the full configuration trains with one seed."""
    return len(read_project(ROOT, {}).plan.runs(study, model, how=("train",)))
