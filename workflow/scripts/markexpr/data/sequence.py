"""DNA around transcription start sites, as small integers."""

import numpy as np
import pysam

from markexpr.data.chromosomes import check_lengths, name_advice
from markexpr.io.jobs import InputError

# index of each base in a sequence array; all but A, C, G, T are N
BASES = "ACGTN"
_INDEX = np.full(256, BASES.index("N"), dtype=np.uint8)
for _letter in "ACGT":
    _INDEX[ord(_letter)] = _INDEX[ord(_letter.lower())] = BASES.index(_letter)
_COMPLEMENT = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


def extract(fasta, chrom, tss, minus, span, chrom_sizes=None):
    """Sequence around each TSS on the gene's strand, uint8 [genes, span], indices into BASES.

    fasta: path, gzipped or not, read once from its beginning to its end, so that it needs no index;
    chrom, tss (1-based), minus (bool): [genes]; span: bp, centred on the TSS as windows are;
    chrom_sizes: lengths that the chromosomes must have, by name, if given. Reverse-complemented on
    the minus strand. What lies beyond a chromosome's ends is N. Raises InputError if a chromosome
    is missing, of another length, or too short for a gene's TSS.
    """
    chrom, tss, minus = (np.asarray(values) for values in (chrom, tss, minus))
    result = np.full((len(tss), span), BASES.index("N"), dtype=np.uint8)
    missing, names = set(chrom), []
    try:
        with pysam.FastxFile(str(fasta)) as file:
            for record in file:
                names.append(record.name)
                if record.name not in missing:
                    continue
                missing.discard(record.name)
                check_lengths(fasta, {record.name: len(record.sequence)}, chrom_sizes or {})
                sequence = _INDEX[np.frombuffer(record.sequence.encode(), dtype=np.uint8)]
                for gene in np.flatnonzero(chrom == record.name):
                    if tss[gene] > len(sequence):
                        raise InputError(
                            f"{fasta}: {record.name} has {len(sequence)} bp, and a gene "
                            f"starts at {tss[gene]}: another assembly?"
                        )
                    first = tss[gene] - span // 2
                    low, high = max(first, 0), min(first + span, len(sequence))
                    result[gene, low - first : high - first] = sequence[low:high]
                if not missing:
                    break
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{fasta} cannot be read as FASTA ({error}); delete it and run again to fetch it anew, "
            "or replace it by a whole one if it is your own"
        ) from error
    if missing:
        raise InputError(
            f"{fasta} has no sequence for {', '.join(sorted(missing))}"
            f"{name_advice(names, dict.fromkeys(missing))}; is it cut short or of another assembly?"
        )
    result[minus] = _COMPLEMENT[result[minus]][:, ::-1]
    return result
