"""The configuration, the plan, and what all rules share. No rules.

Needs: config/ (config.yaml, sheets, studies/).
Makes: `plan` (markexpr/plan.py), `ask` (markexpr/lookup.py), `predicting`, `exporting`, wildcard
constraints, and what rules that end in the report share.
"""

import os
import re
import sys
import time
from pathlib import Path

import snakemake as this_snakemake

HOME = Path(workflow.basedir)
sys.path.insert(0, str(HOME / "workflow/scripts"))
# where a rule's command finds its script, without making the folder of this clone part of the
# command
os.environ["MARKEXPR_SCRIPTS"] = str(HOME / "workflow/scripts")


envvars:
    "MARKEXPR_SCRIPTS",


from markexpr import outputs
from markexpr.digest import code_digest
from markexpr.io.checksums import sha256
from markexpr.io.environment import refuse_locale, settle_environment
from markexpr.io.jobs import InputError, list_at_end, log_to_terminal, warn
from markexpr.io.locks import hold_results
from markexpr.io.mirrors import without_secrets
from markexpr.io.scheduler import name_scheduler
from markexpr.io.terminal import end_on_hang_up
from markexpr.io.verdicts import draw_verdicts, tell_verdicts
from markexpr.lookup import by_content
from markexpr.notes import Noted, keep_notes
from markexpr.origins import EXPRESSION, GENES, MIRROR
from markexpr.own_files import OwnFiles
from markexpr.plan import match_any, only_if
from markexpr.project import read_project
from markexpr.resources import Needs, where_gpus_are
from markexpr.tasks import run_folder
from markexpr.unnoted import Unnoted

log_to_terminal()
# jobs of a cluster start Snakemake anew: they go by what was found where they were submitted
IS_JOB = not workflow.is_main_process

settle_environment(this_snakemake.__file__, Path.cwd())
# jobs of a cluster live and end with the Snakemake that starts them on their node
if not workflow.subprocess_exec:
    name_scheduler()
end_on_hang_up()

try:
    refuse_locale([config, str(HOME), str(Path.cwd())])
    project = read_project(
        HOME,
        config,
        workflow.configfiles,
        OwnFiles(trusting=IS_JOB),
        tell=None if IS_JOB else lambda sample, mark, what: warn(what, sample, mark),
        # without the defaults of config/config.yaml
        asked=workflow.config_settings.overwrite_config,
    )
    plan, ask = project.plan, project.lookup
    predicting, exporting = project.predicting, project.exporting
    # read by `snakemake` for the rules: complete, with defaults
    config = project.config.model_dump()
    if any(word.startswith("--report") for word in sys.argv):
        # for the first page of the report, which knows nothing but the configuration
        config["verdicts"] = draw_verdicts("results", plan.studies)
    project.refuse_mixed_results(Path("results"))
    if not IS_JOB:
        keep_notes()
        # asked for only when jobs are known, since Snakemake reads its options after this file
        ask.unnoted = Unnoted(Noted(), lambda: workflow.dag_settings, tell=warn)
    # of the command line, since Snakemake knows its targets only after this file
    project.check_targets(sys.argv[1:])
    # which Snakemake prints and logs
    sys.argv[:] = map(without_secrets, sys.argv)
    # where jobs of a cluster start, there are other GPUs
    if not IS_JOB or "MARKEXPR_GPUS" not in os.environ:
        os.environ["MARKEXPR_GPUS"] = where_gpus_are(
            config["gpu"], bool(workflow.nodes), config["partitions"]["gpu"]
        )
except InputError as error:
    raise WorkflowError(str(error))


envvars:
    "MARKEXPR_GPUS",


needs = Needs(
    HOME / "config/resources.tsv",
    len(plan.built),
    config["partitions"],
    os.environ["MARKEXPR_GPUS"],
    config["fits_per_gpu"],
)
STARTED = time.time()
SIMULATED = project.config.simulated
# Files that come with the project count by their content, in whatever folder this clone is.
CHROM_SIZES = ask.chrom_sizes
PUBLISHED = by_content(HOME / "config/published.tsv", "config/published.tsv")
CONTENT_OF_CHROM_SIZES = ask.content_of_chrom_sizes
CONTENT_OF_PUBLISHED = sha256(PUBLISHED)
RUN = run_folder("{study}", "{model}", "{unit}")
CHECKPOINT = "results/runs/.checkpoints/{study}/{model}/{unit}/seed{seed}"


wildcard_constraints:
    study="|".join(map(re.escape, plan.studies)),
    model="[a-z0-9_]+",
    cell="[A-Za-z0-9][A-Za-z0-9_.]*",
    unit="[A-Za-z0-9][A-Za-z0-9_.-]*",
    window=r"\d+bp_\d+bp(_flanks)?",
    seed=r"\d+",
    sample=match_any(predicting.samples),
    subject="[A-Za-z0-9][A-Za-z0-9_.-]*",
    predictor=predicting.names(),


def hold_folder():
    """Before the first job: no run of other settings may write into the same results."""
    if not IS_JOB:
        try:
            hold_results(Path("results"), config)
        except InputError as error:
            raise WorkflowError(str(error))


def figure(name, prefix=""):
    """For output: a figure of the report, as SVG and PNG. name: as in markexpr/outputs.py."""
    path = f"results/figures/{{study}}/{name}"
    return {
        f"{prefix}svg": f"{path}.svg",
        f"{prefix}png": _reported("figure", name, path),
    }


def table(name, prefix=""):
    """For output: a table of the report, as TSV and HTML. name: as in markexpr/outputs.py."""
    path = f"results/tables/{{study}}/{name}"
    return {f"{prefix}tsv": f"{path}.tsv", f"{prefix}html": _reported("table", name, path)}


def _reported(kind, name, path):
    """A file of the report, with its caption, category and label."""
    line = outputs.find(kind, name)
    caption = f"workflow/report/{line.caption or name}.rst"
    # controls of all studies stand together
    of_controls = line.group == outputs.CONTROLS
    return report(
        f"{path}.{outputs.FOLDERS[kind][1]}",
        caption=f"../{caption}" if (HOME / caption).exists() else None,
        category=outputs.CONTROLS if of_controls else "{study}",
        subcategory="{study}" if of_controls else line.group,
        labels={"result": line.label},
    )


def drawn_by(script):
    """For params: what every script that writes into the report is told."""
    return {"simulated": SIMULATED, "code": code_digest(script)}
