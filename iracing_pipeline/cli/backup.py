"""Commands that save everything into a file, and bring it back."""

from __future__ import annotations

import time
from pathlib import Path

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415

_LOGIN = "The login to iRacing is never in a backup: its token works once."


@click.command(
    epilog="Examples: iracing-pipeline backup iracing-2026-07-04.zip; iracing-pipeline backup"
    " nightly.zip --replace"
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace the file if it exists.")
@click.option("--lake/--no-lake", default=True, show_default=True, help="Save the lake's files.")
@click.option("--history", is_flag=True, help="Save Dagster's history of runs too (SQLite).")
def backup(file: Path, *, replace: bool, lake: bool, history: bool) -> None:
    """Save the database, and the lake if it is a folder, into one file.

    The pipeline can keep running meanwhile.
    """
    from iracing_pipeline.backup import write
    from iracing_pipeline.lake import Lake
    from iracing_pipeline.warehouse import database_url

    settings = Settings.from_env()
    if file.exists() and not replace:
        raise click.ClickException(
            f"{file} exists. Name another file, or add --replace to replace it."
        )
    began = time.monotonic()
    written = write(
        file.expanduser().absolute(),
        database_url(settings),
        Lake(settings.lake),
        _said,
        with_lake=lake,
        history=_dagster_home(settings) if history else None,
    )
    echo(
        f"Saved {sum(table.rows for table in written.manifest.tables)} rows of"
        f" {len(written.manifest.tables)} tables in {written.path}:"
        f" {written.size_bytes / 1e6:.1f} MB, {time.monotonic() - began:.1f} s. {_LOGIN}"
    )


@click.command(epilog="Example: iracing-pipeline restore iracing-2026-07-04.zip --replace")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Delete the current content of database and lake.")
@click.option("--lake/--no-lake", default=True, show_default=True, help="Restore the lake's files.")
@click.option("--history", is_flag=True, help="Restore Dagster's history, if it was saved.")
def restore(file: Path, *, replace: bool, lake: bool, history: bool) -> None:
    """Restore a backup into an empty database and an empty lake.

    Everything or nothing is restored. First stop programs that use them, such as `up`.
    """
    from iracing_pipeline.backup import restore as bring_back
    from iracing_pipeline.lake import Lake
    from iracing_pipeline.local import up_lock
    from iracing_pipeline.warehouse import database_url

    settings = Settings.from_env()
    if user := up_lock.running(settings.home):
        raise click.ClickException(
            f"iracing-pipeline up is {user} and uses the data to be replaced. Stop it first, with"
            " Ctrl+C where it runs; then restore again."
        )
    began = time.monotonic()
    restored = bring_back(
        file.expanduser().absolute(),
        database_url(settings),
        Lake(settings.lake),
        _said,
        replace=replace,
        with_lake=lake,
        history=_dagster_home(settings) if history else None,
    )
    manifest = restored.manifest
    for table in restored.left:
        echo(f"{table} is not one of the project's tables: it stays in the file.", err=True)
    login = (
        "The login that the database had is kept."
        if restored.logins
        else f"{_LOGIN} Without a password in the settings, run: iracing-pipeline login"
    )
    echo(
        f"Restored {sum(table.rows for table in manifest.tables)} rows of the backup made at"
        f" {manifest.created_at} by version {manifest.version},"
        f" in {time.monotonic() - began:.1f} s. {login}"
    )


def _dagster_home(settings: Settings) -> Path:
    from iracing_pipeline.local import dagster_home

    return dagster_home.prepare(settings)


def _said(line: str) -> None:
    if not line.endswith(": 0 rows"):
        echo(f"  {line}")
