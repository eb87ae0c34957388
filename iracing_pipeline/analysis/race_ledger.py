"""The seconds between the cars of a race, as a sum of causes.

The time of a car at the line is taken apart lap by lap: the pace of its own clean laps, what
traffic and fade add to it, and what each stop, mistake and caution cost beyond that. The difference
of two cars, cause by cause, is the gap between them. What no evidence explains has a cause of its
own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import race_pace, robust
from iracing_pipeline.analysis.race_crossings import GAP_BANDS_S, cars
from iracing_pipeline.analysis.race_pace import Z_CAUSE, CarPace, car_paces
from iracing_pipeline.analysis.race_parts import (
    CAUSES,
    FADE,
    NOTHING,
    PACE,
    START,
    TRAFFIC,
    UNEXPLAINED,
    Part,
    parts_of,
    reach,
)
from iracing_pipeline.tables.race import RACE_LEDGER, RACE_PACE, TRAFFIC_EFFECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from iracing_pipeline.analysis.race_crossings import Note
    from iracing_pipeline.analysis.race_pace import Wake
    from iracing_pipeline.analysis.samples import Floats

_MEASURED = {START}
_SAME_GAP_S = 0.0015


@dataclass(frozen=True, slots=True)
class Race:
    """The cars of one simsession, fitted, and their rows of the result.

    Attributes:
        paces: The model of each car, by ``group_id``.
        results: Row of ``racing.result`` of each entry, by ``group_id``.
        origin_s: Session clock of the first car on the grid.
    """

    paces: dict[int, CarPace]
    results: dict[int, dict[str, Any]]
    origin_s: float
    cached: dict[tuple[int, int], dict[str, Part]] = field(default_factory=dict)

    def parts(self, group_id: int, lap_number: int) -> dict[str, Part]:
        """The race of one car up to the end of a lap, by cause."""
        key = (group_id, lap_number)
        if key not in self.cached:
            self.cached[key] = parts_of(self.paces[group_id], lap_number, self.origin_s)
        return self.cached[key]


def read_race(
    laps: pl.DataFrame,
    results: pl.DataFrame,
    events: pl.DataFrame | None = None,
    notes: Mapping[int, Mapping[int, Note]] | None = None,
) -> Race:
    """Fit the cars of one simsession.

    Args:
        laps: Rows of ``racing.lap`` of one simsession.
        results: Its rows of ``racing.result``.
        events: Its rows of ``racing.session_event``.
        notes: Additions of telemetry, by ``group_id`` and lap number.
    """
    found = cars(laps, results, events, notes)
    starts = [car.start_s for car in found if np.isfinite(car.start_s)]
    entries = results.filter(pl.col("kind") != "team_driver")
    return Race(
        paces={pace.car.group_id: pace for pace in car_paces(found)},
        results={row["group_id"]: row for row in entries.rows(named=True)},
        origin_s=min(starts, default=0.0),
    )


def references(race: Race) -> dict[int | None, int]:
    """The car that each class is compared with: its winner.

    The first in the result that completed a lap; where the result gives no place, or gives one
    twice, the car with most laps, and of those the one that completed them first.
    """
    best: dict[int | None, tuple[tuple[float, ...], int]] = {}
    for group_id, pace in race.paces.items():
        car = pace.car
        place = race.results.get(group_id, {}).get("finish_position_in_class")
        order = (
            np.inf if place is None else float(place),
            -float(car.lap[-1]),
            float(car.at_s[-1]),
            float(group_id),
        )
        leader = best.get(car.class_id)
        if leader is None or order < leader[0]:
            best[car.class_id] = (order, group_id)
    return {class_id: group_id for class_id, (_, group_id) in best.items()}


def ledger(race: Race, subsession_id: int, simsession_number: int) -> pl.DataFrame:
    """Rows of ``racing.race_ledger``: every car against the winner of its class."""
    rows: list[dict[str, object]] = []
    chosen = references(race)
    for group_id, pace in race.paces.items():
        against = chosen[pace.car.class_id]
        for row in _rows(race, group_id, against):
            row["subsession_id"] = subsession_id
            row["simsession_number"] = simsession_number
            rows.append(row)
    return RACE_LEDGER.frame(rows)


def race_paces(race: Race, subsession_id: int, simsession_number: int) -> pl.DataFrame:
    """Rows of ``racing.race_pace``: the pace of each car in clean air, its spread and its fade."""
    rows: list[dict[str, object]] = []
    for group_id, pace in race.paces.items():
        width = robust.t_quantile(pace.freedom) if pace.freedom > 0 else np.nan
        error = float(np.sqrt(pace.covariance[race_pace.PACE, race_pace.PACE]))
        fade, fade_error = pace.fade
        rows.append(
            {
                "subsession_id": subsession_id,
                "simsession_number": simsession_number,
                "group_id": group_id,
                "car_class_id": pace.car.class_id,
                "lap_spread_s": _known(pace.spread_s),
                "lap_count": pace.lap_count,
                "traffic_lap_count": int(pace.columns[pace.raced, race_pace.TRAFFIC].sum()),
                **_interval("clean_pace", "s", pace.clean_pace_s, width * error),
                **_interval(FADE, "s_per_lap", fade, width * fade_error),
            }
        )
    return RACE_PACE.frame(rows)


def traffic_effects(race: Race, subsession_id: int, simsession_number: int) -> pl.DataFrame:
    """Rows of ``racing.traffic_effect``: what each gap to the car ahead adds, by class."""
    classes = {pace.car.class_id: pace.wake for pace in race.paces.values()}
    rows: list[dict[str, object]] = []
    for class_id, wake in classes.items():
        for band in np.flatnonzero(wake.known):
            half = robust.Z95 * float(np.sqrt(wake.covariance[band, band]))
            rows.append(
                {
                    "subsession_id": subsession_id,
                    "simsession_number": simsession_number,
                    "car_class_id": class_id or 0,
                    "gap_low_s": GAP_BANDS_S[band],
                    "gap_high_s": GAP_BANDS_S[band + 1],
                    **_interval("effect", "s_per_lap", float(wake.value[band]), half),
                    "lap_count": int(wake.laps[band]),
                    "car_count": wake.cars,
                }
            )
    return TRAFFIC_EFFECT.frame(rows)


def _interval(name: str, unit: str, value: float, half: float) -> dict[str, object]:
    return {
        f"{name}_{unit}": _known(value),
        f"{name}_low_{unit}": _known(value - half),
        f"{name}_high_{unit}": _known(value + half),
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _rows(race: Race, group_id: int, against: int) -> Iterator[dict[str, object]]:
    """One row for each cause that either car shows."""
    car, winner = race.paces[group_id].car, race.paces[against].car
    common = np.intersect1d(car.lap, winner.lap, assume_unique=True)
    if not len(common):
        return
    last = int(common[-1])
    gap = float(car.at_s[car.lap == last][0] - winner.at_s[winner.lap == last][0])
    own, theirs = race.parts(group_id, last), race.parts(against, last)
    own, theirs = _comparable(own, theirs)
    official, laps_down = _official(race, group_id, against)
    for cause in CAUSES:
        mine, other = own.get(cause), theirs.get(cause)
        if mine is None and other is None:
            continue
        mine, other = mine or NOTHING, other or NOTHING
        if group_id == against:
            seconds, low, high, supported = 0.0, 0.0, 0.0, False
        else:
            seconds, low, high, supported = _difference(
                cause, mine, other, race.paces[group_id].wake
            )
        evidence: dict[str, Any] = {"text": _text(mine, other)}
        if mine.items:
            evidence["items"] = list(mine.items)
        if other.items and group_id != against:
            evidence["winner"] = list(other.items)
        if cause == UNEXPLAINED and _contradicts(gap, official, last, car, winner):
            evidence["text"] += f"; the result says {official:.3f} s, the laps {gap:.3f} s"
        yield {
            "group_id": group_id,
            "against_group_id": against,
            "cause": cause,
            "seconds": seconds,
            "low_s": _known(low),
            "high_s": _known(high),
            "evidence": json.dumps(evidence, ensure_ascii=False),
            "supported": supported,
            "lap_count": mine.laps,
            "own_s": mine.seconds,
            "own_error_s": _known(mine.error),
            "share": seconds / gap if gap else None,
            "gap_s": gap,
            "lap_number": last,
            "laps_down": laps_down,
            "official_gap_s": official,
            "car_class_id": car.class_id,
        }


def _official(race: Race, group_id: int, against: int) -> tuple[float | None, int | None]:
    """Gap to the winner by the result, and laps behind him."""
    own, winner = race.results.get(group_id, {}), race.results.get(against, {})
    laps, most = own.get("laps_complete"), winner.get("laps_complete")
    gap, zero = own.get("class_interval_s"), winner.get("class_interval_s")
    official = None if gap is None else float(gap) - float(zero or 0.0)
    return official, None if laps is None or most is None else int(most) - int(laps)


def _contradicts(gap: float, official: float | None, last: int, car: Any, winner: Any) -> bool:
    if official is None or last != car.lap[-1] or last != winner.lap[-1]:
        return False
    return abs(gap - official) > _SAME_GAP_S


def _comparable(
    own: dict[str, Part], theirs: dict[str, Part]
) -> tuple[dict[str, Part], dict[str, Part]]:
    """Both cars with the same causes known: what only one of them shows is unexplained.

    A car of which no clean lap is known has no pace, and one without a first lap no start. Then
    the other's cannot be compared with it.
    """
    for cause in (START, PACE):
        if (cause in own) != (cause in theirs):
            own, theirs = _unexplained(own, cause), _unexplained(theirs, cause)
    return own, theirs


def _unexplained(parts: dict[str, Part], cause: str) -> dict[str, Part]:
    if cause not in parts:
        return parts
    moved, rest = parts[cause], parts.get(UNEXPLAINED, NOTHING)
    text = "; ".join(filter(None, [rest.text, f"{cause} of the other car is not known"]))
    total = Part(
        moved.seconds + rest.seconds, np.nan, 0.0, moved.laps + rest.laps, None, rest.items, text
    )
    return {name: part for name, part in parts.items() if name != cause} | {UNEXPLAINED: total}


def _difference(cause: str, own: Part, other: Part, wake: Wake) -> tuple[float, float, float, bool]:
    """Seconds between two cars with the 95 % interval, and whether the cause is supported.

    That takes a 99 % interval that leaves out zero, so that over the five causes that a car may be
    given, at most one car in twenty is given one without reason.
    """
    seconds = own.seconds - other.seconds
    if cause in _MEASURED:
        return seconds, seconds, seconds, seconds != 0
    error = float(np.hypot(own.error, other.error))
    if cause == TRAFFIC:  # both cars have it from the same estimate
        laps = _behind(own) - _behind(other)
        error = float(np.sqrt(laps @ wake.covariance @ laps))
    if not np.isfinite(error):
        return seconds, np.nan, np.nan, False
    freedom = min(own.freedom, other.freedom) if cause == TRAFFIC else _freedom(own, other, error)
    middle = _middle(own) - _middle(other)
    half = error * reach(freedom)
    low, high = min(middle - half, seconds), max(middle + half, seconds)
    least = half if cause == PACE else error * reach(freedom, Z_CAUSE)
    return seconds, low, high, seconds != 0 and abs(middle) > least


def _behind(part: Part) -> Floats:
    return np.zeros(race_pace.BANDS) if part.behind is None else part.behind


def _middle(part: Part) -> float:
    return part.seconds if part.middle is None else part.middle


def _freedom(own: Part, other: Part, error: float) -> float:
    """Degrees of freedom of a difference, by Welch and Satterthwaite."""
    spent = sum(
        part.error**4 / part.freedom for part in (own, other) if part.error and part.freedom > 0
    )
    return error**4 / spent if spent > 0 else np.inf


def _text(own: Part, other: Part) -> str:
    mine = own.text or "nothing seen"
    theirs = other.text or "nothing seen"
    return mine if mine == theirs else f"{mine}; winner: {theirs}"
