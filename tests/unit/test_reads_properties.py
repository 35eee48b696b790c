"""Any table of intervals is counted as an independent count does, or refused: by a count in plain
Python, over tables that hypothesis makes up."""

import re

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from markexpr.data.counts import ENGINES, BinCounter
from markexpr.data.reads import read_tagalign
from markexpr.data.windows import Window
from markexpr.io.jobs import InputError

SIZES = {"chr1": 9_000, "chr10": 7_000, "chr2": 5_000}
CHROM, TSS, WINDOW = ["chr1", "chr10", "chr2", "chr1"], [3_000, 4_000, 2_500, 7_950], "2000bp_100bp"
# the fixture's folder serves all examples; how fast a busy machine makes them up says nothing
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
OTHER = ["#", "# chr1\t5\t41", "track name=x", "browser hide all", "", " ", "\t"]

chromosome = st.sampled_from([*SIZES, *SIZES, "chr3", "chrUn", "chr1 ", "1", "#chr1", "track"])
number = st.one_of(
    st.integers(-2, 10_000).map(str),
    st.sampled_from(["", "x", "1e3", "5.0", "1,000", " 7", "+7", "007", "9" * 30, "NA", "1_0"]),
)
rest = st.lists(st.sampled_from(["N", "r#1", "1000", "+", "-", ".", "", '"', "0.5"]), max_size=9)


@st.composite
def reads(draw):
    """Lines that are reads, of one width, which is what most files hold."""
    width = draw(st.sampled_from([3, 4, 5, 6, 7]))
    lines = []
    for _ in range(draw(st.integers(0, 30))):
        start = draw(st.integers(0, 8_900))
        end = start + draw(st.sampled_from([1, 36, 36, 99, 100, 101, 350]))
        fields = [draw(chromosome), str(start), str(end), draw(st.sampled_from(["N", "r#1"])), "0"]
        lines.append("\t".join([*fields, draw(st.sampled_from("+-")), "x"][:width]))
    return lines


@st.composite
def tables(draw):
    """The bytes of a file: mostly reads, with other lines and odd ones among them."""
    lines = draw(reads())
    odd = st.tuples(chromosome, number, number, rest).map(
        lambda row: "\t".join([*row[:3], *row[3]])
    )
    for line in draw(st.lists(st.one_of(st.sampled_from(OTHER), odd), max_size=3)):
        lines.insert(draw(st.integers(0, len(lines))), line)
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return (end.join(lines) + draw(st.sampled_from([end, end, ""]))).encode()


def independent(content):
    """Counts [genes, bins] in plain Python; None if a line is no read of these chromosomes."""
    starts = Window.parse(WINDOW).starts(TSS).tolist()
    counts = [[0] * len(row) for row in starts]
    for line in content.decode().replace("\r\n", "\n").split("\n"):
        if not line.strip() or line.startswith("#") or line.split()[0] in ("track", "browser"):
            continue
        fields = line.split("\t")
        if len(fields) < 3 or not all(re.fullmatch(r" *\+?\d{1,9}", text) for text in fields[1:3]):
            return None
        chrom, start, end = fields[0], int(fields[1]), int(fields[2])
        if start >= end or end > SIZES.get(chrom, end):
            return None
        for gene, name in enumerate(CHROM):
            for place, first in enumerate(starts[gene]):
                counts[gene][place] += name == chrom and start < first + 100 and end > first
    return counts


@settings(max_examples=150, deadline=None, suppress_health_check=CHECKS)
@given(content=tables())
@example(content=b"chr1\t5\t41\tN\t0\t+\n#\n\nchr2\t2500\t2536\tN\t0\t-")
@example(content=b"chr1\t5\t41\nchr1\t1e3\t1036\n")
@example(content=b"\xef\xbb\xbf" + "".join(f"chr1\t{s}\t{s + 36}\n" for s in range(99)).encode())
def test_any_table_is_counted_as_in_plain_python_or_refused(tmp_path, content):
    path = tmp_path / "a.bed"
    path.write_bytes(content)
    try:
        found = read_tagalign(path, SIZES, lambda what: None)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        return
    expected = independent(content.removeprefix(b"\xef\xbb\xbf"))
    assert expected is not None, "what is no read was counted"
    for engine in ENGINES:
        counter = BinCounter(CHROM, TSS, Window.parse(WINDOW), SIZES, tmp_path, engine)
        assert np.array_equal(counter.count(found, "a"), expected), engine


@settings(max_examples=50, deadline=None, suppress_health_check=CHECKS)
@given(
    lines=reads().filter(lambda lines: any(line.startswith(("chr1\t", "chr2\t")) for line in lines))
)
def test_reads_on_their_chromosomes_are_never_refused(tmp_path, lines):
    known = [line for line in lines if line.split("\t")[0] in ("chr1", "chr2", "chr3")]
    known = [line for line in known if int(line.split("\t")[2]) <= 5_000]
    if not any(line.startswith(("chr1\t", "chr2\t")) for line in known):
        return
    path = tmp_path / "a.bed"
    path.write_text("\n".join(known) + "\n")
    assert len(read_tagalign(path, SIZES, lambda what: None)) == sum(
        not line.startswith("chr3\t") for line in known
    )
