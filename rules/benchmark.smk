"""The board: models of several studies side by side, and what can be told apart.

Needs: predictions.tsv.gz and params.yaml of the runs of the studies on a board, never a model;
results/annotation/genes.{study}.tsv; benchmarks/ of their fits, where they are.
Makes: standing, pairs, ranks and wins of each study on a board, board_{task} of each of its tasks,
under results/tables/ and results/figures/; results/{study}/board.tsv.
"""


rule compare_models:
    """Scores of all models with intervals over cells, seeds and blocks of genes; each pair tested;
    where each model stands."""
    input:
        predictions=ask.board_predictions,
        genes=ask.genes,
        fits=ask.sizes,
    output:
        **table("standing", "standing_"),
        **table("pairs", "pairs_"),
        **figure("ranks", "ranks_"),
        **figure("wins", "wins_"),
    log:
        "logs/compare_models/{study}.log",
    benchmark:
        "benchmarks/compare_models/{study}.tsv"
    wildcard_constraints:
        study=ask.studies_where(outputs.is_on_board),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_models"),
    params:
        **drawn_by("compare_models.py"),
        bootstrap=config["bootstrap"],
        board=ask.board,
        metrics=ask.board_metrics,
        kinds=ask.kinds,
        pooled=ask.is_pooled,
        fit_files=ask.fit_files,
    message:
        "Comparing the models of study {wildcards.study}"
    script:
        "../workflow/scripts/compare_models.py"


rule tabulate_board:
    """All models of a task under all its splits, with what a fit costs."""
    input:
        ask.standings,
    output:
        **table("board_{task}", "table_"),
        **figure("board_{task}", "figure_"),
    log:
        "logs/tabulate_board/{study}/{task}.log",
    wildcard_constraints:
        study=ask.studies_where(outputs.has_board),
        task="[a-z0-9_]+",
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("tabulate_board"),
    params:
        **drawn_by("tabulate_board.py"),
        studies=ask.board_studies,
        title=ask.board_title,
    message:
        "Tabulating the board of {wildcards.task} of study {wildcards.study}"
    script:
        "../workflow/scripts/tabulate_board.py"


rule gather_board:
    """All tasks in one table."""
    input:
        ask.boards,
    output:
        tsv="results/{study}/board.tsv",
        html=table("board")["html"],
    log:
        "logs/gather_board/{study}.log",
    wildcard_constraints:
        study=ask.studies_where(outputs.has_board),
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("gather_board"),
    params:
        **drawn_by("gather_board.py"),
    message:
        "Gathering the board of study {wildcards.study}"
    script:
        "../workflow/scripts/gather_board.py"
