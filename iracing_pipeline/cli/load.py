"""Commands that load files, and serve the start page and the Dagster UI."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iracing_pipeline.cli.browser import show
from iracing_pipeline.cli.console import echo, progress
from iracing_pipeline.settings import GrafanaSettings, ReportSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from iracing_pipeline.local.load import Outcome

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415

PAGE_PORT = 3005
NOTHING_TO_LOAD = 3
"""The exit code of ``load`` where the folders hold no recording and no result file."""


@click.command(
    epilog="Examples: iracing-pipeline demo; iracing-pipeline demo --folder D:/telemetry --exit"
)
@click.option("--exit", "leave", is_flag=True, help="Stop when all is loaded; start no UI.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Load this telemetry folder instead of a demo season.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the UI."
)
@click.option(
    "--open/--no-open",
    "browse",
    default=None,
    help="Open the start page; the default in a terminal.",
)
def demo(*, leave: bool, folder: Path | None, port: int, browse: bool | None) -> None:
    """Load a demo season, or your own folder, and show it."""
    from contextlib import ExitStack

    settings = Settings.from_env()
    with ExitStack() as stack:
        own = folder is not None
        folder = (folder or _write_demo(settings)).resolve()
        echo(f"Loading the .ibt files of {folder}")
        outcomes = _load(settings, [folder])
        if not own:
            _load_demo_career(settings, stack)
        _print_outcomes(settings, outcomes, report_last=True)
        _print_where(settings)
        if not leave:
            open_it = sys.stdout.isatty() if browse is None else browse
            _serve(replace(settings, telemetry_dir=folder), port, browse=open_it)


@click.command(epilog="Examples: iracing-pipeline up; iracing-pipeline up --open --port 3100")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the UI."
)
@click.option("--open", "browse", is_flag=True, help="Open the start page in the browser.")
def up(port: int, *, browse: bool) -> None:
    """Watch the telemetry folder and load new recordings, until Ctrl+C.

    Serves a start page and the Dagster UI. Writes the report of each session that ended within
    24 hours.
    """
    _serve(Settings.from_env(), port, browse=browse)


@click.command(
    epilog="Examples: iracing-pipeline load race.ibt; iracing-pipeline load D:/telemetry results"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result of each file as JSON.")
def load(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Load recordings (.ibt) and exported results (JSON, CSV), without the UI.

    PATHS are files and folders; the content decides the type of a file. The exit code is 0 if all
    are loaded, 1 if one could not be loaded, and 3 if the folders hold nothing to load.
    """
    settings = Settings.from_env()
    outcomes = _load(settings, list(paths), quiet=as_json)
    if as_json:
        echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    else:
        _print_outcomes(settings, outcomes)
    if not outcomes:
        echo("The given paths contain no .ibt file and no result file.", err=True)
        sys.exit(NOTHING_TO_LOAD)
    sys.exit(0 if all(outcome.is_loaded for outcome in outcomes) else 1)


def _write_demo(settings: Settings) -> Path:
    from iracing_pipeline.demo.season import write_season

    folder = settings.home / "demo" / "telemetry"
    echo(f"Simulating a demo season in {folder}")
    with progress("Simulated", "files") as show_progress:
        write_season(folder, progress=show_progress)
    return folder


def _load_demo_career(settings: Settings, stack: ExitStack) -> None:
    """Load the demo driver's career; its simulated Data API runs as long as ``stack`` is open."""
    from iracing_pipeline.local.career import demo_data_api, load_career

    career = stack.enter_context(demo_data_api())
    echo(f"Loading ten seasons of races of {career.name} from a simulated Data API")
    keys = [str(season) for season in career.seasons]
    with progress("Loaded", "seasons") as show_progress:
        outcome = load_career(settings, keys, show_progress, others=True)
    echo(
        f"{outcome.races} races with {outcome.laps} laps and {outcome.rating_points} rating points"
        " are in the database."
    )
    for failed in outcome.failed:
        echo(f"  {failed} failed: see Runs in the Dagster UI.")


def _load(settings: Settings, paths: list[Path], *, quiet: bool = False) -> list[Outcome]:
    from iracing_pipeline.local.load import load as load_files

    with progress("Loaded", "files", quiet=quiet) as show_progress:
        return load_files(settings, paths, show_progress)


