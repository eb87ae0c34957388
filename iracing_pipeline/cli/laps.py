"""Commands that take laps out, and in."""

from __future__ import annotations

from pathlib import Path

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command()
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

    SESSION is an .ibt file, or the session_key of one that was loaded. A lap that was driven in
    several attempts, after a reset, becomes a file for each; --stint chooses one of them.
    """
    from iracing_pipeline.ibt import IbtFile
    from iracing_pipeline.ingest.export import Format
    from iracing_pipeline.ingest.export import export as write
    from iracing_pipeline.ingest.telemetry import Source, StoredFrames
    from iracing_pipeline.lake import Lake

    file = Path(session)
    source: Source = (
        IbtFile(file) if file.is_file() else StoredFrames(Lake(Settings.from_env().lake), session)
    )
    paths = write(
        source, folder, Format(form), laps=laps or None, stint=stint, every_sample=every_sample
    )
    for path in paths:
        echo(str(path))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--track-id", type=int, help="TrackID of the lap; needed for a CSV of Garage 61.")
def reference(file: Path, *, track_id: int | None) -> None:
    """Keep a lap of somebody else to compare with.

    FILE is an .ibt file, of which the fastest clean lap is taken, or a CSV of Garage 61.
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


@click.command()
@click.argument("session")
@click.option(
    "--to",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; report-SESSION.html in the current folder if not given.",
)
def report(session: str, *, target: Path | None) -> None:
    """Write a session as one HTML file, to look at and to share.

    SESSION is a session_key, or last for the newest. The file needs no network, and holds no id
    of the driver and no path.
    """
    from iracing_pipeline.lake.atomic import partial, publish
    from iracing_pipeline.report import read, session_key
    from iracing_pipeline.report import report as draw
    from iracing_pipeline.warehouse import Warehouse, database_url, migrate, reader_url

    settings = Settings.from_env()
    migrate(database_url(settings))
    with Warehouse(reader_url(settings)).connect() as connection:
        key = session_key(connection, session)
        page = draw(read(connection, key))
    path = target or Path(f"report-{key}.html")
    written = partial(path)
    written.write_text(page, encoding="utf-8", newline="\n")
    publish(written, path, durable=False)
    echo(f"{path}: {len(page.encode()) / 1e6:.1f} MB")
