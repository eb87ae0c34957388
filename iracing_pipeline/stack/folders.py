"""The folders of this machine that the stack reads."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from iracing_pipeline.stack.errors import StackError

_FOR_OTHERS = 0o005


def telemetry(folder: Path) -> Path:
    """A telemetry folder that can be what it is said to be.

    Raises:
        StackError: If it cannot.
    """
    folder = folder.expanduser().absolute()
    if folder.is_file():
        raise StackError(f"{folder} is a file. Name the folder that iRacing writes .ibt files to.")
    if not folder.is_dir():
        raise StackError(
            f"There is no folder {folder}. Name the one that iRacing writes .ibt files to; it is"
            " made when telemetry is first recorded (Alt+L in the car)."
        )
    if folder in {Path(folder.anchor), Path.home()}:
        raise StackError(
            f"{folder} is too much: everything in it would be watched. Name the folder that"
            " iRacing writes .ibt files to."
        )
    inside = folder / "telemetry"
    if inside.is_dir() and not any(folder.glob("*.ibt")):
        raise StackError(f"{folder} holds no .ibt file, but its folder telemetry may: {inside}")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise StackError(f"{folder} may not be read by you. Change its permissions.")
    if sys.platform == "linux" and folder.stat().st_mode & _FOR_OTHERS != _FOR_OTHERS:
        # Elsewhere Docker runs in a machine of its own, which sees every file as its user's.
        raise StackError(
            f"{folder} can be read by you alone, and the containers' user is another. Let others"
            f" read it: chmod -R o+rX '{folder}'"
        )
    return folder
