"""Genes and the DNA around them.

Needs: REMC's gene table and RPKM table or an annotation of one's own (config key `annotation`),
config key `chrom_sizes`; for DNA hg19.fa.gz or config key `genome_fasta`.
Makes: results/annotation/genes.tsv (all that can be counted), genes.{study}.tsv (after a study's
filter), what was dropped and why, and results/sequence/{span}bp.npz.
"""


rule annotate_genes:
    """TSS and strand of every gene of a main chromosome, each once."""
    input:
        table=ask.gene_table,
        chrom_sizes=CHROM_SIZES,
    output:
        genes="results/annotation/genes.tsv",
        dropped="results/annotation/dropped.tsv",
    log:
        "logs/annotate_genes.log",
    conda:
        "../envs/data.yaml"
    resources:
        **needs("annotate_genes"),
    params:
        own=ask.own_annotation,
        tss=config["tss"],
        chrom_sizes=CONTENT_OF_CHROM_SIZES,
        code=code_digest("annotate_genes.py"),
    message:
        "Reading the gene table"
    script:
        "../workflow/scripts/annotate_genes.py"


rule select_genes:
    """The genes of one study, and why each of the others is not among them."""
    input:
        genes=rules.annotate_genes.output.genes,
        rpkm=ask.expressed,
        chrom_sizes=CHROM_SIZES,
        list=ask.gene_list,
    output:
        genes="results/annotation/genes.{study}.tsv",
        dropped="results/annotation/dropped.{study}.tsv",
    log:
        "logs/select_genes/{study}.log",
    conda:
        "../envs/data.yaml"
    resources:
        **needs("select_genes"),
    params:
        filter=ask.setting("data", "genes"),
        window=ask.setting("data", "window"),
        published=ask.setting("paper", "genes"),
        list=ask.gene_list_content,
        chrom_sizes=CONTENT_OF_CHROM_SIZES,
        code=code_digest("select_genes.py"),
    message:
        "Selecting the genes of study {wildcards.study}"
    script:
        "../workflow/scripts/select_genes.py"


rule extract_sequence:
    """DNA around each TSS on the gene's strand, for all cells and studies at once."""
    input:
        genes=rules.annotate_genes.output.genes,
        fasta=ask.fasta,
        chrom_sizes=CHROM_SIZES,
    output:
        "results/sequence/{span}bp.npz",
    log:
        "logs/extract_sequence/{span}bp.log",
    benchmark:
        "benchmarks/extract_sequence/{span}bp.tsv"
    wildcard_constraints:
        span=r"\d+",
    conda:
        "../envs/data.yaml"
    resources:
        **needs("extract_sequence"),
    params:
        own=ask.own_fasta,
        chrom_sizes=CONTENT_OF_CHROM_SIZES,
        code=code_digest("extract_sequence.py"),
    message:
        "Extracting {wildcards.span} bp of sequence around each TSS"
    script:
        "../workflow/scripts/extract_sequence.py"
