"""Scales, units and genes of a user's expression, and parts of genes that are too small."""

import numpy as np
import pandas as pd
import pytest

from markexpr.data import gene_ids, parts, scales
from markexpr.data.expression import read_expressions
from markexpr.data.gene_ids import match_genes
from markexpr.data.parts import check_parts
from markexpr.data.scales import undo_scale, warn_of_unit, warn_of_zeros
from markexpr.data.tensors import INVERSES, TRANSFORMS
from markexpr.io.jobs import InputError

RPKM = pd.Series(
    np.random.default_rng(0).lognormal(1.0, 1.8, 400).round(3),
    index=[f"ENSG{number:011d}" for number in range(400)],
)
COUNTS = (RPKM * 500).round()


@pytest.fixture
def said(monkeypatch):
    """What was warned of."""
    lines = []
    for module in (scales, gene_ids, parts):
        monkeypatch.setattr(module, "warn", lambda what, sample="": lines.append(what))
    return lines


def undo(values, scale="none", unit="not stated", stated=None):
    stated = scale != "none" if stated is None else stated
    return undo_scale(values, scale, unit, "mine", lambda gene: f"t.tsv, {gene}", stated)


@pytest.mark.parametrize("scale", TRANSFORMS)
@pytest.mark.parametrize("unit", ["RPKM", "not stated"])
def test_a_scale_that_is_as_it_is_called_is_undone(said, scale, unit):
    assert np.allclose(undo(TRANSFORMS[scale](RPKM), scale, unit), RPKM) and not said


def test_counts_pass_as_counts(said):
    assert undo(COUNTS, unit="read count").equals(COUNTS) and not said
    undo(TRANSFORMS["log2p1"](COUNTS), "log2p1", "read count")
    assert not said


@pytest.mark.parametrize("scale", [name for name in TRANSFORMS if name != "none"])
@pytest.mark.parametrize("values", [RPKM, COUNTS])
def test_plain_values_taken_for_logarithms_are_refused(scale, values):
    with pytest.raises(InputError, match=f"t.tsv, ENSG.*expression_scale: {scale} would make"):
        undo(values, scale)


@pytest.mark.parametrize("scale", [name for name in TRANSFORMS if name != "none"])
@pytest.mark.parametrize("values", [RPKM, COUNTS])
def test_logarithms_taken_for_plain_values_are_refused(said, scale, values):
    logarithms = TRANSFORMS[scale](values)
    with pytest.raises(InputError, match=r"t.tsv, ENSG.*looks like a logarithm.*expression_scale"):
        undo(logarithms)
    # who says that they are plain is warned
    assert undo(logarithms, stated=True).equals(logarithms)
    assert len(said) == 1 and "is it a logarithm" in said[0]


def test_few_logarithms_are_warned_of(said):
    undo(TRANSFORMS["log2p1"](RPKM[:60]))
    assert len(said) == 1 and "is it a logarithm" in said[0]


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (RPKM * 0 + 5, {}, "expression of all 400 genes is 5: nothing can be learned"),
        (RPKM * 0, {}, "expression of all 400 genes is 0"),
        (RPKM * 1e9, {"unit": "RPKM"}, r"no RPKM is above 1e\+07"),
        (RPKM * 1e9, {}, r"no expression is above 1e\+10"),
        (RPKM * 2e6 / RPKM.sum(), {"unit": "TPM"}, "add up to 2,000,000, where TPM add up to 1,0"),
        (RPKM.round() % 20, {"scale": "log2p1"}, "whole numbers, which logarithms are not"),
    ],
)
def test_what_cannot_be_is_refused(values, options, message):
    with pytest.raises(InputError, match=f"t.tsv, ENSG.*{message}"):
        undo(values, **options)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (RPKM / RPKM.max(), {"stated": True}, "is it a share, a rank or a logarithm"),
        (COUNTS * 1e3, {}, "far above any read count"),
        (RPKM.rank() * 3, {}, "are they ranks, lengths, z-scores"),
        (RPKM.rank(pct=True) * 100, {"unit": "RPKM"}, "are they ranks, lengths, z-scores"),
        (RPKM, {"unit": "read count"}, "are no whole numbers, as read counts are"),
        (COUNTS, {"unit": "TPM"}, None),
        (COUNTS / 100 // 1, {"unit": "RPKM"}, "all values are whole numbers, which RPKM are not"),
        (RPKM * 1e6 / RPKM.sum(), {"unit": "RPKM"}, "add up to 1,000,000, as TPM and CPM do"),
        (RPKM * 1e6 / RPKM.sum(), {"unit": "TPM"}, ""),
    ],
)
def test_what_is_unlikely_is_warned_of(said, values, options, message):
    if message is None:
        with pytest.raises(InputError):
            undo(values, **options)
        return
    undo(values, **options)
    assert len(said) == bool(message) and all(message in line for line in said)


