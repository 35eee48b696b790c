"""Windows of bins centred on a transcription start site (TSS), or on it and on the gene's end
(TTS)."""

import re
from dataclasses import dataclass

import numpy as np

from markexpr.io.jobs import InputError


@dataclass(frozen=True)
class Window:
    """`span` base pairs centred on a TSS, cut into bins of `bin` base pairs (both in bp); with
    flanks, as many centred on the TTS follow."""

    span: int
    bin: int
    anchors: tuple = ("tss",)  # columns of the gene table that the bins lie around

    @classmethod
    def parse(cls, name):
        """Read a window's name, `{span}bp_{bin}bp`, for example 20000bp_100bp, or
        `{span}bp_{bin}bp_flanks` for bins around TSS and TTS (8000bp_100bp_flanks: the 160 bins of
        Cheng and Gerstein 2011).

        Raises InputError unless the span is a whole, even number of bins.
        """
        match = re.fullmatch(r"(\d+)bp_(\d+)bp(_flanks)?", name)
        if not match:
            raise InputError(
                f"window {name!r} is not of the form {{span}}bp_{{bin}}bp or "
                f"{{span}}bp_{{bin}}bp_flanks, for example 20000bp_100bp"
            )
        span, width = map(int, match.groups()[:2])
        if width == 0 or span == 0 or span % (2 * width):
            raise InputError(
                f"window {name!r}: the span must be an even number of bins, so that the TSS "
                "is a bin's edge"
            )
        return cls(span, width, ("tss", "tts") if match[3] else ("tss",))

    @property
    def name(self):
        return f"{self.span}bp_{self.bin}bp" + ("_flanks" if len(self.anchors) > 1 else "")

    @property
    def n_bins(self):
        return self.span // self.bin * len(self.anchors)

    @property
    def around_one(self):
        """The window around one anchor alone."""
        return Window(self.span, self.bin)

    @property
    def offsets(self):
        """Start of each bin relative to its anchor, bp, int64 [bins]."""
        return np.tile(
            np.arange(self.span // self.bin, dtype=np.int64) * self.bin - self.span // 2,
            len(self.anchors),
        )

    def starts(self, tss):
        """Start of each bin around one anchor, 0-based as in BED, int64 [genes, bins], for 1-based
        `tss` (or TTS) [genes].

        The 1-based TSS is taken as it stands, on either strand, and windows are not turned by
        strand: bin b is [tss - span/2 + b·bin, + bin). This is what DeepDiff's published counts
        were made with.
        """
        return np.asarray(tss, dtype=np.int64)[:, None] + self.offsets[None, :]

    def fits(self, tss, chrom_length):
        """Whether the window around one anchor lies on its chromosome, bool [genes]."""
        tss = np.asarray(tss, dtype=np.int64)
        return (tss - self.span // 2 >= 0) & (tss + self.span // 2 <= np.asarray(chrom_length))

    def genes_fit(self, genes, chrom_sizes):
        """Whether all of the window of each gene lies on its chromosome, bool [genes]. genes: chrom
        and a column for each anchor."""
        length = genes["chrom"].map(chrom_sizes)
        return np.all([self.fits(genes[anchor], length) for anchor in self.anchors], axis=0)

    def centre_of(self, wider):
        """The slice of a `wider` window's bins that is this window.

        Raises InputError if the bins differ or the other window is not wider.
        """
        if wider.bin != self.bin or wider.span < self.span or self.anchors != wider.anchors:
            raise InputError(
                f"window {self.name} is not the centre of window {wider.name}, in which the "
                "counts were published"
            )
        first = (wider.n_bins - self.n_bins) // 2
        return slice(first, first + self.n_bins)
