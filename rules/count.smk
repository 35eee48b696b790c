"""Counts: results/counts/{window}/{cell}.npz, reads per bin, gene and mark, from whatever source a cell has."""


rule count_reads:
    # Reads that overlap each bin by at least 1 bp.
    input:
        unpack(count_inputs),
    output:
        "results/counts/{window}/{cell}.npz",
    log:
        "logs/count_reads/{window}/{cell}.log",
    benchmark:
        "benchmarks/count_reads/{window}/{cell}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 2
    resources:
        **needs("count_reads"),
    params:
        source=lambda wildcards: source_of(wildcards.cell),
        marks=config["marks"],
        engine=config["count_engine"],
        tss_check=config["tss_check"],
        code=code_digest("count_reads.py"),
    message:
        "Counting reads of {wildcards.cell} in windows of {wildcards.window}"
    script:
        "../workflow/scripts/count_reads.py"
