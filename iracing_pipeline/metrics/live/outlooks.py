"""The rest of the race, worked out beside the readings: it takes tenths of a second.

From the lap chart that was watched come the same frames as from a result, so the paces of the cars
and the rest of the race are estimated by the functions that take races apart afterwards.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iracing_pipeline.analysis.race_field import NoLapError
from iracing_pipeline.analysis.race_ledger import read_race
from iracing_pipeline.analysis.race_outlook import outlook
from iracing_pipeline.tables.results import LAP, RESULT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from iracing_pipeline.analysis.race_outlook import Outlook
    from iracing_pipeline.analysis.race_pace import CarPace
    from iracing_pipeline.analysis.race_replay import Distance
    from iracing_pipeline.metrics.live.chart import Crossing
    from iracing_pipeline.metrics.live.field import Entry

_PITTED = 2  # bit of a lap's flags
SHARE, MOST_SHARE = 0.005, 0.25
"""Share of a core that outlooks may take, at a reading a second and at most."""
_MOST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The race for which an outlook is requested.

    Attributes:
        session: SessionUniqueID and SessionNum.
        entries: The cars.
        crossings: Crossings of each car, by CarIdx.
        own: CarIdx of the own car.
        distance: How long the race is.
        stops: Laps at whose end the own car will stop.
        stop_s: What its next stop costs; None for what stops cost in this race.
        stint_laps: Laps that its tank lasts; None where not known.
        team: Whether drivers share cars: then nobody's iRating is that of a car.
        session_time_s: Session time of the question.
    """

    session: tuple[int, int]
    entries: Sequence[Entry]
    crossings: Mapping[int, Sequence[Crossing]]
    own: int
    distance: Distance
    stops: tuple[int, ...] = ()
    stop_s: float | None = None
    stint_laps: int | None = None
    team: bool = False
    session_time_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Answered:
    """An outlook, and what it rests on.

    Attributes:
        session: The session that it is of.
        outlook: The outlook; None where there is none yet.
        pace: The pace of the own car in this race; None before it completed a lap.
        session_time_s: Session time of the question.
    """

    session: tuple[int, int]
    outlook: Outlook | None
    pace: CarPace | None
    session_time_s: float


def answer(asked: Asked) -> Answered:
    """The outlook of a moment."""
    laps, results = frames(asked.entries, asked.crossings)
    race = read_race(laps, results)
    own_class = next((each.class_id for each in asked.entries if each.index == asked.own), None)
    ratings = {
        entry.index: None if entry.irating is None or asked.team else float(entry.irating)
        for entry in asked.entries
        if entry.class_id == own_class
    }
    try:
        found = outlook(
            race,
            asked.own,
            asked.distance,
            stops=asked.stops,
            stop_s=asked.stop_s,
            stint_laps=asked.stint_laps,
            ratings=ratings,
        )
    except NoLapError:
        found = None
    return Answered(asked.session, found, race.paces.get(asked.own), asked.session_time_s)


def frames(
    entries: Sequence[Entry], crossings: Mapping[int, Sequence[Crossing]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of ``racing.lap`` and ``racing.result`` as a result file of the race so far has them.

    Args:
        entries: The cars; ``group_id`` is their CarIdx.
        crossings: Crossings of each car, by CarIdx.
    """
    key = {"subsession_id": 0, "simsession_number": 0}
    shared = {**key, "source": "live", "source_rank": 0, "events": [], "valid": True}
    laps = [
        {
            **shared,
            "group_id": entry.index,
            "lap_number": each.lap,
            "session_time_s": each.session_time_s,
            "flags": _PITTED * each.pitted,
            "pitted": each.pitted,
        }
        for entry in entries
        for each in crossings.get(entry.index, ())
    ]
    results = [
        {
            **key,
            "source": "live",
            "source_rank": 0,
            "group_id": entry.index,
            "participant_id": entry.index,
            "kind": "driver",
            "car_class_id": entry.class_id,
        }
        for entry in entries
    ]
    return LAP.frame(laps), RESULT.frame(results)


@dataclass(slots=True)
class Outlooks:
    """The thread that works outlooks out, as often as its share of a core allows.

    Attributes:
        share: That share.
        failures: Lap charts that no race can have.
    """

    share: float = SHARE
    _asked: Asked | None = None
    _answered: Answered | None = None
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    failures: int = 0

    @property
    def answered(self) -> Answered | None:
        """The last outlook."""
        return self._answered

    def ask(self, asked: Asked) -> None:
        """Want an outlook of a later moment; one that waits is forgotten."""
        self._asked = asked
        self._wake.set()

    def start(self) -> None:
        """Work in a thread."""
        self._thread = threading.Thread(target=self._run, name="race outlook", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            asked, self._asked = self._asked, None
            if asked is None or self._stop.is_set():
                continue
            begun = time.thread_time()
            try:
                self._answered = answer(asked)
            except (ValueError, ArithmeticError, IndexError, KeyError):
                # A lap chart that no race can have: the decisions that need it stay unknown.
                self.failures += 1
                self._answered = Answered(asked.session, None, None, asked.session_time_s)
            self._stop.wait(min((time.thread_time() - begun) / self.share, _MOST_WAIT_S))