def _serve(settings: Settings, port: int, *, browse: bool) -> None:
    from iracing_pipeline.local import arrivals, dagster_home, page_server, ui, up_lock
    from iracing_pipeline.warehouse import database_url, migrate

    try:
        with up_lock.held(settings.home):
            chosen, page_port = ui.free_port(port), ui.free_port(PAGE_PORT)
            reports = ReportSettings.from_env()
            dagster_home.enter(settings)
            url = database_url(settings)
            migrate(url)
            pages = page_server.PageServer(reports.folder, page_port)
            grafana = GrafanaSettings.from_env().url
            links = {"Dagster": f"http://{ui.HOST}:{chosen}"}
            follow = arrivals.Arrivals(
                url,
                reports,
                settings.telemetry_dir,
                say=lambda line: echo(f"{datetime.now().astimezone():%H:%M}  {line}"),
                links=links | ({"Grafana": grafana} if grafana else {}),
            )
            echo(f"Start page:  {pages.url}")
            echo(f"Log:         {ui.log_file(settings)}")
            echo(arrivals.watched(settings.telemetry_dir))
            echo("Starting Dagster, which takes about ten seconds. Ctrl+C stops everything.")
            follow.start()
            pages.start()
            if browse:
                show(pages.url)

            def started(address: str) -> None:
                up_lock.describe(settings.home, address)
                echo(f"The Dagster UI is at {address}")

            try:
                code = ui.serve(settings, chosen, started)
            finally:
                pages.stop()
                follow.stop()
            echo("Stopped. Start it again with: iracing-pipeline up")
            sys.exit(code)
    except up_lock.AlreadyRunningError as error:
        echo(f"{error}.")
    except ui.NoPortError as error:
        raise click.ClickException(f"{error}. Choose another with --port.") from error


def _print_outcomes(
    settings: Settings, outcomes: list[Outcome], *, report_last: bool = False
) -> None:
    """A line for each session and each refused file; the reports of recent sessions are written."""
    from iracing_pipeline.local import lines

    sessions = _session_lines(settings, outcomes, report_last=report_last)
    for outcome in outcomes:
        name = Path(outcome.file).name
        more = f" ({outcome.note})" if outcome.note else ""
        if outcome.state == "quarantined":
            echo(f"  {lines.of_refusal(name, outcome.note or 'unknown reason', outcome.advice)}")
        elif outcome.state != "loaded":
            echo(f"  {name}: {outcome.state}{more}")
        elif outcome.kind == "results":
            races = (
                "1 subsession" if outcome.subsessions == 1 else f"{outcome.subsessions} subsessions"
            )
            echo(f"  {name}: results of {races}{more}")
        else:
            echo(f"  {name}: {outcome.session_key}{more}")
            echo(f"    {sessions.get(outcome.session_key or '', 'no session')}")
    echo(_total(outcomes))


def _session_lines(
    settings: Settings, outcomes: Sequence[Outcome], *, report_last: bool
) -> dict[str, str]:
    """The line of each loaded session, by its key."""
    from iracing_pipeline.local import arrivals, lines
    from iracing_pipeline.report.session_list import of_keys
    from iracing_pipeline.warehouse import Warehouse, database_url

    keys = [each.session_key for each in outcomes if each.session_key and each.is_loaded]
    if not keys:
        return {}
    reports = ReportSettings.from_env()
    line_of: dict[str, str] = {}
    with Warehouse(database_url(settings)).connect() as connection:
        listed = of_keys(connection, keys)
        for session in listed:
            wanted = arrivals.is_recent(session) or (report_last and session is listed[-1])
            report = None
            if wanted and reports.kept:
                report = arrivals.write_report(connection, session, reports)
            line_of[session.session_key] = lines.of_session(session, report)
        arrivals.write_page(
            connection,
            reports.folder,
            links={},
            watching="The pipeline is not running. Start it with: iracing-pipeline up",
        )
    return line_of


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
    echo("Start it tomorrow:          python -m iracing_pipeline up")
    echo("Report of the last session: python -m iracing_pipeline report last --open")
    echo("List of the sessions:       python -m iracing_pipeline sessions")
