"""Genes and their transcription start sites, from an annotation in GTF or GFF3 (GENCODE, Ensembl,
RefSeq).

A parser of our own: of three million lines, those of genes (and of tagged transcripts) are all that
is looked at, a line at a time, in half a minute at most. gffutils builds a database of all lines;
gtfparse and pyranges hold all of them in memory, and none names the line that is wrong.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote

import numpy as np
import pandas as pd

from markexpr.data.assembly import MAIN, RELEASES, main_chromosomes, name_assembly, plain_name
from markexpr.data.chromosomes import check_lengths, looks_like, name_advice
from markexpr.data.formats import first_bytes, name_bytes
from markexpr.data.gene_ids import plain_ids
from markexpr.io.files import open_text, reading
from markexpr.io.jobs import InputError, log, warn

FIX = "check config key 'annotation'"
WANTED = "a GTF or GFF3 of GENCODE, Ensembl or RefSeq, with lines of genes"
COLUMNS = "sequence, source, feature, start, end, score, strand, frame, attributes"
# features that are genes: gene, and in GFF3 ncRNA_gene, pseudogene and the like
GENE = re.compile(r"([A-Za-z_]+_)?(pseudo)?gene")
# parts of transcripts, which in GFF3 may have their tags
PARTS = ("exon", "CDS", "UTR", "five_prime_UTR", "three_prime_UTR", "start_codon", "stop_codon")
GTF_PAIR = re.compile(r'([^\s;"]+) +(?:"([^"]*)"|([^\s;"]+))\s*(?:;|$)')
BIOTYPES = ("gene_type", "gene_biotype", "biotype")
# tags of a gene's transcript in the order in which they are taken, and what they are called
TAGS = {
    "mane_select": "MANE Select",
    "ensembl_canonical": "Ensembl canonical",
    "refseq_select": "RefSeq Select",
    "basic": "basic",
    "gencode_basic": "basic",
}
RANK = {tag: number for number, tag in enumerate(TAGS)}
PAR_COPY = "copy on Y of a gene of X"
SHOWN = 3


@dataclass
class _Found:
    """What the lines of an annotation say. genes: rows of id, chrom, start, end, strand, biotype,
    name, line; transcripts: the best tagged one of each gene, (rank, -length, start, end, line), by
    the gene's own key; lengths: of chromosomes, as a GFF3 states them."""

    genes: list = field(default_factory=list)
    keys: list = field(default_factory=list)
    transcripts: dict = field(default_factory=dict)
    header: list = field(default_factory=list)
    lengths: dict = field(default_factory=dict)


def read_annotation(path, chrom_sizes, tss="gene_start"):
    """The gene table of an annotation, as read_gene_info has REMC's, with a column `reason`: why a
    gene is not taken, empty for those that are.

    path: GTF or GFF3, gzipped or not; the content decides which. chrom_sizes: lengths by name, to
    whose spelling chromosomes are brought, with a warning; tss: gene_start, a gene's 5' end, or
    canonical, that of its MANE Select transcript, else of its Ensembl canonical or RefSeq Select
    one, else of its longest with tag basic; genes without any have their own, with a warning.
    Versions of Ensembl's ids are taken away. Raises InputError, naming the line, for a file of
    another form, and for one of another assembly than chrom_sizes.
    """
    path = str(path)
    found = _read(path, canonical=tss == "canonical")
    _check_assembly(path, found, chrom_sizes)
    columns = ["gene_id", "chrom", "start", "end", "strand", "biotype", "name", "line"]
    table = pd.DataFrame(found.genes, columns=columns)
    table["chrom"] = _as_in_sizes(path, table["chrom"], chrom_sizes)
    _check_ends(path, table, chrom_sizes)
    if not (table["biotype"] != "").any():
        raise InputError(
            f"{path}: no gene has a biotype ({', '.join(BIOTYPES)}), by which studies take "
            f"protein-coding genes; take {WANTED}"
        )
    starts, ends = table["start"].to_numpy(), table["end"].to_numpy()
    if tss == "canonical":
        starts, ends = _canonical_ends(path, table, found)
    plus = (table["strand"] == "+").to_numpy()
    table["tss"], table["tts"] = np.where(plus, starts, ends), np.where(plus, ends, starts)
    table["reason"] = _reasons(path, table, chrom_sizes)
    _warn_of_empty_chromosomes(path, table, chrom_sizes)
    table["gene_id"] = plain_ids(table["gene_id"])
    return table[["gene_id", "chrom", "tss", "strand", "biotype", "name", "tts", "reason"]]


