"""All models of a study on a board: scores with intervals over cells, seeds and genes, tests of
each pair, and where each stands."""

from markexpr.data.annotation import read_places
from markexpr.evaluation.board import add_costs, compare_models, find_costs
from markexpr.evaluation.tested import gather
from markexpr.io.jobs import log, run_job, warn
from markexpr.io.runs import parse_run, read_predictions
from markexpr.report import pairs, ranks, show_all, standing, wins

PARTS = {"standing": standing, "pairs": pairs, "ranks": ranks, "wins": wins}


def read_runs(paths):
    """The predictions of runs, as markexpr.evaluation.tested.gather takes them."""
    for number, path in enumerate(paths, 1):
        run = parse_run(path)
        yield run["model"], run["unit"], run["seed"], read_predictions(path)
        if number % 500 == 0 or number == len(paths):
            log.info("%d of %d runs read", number, len(paths))


def main(job):
    tested, params = gather(read_runs(job.input.predictions)), job.params
    for model, why in tested.left_out.items():
        warn(f"model {model} is not compared with others: {why}")
    for cell in tested.drop_alike():
        warn("test genes of one true value: no model has a score of them", cell)
    metric = params.metrics[0]
    setting = {
        "metrics": params.metrics,
        "margin": params.board["equivalence"][metric],
        "block": params.board["block"],
        "bootstrap": params.bootstrap,
        "kinds": params.kinds,
        "one_fit_of_all": params.pooled,
    }
    table, tests = compare_models(tested, read_places([job.input.genes]), setting)
    table = add_costs(table, find_costs(job.wildcards.study, job.input.fits, params.fit_files))
    show_all(PARTS, job, standing=table, pairs=tests, setting=setting)


if __name__ == "__main__":
    run_job(main, snakemake)
