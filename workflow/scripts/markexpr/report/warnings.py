"""All that jobs warned of in the data of one study, cell by cell."""

import json

import numpy as np
import pandas as pd

from markexpr.io.files import write_tsv
from markexpr.tables import counted, write_html


def collect(counts, tensors):
    """The warnings that counts and tensors (paths) hold, each once, as a DataFrame of sample, mark
    and warning."""
    rows = []
    for path in counts:
        with np.load(path) as file:
            if "warnings" in file:  # those of an earlier version have none
                rows.extend(map(tuple, file["warnings"].tolist()))
    for path in tensors:
        with np.load(path) as file:
            rows.extend(map(tuple, json.loads(str(file["provenance"])).get("warnings", [])))
    return pd.DataFrame(list(dict.fromkeys(rows)), columns=["sample", "mark", "warning"])


def show(job):
    table = collect(job.input.counts, job.input.tensors)
    write_tsv(job.output.tsv, table)
    cells = counted(len(job.input.tensors), "cell")
    note = (
        f"Found in the data of {cells}. None stopped the run; each may change the numbers."
        if len(table)
        else f"Nothing was found in the data of {cells}."
    )
    title = f"Warnings about the data of study {job.wildcards.study}"
    write_html(table, title, job, note, fold=False)  # whole, to be read without a click
