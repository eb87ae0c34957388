"""Commands that let the system start others at log-on."""

from __future__ import annotations

import os

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415

_commands = click.argument(
    "commands", nargs=-1, type=click.Choice(["up", "live", "metrics"]), metavar="[up|live|metrics]"
)


@click.group(epilog="Example: iracing-pipeline service install")
def service() -> None:
    """Start commands at log-on, and again when they fail.

    Without a name, up, and on Windows live too.
    """


@service.command(epilog="Example: iracing-pipeline service install up metrics")
@_commands
def install(commands: tuple[str, ...]) -> None:
    """Install commands that start at log-on, with the current settings, and start them."""
    from iracing_pipeline.local.service import default_commands, withheld
    from iracing_pipeline.local.service import install as install_service

    for name in withheld(os.environ):
        echo(
            f"{name} is a secret, so the service does not get it: write it into a file that you"
            f" alone can read, and set {name}_FILE to that.",
            err=True,
        )
    for command in commands or default_commands():
        echo(f"{command}: installed, {install_service(Settings.from_env(), command)}")


@service.command(epilog="Example: iracing-pipeline service remove up")
@_commands
def remove(commands: tuple[str, ...]) -> None:
    """Stop commands, and no longer start them at log-on."""
    from iracing_pipeline.local.service import default_commands
    from iracing_pipeline.local.service import remove as remove_service

    for command in commands or default_commands():
        remove_service(Settings.from_env(), command)
        echo(f"{command}: removed")


@service.command(epilog="Example: iracing-pipeline service status")
@_commands
def status(commands: tuple[str, ...]) -> None:
    """Show whether the commands run."""
    from iracing_pipeline.local.service import COMMANDS
    from iracing_pipeline.local.service import status as status_of

    for command in commands or tuple(COMMANDS):
        state = status_of(Settings.from_env(), command)
        echo(f"{command}: {state or 'not installed'}")
