"""Is a sample like the cells that a model was trained on? What counts of a cell look like, how far
apart two cells are in it, and what a difference means in words."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from markexpr.data.matching import measure_quantiles
from markexpr.data.profiles import NARROWEST, peak_at_tss
from markexpr.data.tensors import orient, pick_counts
from markexpr.data.windows import Window
from markexpr.io.files import reading
from markexpr.io.jobs import InputError

LIKE, UNLIKE, NOT_COMPARED = "like", "unlike", "not compared"
# Ours, not tuned on anything: a value is unlike if it is so many times above the highest of the
# training cells, or below the lowest
MARGIN = 1.5
# Ours. Distances below it tell noise: profiles of 300 genes at REMC's depth differ by 0.04 to 0.17
# from one cell to the next
LEAST_DISTANCE = 0.1
LEAST_SHARE = 0.05  # Ours. A smaller difference in the share of empty bins changes nothing
# Ours. With one training cell alone, it is unlike if another mark is so many times nearer.
# H3K27me3 of REMC's E003 is 1.6 times nearer to H3K4me1 of E123 than to its own there
NEARER = 2
PARTS = 20  # of a profile that are compared; single bins are noisy
# added to profiles of mean 1, so that the ratio of two small values is not a large difference
PSEUDO = 0.05

READS, MEAN, PEAK = "reads in all", "mean reads per bin", "within 1 kb of TSS over outer window"
EMPTY, PROFILE, COUNTS = "share of empty bins", "distance of profile", "distance of counts"
RANGES = (READS, MEAN, PEAK, EMPTY)
OF_READS = (READS, MEAN, EMPTY, COUNTS)  # which mean nothing between reads and signal
COLUMNS = ["mark", "statistic", "value", "lowest", "highest", "verdict", "nearest"]


@dataclass(frozen=True)
class Look:
    """What the counts of one cell look like around some genes.

    values: from each of RANGES to float64 [marks]; profile: mean over genes along transcription,
    float64 [marks, bins]; quantiles: float64 [marks, levels] (markexpr.data.matching).
    """

    values: dict
    profile: np.ndarray
    quantiles: np.ndarray


@dataclass(frozen=True)
class Reference:
    """The looks of all cells that a model was trained on.

    cells, marks: names; window: Window; unit: of the counts; values: from each of RANGES to float64
    [cells, marks]; profile: float64 [cells, marks, bins]; quantiles: float64 [cells, marks,
    levels]; expression: quantiles of what it was trained to predict, float64 [101].
    """

    cells: list
    marks: list
    window: Window
    unit: str
    values: dict
    profile: np.ndarray
    quantiles: np.ndarray
    expression: np.ndarray


def look_at(counts, marks, genes, window, where):
    """The Look of a cell.

    counts: the arrays of results/counts/{window}/{cell}.npz; marks: those to look at, in order;
    genes: the gene table (gene_id, strand), of which those with counts are looked at; where: names
    the cell in messages. Raises InputError if no gene has counts, or a mark is missing.
    """
    kept = genes[np.isin(genes["gene_id"].to_numpy(dtype=str), counts["gene_id"])]
    if not len(kept):
        raise InputError(
            f"{where}: none of the {len(genes)} genes of the models has counts: are they of "
            "another annotation?"
        )
    values = pick_counts(counts, kept["gene_id"].to_numpy(dtype=str), marks, where)
    values = orient(values, (kept["strand"] == "-").to_numpy())
    profile = values.mean(axis=0, dtype=np.float64)
    around_tss = window.around_one
    wide = around_tss.span >= NARROWEST
    peaks = [
        peak_at_tss(mark[None, : around_tss.n_bins], around_tss) if wide else np.nan
        for mark in profile
    ]
    total = np.full(len(marks), np.nan)
    if "total_reads" in counts:
        place = [list(counts["marks"]).index(mark) for mark in marks]
        total = counts["total_reads"][place].astype(np.float64)
    found = {
        READS: total,
        MEAN: profile.mean(axis=1),
        PEAK: np.array(peaks, dtype=np.float64),
        EMPTY: (values == 0).mean(axis=(0, 2)),
    }
    return Look(found, profile, measure_quantiles(values))


def to_arrays(looks, cells, marks, window, unit, expression):
    """The arrays of results/predictions/reference/{study}/{model}.npz. looks: a Look a cell."""
    about = {"cells": list(cells), "marks": list(marks), "window": window.name, "unit": unit}
    return {
        "about": np.array(json.dumps(about)),
        "values": np.array([[look.values[name] for name in RANGES] for look in looks]),
        "profile": np.array([look.profile for look in looks]).astype(np.float32),
        "quantiles": np.array([look.quantiles for look in looks]).astype(np.float32),
        "expression": expression,
    }


def read_reference(path):
    """Read back what to_arrays gave. Raises InputError for a file that is damaged."""
    with reading(path, "delete it, and run again to make it anew"), np.load(path) as file:
        about = json.loads(str(file["about"]))
        values = file["values"]
        return Reference(
            cells=about["cells"],
            marks=about["marks"],
            window=Window.parse(about["window"]),
            unit=about["unit"],
            values={name: values[:, place] for place, name in enumerate(RANGES)},
            profile=file["profile"].astype(np.float64),
            quantiles=file["quantiles"].astype(np.float64),
            expression=file["expression"],
        )


# ---- distances ----


def shape(profile, window):
    """The shape of profiles whatever the depth: means of PARTS parts around each anchor, divided by
    the mean of all, [..., parts]. profile: [..., bins]."""
    anchors = np.array_split(profile, len(window.anchors), axis=-1)
    parts = [
        part.mean(axis=-1)
        for anchor in anchors
        for part in np.array_split(anchor, min(PARTS, anchor.shape[-1]), axis=-1)
    ]
    coarse = np.stack(parts, axis=-1)
    mean = coarse.mean(axis=-1, keepdims=True)
    return np.divide(coarse, mean, out=np.zeros_like(coarse), where=mean > 0)


def shape_distance(one, other):
    """Mean absolute log2 ratio of two shapes: 0 for equal ones, 1 if they differ twofold
    everywhere. Broadcasts over all axes but the last."""
    return np.abs(np.log2((np.maximum(one, 0) + PSEUDO) / (np.maximum(other, 0) + PSEUDO))).mean(
        axis=-1
    )


def count_distance(one, other):
    """Mean absolute difference of two distributions' quantiles of ln(1 + count)."""
    return np.abs(one - other).mean(axis=-1)


