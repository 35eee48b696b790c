"""Whether the files of a bundle are those that its manifest lists, and fit each other."""

from pathlib import Path

import pandas as pd

from markexpr.bundles.files import CHROM_SIZES, GENES, file_of
from markexpr.bundles.proof import check_content, check_predictor, read_settings
from markexpr.data.annotation import read_genes
from markexpr.data.assembly import read_chrom_sizes
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.own_files import unchanged


def main(job):
    folder = Path(str(job.input[0])).parent
    with unchanged(job.params.own):
        manifest = read_settings(job.input[0])
        check_content(manifest, folder)
        read_chrom_sizes(f"{folder}/{CHROM_SIZES}")
        read_genes(f"{folder}/{GENES}")
        for name, one in manifest["predictors"].items():
            check_predictor(name, one, folder)
            read_genes(f"{folder}/{file_of(name, GENES)}")
    log.info("%d files are as the manifest says", len(manifest["files"]))
    rows = [{"name": path, **file} for path, file in manifest["files"].items()]
    write_tsv(job.output[0], pd.DataFrame(rows))


if __name__ == "__main__":
    run_job(main, snakemake)
