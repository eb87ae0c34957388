"""Commands about the stack of containers."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415

LOCAL = (
    ("Dagster", "IRACING_DAGSTER_PORT", "3000"),
    ("Grafana", "IRACING_GRAFANA_PORT", "3001"),
    ("Prometheus", "IRACING_PROMETHEUS_PORT", "9090"),
)
PUBLIC = (
    ("Dagster", "IRACING_DAGSTER_TLS_PORT", "3443"),
    ("Grafana", "IRACING_GRAFANA_TLS_PORT", "3444"),
)
FOLDER = click.Path(path_type=Path)
_telemetry = click.option(
    "--telemetry", type=FOLDER, help="The folder that iRacing writes .ibt files to."
)
_demo = click.option("--demo", is_flag=True, help="Use the demo stack, separate from your own.")


@click.group(epilog="Example: iracing-pipeline stack up")
def stack() -> None:
    """Run everything in containers: PostgreSQL, Prometheus, Grafana, Dagster."""


@stack.command(epilog="Example: iracing-pipeline stack setup --telemetry D:/iRacing/telemetry")
@_telemetry
@click.option(
    "--production",
    "public",
    multiple=True,
    metavar="NAME",
    help="A name or address by which others reach the stack: adds TLS and a proxy.",
)
def setup(telemetry: Path | None, public: tuple[str, ...]) -> None:
    """Create .env and secrets/ if they are missing, and find the telemetry folder."""
    from iracing_pipeline.stack import compose

    _set_up(compose.checkout(), telemetry, public)


@stack.command(epilog="Example: iracing-pipeline stack up --demo")
@_telemetry
@_demo
def up(telemetry: Path | None, *, demo: bool) -> None:
    """Set up missing files, build, start, and wait until all services are healthy."""
    from iracing_pipeline.stack import compose
    from iracing_pipeline.stack.setup import setup_demo

    root = compose.checkout()
    docker = compose.program()
    if demo:
        setup_demo(root)
    else:
        _set_up(root, telemetry)
    env = _env_file(demo=demo)
    code = compose.run(docker, root, "up", "--detach", "--build", "--wait", env_file=env)
    if code:
        ill = ", ".join(compose.unhealthy(docker, root, env_file=env)) or "a service"
        raise click.ClickException(
            f"Not everything is healthy: {ill}. See `docker compose logs SERVICE`."
        )
    _print_where(root, env)


@stack.command(epilog="Example: iracing-pipeline stack down")
@_demo
def down(*, demo: bool) -> None:
    """Stop the containers. Data stay in volumes."""
    from iracing_pipeline.stack import compose

    env = _env_file(demo=demo)
    sys.exit(compose.run(compose.program(), compose.checkout(), "down", env_file=env))


def _env_file(*, demo: bool) -> str:
    from iracing_pipeline.stack.setup import DEMO_FILE, ENV_FILE

    return DEMO_FILE if demo else ENV_FILE


def _set_up(root: Path, telemetry: Path | None, public: tuple[str, ...] = ()) -> None:
    from iracing_pipeline.stack.setup import setup as set_up

    def ask(why: str) -> Path:
        echo(why)
        return Path(click.prompt("Telemetry folder", type=str).strip().strip('"'))

    done = set_up(
        root,
        guess=Settings.from_env().telemetry_dir,
        chosen=telemetry,
        ask=ask if sys.stdin.isatty() else None,
        public=public,
    )
    if done.made:
        echo(f"Made {len(done.made)} entries of .env and secrets/.")
    echo(f"Telemetry: {done.telemetry}")


def _print_where(root: Path, env: str) -> None:
    from iracing_pipeline.stack import env_file, secrets
    from iracing_pipeline.stack.setup import NAMES

    values = env_file.read(root / env)
    folder = secrets.folder_of(root, values)
    if NAMES in values:
        for name, variable, default in PUBLIC:
            port = values.get(variable, default)
            echo(f"{name + ':':12}https://{values['IRACING_PUBLIC_NAME']}:{port}")
        echo(f"The proxy's user is admin; its password: {folder / 'proxy_password'}")
    else:
        for name, variable, default in LOCAL:
            echo(f"{name + ':':12}http://127.0.0.1:{values.get(variable, default)}")
    echo(f"Grafana's user is admin; its password: {folder / 'grafana_admin_password'}")
