"""Open a page in the user's browser."""

from __future__ import annotations

import os
import sys
import webbrowser

from iracing_pipeline.child_environment import only_system_variables
from iracing_pipeline.cli.console import echo


def show(address: str) -> None:
    """Open an address in the browser, or print it if there is no browser with a window."""
    # Without a screen a browser of the terminal would take the console.
    screen = sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    with only_system_variables():  # the browser goes on when we have ended
        opened = screen and webbrowser.open(address)
    if not opened:
        echo(f"No browser could be opened. Open this address: {address}", err=True)
