"""Commands about the stack of containers."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iracing_pipeline.settings import Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415

FOLDER = click.Path(path_type=Path)
_telemetry = click.option(
    "--telemetry", type=FOLDER, help="The folder that iRacing writes .ibt files to."
)


@click.group()
def stack() -> None:
    """Run everything in containers: PostgreSQL, Prometheus, Grafana, Dagster."""


@stack.command()
@_telemetry
def setup(telemetry: Path | None) -> None:
    """Make .env and secrets/ where they are missing, and find the telemetry folder."""
    from iracing_pipeline.stack import compose

    _set_up(compose.checkout(), telemetry)


@stack.command()
@_telemetry
def up(telemetry: Path | None) -> None:
    """Set up what is missing, build, start, and wait until everything is healthy."""
    from iracing_pipeline.stack import compose

    root = compose.checkout()
    docker = compose.program()
    _set_up(root, telemetry)
    code = compose.run(docker, root, "up", "--detach", "--build", "--wait")
    if code:
        ill = ", ".join(compose.unhealthy(docker, root)) or "a service"
        raise click.ClickException(
            f"Not everything is healthy: {ill}. See `docker compose logs SERVICE`."
        )
    _print_where(root)


@stack.command()
def down() -> None:
    """Stop the containers. What they hold stays in volumes."""
    from iracing_pipeline.stack import compose

    sys.exit(compose.run(compose.program(), compose.checkout(), "down"))


def _set_up(root: Path, telemetry: Path | None) -> None:
    from iracing_pipeline.stack.setup import setup as set_up

    def ask(why: str) -> Path:
        click.echo(why)
        return Path(click.prompt("Telemetry folder", type=str).strip().strip('"'))

    done = set_up(
        root,
        guess=Settings.from_env().telemetry_dir,
        chosen=telemetry,
        ask=ask if sys.stdin.isatty() else None,
    )
    if done.made:
        click.echo(f"Made {len(done.made)} entries of .env and secrets/.")
    click.echo(f"Telemetry: {done.telemetry}")


def _print_where(root: Path) -> None:
    from iracing_pipeline.stack import env_file

    known = env_file.read(root / ".env")
    for name, variable, default in (
        ("Dagster", "IRACING_DAGSTER_PORT", "3000"),
        ("Grafana", "IRACING_GRAFANA_PORT", "3001"),
        ("Prometheus", "IRACING_PROMETHEUS_PORT", "9090"),
    ):
        click.echo(f"{name + ':':12}http://127.0.0.1:{known.get(variable, default)}")
    click.echo(f"Grafana's user is admin; its password: {root / 'secrets/grafana_admin_password'}")
