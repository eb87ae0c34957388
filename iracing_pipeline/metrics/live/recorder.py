"""Keep the laps that were seen live, so that they can be compared with the file of the session."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from iracing_pipeline.tables.live import LIVE_LAP
from iracing_pipeline.warehouse import Warehouse, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from iracing_pipeline.metrics.live.chart import CarChart
    from iracing_pipeline.metrics.live.fuel import FuelWatch
    from iracing_pipeline.metrics.live.simulator import Reading

logger = logging.getLogger(__name__)

_AGAIN_S = 30.0
_SETTLED_S = 4.0
"""After the line: iRacing has written the lap time by then."""
_MOST_WAITING = 5000
_NAMES = ", ".join(LIVE_LAP.names)
_PUT = (
    f"INSERT INTO {LIVE_LAP.name} ({_NAMES})"
    f" VALUES ({', '.join(f'%({name})s' for name in LIVE_LAP.names)})"
    f" ON CONFLICT ({', '.join(LIVE_LAP.key)}) DO NOTHING"
)


@dataclass(slots=True)
class Recorder:
    """A thread that writes the laps of the own car to the database, each once.

    Laps wait while the database is away. A lap that a restarted `live` writes again changes
    nothing.

    Attributes:
        url: The URL of the database; None where there is none now.
    """

    url: Callable[[], str | None]
    written: int = 0
    _waiting: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    _session: tuple[int, int] | None = None
    _last: int = -1
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """Laps that are not written yet."""
        return len(self._waiting)

    def see(self, reading: Reading, chart: CarChart | None, fuel: FuelWatch) -> None:
        """Take note of the laps that the own car has completed since."""
        if reading.session != self._session:
            self._session, self._last = reading.session, -1
        if chart is None or reading.session_time_s is None:
            return
        crossings = chart.crossings
        for at in range(len(crossings) - 1, 0, -1):
            if crossings[at].lap <= self._last:
                break
        else:
            at = 0
        burnt = {lap.lap: lap for lap in fuel.laps[-20:]}
        for index in range(at + 1, len(crossings)):
            before, crossing = crossings[index - 1], crossings[index]
            if reading.session_time_s < crossing.session_time_s + _SETTLED_S:
                break
            self._last = crossing.lap
            if crossing.lap < 1:
                continue
            lap = burnt.get(crossing.lap)
            since = reading.session_time_s - crossing.session_time_s
            about = reading.about
            self._waiting.append(
                {
                    "live_session": "-".join(
                        map(str, (about.subsession_id or 0, *reading.session))
                    ),
                    "lap_number": crossing.lap,
                    "subsession_id": about.subsession_id,
                    "simsession_number": reading.session[1],
                    "car_id": about.car_id,
                    "track_id": about.track_id,
                    "cust_id": about.recorder_id,
                    "driver_id": about.driver_id if lap is None else lap.driver_id,
                    "ended_at": datetime.fromtimestamp(reading.at - since, UTC),
                    "session_time_s": crossing.session_time_s,
                    "lap_time_s": crossing.session_time_s - before.session_time_s
                    if crossing.timed and before.lap == crossing.lap - 1
                    else None,
                    "fuel_used_l": None if lap is None else lap.used_l,
                    "pitted": crossing.pitted,
                }
            )
            self._wake.set()

    def start(self) -> None:
        """Write in a thread."""
        self._thread = threading.Thread(target=self._run, name="live laps", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end the thread."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=15.0)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            rows = list(self._waiting)
            if rows and self._write(rows):
                for _ in rows:
                    self._waiting.popleft()
                self.written += len(rows)
            if self._stop.is_set():
                return
            if self._waiting:
                self._stop.wait(_AGAIN_S)
                self._wake.set()

    def _write(self, rows: Sequence[dict[str, Any]]) -> bool:
        try:
            url = self.url()
            if url is None:
                return False
            with Warehouse(url).connect() as connection, connection.cursor() as cursor:
                cursor.executemany(_PUT, rows)
        except (WarehouseError, psycopg.Error, OSError) as error:
            logger.info("Laps seen live are not written yet: %s", error)
            return False
        return True
