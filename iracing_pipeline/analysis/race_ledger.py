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

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis import race_pace
from iracing_pipeline.analysis.race_crossings import GAP_BANDS_S, Note, cars
from iracing_pipeline.analysis.race_pace import FEWEST_LAPS, Z_CAUSE, CarPace, Role, car_paces
from iracing_pipeline.tables.race import RACE_LEDGER, RACE_PACE, TRAFFIC_EFFECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from iracing_pipeline.analysis.race_pace import Wake
    from iracing_pipeline.analysis.samples import Flags, Floats, Integers

START, PACE, TRAFFIC, STOPS = "start", "pace", "traffic", "stops"
MISTAKES, FADE, CAUTIONS, UNEXPLAINED = "mistakes", "fade", "cautions", "unexplained"
CAUSES = (START, PACE, TRAFFIC, STOPS, MISTAKES, FADE, CAUTIONS, UNEXPLAINED)
"""Every cause, in the order in which a ledger lists them."""
_MEASURED = {START}
_BY_ROLE = {Role.MISTAKE: MISTAKES, Role.CAUTION: CAUTIONS, Role.UNEXPLAINED: UNEXPLAINED}
_SAME_GAP_S = 0.0015
_DIGITS = 4  # of seconds: iRacing's clock counts ten-thousandths


@dataclass(frozen=True, slots=True)
class Part:
    """What one cause makes of one car's race, up to some lap.

    Attributes:
        seconds: Its seconds.
        error: Standard error; 0 where it is measured, NaN where it is not known.
        freedom: Degrees of freedom of the error.
        laps: Laps that show it.
        middle: Estimate where the cause is not established and ``seconds`` is zero.
        items: Laps or stops, each with its seconds.
        text: What was seen.
        behind: Laps in each band of gaps; of traffic alone.
    """

    seconds: float
    error: float
    freedom: float
    laps: int
    middle: float | None = None
    items: tuple[dict[str, Any], ...] = ()
    text: str = ""
    behind: Floats | None = None


_NOTHING = Part(0.0, 0.0, np.inf, 0)


@dataclass(frozen=True, slots=True)
class Race:
    """The cars of one simsession, fitted, and what the result says of them.

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
            self.cached[key] = _parts(self.paces[group_id], lap_number, self.origin_s)
        return self.cached[key]


def read_race(
    laps: pl.DataFrame,
    results: pl.DataFrame,
    events: pl.DataFrame | None = None,
    notes: Mapping[tuple[int, int], Note] | None = None,
) -> Race:
    """Fit the cars of one simsession.

    Args:
        laps: Rows of ``racing.lap`` of one simsession.
        results: Its rows of ``racing.result``.
        events: Its rows of ``racing.session_event``.
        notes: What telemetry adds, by ``group_id`` and lap number.
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
        known = best.get(car.class_id)
        if known is None or order < known[0]:
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
        reach = robust.t_quantile(pace.freedom) if pace.freedom > 0 else np.nan
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
                **_interval("clean_pace", "s", pace.clean_pace_s, reach * error),
                **_interval(FADE, "s_per_lap", fade, reach * fade_error),
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
        mine, other = mine or _NOTHING, other or _NOTHING
        if group_id == against:
            seconds, low, high, supported = 0.0, 0.0, 0.0, False
        else:
            seconds, low, high, supported = _difference(
                cause, mine, other, race.paces[group_id].wake
            )
        evidence = {"text": _text(cause, mine, other)}
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
            "evidence": json.dumps(evidence),
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
    moved, rest = parts[cause], parts.get(UNEXPLAINED, _NOTHING)
    text = "; ".join(filter(None, [rest.text, f"{cause} of the other car is not known"]))
    total = Part(
        moved.seconds + rest.seconds, np.nan, 0.0, moved.laps + rest.laps, None, rest.items, text
    )
    return {name: part for name, part in parts.items() if name != cause} | {UNEXPLAINED: total}


