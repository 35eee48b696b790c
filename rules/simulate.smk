"""The simulated mirror: a small roadmap/data tree in the server's own layout, with known truth.

Needs: config key `simulate`, config/hg19.chrom.sizes.
Makes: results/simulated/, from which the ordinary download rule fetches (mirror: simulated); with
`simulate.level: counts` results/counts/ as well, in place of reads.
"""


rule simulate_genome:
    """Genes, their activity in every cell, the expression tables that follow from it, and the
    sequence."""
    output:
        gene_info=f"{MIRROR}/byDataType/rna/expression/Ensembl_v65.Gencode_v10.ENSG.gene_info",
        rpkm=f"{MIRROR}/byDataType/rna/expression/57epigenomes.RPKM.pc.gz",
        counts=f"{MIRROR}/byDataType/rna/expression/57epigenomes.N.pc.gz",
        fasta="results/simulated/hg19/hg19.fa.gz",
        truth="results/simulated/truth.tsv.gz",
        best="results/simulated/best.tsv",
    log:
        "logs/simulate_genome.log",
    benchmark:
        "benchmarks/simulate_genome.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        **needs("simulate_genome"),
    params:
        simulate=config["simulate"],
        cells=project.known_cells,
        pairs=plan.pairs,
        code=code_digest("simulate_genome.py"),
    message:
        "Simulating genes, expression and sequence"
    script:
        "../workflow/scripts/simulate_genome.py"


rule simulate_reads:
    """The reads of one cell, one gzipped tagAlign a mark, in random line order as on the server."""
    input:
        gene_info=rules.simulate_genome.output.gene_info,
        truth=rules.simulate_genome.output.truth,
        chrom_sizes=CHROM_SIZES,
    output:
        expand(
            f"{MIRROR}/byFileType/alignments/consolidated/{{{{cell}}}}-{{mark}}.tagAlign.gz",
            mark=config["marks"],
        ),
    log:
        "logs/simulate_reads/{cell}.log",
    benchmark:
        "benchmarks/simulate_reads/{cell}.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        **needs("simulate_reads"),
    params:
        simulate=config["simulate"],
        marks=config["marks"],
        chrom_sizes=CONTENT_OF_CHROM_SIZES,
        code=code_digest("simulate_reads.py"),
    message:
        "Simulating reads of {wildcards.cell}"
    script:
        "../workflow/scripts/simulate_reads.py"


rule simulate_counts:
    """What counting a cell's reads would find, drawn without reads (simulate.level: counts)."""
    input:
        truth=rules.simulate_genome.output.truth,
        genes=GENES,
        chrom_sizes=CHROM_SIZES,
    output:
        "results/counts/{window}/{cell}.npz",
    log:
        "logs/simulate_counts/{window}/{cell}.log",
    benchmark:
        "benchmarks/simulate_counts/{window}/{cell}.tsv"
    wildcard_constraints:
        **only_if(project.config.simulates_counts),
    conda:
        "../envs/data.yaml"
    resources:
        **needs("simulate_counts"),
    params:
        simulate=config["simulate"],
        marks=config["marks"],
        made_from=ask.counts_made_from,
        code=code_digest("simulate_counts.py"),
    message:
        "Simulating counts of {wildcards.cell} in windows of {wildcards.window}"
    script:
        "../workflow/scripts/simulate_counts.py"
