"""The command line as a whole: errors are messages, not tracebacks."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.cli.failures import sentence
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.printable import printable
from iracing_pipeline.settings import misspelt

INTERRUPTED = 130
"""The exit code after Ctrl+C, as in a shell."""


class Commands(click.Group):
    """Commands whose errors are messages, not tracebacks."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the program; what the console cannot show becomes a question mark."""
        # Output that goes to a file or another program on Windows has an encoding of the country's,
        # and drivers have names of all countries.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        return super().main(*args, **extra)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, with its examples and those of its own commands on a line each."""
        for each in (cmd, *(cmd.commands.values() if isinstance(cmd, click.Group) else ())):
            each.epilog = example_lines(each.epilog)
        super().add_command(cmd, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands with the whole first sentence of each."""
        rows = [
            (name, command.get_short_help_str(limit=300))
            for name, command in sorted(self.commands.items())
            if not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; what goes wrong for a reason that we know becomes its message."""
        for line in misspelt(os.environ):
            echo(f"Warning: {line}", err=True)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            echo(
                "\nStopped. Nothing is incomplete: run the same command again to continue.",
                err=True,
            )
            raise click.exceptions.Exit(INTERRUPTED) from None
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            message = str(error) if isinstance(error, PipelineError) else sentence(error)
            if message is None:
                raise
            raise click.ClickException(printable(message)) from error


def example_lines(epilog: str | None) -> str | None:
    """The examples of a command, ``Examples: one; another``, on a line each."""
    if not epilog or "\b" in epilog:
        return epilog
    title, _, text = epilog.partition(": ")
    return "\b\n" + "\n".join([f"{title}:", *(f"  {line}" for line in text.split("; "))])
