"""Counts that others published, and signal tracks, read into the arrays that our own counting
gives."""

import zipfile
from dataclasses import dataclass

import numpy as np
import pandas as pd

from markexpr.data import chromosomes
from markexpr.data.formats import first_bytes, refuse_other
from markexpr.data.windows import Window
from markexpr.io.files import reading
from markexpr.io.jobs import InputError, log, warn

FIX = "check the 'path' of this cell under config key 'sources'"
# Ours. A base of a signal track beyond this is an error: there are not so many reads in a file, and
# -log10 P of a peak is some thousands
LARGEST_SIGNAL = 1e9
DEEPCHROME_ORDER = ["H3K27me3", "H3K36me3", "H3K4me1", "H3K4me3", "H3K9me3"]


@dataclass(frozen=True)
class PublishedCsv:
    """How published bin counts are laid out: their marks in order, their window, and the columns of
    the file."""

    marks: list
    window: Window
    n_columns: int
    columns: str  # for messages

    def part(self, window, marks, where):
        """The places of some marks, and the slice of bins that is a window; InputError if the files
        have not got them."""
        unknown = [mark for mark in marks if mark not in self.marks]
        if unknown:
            raise InputError(f"{where}: no mark {unknown[0]}; there are {', '.join(self.marks)}")
        return [self.marks.index(mark) for mark in marks], window.centre_of(self.window)


# QData/DeepDiffChrome: `gene_symbol_bin` and one column a mark
DEEPDIFF = PublishedCsv(
    ["H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3"],
    Window.parse("20000bp_100bp"),
    6,
    "gene_symbol_bin, 5 counts",
)
# DeepChrome's and AttentiveChrome's files: last digits of the gene's id, bin, one column a mark,
# label
DEEPCHROME = PublishedCsv(
    DEEPCHROME_ORDER, Window.parse("10000bp_100bp"), 8, "gene digits, bin, 5 counts, label"
)


def read_deepdiff_csv(paths, window, marks):
    """Read DeepDiff's bin counts.

    paths: from split (train, valid, test) to file, rows `gene_symbol_bin,count × 5 marks`, 200 bins
    a gene in order;
    window: the central part wanted; marks: the marks wanted, in order.

    Returns (counts uint32 [genes, marks, bins], gene_id [genes], split [genes]). Raises InputError
    naming the line of a row that is not of this form, or a gene that stands in two splits or with
    different counts.
    """

    def parse(table):
        name = table[0].astype(str).str.extract(r"^([^_]+)_.*_(\d+)$")
        return (
            name[0].fillna("").to_numpy(dtype=str),
            name[1].fillna("0").astype(int).to_numpy(),
            table.iloc[:, 1:],
        )

    return _published(paths, DEEPDIFF, window, marks, parse)[:3]


def read_deepchrome_csv(paths, window, marks):
    """Read DeepChrome's published files ({cell}/classification/{split}.csv of Zenodo 2652278).

    paths, window, marks: as in read_deepdiff_csv. Rows are the last digits of the gene's Ensembl
    id, bin 1-100, five counts, label. Returns (counts, gene_id, split, label float32 [genes]); the
    labels are the published ones, which compare expression with its median as text
    (docs/labels.md). Some genes stand twice with the same counts: they are kept once.
    """

    def parse(table):
        digits = pd.to_numeric(table[0], errors="coerce")
        bins = pd.to_numeric(table[1], errors="coerce").fillna(0).astype(int).to_numpy()
        ids = np.where(digits.notna(), digits.fillna(0).astype(int).map("ENSG{:011d}".format), "")
        return ids.astype(str), bins, table.iloc[:, 2:]

    counts, gene_id, split, extra = _published(paths, DEEPCHROME, window, marks, parse)
    label = extra[:, 0]
    if not (np.isin(label, (0, 1)).all() and (extra == label[:, None]).all()):
        raise InputError(
            f"{next(iter(paths.values()))} and its neighbours: the label (column 8) must be "
            "0 or 1 and the same in all bins of a gene"
        )
    return counts, gene_id, split, label.astype(np.float32)


