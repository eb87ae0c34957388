"""Commands that take laps out, and in."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iracing_pipeline.cli import browser
from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import UNITS, AskSettings, ReportSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.warehouse import Connection

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command(
    epilog="Examples: iracing-pipeline export last --format motec; iracing-pipeline export"
    " 2026-07-04 --lap 7 --to laps"
)
@click.argument("session")
@click.option("--lap", "laps", multiple=True, type=int, help="Only this lap; can be repeated.")
@click.option(
    "--stint", type=int, help="Only laps of this stint: one attempt of a lap driven in several."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "parquet", "motec"]),
    default="csv",
    show_default=True,
    help="motec writes .ld and .ldx.",
)
@click.option(
    "--every-sample",
    is_flag=True,
    help="In CSV, six columns for each 360 Hz channel instead of the value at the tick.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder to write to; the current one if not given.",
)
def export(
    session: str,
    *,
    laps: tuple[int, ...],
    stint: int | None,
    form: str,
    every_sample: bool,
    folder: Path,
) -> None:
    """Write a session, or laps of it, for other programs.

    SESSION is last, a date such as 2026-07-04 (its newest session), today, yesterday, an .ibt
    file, or a session key. A lap that was driven in several attempts, after a reset, becomes a
    file for each; --stint chooses one of them.
    """
    from iracing_pipeline.ibt import IbtFile
    from iracing_pipeline.ingest.export import Format
    from iracing_pipeline.ingest.export import export as write
    from iracing_pipeline.ingest.telemetry import Source, StoredFrames
    from iracing_pipeline.lake import Lake
    from iracing_pipeline.report import session_key

    file = Path(session)
    if file.is_file():
        source: Source = IbtFile(file)
    else:
        with _read_only() as connection:
            key = session_key(connection, session)
        source = StoredFrames(Lake(Settings.from_env().lake), key)
    paths = write(
        source, folder, Format(form), laps=laps or None, stint=stint, every_sample=every_sample
    )
    for path in paths:
        echo(str(path))


@click.command(
    epilog="Examples: iracing-pipeline reference friend.ibt; iracing-pipeline reference lap.csv"
    " --track-id 18"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--track-id", type=int, help="TrackID of the lap; needed for a CSV of Garage 61.")
def reference(file: Path, *, track_id: int | None) -> None:
    """Store a lap of another driver for comparison.

    FILE is an .ibt file (its fastest clean lap is used) or a CSV of Garage 61.
    """
    from iracing_pipeline.ingest.reference_lap import add
    from iracing_pipeline.pictures.lap_chart import clock
    from iracing_pipeline.warehouse import Warehouse, database_url, migrate

    url = database_url(Settings.from_env())
    migrate(url)
    with Warehouse(url).connect() as connection:
        row = add(connection, file, track_id=track_id)
    who = row["driver_name"] or "somebody"
    echo(f"{row['reference_key']}: {clock(row['lap_time_s'], 3)} by {who}")


@click.command(
    epilog="Examples: iracing-pipeline sessions; iracing-pipeline sessions --most 5 --json"
)
@click.option(
    "--most",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="Number of sessions to list.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the sessions as JSON.")
def sessions(most: int, *, as_json: bool) -> None:
    """List the sessions, newest first, each with its main finding."""
    from iracing_pipeline.local import lines
    from iracing_pipeline.report.session_list import newest

    with _read_only() as connection:
        listed = newest(connection, most)
    if as_json:
        echo(json.dumps([asdict(each) for each in listed], indent=2, default=str))
        return
    for each in listed:
        echo(f"{each.local_start:%Y-%m-%d %H:%M}  {each.session_key}")
        echo(f"    {lines.of_session(each)}")
    if not listed:
        echo("No session is in the database yet. Load one: iracing-pipeline load FILE_OR_FOLDER")


@click.command(
    epilog="Examples: iracing-pipeline report last --open; iracing-pipeline report 2026-07-04"
    " --to race.html"
)
@click.argument("session")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    help="File or folder to write to; the current folder if not given.",
)
@click.option("--units", type=click.Choice(UNITS), help="Initial units; default: IRACING_UNITS.")
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
def report(session: str, *, target: Path | None, units: str | None, show: bool) -> None:
    """Write a session as one HTML file.

    SESSION is last, a date such as 2026-07-04 (its newest session), today, yesterday, an .ibt
    file, or a session key. The file needs no network, and holds no id of the driver and no path.
    """
    from iracing_pipeline.local.report_files import write
    from iracing_pipeline.report import session_key

    chosen = units or ReportSettings.from_env().units
    folder = target if target is not None and target.is_dir() else Path()
    with _read_only() as connection:
        key = session_key(connection, session)
        path = write(
            connection, key, folder, units=chosen, target=None if target is folder else target
        )
    echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    if show:
        browser.show(path.absolute().as_uri())


@contextmanager
def _read_only() -> Iterator[Connection]:
    """A connection that may read the views."""
    from iracing_pipeline.warehouse import Warehouse, database_url, migrate, reader_url
    from iracing_pipeline.warehouse.errors import UnavailableError

    settings = Settings.from_env()
    own = database_url(settings)
    migrate(own)
    password = AskSettings.from_env().reader_password
    try:
        opened = Warehouse(reader_url(settings, password=password)).open()
    except UnavailableError:  # the reader of a database of one's own, without its password
        opened = Warehouse(own).open()
        opened.read_only = True
    with opened as connection:
        yield connection
