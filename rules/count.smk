"""Counts: reads per bin, gene and mark, from whatever source a cell has.

Needs: alignments (results/raw/, or a source of config key `sources`), results/annotation/genes.tsv.
Makes: results/counts/{window}/{cell}.npz. One file serves every study with that window.
"""


rule count_reads:
    """Reads that overlap each bin by at least 1 bp."""
    input:
        unpack(ask.count_inputs),
    output:
        "results/counts/{window}/{cell}.npz",
    log:
        "logs/count_reads/{window}/{cell}.log",
    benchmark:
        "benchmarks/count_reads/{window}/{cell}.tsv"
    wildcard_constraints:
        **only_if(not project.config.simulates_counts),
    conda:
        "../envs/data.yaml"
    threads: 2
    resources:
        **needs("count_reads"),
    params:
        source=ask.source_of_counts,
        marks=config["marks"],
        engine=config["count_engine"],
        tss_check=config["tss_check"],
        own=ask.own_counts,
        twins=ask.twins_of_counts,
        made_from=ask.counts_made_from,
        code=code_digest("count_reads.py"),
    message:
        "Counting reads of {wildcards.cell} in windows of {wildcards.window}"
    script:
        "../workflow/scripts/count_reads.py"