def nearest_others(distance, features):
    """Of each training cell and mark, the distance to the nearest other training cell, float64
    [cells, marks]; NaN for one cell alone. features: [cells, marks, n]."""
    between = distance(features[:, None], features[None])
    between[np.eye(len(features), dtype=bool)] = np.inf
    nearest = between.min(axis=1)
    return np.where(np.isfinite(nearest), nearest, np.nan)


@dataclass(frozen=True)
class Likeness:
    """How a sample compares with the cells of a Reference.

    table: DataFrame of COLUMNS; to_marks: distance of each mark's profile from the nearest of the
    training cells' profiles of each mark, float64 [marks, marks]; limits: how far is still like,
    float64 [marks], NaN for one training cell alone; flat: whether a mark's profile is flatter
    than any of its own among training cells, bool [marks].
    """

    table: pd.DataFrame
    to_marks: np.ndarray
    limits: np.ndarray
    flat: np.ndarray

    def find(self, statistic):
        """The rows of one statistic, by mark."""
        return self.table[self.table["statistic"] == statistic].set_index("mark")


def compare(look, unit, reference):
    """The Likeness of a sample. look: Look; unit: of its counts."""
    same_unit = unit == reference.unit
    rows = []
    for name in RANGES:
        cells = reference.values[name]
        for place, mark in enumerate(reference.marks):
            value, known = look.values[name][place], cells[:, place]
            low, high = _ends(known)
            judged = np.isfinite([value, low, high]).all() and (same_unit or name not in OF_READS)
            like = _is_within(value, low, high, LEAST_SHARE if name == EMPTY else 0)
            rows.append([mark, name, value, low, high, _verdict(like, judged), ""])
    shapes = shape(reference.profile, reference.window)
    own = shape(look.profile, reference.window)
    between = shape_distance(own[:, None, None], shapes[None])  # [marks, cells, marks]
    to_marks = between.min(axis=1)
    spread = nearest_others(shape_distance, shapes)
    limits = MARGIN * spread.max(axis=0)
    limits = np.where(np.isnan(limits), np.nan, np.maximum(limits, LEAST_DISTANCE))
    for place, mark in enumerate(reference.marks):
        cell, other = np.unravel_index(between[place].argmin(), between[place].shape)
        nearest = f"{reference.cells[cell]} {reference.marks[other]}"
        value = to_marks[place, place]
        # one cell alone does not tell how far cells are from each other
        alone = value <= NEARER * to_marks[place].min()
        like = alone if np.isnan(limits[place]) else value <= limits[place]
        rows.append([mark, PROFILE, value, *_ends(spread[:, place]), _verdict(like), nearest])
    apart = count_distance(look.quantiles[None], reference.quantiles)  # [cells, marks]
    spread = nearest_others(count_distance, reference.quantiles)
    for place, mark in enumerate(reference.marks):
        value, (low, high) = apart[:, place].min(), _ends(spread[:, place])
        judged = same_unit and np.isfinite(high)
        like = value <= max(MARGIN * high, LEAST_DISTANCE)
        nearest = reference.cells[apart[:, place].argmin()]
        rows.append([mark, COUNTS, value, low, high, _verdict(like, judged), nearest])
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = {mark: place for place, mark in enumerate(reference.marks)}
    table = table.sort_values("mark", key=lambda names: names.map(order), kind="stable")
    flatness, others = (shape_distance(part, np.ones(1)) for part in (own, shapes))
    flat = flatness < others.min(axis=0) / MARGIN
    return Likeness(table.reset_index(drop=True), to_marks, limits, flat)


