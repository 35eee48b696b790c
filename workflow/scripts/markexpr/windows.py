"""Windows of bins centred on a transcription start site (TSS)."""

import re
from dataclasses import dataclass

import numpy as np

from markexpr.jobs import InputError


@dataclass(frozen=True)
class Window:
    """`span` base pairs centred on a TSS, cut into bins of `bin` base pairs (both in bp)."""

    span: int
    bin: int

    @classmethod
    def parse(cls, name):
        """Read a window's name, `{span}bp_{bin}bp`, for example 20000bp_100bp.

        Raises InputError unless the span is a whole, even number of bins.
        """
        match = re.fullmatch(r"(\d+)bp_(\d+)bp", name)
        if not match:
            raise InputError(f"window {name!r} is not of the form {{span}}bp_{{bin}}bp, for example 20000bp_100bp")
        span, width = map(int, match.groups())
        if width == 0 or span == 0 or span % (2 * width):
            raise InputError(f"window {name!r}: the span must be an even number of bins, so that the TSS is a bin's edge")
        return cls(span, width)

    @property
    def name(self):
        return f"{self.span}bp_{self.bin}bp"

    @property
    def n_bins(self):
        return self.span // self.bin

    @property
    def offsets(self):
        """Start of each bin relative to the TSS, bp, int64 [bins]."""
        return np.arange(self.n_bins, dtype=np.int64) * self.bin - self.span // 2

    def starts(self, tss):
        """Start of each bin, 0-based as in BED, int64 [genes, bins], for 1-based `tss` [genes].

        The 1-based TSS is taken as it stands, on either strand, and windows are not turned by strand: bin b is
        [tss - span/2 + b·bin, + bin). This is what DeepDiff's published counts were made with.
        """
        return np.asarray(tss, dtype=np.int64)[:, None] + self.offsets[None, :]

    def fits(self, tss, chrom_length):
        """Whether the window lies on its chromosome, bool [genes]."""
        tss = np.asarray(tss, dtype=np.int64)
        return (tss - self.span // 2 >= 0) & (tss + self.span // 2 <= np.asarray(chrom_length))

    def centre_of(self, wider):
        """The slice of a `wider` window's bins that is this window.

        Raises InputError if the bins differ or the other window is not wider.
        """
        if wider.bin != self.bin or wider.span < self.span:
            raise InputError(f"window {self.name} is not the centre of window {wider.name}, in which the counts were published")
        first = (wider.n_bins - self.n_bins) // 2
        return slice(first, first + self.n_bins)
