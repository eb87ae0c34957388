"""Commands that serve metrics to Prometheus."""

from __future__ import annotations

from pathlib import Path

import click

from iracing_pipeline.cli.console import PORT, echo
from iracing_pipeline.settings import ReportSettings, Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command(epilog="Example: iracing-pipeline metrics --port 9410")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=PORT, default=9410, show_default=True, help="Port to listen on; 0 for any."
)
@click.option(
    "--every",
    type=click.FloatRange(min=1.0),
    default=15.0,
    show_default=True,
    help="Seconds between two queries.",
)
def metrics(host: str, port: int, every: float) -> None:
    """Serve last-known values and the health of the pipeline to Prometheus."""
    from iracing_pipeline.local.metrics import serve
    from iracing_pipeline.metrics.endpoint import PortInUseError

    _warn_of_outsiders(host)
    try:
        serve(
            Settings.from_env(),
            lambda url: echo(f"Metrics are at {url} (Ctrl+C ends it)"),
            host=host,
            port=port,
            every_s=every,
        )
    except PortInUseError as error:
        raise click.ClickException(str(error)) from error


@click.command(epilog="Example: iracing-pipeline live --simulate 60")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=PORT, default=9411, show_default=True, help="Port to listen on; 0 for any."
)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read a copy of the simulator's memory instead.",
)
@click.option(
    "--simulate",
    type=click.FloatRange(min=0.1, max=120.0),
    is_flag=False,
    flag_value=1.0,
    metavar="[SPEED]",
    help="Watch simulated races instead, SPEED times faster than life.",
)
@click.option(
    "--no-token",
    "open_to_all",
    is_flag=True,
    help="Beyond this machine too, answer everybody who reaches HOST.",
)
def live(
    host: str, port: int, file: Path | None, simulate: float | None, *, open_to_all: bool
) -> None:
    """Serve the race as it is now to a browser and to Prometheus, on the racing PC."""
    from contextlib import ExitStack

    from iracing_pipeline.metrics.endpoint import PortInUseError
    from iracing_pipeline.metrics.live.serve import EVERY_S, serve
    from iracing_pipeline.metrics.live.simulator import NoSimulatorError, Simulator

    if file is not None and simulate is not None:
        raise click.UsageError("--file and --simulate exclude each other.")
    settings, token = Settings.from_env(), None
    if host not in _THIS_MACHINE and not open_to_all:
        token, where = _live_token(settings)
        echo(f"Browsers and Prometheus need the token in {where}", err=True)
    elif open_to_all:
        _warn_of_outsiders(host)
    with ExitStack() as ends:
        every_s = EVERY_S
        if simulate is not None:
            from iracing_pipeline.demo.live_race import simulated

            file = ends.enter_context(simulated(simulate))
            every_s = min(EVERY_S, max(1.0 / simulate, 1 / 60))
            echo(f"Simulated races at {simulate:g}x")
        try:
            serve(
                Simulator(file),
                lambda url: echo(
                    f"The pit wall is at {url}, metrics are at {url}metrics (Ctrl+C ends it)"
                ),
                host=host,
                port=port,
                every_s=every_s,
                database=lambda: _running_database(settings),
                token=token,
                units=ReportSettings.from_env().units,
                # Of a simulated race there will be no file.
                record=file is None,
            )
        except (NoSimulatorError, PortInUseError) as error:
            raise click.ClickException(str(error)) from error


def _live_token(settings: Settings) -> tuple[str, str]:
    """The token of the pit wall, and where it can be read; made once."""
    import os
    import secrets

    from iracing_pipeline import private
    from iracing_pipeline.settings import secret

    given = secret(os.environ, "IRACING_LIVE_TOKEN")
    if given is not None:
        return given, "IRACING_LIVE_TOKEN"
    file = settings.home / "live_token"
    # Fit to be typed on a phone: 60 bits, without letters that look alike.
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    parts = ("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))
    return private.secret(file, lambda: "-".join(parts)), str(file)


def _running_database(settings: Settings) -> str | None:
    """The URL of the database; None where the embedded server does not run."""
    from iracing_pipeline.warehouse import embedded

    return settings.database_url or embedded.running(settings.home)


_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


def _warn_of_outsiders(host: str) -> None:
    if host not in _THIS_MACHINE:
        echo(f"Anybody who reaches {host} can read these metrics.", err=True)
