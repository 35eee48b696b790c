"""The predicted change of each gene between two groups of samples, and what that is worth."""

import numpy as np
import pandas as pd

from markexpr.data.annotation import read_places
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import log, run_job, warn


def summarise(paths):
    """Of one model: mean change over all pairs of replicates, its standard deviation over them
    (NaN of one pair), the mean spread over members, and the share of pairs that have the sign of
    the mean. paths: of each pair's table. Returns a DataFrame by gene_id."""
    tables = [read_tsv(path).set_index("gene_id") for path in paths]
    shared = tables[0].index
    for table in tables[1:]:
        shared = shared.intersection(table.index, sort=False)
    changes = np.stack([table.loc[shared, "mean"] for table in tables])
    members = np.stack([table.loc[shared, "spread"] for table in tables])
    mean = changes.mean(axis=0)
    spread = changes.std(axis=0, ddof=1) if len(tables) > 1 else np.full(len(mean), np.nan)
    return pd.DataFrame(
        {
            "change": mean,
            "spread_of_replicates": spread,
            "spread_of_models": members.mean(axis=0),
            "same_sign": (np.sign(changes) == np.sign(mean)).mean(axis=0),
        },
        index=shared,
    )


def tell_worth(path, name):
    """Tell what changes by a model are worth: its correlation with measured changes of genes that
    its fits were not trained on. Returns that as a row."""
    scores = read_tsv(path)
    known = scores.loc[scores["metric"] == "pearson", "value"].dropna()
    row = {"model": name, "metric": "pearson", "members": len(known)}
    if known.empty:
        warn(f"{name}: no fit was tested, so nothing is known of what its changes are worth")
        return {**row, "mean": np.nan, "lowest": np.nan, "highest": np.nan}
    row |= {"mean": known.mean(), "lowest": known.min(), "highest": known.max()}
    warn(
        f"changes predicted by {name}: on test genes of the pairs that it was trained on, their "
        f"correlation with measured changes is {row['mean']:.2f} ({row['lowest']:.2f} to "
        f"{row['highest']:.2f}), which explains {max(row['mean'], 0) ** 2:.0%} of the variance; "
        "take them as a ranking to follow up, not as measurements"
    )
    return row


def main(job):
    pairs, names = job.params.pairs, job.params.models
    if len(pairs) == 1:
        warn(
            f"{job.wildcards.group} and control have one sample each: how far replicates agree "
            "is unknown"
        )
    columns = {}
    for place, name in enumerate(names):
        ours = job.input.predictions[place * len(pairs) : (place + 1) * len(pairs)]
        columns[name] = summarise(ours)
    table = pd.concat(columns, axis=1)
    table.columns = [f"{name}:{what}" for name, what in table.columns]
    table = read_places(job.input.genes).join(table, how="inner")
    log.info("%d genes, %d pairs of samples", len(table), len(pairs))
    worth = [tell_worth(path, name) for path, name in zip(job.input.scores, names)]
    write_tsv(job.output.table, table.rename_axis("gene_id").reset_index())
    write_tsv(job.output.worth, pd.DataFrame(worth))


if __name__ == "__main__":
    run_job(main, snakemake)