# ---- lines ----


def _read(path, canonical):
    _refuse_other_formats(path)
    found, parse, line = _Found(), None, ""
    with reading(path, f"it must be whole; {FIX}"), open_text(path) as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#"):
                if line.startswith("##FASTA"):
                    break
                _read_header(line, found)
                continue
            if not line.strip():
                continue
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) != 9:
                raise InputError(
                    f"{path}, line {number}: {len(fields)} columns where 9 are expected, by tabs "
                    f"({COLUMNS}): is the file cut short, or no GTF or GFF3? {FIX}"
                )
            is_gene = GENE.fullmatch(fields[2]) is not None
            is_tagged = canonical and fields[2] not in PARTS and "tag" in fields[8]
            if not is_gene and not is_tagged:
                continue
            place = f"{path}, line {number}"
            parse = parse or _choose_parser(path, fields[8], place)
            if is_gene:
                _add_gene(fields, parse(fields[8], place), place, number, found)
            elif fields[2] == "transcript" or parse is _parse_gff3:
                _add_transcript(fields, parse(fields[8], place), place, number, found)
    if parse is _parse_gtf and not line.endswith("\n") and not line.rstrip().endswith(";"):
        raise InputError(f"{path} ends within its last line: it is cut short; {FIX}")
    if not found.genes:
        raise InputError(
            f"{path} has no line of a gene (feature `gene` in column 3): take {WANTED}; {FIX}"
        )
    if canonical and not found.transcripts:
        raise InputError(
            f"{path} tags no transcript as {', '.join(dict.fromkeys(TAGS.values()))}, which config "
            "key 'tss: canonical' needs: take a release with such tags (GENCODE, Ensembl from 104 "
            "on), or say 'tss: gene_start'"
        )
    return found


def _refuse_other_formats(path):
    with reading(path, FIX):
        head = first_bytes(path)
    if head.startswith(b">"):
        raise InputError(
            f"{path} is FASTA, which goes under config key 'genome_fasta'; here, name {WANTED}"
        )
    named = name_bytes(head)
    # GFF is no table of reads, which is what formats are asked for elsewhere
    if named and not named[0].startswith("GFF"):
        raise InputError(f"{path} is {named[0]}, and no GTF or GFF3; {FIX}")


def _read_header(line, found):
    found.header.append(line)
    words = line.split()
    # of a part of a chromosome, which does not start at 1, the end is no length
    if (
        words[0] == "##sequence-region"
        and len(words) == 4
        and words[2] == "1"
        and words[3].isdigit()
    ):
        found.lengths[words[1]] = int(words[3])


def _choose_parser(path, attributes, place):
    """How attributes are read: by what they look like, whatever the file is called."""
    if GTF_PAIR.match(attributes.strip()):
        parser, other, kind = _parse_gtf, (".gff", ".gff3"), "GTF"
    elif re.match(r"\s*[^\s;=]+=", attributes):
        parser, other, kind = _parse_gff3, (".gtf",), "GFF3"
    else:
        raise InputError(
            f"{place}: attributes (column 9) are neither GTF's (gene_id \"…\";) nor GFF3's "
            f"(ID=…;), but {attributes[:40]!r}; {FIX}"
        )
    if path.removesuffix(".gz").lower().endswith(other):
        log.info("%s is %s by its content, whatever its name says", path, kind)
    return parser


def _parse_gtf(text, place):
    """Attributes of a GTF as a dict; of a key that stands several times, as tag, all values by
    commas."""
    found, end = {}, 0
    for match in GTF_PAIR.finditer(text):
        if text[end : match.start()].strip():
            break
        key, value = match[1], match[2] if match[2] is not None else match[3]
        found[key] = f"{found[key]},{value}" if key in found else value
        end = match.end()
    if text[end:].strip():
        raise InputError(
            f"{place}: attributes (column 9) cannot be read from {text[end:].strip()[:40]!r} on: "
            f"is the file cut short? {FIX}"
        )
    return found


def _parse_gff3(text, place):
    """Attributes of a GFF3 as a dict of text."""
    found = {}
    for part in filter(str.strip, text.split(";")):
        key, sign, value = part.strip().partition("=")
        if not sign:
            raise InputError(
                f"{place}: attributes (column 9) have {part.strip()[:40]!r} where key=value is "
                f"expected: is the file cut short? {FIX}"
            )
        found[key] = unquote(value)
    return found


