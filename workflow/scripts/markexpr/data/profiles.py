"""Whether the profiles of marks around the TSS are what those marks look like: another assembly,
marks mixed up, or one file under two names show here."""

import numpy as np

from markexpr.io.jobs import InputError, log, warn

NARROWEST = 6_000  # bp; narrower windows have no flanks to compare with

# What a mark's mean within 1 kb of the TSS must be by that of the window's outer half, where a flat
# profile has 1: at least, at most, and in so many genes. Ours, from REMC's E003 and E123 (400
# genes, windows of 20 and 10 kb, and draws of 100 of them): H3K36me3 has 0.5 to 0.6 (0.76 in the
# worst of 300 draws), H3K4me1 1.2 to 1.8, too near to 1 to tell in few genes. The acetylations,
# H3K4me2 and H2A.Z were not measured; they are known to be narrower at the TSS than H3K4me1.
# H3K27me3 (1.1 to 2.2) and H3K9me3 (1.0 to 1.1) may be flat: nothing is asked of them
SHAPES = {
    "H3K36me3": (0, 0.85, 100),
    "H3K4me1": (1.1, np.inf, 1_000),
    **dict.fromkeys(("H3K4me2", "H3K9ac", "H3K27ac", "H2A.Z", "H2AZ"), (1.2, np.inf, 100)),
}
NARROWEST_SHAPE = 10_000  # bp; in 6 kb, H3K4me1 was flat
# None of these has half the peak of H3K4me3 in those cells: 2.2 at most, where it has 7 to 18
NO_PEAK = ("H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3")
PEAK, PEAK_SHARE = 4.0, 0.5


def check_profiles(counts, marks, window, least, cell):
    """Refuse a cell whose H3K4me3 does not peak at the TSS (another assembly, or marks mixed up),
    and warn of other marks that do not look like themselves.

    counts: [genes, marks, bins]; least: the lowest ratio of the mean of H3K4me3 within 1 kb of the
    TSS to that of the outer half of the window. Not checked if `least` is 0, or in windows narrower
    than 6 kb; marks that may be flat never are.
    """
    marks = list(marks)
    _warn_of_twins(counts, marks, cell)
    if not least or window.span < NARROWEST:
        return
    ratios = {mark: peak_at_tss(counts[:, number], window) for number, mark in enumerate(marks)}
    for mark, ratio in ratios.items():
        log.info("%s at the TSS is %.2f times that of the flanks", mark, ratio)
    if "H3K4me3" not in ratios:
        log.info("H3K4me3 is not among the marks: 'tss_check' cannot tell another assembly")
    if ratios.get("H3K4me3", np.inf) < least:
        raise InputError(
            f"{cell}: H3K4me3 at the TSS is only {ratios['H3K4me3']:.2f} times that of the flanks: "
            "alignments and gene table are of different assemblies, "
            "or the marks are mixed up; if it is meant to be so, lower config key 'tss_check'"
        )
    if window.span >= NARROWEST_SHAPE:
        for mark, ratio in ratios.items():
            _warn_of_shape(mark, ratio, ratios.get("H3K4me3", 0), len(counts), cell)


def peak_at_tss(counts, window):
    """Mean within 1 kb of the TSS by that of the window's outer half; counts: [genes, bins]."""
    mean = counts.mean(axis=0, dtype=np.float64)
    distance = np.abs(window.offsets + window.bin / 2)
    flank = mean[distance > window.span / 4].mean()
    centre = mean[distance < 1_000].mean()
    return centre / flank if flank else np.inf if centre else 0.0


def _warn_of_shape(mark, ratio, peak, n_genes, cell):
    """Warn of a mark that looks like none, or like another; peak: the ratio of H3K4me3, 0 without
    it."""
    least, most, genes = SHAPES.get(mark, (0, np.inf, 0))
    seen = f"at the TSS it is {ratio:.2f} times that of the flanks"
    if mark in NO_PEAK and ratio > max(PEAK, PEAK_SHARE * peak):
        what = f"{seen}, a peak like that of H3K4me3, which {mark} has not: are the marks mixed up?"
    elif n_genes >= genes and not least <= ratio <= most:
        bound = f"{least} at least" if ratio < least else f"{most} at most"
        what = (
            f"{seen}, where {mark} has {bound}: are alignments and gene table of different "
            "assemblies, or the marks mixed up?"
        )
    else:
        return
    warn(f"{what} (config key 'tss_check': 0 checks nothing)", cell, mark)


def _warn_of_twins(counts, marks, cell):
    """Warn of two marks with the same counts in every bin."""
    for number, mark in enumerate(marks):
        for other in range(number):
            if counts[:, number].any() and np.array_equal(counts[:, number], counts[:, other]):
                warn(
                    f"its counts are those of {marks[other]} in every bin: is it one file under "
                    "two names?",
                    cell,
                    mark,
                )