def _difference(cause: str, own: Part, other: Part, wake: Wake) -> tuple[float, float, float, bool]:
    """Seconds between two cars with the 95 % interval, and whether that leaves out zero.

    The interval is 99 % wide for a cause that it does not tell from nothing, so that over the
    five causes that a car may be given, at most one car in twenty is given one without reason.
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
    freedom = _freedom(own, other, error)
    middle = _middle(own) - _middle(other)
    wide = error * _reach(freedom, Z_CAUSE)
    half = error * _reach(freedom) if cause == PACE or abs(middle) > wide else wide
    low, high = min(middle - half, seconds), max(middle + half, seconds)
    return seconds, low, high, low > 0 or high < 0


def _behind(part: Part) -> Floats:
    return np.zeros(race_pace.BANDS) if part.behind is None else part.behind


def _middle(part: Part) -> float:
    return part.seconds if part.middle is None else part.middle


def _reach(freedom: float, z: float = robust.Z95) -> float:
    return robust.t_quantile(freedom, z) if np.isfinite(freedom) else z


def _freedom(own: Part, other: Part, error: float) -> float:
    """Degrees of freedom of a difference, by Welch and Satterthwaite."""
    spent = sum(
        part.error**4 / part.freedom for part in (own, other) if part.error and part.freedom > 0
    )
    return error**4 / spent if spent > 0 else np.inf


def _parts(pace: CarPace, last: int, origin_s: float) -> dict[str, Part]:
    """One car's race up to the end of a lap: parts that add up to the time since the grid."""
    car = pace.car
    upto = car.lap <= last
    known = np.isfinite(pace.clean_pace_s)
    time_s = car.time_s.copy()
    time_s[0] = car.at_s[0] - origin_s
    excess = time_s - (pace.columns @ pace.theta if known else 0.0)
    started = pace.role == Role.START
    parts: dict[str, Part] = {}
    if started[0]:
        parts[START] = Part(float(time_s[0]), 0.0, np.inf, 1, text="session clock at the line")
    after = upto & ~started
    if known:
        parts |= _model_parts(pace, after)
        raced = after & pace.raced
        for role, cause in _BY_ROLE.items():
            rows = after & (pace.role == role)
            if rows.any():
                parts[cause] = _excess_part(pace, excess, rows, _lap_items(pace, excess, rows))
        stopped = after & (pace.role == Role.STOP)
        if stopped.any():
            items = _stop_items(pace, excess, stopped)
            parts[STOPS] = _excess_part(pace, excess, stopped, items)
        parts[UNEXPLAINED] = _with_scatter(pace, parts.get(UNEXPLAINED), excess, raced)
    elif after.any():
        seconds = float(time_s[after].sum())
        text = "no lap shows the pace of the car"
        parts[UNEXPLAINED] = Part(seconds, np.nan, 0.0, int(after.sum()), text=text)
    else:
        parts[UNEXPLAINED] = _NOTHING
    return parts


def _with_scatter(pace: CarPace, part: Part | None, excess: Floats, raced: Flags) -> Part:
    """Unexplained laps, and what the scatter of the raced laps leaves up to this lap.

    Over all laps of the fit that is nothing, up to an earlier lap it is part of the scatter.
    """
    rest = part or _NOTHING
    count, total = int(raced.sum()), pace.lap_count
    open_share = max(1.0 - count / total, 0.0) if total else 0.0
    left = float(excess[raced].sum()) if open_share or total < FEWEST_LAPS else 0.0
    scatter = pace.spread_s * np.sqrt(count * open_share) if left else 0.0
    return Part(
        rest.seconds + left,
        float(np.hypot(rest.error, scatter)),
        pace.freedom if left else rest.freedom,
        rest.laps,
        None,
        rest.items,
        rest.text,
    )


def _model_parts(pace: CarPace, rows: Flags) -> dict[str, Part]:
    """Pace, fade and traffic over some laps."""
    if not rows.any():
        return {}
    weight = pace.columns[rows].sum(axis=0)
    errors = np.sqrt(np.maximum(np.diag(pace.covariance), 0.0))
    laps = float(weight[race_pace.PACE])
    parts = {
        PACE: Part(
            laps * pace.clean_pace_s,
            laps * float(errors[race_pace.PACE]),
            pace.freedom,
            pace.lap_count,
            text=_pace_text(pace),
        )
    }
    if np.isfinite(pace.fade[1]) and weight[race_pace.FADE]:
        parts[FADE] = _fade_part(pace, float(weight[race_pace.FADE]), errors)
    behind = weight[race_pace.TRAFFIC] * pace.wake.known
    if behind.any():
        parts[TRAFFIC] = _traffic_part(pace, behind)
    return parts


def _pace_text(pace: CarPace) -> str:
    behind = int(pace.columns[pace.raced, race_pace.TRAFFIC].sum())
    text = f"{pace.clean_pace_s:.3f} s a lap, from {pace.lap_count} laps"
    if not behind or pace.wake.known.any():
        return text
    return f"{text}, {behind} of them close behind a car, too few to tell traffic from pace"


def _fade_part(pace: CarPace, weight: float, errors: Floats) -> Part:
    established = pace.fade_s_per_lap != 0
    value, error = pace.fade
    if established:
        value, error = pace.fade_s_per_lap, float(errors[race_pace.FADE])
    text = _rate_text(value, _reach(pace.freedom) * error)
    text = f"{text} over {pace.lap_count} laps"
    if established:
        return Part(weight * value, weight * error, pace.freedom, pace.lap_count, text=text)
    return Part(
        0.0,
        weight * error,
        pace.freedom,
        pace.lap_count,
        middle=weight * value,
        text=f"{text}: cannot be told from zero",
    )


def _traffic_part(pace: CarPace, behind: Floats) -> Part:
    wake = pace.wake
    seconds = float(behind @ np.nan_to_num(wake.value))
    bands = [
        _rate_text(
            float(wake.value[band]), robust.Z95 * float(np.sqrt(wake.covariance[band, band]))
        )
        + f" on {behind[band]:.0f} laps {GAP_BANDS_S[band]} to {GAP_BANDS_S[band + 1]} s behind a car"
        for band in np.flatnonzero(behind)
    ]
    text = ", ".join(bands) + f" (from {wake.laps.sum()} laps of {wake.cars} cars)"
    return Part(
        seconds if wake.established else 0.0,
        float(np.sqrt(behind @ wake.covariance @ behind)),
        np.inf,
        int(behind.sum()),
        middle=None if wake.established else seconds,
        text=text if wake.established else f"{text}: cannot be told from zero",
        behind=behind,
    )