def test_another_logarithm_shows_by_its_size(said):
    undo(TRANSFORMS["log10p1"](RPKM), "log2p1")
    assert len(said) == 1 and "is it another logarithm" in said[0]


def test_the_mean_of_a_whole_table_tells_log2_undone_as_ln_but_not_tpm_of_some_genes(said):
    values = np.random.default_rng(0).lognormal(1.2, 1.7, 6_000)
    table = pd.Series(values.round(3), index=[f"ENSG{number:011d}" for number in range(6_000)])
    undo(TRANSFORMS["log2p1"](table), "log2p1", "RPKM")
    undo(table * 1e6 / table.sum(), unit="TPM")  # a mean of 167
    assert not said
    undo(TRANSFORMS["log2p1"](table), "log1p", "RPKM")
    assert len(said) == 1 and "after expression_scale: log1p is undone" in said[0]


def test_the_unit_a_study_wants(said):
    warn_of_unit(RPKM, "RPKM", "rpkm", "mine", "s")
    warn_of_unit(COUNTS, "read count", "n", "mine", "s")
    warn_of_unit(RPKM, "not stated", "rpkm", "mine", "s")
    assert not said
    for values, unit, wanted in (
        (RPKM, "TPM", "rpkm"),
        (COUNTS, "read count", "rpkm"),
        (RPKM, "RPKM", "n"),
        (RPKM, "not stated", "n"),
        (COUNTS, "not stated", "rpkm"),
    ):
        said.clear()
        warn_of_unit(values, unit, wanted, "mine", "s")
        assert len(said) == 1 and "study s is of" in said[0]


def test_many_zeros_are_warned_of(said):
    warn_of_zeros(RPKM, "mine")
    assert not said
    warn_of_zeros(RPKM.mask(RPKM.quantile(0.6) >= RPKM, 0), "mine")
    assert "expression is 0 for 60% of 400 genes" in said[0]


def test_real_tables_are_what_they_are(said, real):
    folder = real / "mirror/byDataType/rna/expression"
    for name, unit, cells in (
        ("RPKM", "RPKM", ["E003", "E004", "E047", "E050", "E104", "E123"]),
        ("N", "read count", ["E003", "E123"]),
    ):
        table = read_expressions(folder / f"57epigenomes.{name}.pc.gz", cells)
        for cell in cells:
            for scale in TRANSFORMS:
                undo(TRANSFORMS[scale](table[cell]), scale, unit)
                undo(TRANSFORMS[scale](table[cell].iloc[::40]), scale)
                if scale != "none":
                    for other in INVERSES:
                        if other == "none":
                            with pytest.raises(InputError, match="looks like a logarithm"):
                                undo(TRANSFORMS[scale](table[cell]))
                    with pytest.raises(InputError, match="would make"):
                        undo(table[cell], scale)
    assert not said


# ---- genes ----

GENES = pd.DataFrame({"gene_id": RPKM.index, "name": [f"Gene{n}" for n in range(400)]})


def match(values):
    return match_genes(values, GENES, RPKM.index, "mine", "t.tsv")


