"""The genes of which a sample's page shows signals and attributions."""

import difflib

import numpy as np

from markexpr.io.jobs import InputError, warn

SHOWN = 3


def find_predicted(table):
    """The column of a sample's predictions by which genes are ordered: the value, or the
    probability of high expression where no model predicts values."""
    values = [name for name in table if name.startswith("log2_") and name.endswith("_plus_1")]
    return values[0] if values else "p_high"


def choose_genes(table, named, known):
    """Rows of a table of predictions, those of the genes to show.

    table: results/predictions/{sample}.tsv; named: names or ids (config key predict.genes), None
    for the highest SHOWN of those that no model was trained on (then of the others); known: ids of
    the genes that the model to be explained predicts, [genes]. Raises InputError for a name of no
    gene of the table.
    """
    if named is None:
        ranked = table[np.isin(table["gene_id"].to_numpy(dtype=str), known)]
        ranked = ranked.assign(seen=ranked["trained_on"].astype(bool))
        order = ["seen", find_predicted(table)]
        ranked = ranked.sort_values(order, ascending=[True, False], kind="stable")
        return ranked.drop(columns="seen").head(SHOWN)
    rows = []
    for name in named:
        called = (table["gene_id"] == name) | (table["name"].str.lower() == name.lower())
        if not called.any():
            # an id with a version, or a table of ids with versions
            plain = table["gene_id"].str.split(".").str[0]
            called = plain == name.split(".")[0]
        if not called.any():
            near = difflib.get_close_matches(name, table["name"].tolist(), n=1)
            hint = (
                f"did you mean {near[0]!r}?"
                if near
                else "the tables in results/predictions have their names"
            )
            raise InputError(
                f"config key 'predict.genes': {name!r} is neither name nor id of a gene that the "
                f"models predict; {hint}"
            )
        rows += [place for place in np.flatnonzero(called) if place not in rows]
    found = table.iloc[rows]
    shown = np.isin(found["gene_id"].to_numpy(dtype=str), known)
    for gene in found["name"][~shown]:
        warn(f"{gene} of config key 'predict.genes' is predicted, but not by the model explained")
    return found[shown]