def _published(paths, layout, window, marks, parse):
    """Read the three files of a cell. Returns counts, gene_id, split, and what stands right of the
    counts, [genes, bins]."""
    mark_index, centre = layout.part(window, marks, ", ".join(map(str, paths.values())))
    blocks, gene_id, split = [], [], []
    for name, path in paths.items():
        block, ids = _read_bins(path, layout, parse)
        blocks.append(block)
        gene_id.append(ids)
        split += [name] * len(ids)
    blocks, gene_id, split = np.concatenate(blocks), np.concatenate(gene_id), np.array(split)
    keep = _once(gene_id, blocks, split, paths)
    blocks, gene_id, split = blocks[keep], gene_id[keep], split[keep]
    counts = blocks[:, :, mark_index].transpose(0, 2, 1)[:, :, centre]
    rest = blocks[:, :, len(layout.marks) :]
    return counts.astype(np.uint32), gene_id, split, rest[:, :, 0] if rest.shape[2] else None


def _once(gene_id, blocks, split, paths):
    """Positions of the first row of each gene, in order. A repeat must be the same in all."""
    _, first = np.unique(gene_id, return_index=True)
    for repeat in np.setdiff1d(np.arange(len(gene_id)), first):
        twin = first[np.searchsorted(gene_id[first], gene_id[repeat])]
        if split[twin] != split[repeat] or not np.array_equal(blocks[twin], blocks[repeat]):
            raise InputError(
                f"{paths[split[repeat]]}: gene {gene_id[repeat]} stands twice (also in "
                f"{paths[split[twin]]}) with other counts or in another split"
            )
    if len(first) < len(gene_id):
        log.info("%d repeated genes left out", len(gene_id) - len(first))
    return np.sort(first)


def _read_bins(path, layout, parse):
    """One file of bins as (numbers float64 [genes, bins, columns of numbers], gene_id [genes])."""
    with reading(path, FIX):
        try:
            table = pd.read_csv(path, header=None, dtype={0: str})
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise InputError(
                f"{path} is not a csv of bin counts ({' '.join(str(error).split())}); {FIX}"
            ) from error
    n_bins = layout.window.n_bins
    if table.shape[1] != layout.n_columns:
        raise InputError(
            f"{path} has {table.shape[1]} columns where {layout.n_columns} are expected, "
            f"without a header: {layout.columns}"
        )
    gene_id, bins, values = parse(table)
    numbers = values.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(
        ~((numbers >= 0) & (numbers < 2**32) & (numbers == np.round(numbers))).all(axis=1)
    )
    if bad.size:
        raise InputError(
            f"{path}, line {bad[0] + 1}: counts must be whole numbers from 0 to 2^32 - 1, "
            f"got {','.join(map(str, table.iloc[bad[0]]))}"
        )
    expected = np.arange(len(table)) % n_bins + 1
    wrong = np.flatnonzero((gene_id == "") | (bins != expected))
    if wrong.size or len(table) % n_bins:
        line = wrong[0] + 1 if wrong.size else len(table)
        found = ",".join(map(str, table.iloc[line - 1, : layout.n_columns - values.shape[1]]))
        raise InputError(
            f"{path}, line {line}: expected bin {expected[line - 1]} of {n_bins}, got "
            f"{found!r}; is the file cut short?"
        )
    ids = gene_id.reshape(-1, n_bins)
    if (ids != ids[:, :1]).any():
        gene = int(np.flatnonzero((ids != ids[:, :1]).any(axis=1))[0])
        raise InputError(
            f"{path}: lines {gene * n_bins + 1} to {(gene + 1) * n_bins} mix the bins of "
            "several genes"
        )
    return numbers.reshape(-1, n_bins, numbers.shape[1]), ids[:, 0]


def read_kaggle_npz(path, cell, window, marks):
    """Read one cell of the class competition's train.npz or eval.npz (zitcher/GenomicsKaggle).

    The array of a cell is [genes, 100, 7]: gene id as a number, five marks, expression repeated in
    all bins. Counts that were published as ln(1 + count) are turned back. Returns (counts uint32
    [genes, marks, bins], gene_id, expression float64 [genes]). Raises InputError for an unknown
    cell or mark, another shape, or values that are neither.
    """
    layout = DEEPCHROME
    mark_index, centre = layout.part(window, marks, path)
    array = _load_kaggle_array(path, cell)
    if array.ndim != 3 or array.shape[1:] != (layout.window.n_bins, 7) or not len(array):
        raise InputError(
            f"{path}: {cell} has shape {array.shape} where [genes, {layout.window.n_bins}, "
            "7] is expected"
        )
    if not np.isfinite(array).all() or (array[:, :, 1:6] < 0).any():
        raise InputError(f"{path}: {cell} has values that are negative or no numbers")
    values = array[:, :, 1:6].astype(np.float64)
    if not np.allclose(values, np.round(values), atol=1e-6):
        with np.errstate(over="ignore"):
            values = np.expm1(values)
        if not np.allclose(values, np.round(values), rtol=1e-3, atol=1e-2):
            raise InputError(f"{path}: {cell} holds neither counts nor ln(1 + count)")
    gene_id = _read_kaggle_ids(path, cell, array)
    if (large := values.max(axis=(1, 2)) >= 2**32).any():
        raise InputError(
            f"{path}: {cell}, gene {gene_id[np.argmax(large)]}: counts must be whole numbers from "
            f"0 to 2^32 - 1, got {values.max():g}"
        )
    counts = np.round(values).transpose(0, 2, 1)[:, mark_index][:, :, centre]
    return counts.astype(np.uint32), gene_id, array[:, 0, 6].astype(np.float64)


