"""Controls: predictions without a model of histone marks, by what other cells' expression tells of
a gene.

A gene is about as active in one cell as in others: what has seen the same genes in other cells can
predict much of it with no chromatin at all (Schreiber et al. 2020, Genome Biology 21:282, "average
activity"). A model that does no better has learned which gene it looks at.
"""

import numpy as np
import pandas as pd

from markexpr.data.measured import check_alike
from markexpr.data.tensors import median_label
from markexpr.evaluation import metrics
from markexpr.io.jobs import InputError


def known_targets(cells):
    """The targets that models are trained on, DataFrame [genes, cells]: those of genes that train,
    NaN elsewhere. Validation genes train no model, so no control knows their values.

    cells: from a training cell to its markexpr.data.samples.Samples.
    """
    columns = {}
    for cell, samples in cells.items():
        known = samples.split == "train"
        columns[cell] = pd.Series(samples.target[known], index=samples.gene_id[known])
    return pd.DataFrame(columns)


def gene_mean(known, genes):
    """Each gene's mean over cells, float64 [genes]; the mean of all that is known for genes of
    which nothing is.

    known: DataFrame [genes, cells], without the cell that is predicted.
    """
    means = known.mean(axis=1).reindex(genes)
    return means.fillna(np.nanmean(known.to_numpy())).to_numpy(dtype=np.float64)


def tissue_mean(known, genes, company):
    """Each gene's mean over the cells of the same tissue, float64 [genes]; gene_mean for a gene of
    which they know nothing, and where there are none.

    known: as for gene_mean; company: names of those of its cells that are of the tissue of the cell
    that is predicted.
    """
    means = known[company].mean(axis=1).reindex(genes).to_numpy(dtype=np.float64)
    return np.where(np.isnan(means), gene_mean(known, genes), means)


def list_company(cell, cells, tissue_of):
    """Of some cells, those of the tissue of another. tissue_of: from cell to tissue."""
    return [other for other in cells if other != cell and tissue_of[other] == tissue_of[cell]]


def profile(samples, rows=slice(None)):
    """Mean signal of each mark in the window of each gene of some rows, DataFrame [genes, marks].

    rows: an index of genes, all by default.
    """
    signal = samples.inputs["marks"][rows].mean(axis=2, dtype=np.float64)
    return pd.DataFrame(signal, index=samples.gene_id[rows])


def standardise(profile):
    """Less the mean over genes and divided by the spread over genes, mark by mark, float64 [genes,
    marks]."""
    signal = profile.to_numpy()
    spread = signal.std(axis=0)
    return (signal - signal.mean(axis=0)) / np.where(spread > 0, spread, 1)


def nearest_cell(own, others):
    """The cell whose marks are most like those of another, by Pearson correlation over genes and
    marks, and all correlations by cell.

    own: its profile; others: from cell to profile. Two cells are compared on the genes that both
    profiles have, each mark standardised over these. No expression is looked at. Raises InputError
    for a cell without a gene in common.
    """
    found = {}
    for cell, other in others.items():
        shared = own.index.intersection(other.index)
        if not len(shared):
            raise InputError(f"{cell} has no gene in common with the cell that is predicted")
        found[cell] = metrics.pearson(
            standardise(own.loc[shared]).ravel(), standardise(other.loc[shared]).ravel()
        )
    return max(found, key=lambda cell: -2.0 if np.isnan(found[cell]) else found[cell]), found


def predict(kind, cell, samples, others, tissue_of):
    """Predict the target of every gene of a cell by a control, float64 [genes], and say how.

    Of the other cells, a control knows what models are trained on: targets and marks of genes that
    train. kind: gene_mean, tissue_mean or nearest_cell; samples: of the cell, whose target is not
    looked at; others: from each other training cell to its samples; tissue_of: from cell to tissue,
    of all of them. Raises InputError without another cell, or if one is not measured as the cell
    is.
    """
    if not others:
        raise InputError(
            f"control {kind} of {cell} needs another training cell: add cells to config key 'cells'"
        )
    for other in others.values():
        if samples.measured and other.measured:
            check_alike(samples.measured, other.measured, f"compared ({kind})")
    if kind == "gene_mean":
        return gene_mean(known_targets(others), samples.gene_id), f"mean of {len(others)} cells"
    if kind == "tissue_mean":
        company = list_company(cell, others, tissue_of)
        found = tissue_mean(known_targets(others), samples.gene_id, company)
        alone = "" if company else f": the mean of {len(others)} others"
        return found, f"mean of {len(company)} cells of tissue {tissue_of[cell]}{alone}"
    nearest, found = nearest_cell(
        profile(samples),
        {other: profile(own, own.split == "train") for other, own in others.items()},
    )
    known = known_targets({nearest: others[nearest]})
    return gene_mean(
        known, samples.gene_id
    ), f"{nearest} is nearest by its marks (correlation {found[nearest]:.3f})"


def leave_one_out(values, rpkm, tissue_of):
    """How well other cells tell a left-out cell's expression, for each cell of a table: no
    chromatin, no model.

    values: DataFrame [genes, cells] of the target; rpkm: of plain expression, whose median parts
    high from low; tissue_of: from cell to tissue. Returns a DataFrame of cell, tissue, company (the
    number of other cells of its tissue), control (gene_mean; tissue_mean, which is the gene mean
    without company; nearest_cell, the one other cell whose expression is most like its own, which
    takes its own expression to find), nearest, auc, pearson, spearman, mse and the variance of the
    cell's values, which is the MSE of their mean.
    """
    table, rows = values.to_numpy(dtype=np.float64), []
    like = np.corrcoef(table.T)
    np.fill_diagonal(like, -np.inf)
    total = table.sum(axis=1)
    for place, cell in enumerate(values.columns):
        own = table[:, place]
        nearest = int(like[place].argmax())
        high, _ = median_label(rpkm[cell].to_numpy(), "numeric")
        company = list_company(cell, values.columns, tissue_of)
        of_genes = (total - own) / (table.shape[1] - 1)
        of_tissue = values[company].mean(axis=1).to_numpy() if company else of_genes
        predicted = {
            "gene_mean": of_genes,
            "tissue_mean": of_tissue,
            "nearest_cell": table[:, nearest],
        }
        for control, guess in predicted.items():
            scores = {
                name: getattr(metrics, name)(own, guess) for name in ("pearson", "spearman", "mse")
            }
            named = values.columns[nearest] if control == "nearest_cell" else ""
            rows.append(
                {
                    "cell": cell,
                    "tissue": tissue_of[cell],
                    "company": len(company),
                    "control": control,
                    "nearest": named,
                    "auc": metrics.auc(high, guess),
                    **scores,
                    "variance": own.var(),
                }
            )
    return pd.DataFrame(rows)
