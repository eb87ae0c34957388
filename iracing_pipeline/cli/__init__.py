"""The command line: ``iracing-pipeline``, one file for each group of commands."""

from __future__ import annotations

import click

from iracing_pipeline import __version__
from iracing_pipeline.cli import (
    account,
    ask,
    backup,
    check,
    dashboards,
    database,
    experiment,
    laps,
    load,
    metrics,
    races,
    service,
    stack,
    why,
)
from iracing_pipeline.cli.group import Commands, example_lines


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="iRacing telemetry and results, as laps in PostgreSQL.",
    epilog=example_lines(
        "Examples: iracing-pipeline up; iracing-pipeline report last --open; iracing-pipeline"
        " load --help"
    ),
)
@click.version_option(__version__)
def main() -> None:
    """Run the command line."""


for _command in (
    load.demo,
    load.up,
    load.load,
    laps.export,
    laps.reference,
    laps.report,
    laps.sessions,
    database.dsn,
    database.down,
    database.migrate,
    check.check,
    backup.backup,
    backup.restore,
    ask.ask,
    ask.mcp,
    why.why,
    account.login,
    account.collect,
    races.races,
    experiment.experiment,
    metrics.metrics,
    metrics.live,
    service.service,
    dashboards.dashboards,
    stack.stack,
):
    main.add_command(_command)