def _load_kaggle_array(path, cell):
    """The array of a cell as it stands in the file, which is checked to be one of numbers."""
    with reading(path, FIX):
        with open(path, "rb") as file:
            if not zipfile.is_zipfile(file):
                raise InputError(f"{path} is no npz, or it was cut short; {FIX}")
        try:
            with np.load(path, allow_pickle=False) as file:
                if cell not in file.files:
                    raise InputError(
                        f"{path} has no cell {cell!r}; it has {', '.join(sorted(file.files))}"
                    )
                if file.files.count(cell) > 1:
                    raise InputError(f"{path} has cell {cell!r} twice; {FIX}")
                array = file[cell]
        # RuntimeError: of zipfile, on what is encrypted or packed in another way
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path} is no npz of plain arrays ({error}); {FIX}") from error
    kind = getattr(array, "dtype", None)  # what is no array comes as bytes
    if kind is None or kind.kind not in "fiu":
        raise InputError(f"{path}: {cell} is no array of numbers ({kind or 'bytes'}); {FIX}")
    return array


def _read_kaggle_ids(path, cell, array):
    """The genes of a cell's array [genes, bins, 7], as Ensembl's ids; checks them and the
    expression, which are to be the same in all bins of a gene."""
    kind, ids = array.dtype, array[:, 0, 0].astype(np.float64)
    for column, what in ((0, "its gene id"), (6, "its expression")):
        differs = (array[:, :, column] != array[:, :1, column]).any(axis=1)
        if differs.any():
            row = int(np.argmax(differs))
            bin_number = int(np.argmax(array[row, :, column] != array[row, 0, column]))
            raise InputError(
                f"{path}: {cell}, row {row + 1}, bin {bin_number + 1}: {what} is "
                f"{array[row, bin_number, column]:g}, but {array[row, 0, column]:g} in the bins "
                "before: are the bins of several genes mixed?"
            )
    wrong = ~((ids > 0) & (ids < 10**11) & (ids == np.round(ids)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"{path}: {cell}, row {row + 1}: the gene id {ids[row]:g} is no number of Ensembl's "
            "(a whole number of up to 11 digits)"
        )
    if kind.kind == "f" and ids.max() > (exact := 2 ** (np.finfo(kind).nmant + 1)):
        raise InputError(
            f"{path}: {cell}: {kind} rounds gene ids above {exact}, so that they may be other "
            "genes': save the array as float64"
        )
    gene_id = np.array([f"ENSG{int(number):011d}" for number in ids])
    _, first, times = np.unique(gene_id, return_index=True, return_counts=True)
    if (times > 1).any():
        raise InputError(
            f"{path}: {cell}: a gene stands twice ({gene_id[first[np.argmax(times > 1)]]})"
        )
    return gene_id


def write_kaggle_npz(file, cells):
    """Write cells in the competition's layout, one at a time, so that memory holds one.

    file: an open binary file; cells: pairs of cell and (values [genes, 5, 100] in the order of
    DEEPCHROME_ORDER, gene_id, expression), which may be made on the way. Expression is written in
    all bins, as in the original; 0 where it is held out. Raises InputError for other windows, other
    numbers of marks, or ids that are not Ensembl's.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for cell, (values, gene_id, expression) in cells:
            if values.shape[1:] != (len(DEEPCHROME_ORDER), DEEPCHROME.window.n_bins):
                raise InputError(
                    f"{cell}: the competition's layout has 5 marks and 100 bins, not "
                    f"{values.shape[1]} and {values.shape[2]}"
                )
            wrong = [
                gene for gene in gene_id if not (gene.startswith("ENSG") and gene[4:].isdigit())
            ]
            if wrong:
                raise InputError(
                    f"{cell}: the competition's layout numbers genes by their Ensembl id, "
                    f"which {wrong[0]} is not"
                )
            array = np.empty((len(gene_id), values.shape[2], 7))  # float64: ids must stay whole
            array[:, :, 0] = np.array([int(gene[4:]) for gene in gene_id])[:, None]
            array[:, :, 1:6] = values.transpose(0, 2, 1)
            array[:, :, 6] = expression[:, None]
            with archive.open(zipfile.ZipInfo(f"{cell}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array)


def read_bigwig(path, chrom, tss, window, chrom_sizes=None, tell=warn):
    """Mean signal of a bigWig track in each bin, float32 [genes, bins]; places and chromosomes
    without signal are 0.

    chrom, tss: [genes]; chrom_sizes: dict of lengths that the track's must equal, if given; tell:
    takes what is odd, as warn() of io/jobs.py. Raises InputError if the file is no bigWig, or of
    another assembly, and for values that are no signal: infinite, NaN, negative or huge.
    """
    import pyBigWig

    refuse_other(path, first_bytes(path), "bigWig", ("bigWig",))
    try:
        track = pyBigWig.open(str(path))
        if not track.isBigWig():
            raise RuntimeError("it is another kind of file")
    except RuntimeError as error:
        raise InputError(
            f"{path} cannot be read as bigWig ({error}): is it damaged or cut short? If not, {FIX}"
        ) from error
    if not _ends_as_it_begins(path):
        tell(f"{path} does not end as a bigWig does: is it cut short?")
    lengths = track.chroms()
    sizes = chrom_sizes or {}
    chromosomes.check_lengths(path, lengths, sizes)
    with_genes = sorted(set(map(str, chrom)))
    if not lengths.keys() & set(with_genes):
        raise InputError(
            f"{path} has none of the chromosomes of the genes; its chromosomes are named "
            f"like {next(iter(lengths), None)!r}, those like {with_genes[0]!r}"
            f"{chromosomes.name_advice(lengths, sizes)}"
        )
    strangers = {name: length for name, length in lengths.items() if name not in sizes}
    total = sum(lengths.values())
    chromosomes.check_names(path, strangers, total, sizes, "of the genome in it", tell)
    result = np.zeros((len(tss), window.n_bins), dtype=np.float32)
    for gene, (name, first) in enumerate(zip(chrom, window.starts(tss)[:, 0].tolist())):
        if name not in lengths:
            continue
        last = first + window.span
        if last > lengths[name]:
            raise InputError(
                f"{path}: {name} has {lengths[name]} bp, too few for "
                f"{name}:{first}-{last}: another assembly?"
            )
        try:
            values = track.values(name, first, last, numpy=True)
            _check_signal(path, track, name, first, values)
        except RuntimeError as error:
            raise InputError(
                f"{path}, {name}:{first}-{last}: no values can be read ({error}): it is damaged or "
                "cut short; replace it by a whole file"
            ) from error
        result[gene] = np.nan_to_num(values).reshape(window.n_bins, window.bin).mean(axis=1)
    if not result.any():
        raise InputError(f"{path} has no signal at any gene: is it of another assembly, or empty?")
    amounts = dict.fromkeys(lengths, 0.0)
    for name, amount in zip(chrom, result.sum(axis=1, dtype=np.float64)):
        if name in amounts:
            amounts[name] += amount
    chromosomes.check_data(
        path, amounts, result, chrom, tss, sizes or lengths, "signal", strangers, tell
    )
    track.close()
    return result


def _ends_as_it_begins(path):
    """Whether a file ends in its first four bytes, as a whole bigWig does."""
    with open(path, "rb") as file:
        first = file.read(4)
        file.seek(-4, 2)
        return file.read() == first


def _check_signal(path, track, chrom, first, values):
    """Raise InputError naming the first place whose value is no signal; NaN stands for no data
    unless the track itself holds it. values: of the bases from `first` on."""
    none = np.isnan(values)
    wrong = ~none & ~((values >= 0) & (values <= LARGEST_SIGNAL))
    if none.any():
        for start, end, value in track.intervals(chrom, first, first + len(values)) or ():
            if np.isnan(value):
                wrong[max(start - first, 0) : end - first] = True
    if wrong.any():
        base = int(np.argmax(wrong))
        value = values[base]
        why = (
            "infinite: is it a ratio without a pseudocount?"
            if np.isinf(value)
            else "NaN, which is no number: leave such places out"
            if np.isnan(value)
            else "negative: is it a log ratio? The signal must be 0 or more"
            if value < 0
            else f"more than {LARGEST_SIGNAL:g}, which no depth, ratio or -log10 P is"
        )
        raise InputError(f"{path}, {chrom}:{first + base}: a signal of {value:g} is {why}")
