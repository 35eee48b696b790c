"""The names of units where each fold of chromosomes tests in turn. Imported by the Snakefile and by
jobs of all environments: the standard library alone."""

import re

N_FOLDS = 4  # of chromosomes, markexpr.data.splits.CHROMOSOME_FOLDS
_FOLD = re.compile(r"(.+)-fold(\d)")


def unit_in_fold(unit, fold):
    """The name of a unit if a fold of chromosomes (0-3) tests: E003-fold0."""
    return f"{unit}-fold{fold}"


def split_unit(unit):
    """A unit without its fold of chromosomes, and the fold, 0-3, or None if it has none."""
    found = _FOLD.fullmatch(unit)
    return (found[1], int(found[2])) if found else (unit, None)
