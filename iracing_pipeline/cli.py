"""The command line: ``iracing-pipeline``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iracing_pipeline import __version__
from iracing_pipeline.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from iracing_pipeline.local.load import Outcome

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


class _Group(click.Group):
    """Commands whose errors are messages, not tracebacks."""

    def invoke(self, ctx: click.Context) -> object:
        from iracing_pipeline.analysis.reference import OtherTrackError
        from iracing_pipeline.analysis.samples import MissingChannelError
        from iracing_pipeline.data_api import DataApiError
        from iracing_pipeline.exchange.garage61 import Garage61Error
        from iracing_pipeline.ibt import IbtError
        from iracing_pipeline.inbox.telemetry_folder import FolderMissingError
        from iracing_pipeline.ingest.export import NothingToExportError
        from iracing_pipeline.ingest.reference_lap import UnusableReferenceError
        from iracing_pipeline.lake import LakeError
        from iracing_pipeline.warehouse import WarehouseError

        try:
            return super().invoke(ctx)
        except (
            DataApiError,
            FolderMissingError,
            Garage61Error,
            IbtError,
            LakeError,
            MissingChannelError,
            NothingToExportError,
            OtherTrackError,
            SettingsError,
            UnusableReferenceError,
            WarehouseError,
        ) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """IRacing telemetry and results, as laps in PostgreSQL."""


@main.command()
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
        click.echo(f"Loading the .ibt files of {folder}")
        outcomes = _load(settings, [folder])
        _print_outcomes(outcomes)
        if not own:
            _load_demo_career(settings, stack)
        _print_where(settings)
        if not leave:
            _serve(replace(settings, telemetry_dir=folder), port)


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port of the UI.")
def up(port: int) -> None:
    """Watch the telemetry folder, and serve the Dagster UI until stopped."""
    settings = Settings.from_env()
    click.echo(f"Watching {settings.telemetry_dir}")
    _serve(settings, port)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what became of each file as JSON.")
def load(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Load .ibt files, or folders of them, without the UI.

    The exit code is 1 if a file could not be loaded.
    """
    outcomes = _load(Settings.from_env(), list(paths), quiet=as_json)
    if as_json:
        click.echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    else:
        _print_outcomes(outcomes)
    sys.exit(0 if all(outcome.state in {"loaded", "duplicate"} for outcome in outcomes) else 1)


@main.command()
@click.argument("session")
@click.option("--lap", "laps", multiple=True, type=int, help="Only this lap; can be repeated.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "parquet", "motec"]),
    default="csv",
    show_default=True,
    help="motec writes .ld and .ldx.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder to write to; the current one if not given.",
)
def export(session: str, *, laps: tuple[int, ...], form: str, folder: Path) -> None:
    """Write a session, or laps of it, for other programs.

    SESSION is an .ibt file, or the session_key of one that was loaded.
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
    for path in write(source, folder, Format(form), laps=laps or None):
        click.echo(str(path))


@main.command()
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
    click.echo(f"{row['reference_key']}: {clock(row['lap_time_s'], 3)} by {who}")


@main.command()
@click.option("--reader", is_flag=True, help="For the role that may only read the views.")
def dsn(*, reader: bool) -> None:
    """Print the database URL in use; start the embedded server if need be."""
    from iracing_pipeline.warehouse import database_url, migrate, reader_url

    settings = Settings.from_env()
    url = database_url(settings)
    migrate(url)
    click.echo(reader_url(settings) if reader else url)


@main.command()
def login() -> None:
    """Log in to iRacing's Data API in the browser, once; the token is then kept and renewed."""
    import webbrowser

    from iracing_pipeline.data_api.connect import credentials_of, token_source
    from iracing_pipeline.data_api.login import log_in
    from iracing_pipeline.data_api.oauth import OAUTH_URL, OAuth
    from iracing_pipeline.settings import DataApiAccount
    from iracing_pipeline.warehouse import database_url, migrate

    account = DataApiAccount.from_env()
    if account is None:
        raise click.ClickException("Set IRACING_CLIENT_ID to the client id that iRacing issued.")
    settings = Settings.from_env()
    url = database_url(settings)
    migrate(url)

    def show(address: str) -> None:
        click.echo("Log in to iRacing in the browser window. If none opens, open this address:")
        click.echo(address)
        webbrowser.open(address)

    oauth = OAuth(credentials_of(account), url=account.oauth_url or OAUTH_URL)
    token_source(account, settings.home, url).store(log_in(oauth, show))
    click.echo("Logged in. The token is kept, and renewed as long as it is used weekly.")


@main.command()
def down() -> None:
    """Stop the embedded database server."""
    from iracing_pipeline.warehouse import embedded

    stopped = embedded.stop(Settings.from_env().home)
    click.echo("Stopped the embedded database." if stopped else "It was not running.")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=9410, show_default=True, help="Port to listen on; 0 for any.")
