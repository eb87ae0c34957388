"""Figures of earlier sessions of this car on this track, from the database."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
import psycopg
from psycopg.rows import dict_row

from iracing_pipeline.analysis.fuel_to_flag import FuelPrior, fuel_prior
from iracing_pipeline.warehouse import Warehouse, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)

_AGAIN_S = 60.0
_LAPS = 5000
_PLACE = "SELECT * FROM racing.car_track WHERE car_id = %s AND track_id = %s"
_FUEL = """
SELECT fuel.session_key, fuel.condition, fuel.fuel_used_l
FROM racing.fuel_lap AS fuel JOIN racing.telemetry_session AS session USING (session_key)
WHERE session.car_id = %s AND session.track_id = %s AND fuel.condition = 'clean'
ORDER BY session.start_time DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Known:
    """Figures from before the session.

    Attributes:
        place: Row of ``racing.car_track``; None where the car was not driven here.
        prior: What laps burnt; None for too few sessions.
    """

    place: Mapping[str, Any] | None = None
    prior: FuelPrior | None = None


def load(warehouse: Warehouse, car_id: int, track_id: int) -> Known:
    """Read the figures of a car on a track.

    Raises:
        WarehouseError: If the database cannot be reached.
        psycopg.Error: If it fails.
    """
    with warehouse.connect(autocommit=True) as connection:
        with connection.cursor(row_factory=dict_row) as cursor:
            place = cursor.execute(_PLACE, (car_id, track_id)).fetchone()
        rows = connection.execute(_FUEL, (car_id, track_id, _LAPS)).fetchall()
    fuel = pl.DataFrame(
        rows,
        schema={
            "session_key": pl.String,
            "condition": pl.String,
            "fuel_used_l": pl.Float64,
        },
        orient="row",
    )
    return Known(place, fuel_prior(fuel))


@dataclass(slots=True)
class KnownSource:
    """A thread that asks the database once for each car and track, and again while it fails.

    Attributes:
        url: The URL of the database; None where there is none now.
    """

    url: Callable[[], str | None]
    up: bool | None = None
    _found: dict[tuple[int, int], Known] = field(default_factory=dict)
    _wanted: tuple[int, int] | None = None
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def known(self, car_id: int | None, track_id: int | None) -> Known:
        """The figures of a car on a track that have been read so far."""
        if car_id is None or track_id is None:
            return Known()
        key = car_id, track_id
        if key not in self._found and self._wanted != key:
            self._wanted = key
            self._wake.set()
        return self._found.get(key, Known())

    def start(self) -> None:
        """Ask in a thread."""
        self._thread = threading.Thread(target=self._run, name="what is known", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=15.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            while (key := self._wanted) is not None and not self._stop.is_set():
                if self._look(key):
                    if self._wanted == key:
                        self._wanted = None
                    continue
                self._stop.wait(_AGAIN_S)

    def _look(self, key: tuple[int, int]) -> bool:
        try:
            url = self.url()
            if url is None:
                self.up = None
                return False
            found = load(Warehouse(url), *key)
        except (WarehouseError, psycopg.Error, OSError) as error:
            logger.info("The database says nothing of the car: %s", error)
            self.up = False
            return False
        self.up = True
        # A race has one car and one track: those of the race before are let go.
        self._found = {key: found}
        return True
