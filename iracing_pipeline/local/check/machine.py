"""This machine: its Python, and its clock beside those of the servers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from iracing_pipeline.local.check.finding import ok, warning, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.local.check.finding import Finding

OLDEST, NEWEST = (3, 11), (3, 13)
# Prometheus takes samples up to ten minutes ahead; races a minute apart must not change places.
SKEWED_S, WRONG_S = 5.0, 60.0


def python(version: tuple[int, int, int] | None = None) -> list[Finding]:
    """Whether the version of Python is one that this is tested with."""
    version = version or (sys.version_info.major, sys.version_info.minor, sys.version_info.micro)
    message = f"{'.'.join(map(str, version))}, {sys.executable}"
    if OLDEST <= version[:2] <= NEWEST:
        return [ok("Python", message)]
    return [
        wrong("Python", f"{message}, is not one that this is made for", "Use 3.11, 3.12 or 3.13")
    ]


def clock(ahead: Mapping[str, float | None]) -> list[Finding]:
    """Whether the clock agrees with others.

    Args:
        ahead: By how many seconds the clock of each server is ahead of ours; None if unknown.
    """
    answered = {name: seconds for name, seconds in ahead.items() if seconds is not None}
    if not answered:
        return []
    name, seconds = max(answered.items(), key=lambda each: abs(each[1]))
    direction = "ahead of" if seconds > 0 else "behind"
    message = f"the clock of {name} is {abs(seconds):.0f} s {direction} ours"
    advice = "Let both set their clocks by the network (Windows: Settings, Time, Synchronise now)"
    if abs(seconds) > WRONG_S:
        return [wrong("clock", message, advice)]
    if abs(seconds) > SKEWED_S:
        return [warning("clock", message, advice)]
    return [ok("clock", f"within {SKEWED_S:.0f} s of {', '.join(answered)}")]
