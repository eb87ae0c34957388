"""Output of commands: text from outside cannot control the terminal."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from iracing_pipeline.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PORT = click.IntRange(0, 65535)
"""The type of an option that takes a port."""

_STEPS = 10  # lines of progress where the output is no terminal


def echo(text: str, *, err: bool = False) -> None:
    """Print a line to the console."""
    click.echo(printable(text), err=err)


def echo_coloured(text: str, colour: str) -> None:
    """Print the beginning of a line in a colour; the next ``echo`` ends the line."""
    click.secho(printable(text), fg=colour, nl=False)


@contextmanager
def progress(verb: str, what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show progress: a bar in a terminal, up to ten lines elsewhere.

    Args:
        verb: Such as ``Loaded``.
        what: Unit of the count, such as ``files``.
        quiet: Show nothing.

    Yields:
        Takes what is done, and how much there is in all.
    """
    shown = -1
    is_bar = sys.stdout.isatty() and not quiet
    # Outside a terminal, a bar prints its label alone.
    out = sys.stdout if is_bar else io.StringIO()
    with click.progressbar(
        length=1, label=verb, show_pos=True, show_percent=False, file=out
    ) as bar:

        def show(done: int, total: int) -> None:
            nonlocal shown
            if quiet or not total:
                return
            if is_bar:
                bar.length = total
                bar.update(done - bar.pos)
            elif done == total or done * _STEPS // total > shown * _STEPS // total:
                if done != shown:
                    echo(f"  {verb} {done} of {total} {what}")
                shown = done

        yield show