def _ends(values):
    """The lowest and the highest of some values that are known; NaN if none is."""
    known = values[np.isfinite(values)]
    return (known.min(), known.max()) if known.size else (np.nan, np.nan)


def _is_within(value, low, high, slack):
    """Whether a value is within a range that is widened by MARGIN, and by `slack` at least."""
    below = low / MARGIN if low > 0 else low * MARGIN
    above = high * MARGIN if high > 0 else high / MARGIN
    return min(below, low - slack) <= value <= max(above, high + slack)


def _verdict(like, judged=True):
    return (LIKE if like else UNLIKE) if judged else NOT_COMPARED


# ---- words ----


def explain(likeness, marks, cells, matched):
    """What is unlike the training cells, why that may be, and what to do: lists of mark (empty for
    all of them), kind and words.

    marks: of the likeness; cells: how many training cells; matched: whether counts are mapped to
    their distribution, so that depth does not matter.
    """
    found = []
    profile = likeness.find(PROFILE)
    strange = [mark for mark in marks if profile["verdict"][mark] == UNLIKE]
    all_cells = "the training cell" if cells == 1 else f"any of the {cells} training cells"
    twins = {place: _find_twin(likeness, place) for place in range(len(marks))}
    unexplained = [mark for mark in strange if twins[marks.index(mark)] is None]
    if len(unexplained) > len(marks) / 2:
        found.append(
            [
                "",
                "assembly",
                f"the profiles around the TSS of {', '.join(unexplained)} are unlike those of "
                f"{all_cells}: are alignments and gene table of different assemblies? Compare with "
                "config key 'chrom_sizes', and do not rely on the predictions before it is clear",
            ]
        )
    for place, mark in enumerate(marks):
        if mark in strange:
            row = profile.loc[mark]
            flat = likeness.flat[place]
            what = f"its profile around the TSS is unlike that of {all_cells} (distance "
            what += f"{row['value']:.2f}"
            if np.isfinite(row["highest"]):
                what += f", and {row['highest']:.2f} at most between those"
            found.append([mark, "profile", f"{what}): {_suspect(marks, place, twins, flat)}"])
        elif (weak := _describe_peak(likeness.find(PEAK).loc[mark])) is not None:
            found.append([mark, "peak", weak])
        depth = likeness.find(MEAN).loc[mark]
        # of a file of another mark, depth says nothing
        mistaken = mark in strange and twins[place] is not None
        if depth["verdict"] == UNLIKE and not matched and not mistaken:
            found.append([mark, "depth", _describe_depth(depth)])
    return found


def _suspect(marks, place, twins, flat):
    """The likely cause of a profile that is unlike its mark's, with what to do. twins: from the
    place of each mark to that of the mark whose profile it has, or None."""
    other = twins[place]
    if other is not None and twins[other] == place:
        return (
            f"it is like that of {marks[other]}, and that of {marks[other]} like {marks[place]}: "
            "the two marks are likely exchanged in the sheet; exchange their paths"
        )
    if other is not None:
        return (
            f"it is like that of {marks[other]} there: is it the file of {marks[other]}"
            f"{', or of an input control' if flat else ''}? Mend its line of the sheet"
        )
    if flat:
        return (
            "it is flatter than any of them: an input control (or IgG) in place of the mark, a "
            "failed experiment, or another assembly; look at the file in a genome browser, and do "
            "not rely on the predictions if it shows no peaks"
        )
    return (
        "another antibody or kind of experiment, too few reads, or another assembly; see its "
        "profile in the sample's page, and trust its predictions the less"
    )


def _find_twin(likeness, place):
    """The other mark whose profiles in training cells a mark's profile is like, or None."""
    distance = likeness.to_marks[place]
    nearest = int(distance.argmin())
    limit = likeness.limits[nearest]
    near = np.isnan(limit) or distance[nearest] <= limit
    return nearest if nearest != place and near else None


def _describe_peak(row):
    if row["verdict"] != UNLIKE:
        return None
    side = "weaker" if row["value"] < row["lowest"] else "stronger"
    why = (
        "little enrichment over background; predictions will lean towards low expression"
        if side == "weaker"
        else "compare how the reads were filtered and their duplicates marked"
    )
    return (
        f"its signal within 1 kb of the TSS is {row['value']:.2f} times that of the outer window, "
        f"{side} than in training cells ({_range(row)}): {why}"
    )


def _describe_depth(row):
    shallow = row["value"] < row["lowest"]
    if shallow:
        side = "fewer than in any training cell"
        why = "the sample is shallow, or was filtered: sequence deeper"
    else:
        side = "more than in any training cell"
        why = "the sample is deeper than those, or its duplicates were kept: thin it out"
    return (
        f"{row['value']:.3g} reads per bin are {side} ({_range(row)}): {why}, or map its counts to "
        "theirs by config key predict.match: quantile"
    )


def _range(row):
    low, high = f"{row['lowest']:.3g}", f"{row['highest']:.3g}"
    return low if low == high else f"{low} to {high}"