def _rate_text(value: float, half: float) -> str:
    return f"{value:+.3f} s/lap ({value - half:+.3f} to {value + half:+.3f})"


def _excess_part(
    pace: CarPace, excess: Floats, rows: Flags, items: Sequence[dict[str, Any]]
) -> Part:
    text = ", ".join(dict.fromkeys(str(item["why"]) for item in items))
    return Part(
        float(excess[rows].sum()),
        _excess_error(pace, rows),
        pace.freedom,
        int(rows.sum()),
        None,
        tuple(items),
        text,
    )


def _excess_error(pace: CarPace, rows: Flags | Integers) -> float:
    """Standard error of what some laps took beyond the model."""
    weight = pace.columns[rows].sum(axis=0)
    laps = float(weight[0])
    return float(np.sqrt(pace.spread_s**2 * laps + weight @ pace.covariance @ weight))


def _item(pace: CarPace, excess: Floats, rows: Integers, why: str) -> dict[str, Any]:
    seconds = float(excess[rows].sum())
    half = _reach(pace.freedom) * _excess_error(pace, rows) if pace.freedom > 0 else np.nan
    laps = [int(lap) for lap in pace.car.lap[rows]]
    return {
        "laps": laps,
        "seconds": round(seconds, _DIGITS),
        "low_s": None if np.isnan(half) else round(seconds - half, _DIGITS),
        "high_s": None if np.isnan(half) else round(seconds + half, _DIGITS),
        "why": why,
    }


def _lap_items(pace: CarPace, excess: Floats, rows: Flags) -> list[dict[str, Any]]:
    items = []
    for at in np.flatnonzero(rows):
        item = _item(pace, excess, np.array([at]), _why(pace, int(at)))
        note = pace.car.notes.get(int(pace.car.lap[at]))
        if note is not None and note.corner is not None:
            item["corner"] = note.corner
            item["corner_loss_s"] = note.corner_loss_s
        items.append(item)
    return items


def _stop_items(pace: CarPace, excess: Floats, rows: Flags) -> list[dict[str, Any]]:
    numbers = pace.stop[rows]
    return [
        _item(pace, excess, np.flatnonzero(rows & (pace.stop == number)), f"stop {number}")
        for number in np.unique(numbers)
    ]


def _why(pace: CarPace, at: int) -> str:
    car, role = pace.car, pace.role[at]
    if role == Role.CAUTION:
        return "caution"
    if role == Role.MISTAKE:
        return " and ".join(car.mistakes[at])
    if car.span[at] > 1:
        return f"{car.span[at] - 1} laps missing from the chart"
    if car.field_slow[at]:
        return "the whole field was slow, and the log names no caution"
    return "invalid lap" if car.invalid[at] else "no evidence"


def _text(cause: str, own: Part, other: Part) -> str:
    mine = own.text or "nothing seen"
    theirs = other.text or "nothing seen"
    return mine if mine == theirs else f"{mine}; winner: {theirs}"


def notes_of(
    group_id: int, laps: Iterable[dict[str, Any]], corners: pl.DataFrame | None = None
) -> dict[tuple[int, int], Note]:
    """What the telemetry of one car adds to its scored laps.

    Args:
        group_id: The car.
        laps: Its rows of ``racing.telemetry_lap``.
        corners: Its rows of ``racing.lap_corner``.
    """
    words = {"off_track": "off track", "incident": "incident", "stopped": "stopped"}
    worst = {} if corners is None else _worst_corners(corners)
    notes = {}
    for lap in laps:
        reasons = lap["reasons"] or []
        corner, loss = worst.get(lap["lap_number"], (None, None))
        mistakes = tuple(word for name, word in words.items() if name in reasons)
        notes[group_id, lap["lap_number"]] = Note(
            mistakes=mistakes,
            caution="caution" in reasons,
            pitted=bool({"in_lap", "out_lap", "pit_lap"} & set(reasons)),
            corner=corner if mistakes else None,
            corner_loss_s=loss if mistakes else None,
        )
    return notes


def _worst_corners(corners: pl.DataFrame) -> dict[int, tuple[int, float]]:
    """The corner of each lap, its straight included, that lost most against the median."""
    spent = corners.select(
        "lap_number", "corner", time=pl.col("time_s") + pl.col("straight_s").fill_null(0.0)
    ).drop_nulls()
    lost = spent.with_columns(loss=pl.col("time") - pl.col("time").median().over("corner"))
    worst = lost.sort("loss", descending=True).unique(
        "lap_number", keep="first", maintain_order=True
    )
    return {
        lap: (corner, loss)
        for lap, corner, loss in worst.select("lap_number", "corner", "loss").rows()
    }