@click.option("--every", default=15.0, show_default=True, help="Seconds between two looks.")
def metrics(host: str, port: int, every: float) -> None:
    """Serve what is last known, and how the pipeline is, to Prometheus."""
    from iracing_pipeline.local.metrics import serve
    from iracing_pipeline.metrics.endpoint import PortInUseError

    _warn_of_outsiders(host)
    try:
        serve(
            Settings.from_env(),
            lambda url: click.echo(f"Metrics are at {url} (Ctrl+C ends it)"),
            host=host,
            port=port,
            every_s=every,
        )
    except PortInUseError as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=9411, show_default=True, help="Port to listen on; 0 for any.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read a copy of the simulator's memory instead.",
)
def live(host: str, port: int, file: Path | None) -> None:
    """Serve the car as it is now to Prometheus, on the racing PC."""
    from iracing_pipeline.metrics.endpoint import PortInUseError
    from iracing_pipeline.metrics.live.serve import serve
    from iracing_pipeline.metrics.live.simulator import NoSimulatorError, Simulator

    _warn_of_outsiders(host)
    try:
        serve(
            Simulator(file),
            lambda url: click.echo(f"The car is at {url} (Ctrl+C ends it)"),
            host=host,
            port=port,
        )
    except (NoSimulatorError, PortInUseError) as error:
        raise click.ClickException(str(error)) from error


def _warn_of_outsiders(host: str) -> None:
    if host not in {"127.0.0.1", "::1", "localhost"}:
        click.echo(f"Anybody who reaches {host} can read these metrics.", err=True)


def _write_demo(settings: Settings) -> Path:
    from iracing_pipeline.demo.season import write_season

    folder = settings.home / "demo" / "telemetry"
    click.echo(f"Simulating a demo season in {folder}")
    write_season(folder, progress=_progress("simulated"))
    return folder


def _load_demo_career(settings: Settings, stack: ExitStack) -> None:
    """Load the demo driver's career; its stand-in for iRacing runs as long as ``stack`` is open."""
    from iracing_pipeline.local.career import demo_data_api, load_career

    career = stack.enter_context(demo_data_api())
    click.echo(f"Loading ten seasons of races of {career.name} from a stand-in for iRacing")
    keys = [str(season) for season in career.seasons]
    outcome = load_career(settings, keys, _progress("loaded", "seasons"))
    click.echo(
        f"{outcome.races} races with {outcome.laps} laps and {outcome.rating_points} rating points"
        " are in the database."
    )
    for failed in outcome.failed:
        click.echo(f"  {failed} failed: see Runs in the Dagster UI.")


def _load(settings: Settings, paths: list[Path], *, quiet: bool = False) -> list[Outcome]:
    from iracing_pipeline.local.load import load as load_files

    def silent(_done: int, _total: int) -> None:
        pass

    return load_files(settings, paths, silent if quiet else _progress("loaded"))


def _serve(settings: Settings, port: int) -> None:
    from iracing_pipeline.local.ui import free_port, serve

    chosen = free_port(port)
    if chosen != port:
        click.echo(f"Port {port} is in use, taking {chosen}")
    click.echo("Starting Dagster ...")
    sys.exit(
        serve(
            settings, chosen, lambda url: click.echo(f"The Dagster UI is at {url} (Ctrl+C ends it)")
        )
    )


def _progress(verb: str, what: str = "files") -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        if total:
            click.echo(f"  {done} of {total} {what} {verb}")

    return show


def _print_outcomes(outcomes: list[Outcome]) -> None:
    from iracing_pipeline.pictures.lap_chart import clock

    for outcome in outcomes:
        name = Path(outcome.file).name
        if outcome.state == "loaded":
            best = clock(outcome.best_lap_time_s, 3) if outcome.best_lap_time_s else "none clean"
            click.echo(
                f"  {name}: {outcome.car} at {outcome.track}, {outcome.laps} laps"
                f" ({outcome.clean_laps} clean, best {best})"
                + (f"; {outcome.note}" if outcome.note else "")
            )
        else:
            click.echo(f"  {name}: {outcome.state}: {outcome.note}")
    laps = sum(outcome.laps or 0 for outcome in outcomes)
    refused = sum(outcome.state == "quarantined" for outcome in outcomes)
    click.echo(f"{laps} laps of {len(outcomes)} files are in the database; {refused} refused.")


def _print_where(settings: Settings) -> None:
    where = settings.database_url and "the database of IRACING_DATABASE_URL"
    click.echo(f"Data folder: {settings.home}; database: {where or 'embedded'}.")
    click.echo("Query it:    psql \"$(iracing-pipeline dsn)\" -c 'table racing.telemetry_lap'")
