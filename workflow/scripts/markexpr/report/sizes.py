"""How large the models of a study are, and what they were trained on."""

import pandas as pd
import yaml

from markexpr.io.files import write_tsv
from markexpr.tables import write_html


def show(job):
    rows = []
    for path in job.input.fits:
        with open(path, encoding="utf-8") as file:
            params = yaml.safe_load(file)
        rows.append(
            {
                "model": params["model"],
                "architecture": params["architecture"],
                "parameters": params.get("parameters"),
                "nodes": params.get("nodes"),
                "training_samples": params["samples"]["train"],
                "epochs": params.get("training", {}).get("epochs"),
                "unit": params["unit"],
            }
        )
    table = pd.DataFrame(rows).astype({name: "Int64" for name in ("parameters", "nodes", "epochs")})
    write_tsv(job.output.tsv, table)
    note = (
        "Parameters of nets, nodes of forests; other estimators have as many coefficients as "
        "features. Of the unit named, first seed."
    )
    shown = table.dropna(axis="columns", how="all")
    write_html(shown, f"Study {job.wildcards.study}: sizes of models", job, note)
