"""Aligned intervals in memory: collected in chunks, checked one by one and as a whole."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from markexpr.data import chromosomes, formats
from markexpr.io.jobs import InputError, log

LENGTH_BITS = 24  # reads have up to 2^24 bp
TILE_BITS = 18  # reads are counted in tiles of 2^18 bp, to see where on the genome they lie

# Ours. Reads of ChIP-seq have 20 to 150 bp and fragments up to some hundreds (REMC's reads have
# 36); peaks are longer, 5' ends and cut sites shorter
SHORTEST, LONGEST = 15, 600  # of the median, bp
LONG, LONG_SHARE = 2_000, 0.01  # more than this share of longer ones
# Ours. Intervals that overlap less than a fifth as often as if they were placed at random, where
# that is so many times, are no reads as they came: real reads overlap far more often, since they
# gather (122 times and more in E003's files, near genes). If this share begins where the one before
# ends, they tile the genome: of sorted reads of 36 bp at most 1 % do so by chance, whatever their
# depth, and in a few reads as many as MANY_TOUCH
OVERLAPS, FEW, MANY_TOUCH, TOUCHING = 10, 0.2, 20, 0.05
LOOKED_AT = 200_000  # intervals that are looked at for that, of whole chromosomes


@dataclass
class Reads:
    """Aligned intervals in BED coordinates: names[code[i]]:start[i]-end[i]; names in bytewise
    order.

    code int8 [reads], start and end int32 [reads]; left_out: reads on other sequences, by name.
    """

    names: list
    code: np.ndarray
    start: np.ndarray
    end: np.ndarray
    left_out: dict = field(default_factory=dict)

    def __len__(self):
        return len(self.code)

    def per_chromosome(self):
        """Reads on each chromosome, a dict."""
        numbers = np.bincount(self.code, minlength=len(self.names))
        return dict(zip(self.names, numbers.tolist()))

    def some(self, which):
        """Those reads that `which` (int [reads], their numbers) names, in its order."""
        return Reads(
            self.names, self.code[which], self.start[which], self.end[which], self.left_out
        )

    def ordered(self):
        """The same reads by chromosome and start; themselves if they are in order already."""
        behind, ahead = self.code[1:] > self.code[:-1], self.start[1:] >= self.start[:-1]
        if (behind | (ahead & (self.code[1:] == self.code[:-1]))).all():
            return self
        return self.some(genome_order(self.code, self.start))


def genome_order(code, start):
    """The numbers of intervals in their order by chromosome and start, int64.

    code: int8, start: below 2^32, both [intervals]. Halves of 16 bits are sorted by counting, which
    takes less than half the time of a sort of whole numbers.
    """
    return np.lexsort((start.astype(np.uint16), (start >> 16).astype(np.uint16), code))


def chromosome_order(chrom_sizes):
    """Names of chromosomes bytewise, as `sort` with LC_ALL=C puts them; reads and bins number
    chromosomes by it."""
    return sorted(chrom_sizes, key=str.encode)


class Collector:
    """Takes chunks of reads, checks them against the chromosomes, and keeps those on chromosomes
    that are counted.

    place: from the row of a read, from 0, to words that say where in the file it is.
    """

    def __init__(self, path, chrom_sizes, place):
        if len(chrom_sizes) > 127:
            raise InputError(
                f"{len(chrom_sizes)} chromosomes in config key 'chrom_sizes' are more than "
                "the 127 that can be counted at once"
            )
        self.path, self.chrom_sizes, self.place = path, chrom_sizes, place
        self.names = chromosome_order(chrom_sizes)
        self.length = np.array([chrom_sizes[name] for name in self.names])
        self.code_of = {name: code for code, name in enumerate(self.names)}
        self.parts, self.seen, self.left_out = [], 0, Counter()
        self.touching = 0  # reads that begin where the one before ends
        self.lengths = np.zeros(LONG + 2, dtype=np.int64)  # reads by length; the last are longer
        tiles = (self.length >> TILE_BITS) + 1
        self.first_tile = np.cumsum(tiles) - tiles
        self.tiles = np.zeros(tiles.sum(), dtype=np.int64)  # reads that start in each

    def add(self, chrom, start, end):
        """chrom: pandas Categorical of names; start, end: int64 [reads], in the order of the
        file."""
        codes = np.array(
            [self.code_of.get(name, -1) for name in chrom.categories] + [-1], dtype=np.int8
        )[chrom.codes]
        length = end - start
        bad = (start < 0) | (length <= 0) | (length >= 1 << LENGTH_BITS)
        beyond = (codes >= 0) & (end > self.length[codes])
        for wrong, what in (
            (bad, "not a read (0 <= start < end)"),
            (beyond, "beyond the chromosome's end"),
        ):
            if wrong.any():
                row = int(np.argmax(wrong))
                place = f"{chrom[row]}:{start[row]}-{end[row]}"
                if wrong is beyond:
                    what += f" ({self.length[codes[row]]}): reads of another assembly?"
                raise InputError(f"{self.path}, {self.place(self.seen + row)}: {place} is {what}")
        self.seen += len(start)
        on = codes >= 0
        if not on.all():
            numbers = np.bincount(chrom.codes[~on] + 1, minlength=len(chrom.categories) + 1)
            for name, number in zip(["", *chrom.categories], numbers.tolist()):
                if number:
                    self.left_out[str(name)] += number
            codes, start, end, length = codes[on], start[on], end[on], length[on]
        self.lengths += np.bincount(np.minimum(length, LONG + 1), minlength=LONG + 2)
        tile = self.first_tile[codes] + (start >> TILE_BITS)
        self.tiles += np.bincount(tile, minlength=len(self.tiles))
        follows = (start[1:] == end[:-1]) & (codes[1:] == codes[:-1])
        self.touching += int(np.count_nonzero(follows))
        self.parts.append((codes, start.astype(np.int32), end.astype(np.int32)))

    def reads(self, tell):
        """All that was kept, checked as a whole.

        tell: takes each warning, as warn() of io/jobs.py. Raises InputError if nothing was kept, or
        what was is no set of reads of this assembly.
        """
        kept = sum(len(part[0]) for part in self.parts)
        if kept == 0:
            why = "it is empty"
            if self.left_out:
                why = (
                    f"its chromosomes are named like {next(iter(self.left_out))!r}, those of "
                    f"chrom_sizes like {self.names[0]!r}"
                    f"{chromosomes.name_advice(self.left_out, self.chrom_sizes)}"
                )
            raise InputError(f"{self.path} has no read on any chromosome of chrom_sizes: {why}")
        if self.left_out:
            log.info(
                "%s: %d reads on other sequences (for example %s) left out",
                self.path,
                self.left_out.total(),
                next(iter(self.left_out)),
            )
        chromosomes.check_names(self.path, self.left_out, self.seen, self.chrom_sizes, tell=tell)
        chromosomes.check_gaps(self.path, self._in_gaps(), kept, self.chrom_sizes, tell)
        # one column after another, each of which is let go: of many reads two copies are much
        columns, self.parts = list(zip(*self.parts)), []
        columns = [np.concatenate(columns.pop(0)) for _ in range(3)]
        reads = Reads(self.names, *columns, dict(self.left_out))
        median = int(np.searchsorted(self.lengths.cumsum(), kept / 2))
        _check_lengths(self.path, self.lengths, median, tell)
        _check_overlaps(self.path, reads, self.touching, median, tell)
        if _stands_twice(reads):
            tell(
                f"{self.path} holds each of its reads twice: was it joined with itself? Each counts"
            )
        return reads

    def _in_gaps(self):
        """Reads in tiles that lie in a gap of hg19 as a whole, by chromosome."""
        found = {}
        for name, (start, end) in chromosomes.GAPS_OF_HG19.items():
            if name in self.code_of:
                first = self.first_tile[self.code_of[name]]
                inside = slice(first + (start >> TILE_BITS) + 1, first + (end >> TILE_BITS))
                found[name] = int(self.tiles[inside].sum())
        return found


def _check_lengths(path, lengths, median, tell):
    """Warn of intervals that are not as long as reads are; lengths: reads by length in bp."""
    total = lengths.sum()
    if median < SHORTEST:
        tell(
            f"{path}: most intervals are of {median} bp, which are positions (5' ends, cut sites, "
            "summits), no reads: a read counts in every bin that it overlaps; give the whole reads"
        )
    elif median > LONGEST:
        much = f"{median}" if median <= LONG else f"more than {LONG}"
        tell(
            f"{path}: its intervals are {much} bp long (median), as reads are not: are they "
            "peaks, other regions, spliced reads or pairs far apart? Each counts as one read"
        )
    elif (long := lengths[-1]) > LONG_SHARE * total:
        tell(
            f"{path}: {long / total:.1%} of its intervals are longer than {LONG} bp, as reads are "
            "not: are there peaks, other regions, spliced reads or pairs far apart among them? "
            "Each counts as one read"
        )


def _check_overlaps(path, reads, touching, median, tell):
    """Refuse intervals that tile the genome, and warn of those that hardly overlap, as reads do.

    touching: those that begin where the one before in the file ends. Looks at whole chromosomes,
    the least covered first.
    """
    numbers = np.bincount(reads.code, minlength=len(reads.names))
    if touching > max(MANY_TOUCH, TOUCHING * len(reads)) and median >= SHORTEST:
        _refuse_tiles(path, len(reads), touching, "")
    expected, overlaps, touching, seen = 0.0, 0, 0, 0
    for code in np.argsort(numbers, kind="stable"):
        if not numbers[code] or seen >= LOOKED_AT:
            continue
        here = reads.code == code
        start, end = np.sort(reads.start[here]), np.sort(reads.end[here])
        # those that stand twice aside: peaks of several summits, and duplicates
        overlaps += int(((start[1:] < end[:-1]) & (start[1:] > start[:-1])).sum())
        covered = (end - start).sum() / (end[-1] - start[0])
        expected += numbers[code] * -np.expm1(-covered)
        touching += int((start[1:] == end[:-1]).sum())
        seen += numbers[code]
        if overlaps > max(FEW * expected, OVERLAPS):
            return
    if expected <= OVERLAPS or overlaps > FEW * expected:
        return
    if not overlaps and touching > TOUCHING * seen:
        _refuse_tiles(path, seen, touching, "no two overlap and ")
    few = f"only {overlaps} pairs" if overlaps else "no two"
    tell(
        f"{path}: of {seen} intervals {few} overlap, where reads at random would "
        f"about {expected:.0f} times: are they peaks, or reads that were merged? Each counts as "
        "one read"
    )


def _stands_twice(reads):
    """Whether the second half of the reads is the first again, or each read stands beside its like,
    as after sorting."""
    half, rest = divmod(len(reads), 2)
    if rest or half < MANY_TOUCH:
        return False
    columns = (reads.start, reads.end, reads.code)
    return all(np.array_equal(column[:half], column[half:]) for column in columns) or all(
        np.array_equal(column[::2], column[1::2]) for column in columns
    )


def _refuse_tiles(path, number, touching, also):
    raise InputError(
        f"{path} holds no reads: of {number} intervals {also}{touching} begin where the one before "
        f"ends, as in a signal, a segmentation or bins; {formats.AS_BIGWIG}"
    )
