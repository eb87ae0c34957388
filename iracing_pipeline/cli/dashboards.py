"""Commands for the Grafana dashboards."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iracing_pipeline.cli.console import echo

# What a command needs is imported in the command: most need little, and the SDK takes a second.
# ruff: noqa: PLC0415

_FOLDER = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("grafana/dashboards"),
    show_default=True,
    help="Folder of the files.",
)


@click.group(epilog="Example: iracing-pipeline dashboards push --url http://127.0.0.1:3001")
def dashboards() -> None:
    """Build, check and push the Grafana dashboards."""


@dashboards.command(epilog="Example: iracing-pipeline dashboards build --folder boards")
@_FOLDER
def build(folder: Path) -> None:
    """Write the dashboards' JSON files."""
    from iracing_pipeline.dashboards.build import write

    changed = write(folder)
    for path in changed:
        echo(str(path))
    if not changed:
        echo("All files are up to date.")


@dashboards.command(
    epilog="Example: iracing-pipeline dashboards check --database postgresql://localhost/iracing"
)
@_FOLDER
@click.option("--database", help="URL of a database: run every SQL query there.")
@click.option("--prometheus", help="URL of a Prometheus: run every PromQL query there.")
@click.option(
    "--complete", is_flag=True, help="Panels without data are an error, as in the demo season."
)
@click.option("--table", is_flag=True, help="Print every query with its rows and its time.")
def check(
    folder: Path, *, database: str | None, prometheus: str | None, complete: bool, table: bool
) -> None:
    """Compare the files with the code, and run every query.

    The exit code is 1 if anything is wrong.
    """
    from iracing_pipeline.dashboards.build import differences
    from iracing_pipeline.dashboards.catalog import BOARDS
    from iracing_pipeline.dashboards.lint import lint

    if not folder.is_dir():
        raise click.ClickException(
            f"There is no folder {folder} here. Run this in a checkout of the project, or name the"
            " folder with --folder."
        )
    problems = [*differences(folder), *lint(BOARDS)]
    if database is not None:
        problems += _run(database, prometheus, complete=complete, table=table)
    for problem in problems:
        echo(problem, err=True)
    if problems:
        sys.exit(1)
    echo(f"{len(BOARDS)} dashboards are in order.")


def _run(database: str, prometheus: str | None, *, complete: bool, table: bool) -> list[str]:
    from iracing_pipeline.dashboards.asking import Database, PrometheusServer
    from iracing_pipeline.dashboards.catalog import BOARDS
    from iracing_pipeline.dashboards.checks import Checker
    from iracing_pipeline.dashboards.errors import BoardError

    try:
        asked = Database.at(database)
    except BoardError as error:
        raise click.ClickException(str(error)) from error
    server = PrometheusServer(prometheus) if prometheus is not None else None
    problems = []
    if table:
        echo("| dashboard | query | rows | ms |\n| --- | --- | ---: | ---: |")
    for each in Checker(BOARDS, asked, server, complete=complete).run():
        name = each.board + (f" (from {each.arrived_by})" if each.arrived_by else "")
        if table:
            rows = "not asked" if each.rows is None else each.rows
            echo(f"| {name} | {each.place} | {rows} | {each.milliseconds:.0f} |")
        if each.problem is not None:
            problems.append(f"{name}: {each.place}: {each.problem}")
    return problems


@dashboards.command(epilog="Example: iracing-pipeline dashboards push --url http://127.0.0.1:3001")
@click.option("--url", help="Address of the Grafana; IRACING_GRAFANA_URL if not given.")
@click.option(
    "--token",
    help="Token of a service account. Better in IRACING_GRAFANA_TOKEN: others see command lines.",
)
def push(*, url: str | None, token: str | None) -> None:
    """Create or update folders and dashboards in Grafana, over its HTTP API."""
    from iracing_pipeline.dashboards.catalog import BOARDS
    from iracing_pipeline.dashboards.errors import PushError
    from iracing_pipeline.dashboards.push import Grafana
    from iracing_pipeline.settings import GrafanaSettings

    settings = GrafanaSettings.from_env()
    token = token or settings.token
    url = (url or settings.url or "").rstrip("/")
    if not url or not token:
        raise click.ClickException(
            "Set the Grafana to use: IRACING_GRAFANA_URL and IRACING_GRAFANA_TOKEN (or _FILE)."
        )
    try:
        for name, became in Grafana(url, token).push(BOARDS):
            echo(f"{name}: {became.value}")
    except PushError as error:
        raise click.ClickException(str(error)) from error
