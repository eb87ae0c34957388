"""A race of which there is telemetry: the member's laps as recorded, in a field that fits them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.plan import Session
from iracing_pipeline.demo.season import race_truths, season
from iracing_pipeline.results.laps import FLAGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from iracing_pipeline.demo.fake_data_api.career import Race

_BIT_OF = {name: bit for bit, name in FLAGS.items()}
_POINTS = {1: "off track", 2: "lost control", 4: "car contact"}
_STOPPING_LAPS = 3  # over which the field stops: the member's own and those after it
_CLEAR_S = 0.1  # gap to the next car that makes a position sure


@dataclass(frozen=True)
class RecordedRace:
    """The member's race by telemetry.

    Attributes:
        lap_s: Time of each lap.
        flags: Lap flags of each.
        pace_s: Median of the laps with nothing against them, the first left out.
        stops: Laps that ended with a stop, from 1.
        positions: Position after each lap, from 1.
    """

    lap_s: NDArray[np.float64]
    flags: NDArray[np.int64]
    pace_s: float
    stops: list[int]
    positions: tuple[int, ...]

    def among(
        self,
        race: Race,
        lap_s: NDArray[np.float64],
        flags: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:
        """Put the member into a field of about the same pace, which stops as often.

        The others' laps are then moved by the little that brings the member across the line in
        the recorded position, after each lap.

        Args:
            race: The race.
            lap_s: Lap times in seconds, one row a car in the order of the grid; changed.
            flags: Lap flags, likewise.
            rng: Random seed.
        """
        own, cars = race.grid - 1, np.arange(race.field)
        equal = (race.grid + race.finish) // 2 - 1  # the member came from grid to finish
        lap_s += self.pace_s - np.median(lap_s[equal, 1:])
        lap_s[:, 0] += self.lap_s[0] - np.median(lap_s[:, 0])
        for stop in self.stops:
            # What went wrong around the stop is in its cost: so much befell the others as well.
            lost = self.lap_s[stop - 1 : stop + 1] - self.pace_s
            ended = np.minimum(stop + (cars - own) % _STOPPING_LAPS, race.laps - 1)
            share = np.maximum(rng.normal(1.0, 0.03, race.field), 0.95)
            for at, cost in zip((ended - 1, ended), lost.tolist(), strict=True):
                lap_s[cars, at] += share * cost
                flags[cars, at] |= _BIT_OF["pitted"]
        others = cars != own
        lap_s[others] += self._moves(lap_s[others])
        lap_s[own], flags[own] = self.lap_s, self.flags

    def _moves(self, lap_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds by which all others' laps must move, one a lap, for the recorded positions."""
        crossings = np.sort(lap_s.cumsum(axis=1), axis=0)
        bounds = np.pad(crossings, ((1, 1), (0, 0)), constant_values=((-np.inf, np.inf), (0, 0)))
        moved, total = [], 0.0
        for lap, (at, position) in enumerate(zip(self.lap_s.cumsum(), self.positions, strict=True)):
            ahead, behind = bounds[position - 1 : position + 1, lap].tolist()
            clear = min(_CLEAR_S, (behind - ahead) / 2)
            total = min(max(total, at - behind + clear), at - ahead - clear)
            moved.append(total)
        return np.diff(moved, prepend=0.0)


def recorded_race(race: Race) -> RecordedRace | None:
    """Read a race from telemetry; None if there is none."""
    truth = race_truths().get(race.subsession_id)
    if truth is None:
        return None
    laps = [lap for lap in truth.laps if lap.lap_time_s is not None and lap.kind != "cooldown"]
    flags = np.zeros(race.laps, dtype=np.int64)
    for at, lap in enumerate(laps):
        flags[at] |= _BIT_OF["pitted"] if lap.kind in {"in", "out", "pit"} else 0
    for incident in truth.incidents:
        flags[incident.lap - 1] |= _BIT_OF[_POINTS[incident.points]]
    plan = next(
        outing.plan
        for outing in season()
        if outing.event.race is race.pinned and outing.plan.session is Session.RACE
    )
    return RecordedRace(
        lap_s=np.array([lap.lap_time_s for lap in laps], dtype=np.float64),
        flags=flags,
        pace_s=float(np.median([lap.lap_time_s or 0 for lap in laps[1:] if lap.clean])),
        stops=[stop.lap for stop in truth.stops],
        positions=plan.positions[1:],
    )
