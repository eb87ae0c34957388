"""What commands print: text from outside cannot control the terminal."""

from __future__ import annotations

import click

from iracing_pipeline.printable import printable


def echo(text: str, *, err: bool = False) -> None:
    """Print a line to the console."""
    click.echo(printable(text), err=err)
