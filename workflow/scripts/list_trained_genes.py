"""How many of a model's fits were trained on each gene, in whatever cell."""

from collections import Counter

import pandas as pd

from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.io.runs import read_predictions


def main(job):
    trained, known = Counter(), Counter()
    for path in job.input:
        table = read_predictions(path)
        known.update(table["gene_id"].unique())
        trained.update(table.loc[table["split"] == "train", "gene_id"].unique())
    genes = sorted(known)
    table = pd.DataFrame({"gene_id": genes, "trained": [trained[gene] for gene in genes]})
    write_tsv(job.output[0], table.assign(members=len(job.input)))


if __name__ == "__main__":
    run_job(main, snakemake)
