"""Commands for races that the Data API did not give, or that could not be loaded."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.warehouse import Connection

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.group(
    invoke_without_command=True,
    epilog="Examples: iracing-pipeline races; iracing-pipeline races retry --all",
)
@click.pass_context
def races(context: click.Context) -> None:
    """List incomplete races, request them again, or dismiss them."""
    if context.invoked_subcommand is None:
        _list()


@races.command(epilog="Example: iracing-pipeline races retry 74111222")
@click.argument("subsession_ids", nargs=-1, type=int, metavar="[SUBSESSION_ID]...")
@click.option("--all", "everything", is_flag=True, help="Every race that is not complete.")
def retry(subsession_ids: tuple[int, ...], *, everything: bool) -> None:
    """Request races again, also those that iRacing refused for good or that you dismissed.

    The running pipeline does it within a minute, without one 'iracing-pipeline collect' does.
    """
    from iracing_pipeline.ingest.incomplete_races import ask_again

    if everything == bool(subsession_ids):
        raise click.UsageError("Name races by their subsession id, or add --all.")
    with _connected() as connection:
        count = ask_again(connection, None if everything else subsession_ids)
    echo(f"{count} races will be requested again.")


@races.command(epilog="Example: iracing-pipeline races dismiss 74111222")
@click.argument("subsession_ids", nargs=-1, required=True, type=int, metavar="SUBSESSION_ID...")
def dismiss(subsession_ids: tuple[int, ...]) -> None:
    """Dismiss races: they are not requested, loaded or checked any more.

    'iracing-pipeline races retry' reverts it.
    """
    from iracing_pipeline.ingest.incomplete_races import dismiss as dismiss_races

    with _connected() as connection:
        count = dismiss_races(connection, subsession_ids)
    echo(f"{count} races are dismissed.")


def _list() -> None:
    from iracing_pipeline.ingest.incomplete_races import incomplete

    with _connected() as connection:
        listed = incomplete(connection)
    for race in listed:
        when = f"{race.end_time.astimezone():%Y-%m-%d %H:%M}" if race.end_time else "time unknown"
        again = ""
        if race.retry_after is not None:
            again = f"; asked again {race.retry_after.astimezone():%Y-%m-%d %H:%M}"
        echo(f"{race.subsession_id}  {race.season}  {when}  {race.state}{again}")
        for line in race.reason.splitlines():
            echo(f"    {line}")
    echo(f"{len(listed)} races are incomplete.")


@contextmanager
def _connected() -> Iterator[Connection]:
    from iracing_pipeline.ingest.incomplete_races import UnknownRaceError
    from iracing_pipeline.warehouse import Warehouse, database_url, migrate

    url = database_url(Settings.from_env())
    migrate(url)
    try:
        with Warehouse(url).connect() as connection:
            yield connection
    except UnknownRaceError as error:
        raise click.ClickException(str(error)) from error
