"""Was this seen? Whether the gene, the cell and the tissue of each prediction were trained on.

A sample is trained on if it is of the split `train` of a fit: its value, not just its marks, has a
say in the weights. Validation genes are not seen, nor are the marks of cells without their labels
(TransferChrome's second domain). Of a row of predictions,

gene_seen: the model was trained on this gene, in some cell
cell_seen: it was trained on this cell, on some gene
tissue_seen: it was trained on some cell of this cell's tissue

A row of a pair of cells, or of a model of several fits (a difference of two, a mean of many), is
seen if any part of it is: what is not seen is wholly new. A control is trained on what it has at
hand: the training genes of all training cells but the one that it predicts. The simulator's truth
is trained on nothing.
"""

from dataclasses import dataclass, field

import pandas as pd

SEEN = ["gene_seen", "cell_seen", "tissue_seen"]


@dataclass(frozen=True)
class Trained:
    """What a model was trained on.

    genes, cells: all that some training sample is of, each pair of cells as its two; tissue_of:
    from a cell to its tissue, for these and for all cells that are predicted.
    """

    genes: frozenset = frozenset()
    cells: frozenset = frozenset()
    tissue_of: dict = field(default_factory=dict)

    def mark(self, table):
        """Predictions with the columns SEEN, bool. table: DataFrame of gene_id, cell, …"""
        tissues = {self.tissue_of[cell] for cell in self.cells}
        parts = {cell: set(_parts(cell)) for cell in table["cell"].unique()}
        of_cells = {cell: bool(both & self.cells) for cell, both in parts.items()}
        of_tissues = {
            cell: any(self.tissue_of[part] in tissues for part in both) if tissues else False
            for cell, both in parts.items()
        }
        return table.assign(
            gene_seen=table["gene_id"].isin(self.genes),
            cell_seen=table["cell"].map(of_cells),
            tissue_seen=table["cell"].map(of_tissues),
        )


def trained_on(samples, tissue_of):
    """The Trained of a fit. samples: markexpr.data.samples.Samples that it was given."""
    train = samples.split == "train"
    return Trained(
        frozenset(samples.gene_id[train].tolist()), _cells(samples.cell[train]), tissue_of
    )


def trained_by(fits, tissue_of):
    """The Trained of a model that is made of other fits. fits: what each predicts, DataFrames of
    gene_id, cell and split, in which all that it was trained on is of split `train`."""
    trains = [table[table["split"] == "train"] for table in fits]
    return Trained(
        frozenset().union(*(table["gene_id"] for table in trains)),
        frozenset().union(*(_cells(table["cell"]) for table in trains)),
        tissue_of,
    )


def together(trained):
    """The Trained of all of several."""
    return Trained(
        frozenset().union(*(one.genes for one in trained)),
        frozenset().union(*(one.cells for one in trained)),
        {cell: tissue for one in trained for cell, tissue in one.tissue_of.items()},
    )


def _parts(cell):
    """The cells of a unit: a cell itself, or both of a pair A-B (no name of a cell has a dash)."""
    return str(cell).split("-")


def _cells(names):
    return frozenset(part for name in pd.unique(names) for part in _parts(name))
