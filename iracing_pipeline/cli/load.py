"""Commands that load files, and serve the Dagster UI."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from iracing_pipeline.local.load import Outcome

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command()
@click.option("--exit", "leave", is_flag=True, help="Stop when all is loaded; start no UI.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Load this telemetry folder instead of a demo season.",
)
@click.option("--port", default=3000, show_default=True, help="Port of the UI.")
def demo(*, leave: bool, folder: Path | None, port: int) -> None:
    """Load a demo season, or your own folder, and open the Dagster UI."""
    from contextlib import ExitStack

    settings = Settings.from_env()
    with ExitStack() as stack:
        own = folder is not None
        folder = (folder or _write_demo(settings)).resolve()
        echo(f"Loading the .ibt files of {folder}")
        outcomes = _load(settings, [folder])
        _print_outcomes(outcomes)
        if not own:
            _load_demo_career(settings, stack)
        _print_where(settings)
        if not leave:
            _serve(replace(settings, telemetry_dir=folder), port)


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port of the UI.")
def up(port: int) -> None:
    """Watch the telemetry folder, and serve the Dagster UI until stopped."""
    settings = Settings.from_env()
    echo(f"Watching {settings.telemetry_dir}")
    _serve(settings, port)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what became of each file as JSON.")
def load(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Load recordings (.ibt) and exported results (JSON, CSV), without the UI.

    PATHS are files and folders; what a file is, its content says. The exit code is 1 if a file
    could not be loaded.
    """
    outcomes = _load(Settings.from_env(), list(paths), quiet=as_json)
    if as_json:
        echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    else:
        _print_outcomes(outcomes)
    sys.exit(0 if all(outcome.is_loaded for outcome in outcomes) else 1)


def _write_demo(settings: Settings) -> Path:
    from iracing_pipeline.demo.season import write_season

    folder = settings.home / "demo" / "telemetry"
    echo(f"Simulating a demo season in {folder}")
    write_season(folder, progress=_progress("simulated"))
    return folder


def _load_demo_career(settings: Settings, stack: ExitStack) -> None:
    """Load the demo driver's career; its stand-in for iRacing runs as long as ``stack`` is open."""
    from iracing_pipeline.local.career import demo_data_api, load_career

    career = stack.enter_context(demo_data_api())
    echo(f"Loading ten seasons of races of {career.name} from a stand-in for iRacing")
    keys = [str(season) for season in career.seasons]
    outcome = load_career(settings, keys, _progress("loaded", "seasons"))
    echo(
        f"{outcome.races} races with {outcome.laps} laps and {outcome.rating_points} rating points"
        " are in the database."
    )
    for failed in outcome.failed:
        echo(f"  {failed} failed: see Runs in the Dagster UI.")


def _load(settings: Settings, paths: list[Path], *, quiet: bool = False) -> list[Outcome]:
    from iracing_pipeline.local.load import load as load_files

    def silent(_done: int, _total: int) -> None:
        pass

    return load_files(settings, paths, silent if quiet else _progress("loaded"))


def _serve(settings: Settings, port: int) -> None:
    from iracing_pipeline.local import up_lock
    from iracing_pipeline.local.ui import free_port, serve

    def started(url: str) -> None:
        up_lock.describe(settings.home, url)
        echo(f"The Dagster UI is at {url} (Ctrl+C ends it)")

    try:
        with up_lock.held(settings.home):
            chosen = free_port(port)
            if chosen != port:
                echo(f"Port {port} is in use, taking {chosen}")
            echo("Starting Dagster ...")
            sys.exit(serve(settings, chosen, started))
    except up_lock.AlreadyRunningError as error:
        echo(f"{error}.")


def _progress(verb: str, what: str = "files") -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        if total:
            echo(f"  {done} of {total} {what} {verb}")

    return show


def _print_outcomes(outcomes: list[Outcome]) -> None:
    from iracing_pipeline.pictures.lap_chart import clock

    for outcome in outcomes:
        name = Path(outcome.file).name
        if outcome.state != "loaded":
            echo(f"  {name}: {outcome.state}: {outcome.note}")
            continue
        if outcome.kind == "results":
            races = (
                "1 subsession" if outcome.subsessions == 1 else f"{outcome.subsessions} subsessions"
            )
            shown = f"results of {races}"
        else:
            best = clock(outcome.best_lap_time_s, 3) if outcome.best_lap_time_s else "none clean"
            shown = (
                f"{outcome.car} at {outcome.track}, {outcome.laps} laps"
                f" ({outcome.clean_laps} clean, best {best})"
            )
        echo(f"  {name}: {shown}" + (f"; {outcome.note}" if outcome.note else ""))
    echo(_total(outcomes))


def _total(outcomes: list[Outcome]) -> str:
    recordings = [outcome for outcome in outcomes if outcome.kind == "recording"]
    results = [outcome for outcome in outcomes if outcome.kind == "results"]
    refused = sum(outcome.state == "quarantined" for outcome in outcomes)
    parts = []
    if recordings or not results:
        laps = sum(outcome.laps or 0 for outcome in recordings)
        parts.append(f"{laps} laps of {len(recordings)} files")
    if results:
        subsessions = sum(outcome.subsessions or 0 for outcome in results)
        parts.append(f"{subsessions} subsessions of {len(results)} files of results")
    return f"{' and '.join(parts)} are in the database; {refused} refused."


def _print_where(settings: Settings) -> None:
    where = settings.database_url and "the database of IRACING_DATABASE_URL"
    echo(f"Data folder: {settings.home}; database: {where or 'embedded'}.")
    # As a module: it works where the scripts of the environment are not on the PATH.
    echo("Report of the last session:   python -m iracing_pipeline report last")
    echo("Database, for psql and so on: python -m iracing_pipeline dsn")
