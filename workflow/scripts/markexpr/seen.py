"""Was this seen? Whether the gene, the cell and the tissue of each prediction were trained on.

A sample is trained on if it is of the split `train` of a fit: its value, not just its marks, has a
say in the weights. Validation genes are not seen, nor are the marks of cells without their labels
(TransferChrome's second domain). Of a row of predictions,

gene_seen: the model was trained on this gene, in some cell
cell_seen: it was trained on this cell, on some gene
tissue_seen: it was trained on some cell of this cell's tissue

A row of a pair of cells, or of a model of several fits (a difference of two, a mean of many), is
seen if any part of it is: what is not seen is wholly new. A control has seen what it has at hand:
the training genes of all training cells but the one that it predicts. So has a model of residuals,
beside what it is trained on: whatever genes other cells have, since their mean is part of what it
predicts. The simulator's truth has seen nothing.
"""

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

SEEN = ["gene_seen", "cell_seen", "tissue_seen"]


@dataclass(frozen=True)
class Trained:
    """What a model was trained on.

    genes, cells: all that some training sample is of, each pair of cells as its two; told: from a
    cell to the genes whose values are at hand when other cells are predicted, and not when itself
    is (of a control, and of a model of residuals); tissue_of: from a cell to its tissue, for all of
    these and for all cells that are predicted.
    """

    genes: frozenset = frozenset()
    cells: frozenset = frozenset()
    told: dict = field(default_factory=dict)
    tissue_of: dict = field(default_factory=dict)

    def mark(self, table):
        """Predictions with the columns SEEN, bool. table: DataFrame of gene_id, cell, …"""
        parts = {cell: set(_parts(cell)) for cell in table["cell"].unique()}
        of_cells = {cell: bool(both & self.cells) for cell, both in parts.items()}
        of_tissues = {cell: self._has_seen_tissue(both) for cell, both in parts.items()}
        return table.assign(
            gene_seen=table["gene_id"].isin(self.genes) | self._is_told(table, parts),
            cell_seen=table["cell"].map(of_cells),
            tissue_seen=table["cell"].map(of_tissues),
        )

    def _has_seen_tissue(self, cells):
        """Whether some cell that it has seen is of the tissue of one of those that are predicted
        together."""
        seen = {self.tissue_of[cell] for cell in self.cells | (self.told.keys() - cells)}
        return bool(seen) and any(self.tissue_of[cell] in seen for cell in cells)

    def _is_told(self, table, parts):
        """Whether another cell than the row's own tells of its gene, bool [rows]."""
        cells_of_gene = Counter(gene for genes in self.told.values() for gene in genes)
        others = table["gene_id"].map(dict(cells_of_gene)).fillna(0).to_numpy(copy=True)
        for cell, both in parts.items():
            rows = (table["cell"] == cell).to_numpy()
            for part in both & self.told.keys():
                others[rows] -= table.loc[rows, "gene_id"].isin(self.told[part])
        return others > 0


class Unknown:
    """What predictions were trained on that were made elsewhere, where their author does not say:
    nothing of theirs can be taken for new."""

    def mark(self, table):
        """Predictions with the columns SEEN, all true. table: DataFrame of gene_id, cell, …"""
        return table.assign(**dict.fromkeys(SEEN, True))


def trained_on(samples, tissue_of):
    """The Trained of a fit. samples: markexpr.data.samples.Samples that it was given."""
    train = samples.split == "train"
    genes, cells = frozenset(samples.gene_id[train].tolist()), _cells(samples.cell[train])
    return Trained(genes, cells, samples.told, tissue_of)


def trained_by(fits, tissue_of):
    """The Trained of a model that is made of other fits. fits: what each predicts, DataFrames of
    gene_id, cell and split, in which all that it was trained on is of split `train`."""
    trains = [table.loc[table["split"] == "train", ["gene_id", "cell"]] for table in fits]
    return Trained(
        frozenset().union(*(table["gene_id"] for table in trains)),
        frozenset().union(*(_cells(table["cell"]) for table in trains)),
        tissue_of=tissue_of,
    )


def told_by(others, tissue_of):
    """The Trained of a control. others: from each training cell to its samples, of which it knows
    the genes that train."""
    told = {
        cell: frozenset(samples.gene_id[samples.split == "train"].tolist())
        for cell, samples in others.items()
    }
    return Trained(told=told, tissue_of=tissue_of)


def _parts(cell):
    """The cells of a unit: a cell itself, or both of a pair A-B (no name of a cell has a dash)."""
    return str(cell).split("-")


def _cells(names):
    return frozenset(part for name in pd.unique(names) for part in _parts(name))
