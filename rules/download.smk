"""Downloads: results/raw/ holds the server's files at their relative paths of its roadmap/data/ tree, and hg19/.

A file is in place only once it is whole. The rule has no code digest on purpose: a change of the downloader is no
reason to fetch hundreds of gigabytes again.
"""


rule download:
    # One file from the mirror; resumed after a break, and tested as a whole gzip stream.
    input:
        lambda wildcards: mirrored(wildcards.file) if SIMULATED else [],
    output:
        "results/raw/{file}",
    log:
        "logs/download/{file}.log",
    wildcard_constraints:
        file="(byFileType|byDataType|hg19)/.+",
    conda:
        "../envs/data.yaml"
    resources:
        network=1,
        mem_mb=500,
        runtime=240,
    params:
        url=lambda wildcards: download_url(wildcards.file),
    message:
        "Fetching {wildcards.file}"
    script:
        "../workflow/scripts/download.py"
