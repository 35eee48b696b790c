"""Downloads, from the server or any copy of its roadmap/data/ tree.

Needs: config keys `mirror` and `genome_mirror`.
Makes: results/raw/, at the server's relative paths, and hg19/. A file is in place only once it is
whole. An edit of the downloader, or another clone of the project, is no reason to fetch hundreds
of gigabytes again: the rule has no code digest, and calls its script by a command.
"""


rule download:
    """One file from the mirror; resumed after a break, and tested as a whole gzip stream."""
    input:
        ask.mirrored,
    output:
        "results/raw/{file}",
    log:
        "logs/download/{file}.log",
    wildcard_constraints:
        file="(byFileType|byDataType|hg19)/.+",
    # on a cluster, where its nodes have no way out, on the machine that submits
    localrule: config["partitions"]["network"] is None
    conda:
        "../envs/data.yaml"
    resources:
        **needs("download"),
    params:
        url=ask.url,
        # a simulated mirror changes with its settings
        checksum="" if SIMULATED else "--checksum",
    message:
        "Fetching {wildcards.file}"
    # a command rather than a script: Snakemake runs a script's rule again when the script's time
    # stamp changes
    shell:
        'python3 "$MARKEXPR_SCRIPTS/download.py" '
        "{params.url:q} {output:q} {log:q} {params.checksum}"