def test_versions_of_ids_are_taken_away(said):
    versioned = RPKM.set_axis([f"{gene}.{number % 12}" for number, gene in enumerate(RPKM.index)])
    assert match(versioned).equals(RPKM) and not said
    mixed = pd.concat([RPKM[:100], versioned[100:]])
    assert match(mixed).equals(RPKM)
    twice = pd.concat([versioned, pd.Series([1.0], index=[f"{RPKM.index[3]}.99"])])
    with pytest.raises(InputError, match=r"stands twice, as ENSG00000000003.3, ENSG00000000003.99"):
        match(twice)
    # a copy on chrY is no version of a gene
    copy = pd.concat([versioned, pd.Series([1.0], index=[f"{RPKM.index[3]}.3_PAR_Y"])])
    assert match(copy).equals(RPKM)


def test_genes_without_a_value_are_warned_of(said):
    assert match(RPKM[:385]).equals(RPKM[:385]) and not said
    assert match(RPKM[:300]).equals(RPKM[:300])
    assert "t.tsv has no value for 100 of 400 genes (25%), such as ENSG00000000300" in said[0]
    more = pd.concat([RPKM, pd.Series(0.1, index=[f"ENSG9{n:010d}" for n in range(900)])])
    said.clear()
    assert match(more).equals(RPKM) and not said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda gene: f"GENE{int(gene[4:])}", "are gene symbols; give the ids"),
        (lambda gene: gene.replace("ENSG", "ENST"), "are ids of transcripts"),
        (lambda gene: gene.replace("ENSG", "ENSMUSG"), "are of another species"),
        (lambda gene: str(int(gene[4:])), "are numbers: Entrez ids"),
        (lambda gene: f"NM_{gene[4:]}", "are RefSeq's of transcripts"),
        (lambda gene: f"{gene}|TSPAN6", "are more than ids: take the rest"),
        (lambda gene: f"x{gene[4:]}", "are others"),
    ],
)
def test_ids_of_another_kind_are_named(change, message):
    with pytest.raises(InputError, match=f"t.tsv: no gene of it is in the gene table.*{message}"):
        match(RPKM.set_axis([change(gene) for gene in RPKM.index]))


# ---- parts ----

RANDOM = {"scheme": "random", "test": 0.2, "valid": 0.1}


def look(split, target, cell="mine", labels=True, **setting):
    kind = "median_label" if labels else "expression"
    data = {"target": {"kind": kind}, "split": setting or RANDOM}
    check_parts(np.array(split), np.array(target, dtype=float), data, cell)


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_a_part_without_a_gene_is_named(said, part):
    others = [name for name in ("train", "valid", "test") if name != part]
    split, target = others * 4, [0, 0, 1, 1] * 2
    with pytest.raises(InputError, match=f"mine has no {part} gene: of its 8 genes.* 0 {part}"):
        look(split, target)
    with pytest.raises(InputError, match="the files of its source must bring that part"):
        look(split, target, scheme="source")
    # parts that are not asked for may be empty
    look(["train", "test"] * 4, target, scheme="random", test=2, valid=0.0)
    look(["test"] * 8, target, scheme="source", held_out_cells=["mine"])
    assert not said
    # published files of a competition bring no values of test genes: held-out cells test
    look(["train", "valid"] * 4, [0, 0, 1, 1] * 2, **RANDOM, held_out_cells=["E123"])
    assert len(said) == 1 and "only cells that are held out are tested" in said[0]


def test_a_part_of_one_class_is_refused_or_warned_of(said):
    split = ["train"] * 4 + ["valid"] * 2 + ["test"] * 2
    with pytest.raises(InputError, match="mine: its 4 train genes are all of label 1"):
        look(split, [1, 1, 1, 1, 0, 1, 0, 1])
    look(split, [1, 0, 1, 0, 0, 1, 1, 1])
    assert said == [
        "its 2 test genes are all of label 1, so that they have no AUC: are genes missing from its "
        "files?"
    ]
    said.clear()
    look(split[:-1], [1, 2, 3, 4, 5, 6, 7], labels=False)
    assert len(said) == 1 and "its 1 test genes are all of expression 7" in said[0]
