"""Attributions of chosen genes: exact for linear models, mean over fits, along the genome."""

import json
from types import SimpleNamespace

import explain_sample
import numpy as np
import pandas as pd
import pytest
import torch

from markexpr.io.files import write_npz, write_tsv

GENES = np.array(["g1", "g2", "g3"])
MARKS = np.array(["H3K4me3", "H3K9me3"])
X = np.random.default_rng(1).random((3, 2, 20)).astype(np.float32)
# of two fits
WEIGHTS = {"one": np.arange(40.0).reshape(2, 20), "two": np.ones((2, 20))}


class Linear(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = torch.tensor(weights, dtype=torch.float32)

    def forward(self, marks):
        return (marks * self.weights).sum(dim=(1, 2))


class Inputs(dict):
    __getattr__ = dict.__getitem__


def explain(folder, monkeypatch, orientation):
    monkeypatch.setattr(
        explain_sample, "load_model", lambda params, weights: (Linear(WEIGHTS[weights]), {})
    )
    data = {"normalise": "none", "window": "2000bp_100bp", "orientation": orientation}
    write_npz(
        folder / "inputs.npz",
        X=X,
        gene_id=GENES,
        marks=MARKS,
        provenance=np.array(json.dumps({"cell": "liver", "data": data})),
    )
    # in another order, with a further gene and mark
    counts = np.arange(4 * 3 * 20).reshape(4, 3, 20)
    order = np.array(["g3", "g2", "g1", "g0"])
    marks = np.array(["H3K9me3", "H3K27me3", "H3K4me3"])
    write_npz(folder / "counts.npz", counts=counts, gene_id=order, marks=marks)
    place = {"chrom": "chr1", "tss": 5000, "strand": ["+", "-", "-"], "name": ["A", "B", "C"]}
    genes = pd.DataFrame({"gene_id": GENES, **place, "biotype": "protein_coding", "tts": 9000})
    write_tsv(folder / "genes.tsv", genes)
    said = {"log2_rpkm_plus_1": [1.0, 3, 2], "trained_on": [False, False, True]}
    write_tsv(folder / "table.tsv", genes.assign(**said))
    job = SimpleNamespace(
        threads=1,
        input=Inputs(
            params=["one", "two"],
            weights=["one", "two"],
            sample=folder / "inputs.npz",
            counts=folder / "counts.npz",
            genes=folder / "genes.tsv",
            table=folder / "table.tsv",
        ),
        output=[folder / "explained.npz"],
        wildcards=SimpleNamespace(sample="liver"),
        params=SimpleNamespace(
            genes=None,
            predictor={
                "name": "a/b",
                "predicts": "value",
                "orientation": orientation,
                "window": "2000bp_100bp",
                "members": 7,
            },
        ),
    )
    explain_sample.main(job)
    with np.load(folder / "explained.npz") as file:
        return json.loads(str(file["about"])), dict(file), counts


@pytest.mark.parametrize("orientation", ["genomic", "transcription"])
def test_attributions_of_linear_models_are_weight_times_input(tmp_path, monkeypatch, orientation):
    about, arrays, counts = explain(tmp_path, monkeypatch, orientation)
    # not trained on first, the highest before others
    assert [gene["gene_id"] for gene in about["genes"]] == ["g2", "g1", "g3"]
    expected = (X * (WEIGHTS["one"] + WEIGHTS["two"]) / 2)[[1, 0, 2]]
    if orientation == "transcription":
        expected[[0, 2]] = expected[[0, 2]][:, :, ::-1]  # of g2 and g3, on the minus strand
    np.testing.assert_allclose(arrays["attribution"], expected, rtol=1e-4)
    assert np.array_equal(arrays["signal"], counts[[1, 2, 0]][:, [2, 0]])
    assert (about["members"], about["of"], about["unit"]) == (2, 7, "reads")
