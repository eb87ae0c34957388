"""Commands that serve metrics to Prometheus."""

from __future__ import annotations

from pathlib import Path

import click

from iracing_pipeline.cli.console import PORT, echo
from iracing_pipeline.settings import Settings

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
    help="Seconds between two looks.",
)
def metrics(host: str, port: int, every: float) -> None:
    """Serve what is last known, and how the pipeline is, to Prometheus."""
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
def live(host: str, port: int, file: Path | None, simulate: float | None) -> None:
    """Serve the race as it is now to Prometheus and to a browser, on the racing PC."""
    from contextlib import ExitStack

    from iracing_pipeline.metrics.endpoint import PortInUseError
    from iracing_pipeline.metrics.live.serve import EVERY_S, serve
    from iracing_pipeline.metrics.live.simulator import NoSimulatorError, Simulator

    if file is not None and simulate is not None:
        raise click.UsageError("--file and --simulate exclude each other.")
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
                lambda url: echo(f"The race is at {url} (Ctrl+C ends it)"),
                host=host,
                port=port,
                every_s=every_s,
            )
        except (NoSimulatorError, PortInUseError) as error:
            raise click.ClickException(str(error)) from error


def _warn_of_outsiders(host: str) -> None:
    if host not in {"127.0.0.1", "::1", "localhost"}:
        echo(f"Anybody who reaches {host} can read these metrics.", err=True)
