"""The chromosomes of an assembly: their lengths, their spellings, and which of them are main ones.

Asked by the Snakefile as well as by jobs: no torch, no numpy.
"""

import re

from markexpr.io.files import open_text, reading
from markexpr.io.jobs import InputError

# chr1 of assemblies that files are often of, bp
ASSEMBLIES = {
    247_249_719: "hg18",
    249_250_621: "hg19",
    248_956_422: "hg38",
    248_387_328: "T2T-CHM13",
    197_195_432: "mm9",
    195_471_971: "mm10",
    195_154_279: "mm39",
}
# what headers of annotations call them
RELEASES = {
    "NCBI36": "hg18",
    "GRCh37": "hg19",
    "GRCh38": "hg38",
    "T2T-CHM13": "T2T-CHM13",
    "NCBIM37": "mm9",
    "MGSCv37": "mm9",
    "GRCm38": "mm10",
    "GRCm39": "mm39",
}
# Plain names of main chromosomes, as 1, 2L, 2a, XIV, X, W; sequences that are not placed, decoys
# and mitochondria have others
MAIN = re.compile(r"\d{1,2}[a-z]?|[ivx]{1,6}|[wxyz]\d?")
MITOCHONDRIA = ("m", "mt", "mtdna", "mito")
FIX = "check config key 'chrom_sizes' (the index of a FASTA is made by samtools faidx genome.fa)"


def read_chrom_sizes(path):
    """Lengths of the main chromosomes and mitochondria (bp), a dict in the file's order.

    path: a table of name and length, or the index of a FASTA (.fai), whose further columns are not
    read. Where no name is that of a main chromosome, as among RefSeq's accessions, all are taken.
    Raises InputError, naming the line, for anything but names and lengths, and for a name that
    stands twice.
    """
    sizes = {}
    with reading(path, FIX), open_text(path) as file:
        for number, line in enumerate(file, 1):
            fields = line.split()
            if len(fields) < 2 or not fields[1].isdigit() or not int(fields[1]):
                raise InputError(
                    f"{path}, line {number}: expected a chromosome's name and length, got "
                    f"{line.strip()[:60]!r}; {FIX}"
                )
            if fields[0] in sizes:
                raise InputError(f"{path}, line {number}: {fields[0]} stands twice; {FIX}")
            sizes[fields[0]] = int(fields[1])
    if not sizes:
        raise InputError(f"{path} is empty; {FIX}")
    main = main_chromosomes(sizes)
    return {
        name: size
        for name, size in sizes.items()
        if name in main or plain_name(name) in MITOCHONDRIA
    }


def main_chromosomes(chrom_sizes):
    """The names of chromosomes whose genes are counted: those of MAIN; if there is none, all but
    mitochondria."""
    plain = {name: plain_name(name) for name in chrom_sizes}
    main = [name for name, text in plain.items() if MAIN.fullmatch(text)]
    return main or [name for name, text in plain.items() if text not in MITOCHONDRIA]


def name_assembly(chrom_sizes):
    """The assembly that lengths of chromosomes are of (ASSEMBLIES), by chromosome 1, or None."""
    return ASSEMBLIES.get(first_length(chrom_sizes))


def first_length(chrom_sizes):
    """The length of chromosome 1 among names and lengths, or None."""
    return next((size for name, size in chrom_sizes.items() if plain_name(name) == "1"), None)


def plain_name(name):
    """What is common to the spellings of a chromosome's name: `1` for chr1, chr01, Chr1, `chr1 `,
    NC_000001.10, CM000663.1, hg19_chr1."""
    text = name.strip().strip("\"'").strip().lower()
    if match := re.search(r"nc_0000(\d\d)\.\d+", text):  # RefSeq: 1 to 24 are man's
        text = _mouse(int(match[1]), 66) or str(int(match[1]))
    elif match := re.fullmatch(r"cm000(6[6-8]\d)(\.\d+)?", text):  # GenBank, of man
        text = str(int(match[1]) - 662)
    elif match := re.fullmatch(r"cm00(099[4-9]|10[01]\d)(\.\d+)?", text):  # of mouse
        text = _mouse(int(match[1]), 993) or text
    text = re.sub(r"^(hg\d\d|grch\d\d|human|hs)[_.:-]", "", text)
    text = re.sub(r"[_.:-](hg\d\d|grch\d\d|human|hs)$|\.fa(sta)?$", "", text)
    text = re.sub(r"^(chromosome|chrom|chr)[ _.-]*", "", text)
    return re.sub(r"^0+(?=\d)", "", text)


def _mouse(number, before):
    """A chromosome of mouse by the number of its accession, `before` being that before the first;
    None for another number."""
    number -= before
    return {20: "x", 21: "y"}.get(number, str(number)) if 1 <= number <= 21 else None
