import gzip

import numpy as np
import pytest
import torch

from markexpr.data.sequence import BASES, extract
from markexpr.io.jobs import InputError
from markexpr.models.layers import one_hot

SEQUENCE = {"chr1": "ACGTNacgtnGGGCCCATATTTTTAAAAACCCCC" * 3, "chr2": "TTTTGGGG"}


@pytest.fixture(params=["hg19.fa", "hg19.fa.gz"])
def fasta(request, tmp_path):
    path = tmp_path / request.param
    text = "".join(
        f">{name} comment\n" + "\n".join(s[i : i + 10] for i in range(0, len(s), 10)) + "\n"
        for name, s in SEQUENCE.items()
    )
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def letters(row):
    return "".join(BASES[index] for index in row)


def test_sequence_on_the_genes_strand(fasta):
    result = extract(fasta, ["chr1", "chr1", "chr2"], [20, 20, 4], [False, True, False], 8)
    assert result.dtype == np.uint8 and result.shape == (3, 8)
    expected = SEQUENCE["chr1"].upper()[16:24]  # [TSS - 4, TSS + 4), as windows are
    assert letters(result[0]) == expected
    assert letters(result[1]) == expected.translate(str.maketrans("ACGT", "TGCA"))[::-1]
    assert letters(result[2]) == "TTTTGGGG"


def test_lower_case_and_unknown_letters(fasta):
    assert letters(extract(fasta, ["chr1"], [5], [False], 10)[0]) == "ACGTNACGTN"


def test_beyond_the_ends_is_n(fasta):
    assert letters(extract(fasta, ["chr2"], [2], [False], 12)[0]) == "NNNNTTTTGGGG"
    assert letters(extract(fasta, ["chr2"], [7], [True], 8)[0]) == "NNNCCCCA"


def test_another_assembly_or_a_file_cut_short_is_named(fasta, tmp_path):
    with pytest.raises(InputError, match="no sequence for chr3"):
        extract(fasta, ["chr3"], [5], [False], 4)
    with pytest.raises(InputError, match="chr2 has 8 bp, and a gene starts at 90"):
        extract(fasta, ["chr2"], [90], [False], 4)
    with pytest.raises(InputError, match="cannot be read as FASTA"):
        extract(tmp_path / "none.fa", ["chr2"], [9], [False], 4)


def test_chromosomes_have_the_lengths_and_names_that_they_should(fasta):
    lengths = {name: len(sequence) for name, sequence in SEQUENCE.items()}
    arguments = (["chr2"], [4], [False], 8)
    assert letters(extract(fasta, *arguments, lengths)[0]) == "TTTTGGGG"
    with pytest.raises(InputError, match=r"hg19\.fa.* says that chr2 has 8 bp, .* says 9: "):
        extract(fasta, *arguments, {"chr2": 9})
    with pytest.raises(InputError, match=r"has no sequence for 2: rename 'chr2' to 2"):
        extract(fasta, ["2"], [4], [False], 8)


def test_one_hot_comes_in_the_batch():
    result = one_hot(torch.tensor([[0, 1, 2, 3, 4]], dtype=torch.uint8))
    assert result.shape == (1, 4, 5) and result.dtype == torch.float32
    assert result[0].T.tolist() == [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
    ]
