import numpy as np
import pandas as pd
import pytest

from markexpr.data.windows import Window
from markexpr.io.jobs import InputError


def test_bins_start_at_the_one_based_tss_taken_as_it_stands():
    window = Window.parse("20000bp_100bp")
    starts = window.starts([110_693_108])
    assert starts.shape == (1, 200)
    assert starts[0, 0] == 110_683_108  # TSS - 10000 + 100·0
    assert starts[0, 100] == 110_693_108  # the TSS is the left edge of bin 100
    assert starts[0, 199] + 100 == 110_703_108


def test_the_central_hundred_of_two_hundred_bins():
    wide, narrow = Window.parse("20000bp_100bp"), Window.parse("10000bp_100bp")
    assert narrow.centre_of(wide) == slice(50, 150)
    assert np.array_equal(wide.starts([9_000_000])[:, 50:150], narrow.starts([9_000_000]))


def test_a_window_must_lie_on_its_chromosome():
    window = Window.parse("10000bp_100bp")
    assert window.fits([4_999, 5_000, 95_000, 95_001], 100_000).tolist() == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "name", ["10kb_100bp", "10000bp", "10000bp_0bp", "10100bp_100bp", "1050bp_100bp"]
)
def test_a_window_that_is_no_even_row_of_bins_is_refused(name):
    with pytest.raises(InputError, match=name):
        Window.parse(name)


def test_no_centre_of_a_narrower_window():
    with pytest.raises(InputError, match="not the centre"):
        Window.parse("40000bp_100bp").centre_of(Window.parse("20000bp_100bp"))


def test_flanks_are_bins_around_both_ends_of_a_gene():
    window = Window.parse("8000bp_100bp_flanks")
    assert (
        window.name == "8000bp_100bp_flanks"
        and window.n_bins == 160
        and window.anchors == ("tss", "tts")
    )
    assert window.offsets[[0, 79, 80, 159]].tolist() == [-4000, 3900, -4000, 3900]
    genes = pd.DataFrame(
        {"chrom": ["chr1"] * 3, "tss": [5_000, 5_000, 3_000], "tts": [90_000, 97_000, 90_000]}
    )
    assert window.genes_fit(genes, {"chr1": 100_000}).tolist() == [True, False, False]
    with pytest.raises(InputError, match="not the centre"):
        window.centre_of(Window.parse("20000bp_100bp"))