def _add_gene(fields, attributes, place, number, found):
    key = attributes.get("ID") or attributes.get("gene_id", "")
    gene = attributes.get("gene_id") or re.sub("^gene[:-]", "", key)
    if not gene:
        raise InputError(f"{place}: this gene has no gene_id (GFF3: ID); {FIX}")
    start, end = _read_interval(fields, place)
    biotype = next((attributes[name] for name in BIOTYPES if attributes.get(name)), "")
    names = ("gene_name", "Name", "gene")
    name = next((attributes[name] for name in names if attributes.get(name)), gene)
    found.keys.append(key)
    found.genes.append((gene, fields[0], start, end, fields[6], biotype, name, number))


def _add_transcript(fields, attributes, place, number, found):
    """Keep the transcript if no better one of its gene was found: by tag, then by length."""
    tags = [tag.strip().replace(" ", "_").lower() for tag in attributes.get("tag", "").split(",")]
    ranks = [RANK[tag] for tag in tags if tag in RANK]
    # a GFF3's exons and coding parts have the tags of their transcript, and that as parent
    gene = attributes.get("Parent") or attributes.get("gene_id")
    if not ranks or not gene:
        return
    start, end = _read_interval(fields, place)
    rank = min(ranks)
    # of the other tags there is one a gene; which of several basic ones is best, length says
    length = end - start if rank >= RANK["basic"] else 0
    line = (rank, -length, start, end, number)
    found.transcripts[gene] = min(found.transcripts.get(gene, line), line)


def _read_interval(fields, place):
    start, end, strand = fields[3], fields[4], fields[6]
    if not (start.isdigit() and end.isdigit() and 1 <= int(start) <= int(end)):
        raise InputError(
            f"{place}: start and end (columns 4 and 5) must be whole numbers from 1 on, the start "
            f"not above the end; got {start!r} and {end!r}; {FIX}"
        )
    if strand not in ("+", "-", ".", "?"):
        raise InputError(f"{place}: strand (column 7) must be + or -, got {strand!r}; {FIX}")
    return int(start), int(end)


# ---- of which assembly, and under which names ----


def _check_assembly(path, found, chrom_sizes):
    check_lengths(path, found.lengths, chrom_sizes)
    ours, text = name_assembly(chrom_sizes), " ".join(found.header)
    # GENCODE's genes of one assembly, lifted to another
    text = re.sub(r".*\bmapped to (\S+)", r"\1", text, flags=re.DOTALL)
    # in a name with more to it, as GRCh38.p14, too
    said = {RELEASES[name]: name for name in RELEASES if re.search(name, text, re.IGNORECASE)}
    said |= {name: name for name in RELEASES.values() if re.search(rf"\b{name}\b", text)}
    if ours and said and ours not in said:
        theirs, word = next(iter(said.items()))
        also = "" if word == theirs else f" ({theirs})"
        raise InputError(
            f"{path}: its header says {word}{also}, config key 'chrom_sizes' has the lengths of "
            f"{ours}: take an annotation of {ours}, or the chrom_sizes of {theirs}"
        )


def _as_in_sizes(path, chrom, chrom_sizes):
    """Names of chromosomes [genes], those that are other spellings of names in chrom_sizes brought
    to these, with a warning. Raises InputError if the two have no chromosome in common."""
    names = list(dict.fromkeys(chrom))
    like = {name: looks_like(name, chrom_sizes) for name in names}
    like = {name: main for name, main in like.items() if main and main not in names}
    if len(set(like.values())) < len(like):
        twice = next(main for main, times in Counter(like.values()).items() if times > 1)
        both = ", ".join(name for name, main in like.items() if main == twice)
        raise InputError(f"{path}: {both} are both {twice} of config key 'chrom_sizes': rename one")
    if not like and not set(names) & set(main_chromosomes(chrom_sizes)):
        raise InputError(
            f"{path}: its chromosomes are named like {names[0]!r}, those of config key "
            f"'chrom_sizes' like {next(iter(chrom_sizes))!r}, and none is in both"
            f"{name_advice(names, chrom_sizes)}"
        )
    if like:
        shown = ", ".join(f"{name} as {main}" for name, main in list(like.items())[:SHOWN])
        warn(
            f"{path} names {len(like)} chromosomes otherwise than config key 'chrom_sizes': they "
            f"are taken for its own ({shown}{', …' * (len(like) > SHOWN)}); alignments must have "
            "the names of chrom_sizes"
        )
    return chrom.map(lambda name: like.get(name, name))


