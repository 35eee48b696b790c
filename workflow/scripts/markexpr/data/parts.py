"""Whether the genes of a cell are enough to train, to validate and to test."""

import numpy as np

from markexpr.data.splits import FOLDS, SPLITS
from markexpr.io.jobs import InputError, warn


def list_parts(split):
    """The parts that a study's `split` block asks for in a cell that it does not hold out."""
    if split["scheme"] == "id_order":
        return list(split["parts"])
    if split["scheme"] in ("random", "tissue"):
        cut = split.get("folds") or split.get("valid", 0.1)
        return ["train"] + ["valid"] * bool(cut) + ["test"] * bool(split.get("test"))
    return list(FOLDS if split.get("fold") == "all" else SPLITS)


def check_parts(split, target, data, cell):
    """Look at the parts of one cell's genes.

    split: str [genes]; target: float [genes]; data: the study's `data` block. Raises InputError for
    a part that the study asks for and that has no gene, and for training genes that are all alike;
    warns of other parts of which no score can be told, and of a cell without a test gene where
    other cells are held out and test.
    """
    others_test = data["split"].get("held_out_cells", [])
    parts = ["test"] if cell in others_test else list_parts(data["split"])
    names = FOLDS if parts == list(FOLDS) else SPLITS
    sizes = {part: int((split == part).sum()) for part in names}
    labels = data["target"]["kind"] == "median_label"
    for part in parts:
        if not sizes[part]:
            said = f"has no {part} gene: of its {len(split):,} genes with counts and expression"
            said += f" are {', '.join(f'{number:,} {name}' for name, number in sizes.items())}"
            if part == "test" and others_test and cell not in others_test:
                warn(f"{said}; only cells that are held out are tested", cell)
                continue
            raise InputError(f"{cell} {said}; {_fix(data['split']['scheme'])}")
        values = np.unique(target[split == part])
        if len(values) > 1:
            continue
        what = f"label {values[0]:g}" if labels else f"expression {values[0]:g}"
        said = f"its {sizes[part]:,} {part} genes are all of {what}"
        if part == "train" or part in FOLDS:
            raise InputError(f"{cell}: {said}, so that nothing can be learned from them")
        score = "AUC" if labels else "correlation"
        warn(f"{said}, so that they have no {score}: are genes missing from its files?", cell)


def _fix(scheme):
    if scheme == "source":
        return "the files of its source must bring that part, or data.split another scheme"
    return (
        "the study's data.split does not fit these genes (for published files, set data.split to "
        "{scheme: source} by config key 'overrides')"
    )
