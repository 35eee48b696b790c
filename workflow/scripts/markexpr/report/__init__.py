"""Tables and figures of a study that take seconds and are drawn by one job: a module each, whose
`show(job)` draws it.

Which of them a job draws is told by its outputs, which are named after them: `roc_svg`, `roc_png`.
"""

from types import SimpleNamespace

from markexpr.io.jobs import log


def show_all(parts, job, **found):
    """Draw those of some tables and figures that are among a job's outputs.

    parts: from name to module; found: what the job has read for all of them, by the name under
    which they ask it of `job`.
    """
    for name, part in parts.items():
        outputs = {
            key.removeprefix(f"{name}_"): path
            for key, path in job.output.items()
            if key.startswith(f"{name}_")
        }
        if outputs:
            log.info("%s", name)
            part.show(
                SimpleNamespace(
                    input=job.input,
                    output=SimpleNamespace(**outputs),
                    params=job.params,
                    wildcards=job.wildcards,
                    **found,
                )
            )
