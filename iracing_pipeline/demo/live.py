"""Record an outing live: the file grows as it does while somebody drives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from iracing_pipeline.demo.outing import DemoFile, recorded, sheet_of
from iracing_pipeline.demo.records import TICK_RATE
from iracing_pipeline.demo.session_info import session_info
from iracing_pipeline.ibt.writer import IbtWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from iracing_pipeline.demo.outing import Outing


def record_live(
    folder: Path,
    outing: Outing,
    seed: int,
    *,
    speed: float = 1.0,
    every_s: float = 0.5,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> DemoFile:
    """Write an outing at the pace at which it is driven, and close it at its end.

    Args:
        folder: Folder to write to.
        outing: What is driven; one that is not to be closed is abandoned at its end.
        seed: Random seed.
        speed: How many times faster than life.
        every_s: Seconds of driving between two writes.
        sleep: How to wait.
        clock: How to tell the time in seconds.

    Raises:
        OSError: From the disk.
    """
    frame, channels, truth = recorded(outing, seed)
    path = folder / outing.file_name
    info = session_info(sheet_of(outing))
    begun = clock()
    with IbtWriter(path, channels, info, start=outing.header_start) as writer:
        driven_s = 0.0
        for part in frame.iter_slices(max(1, round(every_s * TICK_RATE))):
            writer.append(part)
            driven_s += part.height / TICK_RATE
            sleep(max(0.0, driven_s / speed - (clock() - begun)))
        if not outing.closed:
            writer.abandon()
    return DemoFile(path, outing, truth)
