"""Watch the simulator and answer scrapes and browsers."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iracing_pipeline.metrics.endpoint import LOOPBACK
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.live.decisions import NO_RACE, Decisions, Strategist
from iracing_pipeline.metrics.live.gauges import families
from iracing_pipeline.metrics.live.known import KnownSource
from iracing_pipeline.metrics.live.outlooks import MOST_SHARE, SHARE, Outlooks
from iracing_pipeline.metrics.live.page import event
from iracing_pipeline.metrics.live.recorder import Recorder
from iracing_pipeline.metrics.live.site import Feed, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.metrics.live.simulator import Reading, Simulator

EVERY_S, SEARCH_EVERY_S = 1.0, 5.0
_SWITCH_S = 0.0005


@dataclass(slots=True)
class Wall:
    """The simulator, what is decided, and the text of both.

    Attributes:
        simulator: What to read.
        database: The URL of the database; None where there is none now.
        units: ``metric`` or ``imperial``, for the page.
        record: Whether laps are kept to be compared with the file of the session.
        feed: What the page is sent.
        reading: The last reading.
        decisions: What was decided then.
        text: The answer to the next scrapes.
        outlooks: Works out the rest of the race.
    """

    simulator: Simulator
    database: Callable[[], str | None] = lambda: None
    units: str = "metric"
    record: bool = False
    feed: Feed = field(default_factory=Feed)
    reading: Reading | None = None
    decisions: Decisions = NO_RACE
    text: bytes = b""
    outlooks: Outlooks = field(default_factory=Outlooks)
    _known: KnownSource | None = None
    _recorder: Recorder | None = None
    _strategist: Strategist = field(default_factory=Strategist)

    def start(self) -> None:
        """Start the threads that work beside the readings."""
        self._known = KnownSource(self.database)
        if self.record:
            self._recorder = Recorder(self.database)
            self._recorder.start()
        self._strategist = Strategist(self.outlooks.ask, lambda: self.outlooks.answered)
        self.outlooks.start()
        self._known.start()

    def stop(self) -> None:
        """End them, and let the memory go."""
        self.outlooks.stop()
        for thread in (self._known, self._recorder):
            if thread is not None:
                thread.stop()
        self.simulator.close()

    def look(self) -> Reading | None:
        """Read the simulator, decide, and put the answer to the next scrapes together.

        Raises:
            NoSimulatorError: If iRacing cannot run on this system.
        """
        reading = self.simulator.read()
        decisions = NO_RACE
        if reading is not None:
            about = reading.about
            known = None if self._known is None else self._known.known(about.car_id, about.track_id)
            decisions = self._strategist.decide(
                reading, self.simulator.fuel, self.simulator.field_watch.charts, known
            )
            if self._recorder is not None and reading.own is not None:
                chart = self.simulator.field_watch.charts.get(reading.own.entry.index)
                self._recorder.see(reading, chart, self.simulator.fuel)
        self.reading, self.decisions = reading, decisions
        watch = self.simulator
        self.feed.put(
            event(
                reading,
                decisions,
                fuel=watch.fuel,
                watch=watch.field_watch,
                units=self.units,
            )
        )
        self.text = exposition(families(reading, decisions))
        return reading


def serve(
    simulator: Simulator,
    started: Callable[[str], None],
    *,
    host: str = LOOPBACK,
    port: int = 9411,
    every_s: float = EVERY_S,
    search_every_s: float = SEARCH_EVERY_S,
    stop: threading.Event | None = None,
    database: Callable[[], str | None] = lambda: None,
    token: str | None = None,
    units: str = "metric",
    record: bool = False,
) -> None:
    """Read the simulator again and again, and answer scrapes with the last reading.

    Args:
        simulator: What to read.
        started: Called with the page's address once it answers.
        host: Address to listen on.
        port: Port to listen on; 0 for any that is free.
        every_s: Seconds between two readings.
        search_every_s: Seconds between two looks for a simulator that does not run.
        stop: Ends it when set.
        database: The URL of the database; None where there is none now.
        token: What requests have to carry; None to answer everybody.
        units: ``metric`` or ``imperial``, for the page.
        record: Whether laps are kept to be compared with the file of the session.

    Raises:
        NoSimulatorError: If iRacing cannot run on this system.
        PortInUseError: If it cannot listen there.
    """
    stop = stop or threading.Event()
    # A scrape must not wait for the 5 ms that Python leaves a busy thread by default.
    sys.setswitchinterval(_SWITCH_S)
    wall = Wall(simulator, database, units, record)
    wall.outlooks.share = min(SHARE * EVERY_S / every_s, MOST_SHARE)
    wall.look()
    endpoint = Site(lambda: wall.text, wall.feed, host=host, port=port, token=token)
    endpoint.start()
    wall.start()
    try:
        started(endpoint.address)
        while not stop.wait(every_s if wall.reading is not None else search_every_s):
            wall.look()
    except KeyboardInterrupt:
        pass
    finally:
        endpoint.stop()
        wall.stop()