def _check_ends(path, table, chrom_sizes):
    main = main_chromosomes(chrom_sizes)
    beyond = table[(table["end"] > table["chrom"].map(chrom_sizes)) & table["chrom"].isin(main)]
    if len(beyond):
        gene = beyond.iloc[0]
        raise InputError(
            f"{path}, line {gene.line}: gene {gene.gene_id} ends at {gene.chrom}:{gene.end}, "
            f"beyond the chromosome's end ({chrom_sizes[gene.chrom]}), as do {len(beyond) - 1} "
            "others: annotation and config key 'chrom_sizes' are of different assemblies"
        )


def _warn_of_empty_chromosomes(path, table, chrom_sizes):
    """A file that was cut at the end of a line lacks the genes of its last chromosomes."""
    taken = set(table["chrom"][table["reason"] == ""])
    empty = [
        name
        for name in main_chromosomes(chrom_sizes)
        if name not in taken and MAIN.fullmatch(plain_name(name)) and plain_name(name) != "y"
    ]
    if empty:
        warn(
            f"{path} has no gene on {', '.join(empty)} of config key 'chrom_sizes': is it cut "
            "short, or of a part of the genome? If not, take these out of chrom_sizes"
        )


# ---- starts, and genes that are not taken ----


def _canonical_ends(path, table, found):
    """Start and end [genes] of each gene's chosen transcript, its own where it has none."""
    chosen = [found.transcripts.get(key) for key in found.keys]
    lines = zip(table["gene_id"], table["start"], table["end"], chosen)
    for gene, start, end, line in lines:
        if line and not start <= line[2] <= line[3] <= end:
            raise InputError(
                f"{path}, line {line[4]}: a transcript at {line[2]}-{line[3]} reaches beyond its "
                f"gene {gene} at {start}-{end}; {FIX}"
            )
    words = Counter("none" if line is None else list(TAGS.values())[line[0]] for line in chosen)
    log.info("TSS of genes by transcript: %s", ", ".join(f"{n} {tag}" for tag, n in words.items()))
    if words["none"]:
        some = ", ".join(table["gene_id"][[line is None for line in chosen]][:SHOWN])
        warn(
            f"{path}: {words['none']} of {len(chosen)} genes have no canonical transcript ({some}"
            f"{', …' * (words['none'] > SHOWN)}): the start of the gene is taken; a newer release "
            "of GENCODE or Ensembl may have them all"
        )
    starts = [line[2] if line else start for line, start in zip(chosen, table["start"])]
    ends = [line[3] if line else end for line, end in zip(chosen, table["end"])]
    return np.array(starts), np.array(ends)


def _reasons(path, table, chrom_sizes):
    """Why a gene is not taken, Series of text, empty for those that are."""
    reason = pd.Series("", index=table.index)
    reason[table["gene_id"].str.endswith("_PAR_Y")] = PAR_COPY
    reason[(reason == "") & ~table["strand"].isin(["+", "-"])] = "no strand, and so no TSS"
    ids = plain_ids(table["gene_id"])
    counted = (reason == "") & table["chrom"].isin(main_chromosomes(chrom_sizes))
    rows = table[counted].assign(gene_id=ids[counted])
    places = rows.drop_duplicates(["gene_id", "chrom", "tss", "strand"])
    twice = set(places["gene_id"][places.duplicated("gene_id")])
    several = []
    for gene in sorted(twice):
        of_gene = rows[rows["gene_id"] == gene]
        plain = of_gene["chrom"].map(plain_name)
        if set(plain) == {"x", "y"} and (plain == "x").sum() == 1:
            reason[of_gene.index[plain == "y"]] = PAR_COPY
        else:
            reason[of_gene.index] = "at several places"
            several.append(gene)
    if several:
        warn(
            f"{path}: {len(several)} gene ids stand at several places ({', '.join(several[:SHOWN])}"
            f"{', …' * (len(several) > SHOWN)}), and which is meant cannot be told: they are left "
            "out; take away the lines that are not meant"
        )
    return reason
