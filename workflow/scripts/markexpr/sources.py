"""Counts that others published, read into the arrays that our own counting gives."""

import numpy as np
import pandas as pd

from markexpr.files import reading
from markexpr.jobs import InputError, log
from markexpr.windows import Window

# DeepDiff's published files: gene_symbol_bin and one column a mark, in this order (FIELD: QData/DeepDiffChrome)
DEEPDIFF_MARKS = ["H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3"]
DEEPDIFF_WINDOW = Window.parse("20000bp_100bp")


def read_deepdiff_csv(paths, window, marks):
    """Read DeepDiff's bin counts.

    paths: from split (train, valid, test) to file, rows `gene_symbol_bin,count × 5 marks`, 200 bins a gene in order;
    window: the central part wanted; marks: the marks wanted, in order.

    Returns (counts uint32 [genes, marks, bins], gene_id [genes], split [genes]). Raises InputError naming the line of
    a row that is not of this form, or a gene that stands in two splits with different counts.
    """
    centre = window.centre_of(DEEPDIFF_WINDOW)
    unknown = [mark for mark in marks if mark not in DEEPDIFF_MARKS]
    if unknown:
        raise InputError(f"{', '.join(map(str, paths.values()))}: no mark {unknown[0]}; the files have {', '.join(DEEPDIFF_MARKS)}")
    counts, gene_id, split = [], [], []
    for name, path in paths.items():
        block, ids = _read_file(path)
        counts.append(block[:, [DEEPDIFF_MARKS.index(mark) for mark in marks]][:, :, centre])
        gene_id.append(ids)
        split += [name] * len(ids)
    counts, gene_id, split = np.concatenate(counts), np.concatenate(gene_id), np.array(split)
    _, first = np.unique(gene_id, return_index=True)
    for repeat in np.setdiff1d(np.arange(len(gene_id)), first):
        twin = first[np.searchsorted(gene_id[first], gene_id[repeat])]
        if split[twin] != split[repeat] or not np.array_equal(counts[twin], counts[repeat]):
            raise InputError(
                f"{paths[split[repeat]]}: gene {gene_id[repeat]} stands twice (also in {paths[split[twin]]}) with other counts or in another split"
            )
    if len(first) < len(gene_id):
        log.info("%d repeated genes left out", len(gene_id) - len(first))
    keep = np.sort(first)
    return counts[keep], gene_id[keep], split[keep]


def _read_file(path):
    """One file as (counts uint32 [genes, 5 marks, 200 bins], gene_id [genes])."""
    fix = "check the 'path' of this cell under config key 'sources'"
    with reading(path, fix):
        try:
            table = pd.read_csv(path, header=None, dtype={0: str})
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise InputError(f"{path} is not DeepDiff's csv ({' '.join(str(error).split())}); {fix}") from error
    n_bins = DEEPDIFF_WINDOW.n_bins
    if table.shape[1] != 1 + len(DEEPDIFF_MARKS):
        raise InputError(f"{path} has {table.shape[1]} columns where gene_symbol_bin and {', '.join(DEEPDIFF_MARKS)} are expected, without a header")
    numbers = table.iloc[:, 1:].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~((numbers >= 0) & (numbers == np.round(numbers))).all(axis=1))
    if bad.size:
        raise InputError(f"{path}, line {bad[0] + 1}: counts must be whole numbers >= 0, got {','.join(map(str, table.iloc[bad[0]]))}")
    name = table[0].str.extract(r"^([^_]+)_.*_(\d+)$")
    expected = np.arange(len(table)) % n_bins + 1
    wrong = np.flatnonzero(name[1].isna() | (name[1].fillna("0").astype(int) != expected))
    if wrong.size or len(table) % n_bins:
        line = wrong[0] + 1 if wrong.size else len(table)
        raise InputError(
            f"{path}, line {line}: expected bin {expected[line - 1]} of {n_bins}, got {table[0].iloc[line - 1]!r}; is the file cut short?"
        )
    ids = name[0].to_numpy(dtype=str).reshape(-1, n_bins)
    if (ids != ids[:, :1]).any():
        gene = int(np.flatnonzero((ids != ids[:, :1]).any(axis=1))[0])
        raise InputError(f"{path}: lines {gene * n_bins + 1} to {(gene + 1) * n_bins} mix the bins of several genes")
    return numbers.astype(np.uint32).reshape(-1, n_bins, len(DEEPDIFF_MARKS)).transpose(0, 2, 1), ids[:, 0]
