"""Let races run one after the other, at the pace of the clock or faster."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.demo.live_race.entries import Entries
from iracing_pipeline.demo.live_race.memory import MemoryWriter
from iracing_pipeline.demo.live_race.moments import Moments, channels
from iracing_pipeline.demo.live_race.timing import RaceSetup, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_JOINED_S = 30.0
TICKS_PER_S = 60
"""Records a second of the clock, however fast the race runs."""


@dataclass(slots=True)
class RaceRun:
    """A simulator whose memory is a file.

    Attributes:
        path: The file.
        setup: The first race; each further one has the next seed.
        speed: How many times faster than life.
        start_s: Session time at which the first race is joined.
        races: How many races; None for no end.
        sleep: How to wait.
        clock: Seconds of a clock that only runs forwards.
    """

    path: Path
    setup: RaceSetup = field(default_factory=RaceSetup)
    speed: float = 1.0
    start_s: float = 0.0
    races: int | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Run the races until stopped.

        Args:
            ready: Called once the memory can be read.

        Raises:
            OSError: From the disk.
        """
        memory = MemoryWriter(self.path, channels())
        try:
            tick = count(1)
            for number in count():
                if self._stop.is_set() or number == self.races:
                    return
                setup = replace(self.setup, seed=self.setup.seed + number)
                self._race(memory, Moments(draw(setup), setup.seed + 1), tick, ready)
                self.start_s = 0.0
        finally:
            memory.close()

    def start(self) -> None:
        """Run the races in a thread; returns once the memory can be read."""
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self.run, args=(ready.set,), name="simulated race", daemon=True
        )
        self._thread.start()
        ready.wait(30.0)

    def stop(self) -> None:
        """End the simulator."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _race(
        self, memory: MemoryWriter, moments: Moments, tick: count[int], ready: Callable[[], None]
    ) -> None:
        entries, shown = Entries(moments), None
        begun = self.clock() - self.start_s / self.speed
        due = self.clock()
        while not self._stop.is_set():
            t = (self.clock() - begun) * self.speed
            if t > moments.over_s:
                return
            if (state := entries.state(t)) != shown:
                memory.set_session_info(entries.text(t))
                shown = state
            memory.write(moments.values(t, next(tick)))
            memory.connect()
            ready()
            due += 1 / TICKS_PER_S
            self.sleep(max(due - self.clock(), 0.0))


@contextmanager
def simulated(speed: float, setup: RaceSetup | None = None) -> Iterator[Path]:
    """The memory of a simulator that runs races one after the other until the end of the block.

    Args:
        speed: How many times faster than life.
        setup: The first race; one of 40 minutes with 24 cars if None.

    Raises:
        OSError: From the disk.
    """
    # A reader on Windows may still hold the file open at the end.
    with tempfile.TemporaryDirectory(
        prefix="iracing-pipeline-", ignore_cleanup_errors=True
    ) as folder:
        run = RaceRun(Path(folder) / "memory", setup or RaceSetup(), speed, start_s=_JOINED_S)
        run.start()
        try:
            yield run.path
        finally:
            run.stop()
