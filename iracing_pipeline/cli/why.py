"""The command that shows the origin of a figure, and computes it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import Settings

if TYPE_CHECKING:
    from iracing_pipeline.why.explanation import Explanation
    from iracing_pipeline.why.metric import Series

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command(
    epilog="Example: iracing-pipeline why telemetry_lap.lap_time_s session_key=KEY stint=1"
    " lap_number=2; iracing-pipeline why 'iracing_irating{category=\"road\"}'"
)
@click.argument("figure", nargs=-1, required=True, metavar="TABLE.COLUMN KEY=VALUE...")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def why(figure: tuple[str, ...], *, as_json: bool) -> None:
    """Show the origin of a figure, compute it again and compare.

    The id in answers of 'iracing-pipeline ask' works as well, in quotes. The exit code is 1 if the
    figure differs from the computed value.
    """
    from iracing_pipeline.lake import Lake
    from iracing_pipeline.warehouse import Warehouse, database_url
    from iracing_pipeline.why.explain import explain
    from iracing_pipeline.why.metric import explain_metric, is_metric
    from iracing_pipeline.why.reference import WhyError, parse

    settings = Settings.from_env()
    lake = Lake(settings.lake)
    explanation: Series | Explanation
    try:
        metric = len(figure) == 1 and is_metric(figure[0])
        reference = None if metric else parse(figure)
        with Warehouse(database_url(settings)).connect() as connection:
            if reference is None:
                explanation = explain_metric(connection, lake, figure[0])
            else:
                explanation = explain(connection, lake, reference)
    except WhyError as error:
        raise click.ClickException(str(error)) from error
    echo(
        json.dumps(explanation.to_json(), indent=2, ensure_ascii=False)
        if as_json
        else explanation.to_text()
    )
    if not metric and explanation.identical is False:  # type: ignore[union-attr]
        raise click.exceptions.Exit(1)
