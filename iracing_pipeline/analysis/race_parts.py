"""One car's race as a sum of causes: pace, traffic, fade, and what each stop or mistake cost.

The parts of a car add up to the time from the grid to the line, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.analysis import race_pace, robust
from iracing_pipeline.analysis.race_crossings import GAP_BANDS_S
from iracing_pipeline.analysis.race_pace import CarPace, Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from iracing_pipeline.analysis.samples import Flags, Floats, Integers

START, PACE, TRAFFIC, STOPS = "start", "pace", "traffic", "stops"
MISTAKES, FADE, CAUTIONS, UNEXPLAINED = "mistakes", "fade", "cautions", "unexplained"
CAUSES = (START, PACE, TRAFFIC, STOPS, MISTAKES, FADE, CAUTIONS, UNEXPLAINED)
"""Every cause, in the order in which a ledger lists them."""
_BY_ROLE = {Role.MISTAKE: MISTAKES, Role.CAUTION: CAUTIONS, Role.UNEXPLAINED: UNEXPLAINED}
_ROUNDING_S = 1e-6  # of sums of lap times
_DIGITS = 4  # of seconds: iRacing's clock counts ten-thousandths


@dataclass(frozen=True, slots=True)
class Part:
    """Share of one cause in one car's race, up to some lap.

    Attributes:
        seconds: Its seconds.
        error: Standard error; 0 where it is measured, NaN where it is not known.
        freedom: Degrees of freedom of the error.
        laps: Laps that show it.
        middle: Estimate where the cause is not established and ``seconds`` is zero.
        items: Laps or stops, each with its seconds.
        text: Evidence, in words.
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


NOTHING = Part(0.0, 0.0, np.inf, 0)


def parts_of(pace: CarPace, last: int, origin_s: float) -> dict[str, Part]:
    """One car's race up to the end of a lap: parts that add up to the time since the grid."""
    car = pace.car
    upto = car.lap <= last
    finite = np.isfinite(pace.clean_pace_s)
    time_s = car.time_s.copy()
    time_s[0] = car.at_s[0] - origin_s
    excess = time_s - (pace.columns @ pace.theta if finite else 0.0)
    started = pace.role == Role.START
    parts: dict[str, Part] = {}
    if started[0]:
        parts[START] = Part(float(time_s[0]), 0.0, np.inf, 1, text="session clock at the line")
    after = upto & ~started
    if finite:
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
            parts |= _mistakes_in_stops(pace, stopped, parts)
        parts[UNEXPLAINED] = _with_scatter(pace, parts.get(UNEXPLAINED), excess, raced)
    elif after.any():
        seconds = float(time_s[after].sum())
        text = "no lap shows the pace of the car"
        parts[UNEXPLAINED] = Part(seconds, np.nan, 0.0, int(after.sum()), text=text)
    else:
        parts[UNEXPLAINED] = NOTHING
    return parts


def _with_scatter(pace: CarPace, part: Part | None, excess: Floats, raced: Flags) -> Part:
    """Unexplained laps, and what the scatter of the raced laps leaves up to this lap.

    Over all laps of the fit that is nothing, up to an earlier lap it is part of the scatter.
    """
    rest = part or NOTHING
    count, total = int(raced.sum()), pace.lap_count
    open_share = max(1.0 - count / total, 0.0) if total else 0.0
    left = float(excess[raced].sum())
    if abs(left) < _ROUNDING_S:
        left = 0.0
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
    text = _rate_text(value, reach(pace.freedom) * error)
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
    bands = []
    for band in np.flatnonzero(behind):
        half = robust.Z95 * float(np.sqrt(wake.covariance[band, band]))
        gaps = f"{GAP_BANDS_S[band]} to {GAP_BANDS_S[band + 1]} s"
        rate = _rate_text(float(wake.value[band]), half)
        bands.append(f"{rate} on {behind[band]:.0f} laps {gaps} behind a car")
    text = ", ".join(bands) + f" (from {wake.laps.sum()} laps of {wake.cars} cars)"
    return Part(
        seconds if wake.established else 0.0,
        float(np.sqrt(behind @ wake.covariance @ behind)),
        float(max(wake.cars - 1, 1)),
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
    half = reach(pace.freedom) * _excess_error(pace, rows) if pace.freedom > 0 else np.nan
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


def _mistakes_in_stops(pace: CarPace, rows: Flags, parts: Mapping[str, Part]) -> dict[str, Part]:
    """Stops and mistakes, with the mistakes that telemetry shows on laps of a stop moved over."""
    stops, mistakes = parts[STOPS], parts.get(MISTAKES, NOTHING)
    items, seconds, square = [], 0.0, 0.0
    for at in np.flatnonzero(rows):
        note = pace.car.notes.get(int(pace.car.lap[at]))
        if note is None or not note.mistakes or not note.corner_loss_s or note.corner_loss_s <= 0:
            continue
        loss, error = note.corner_loss_s, note.corner_error_s
        half = robust.Z95 * error
        seconds, square = seconds + loss, square + error**2
        items.append(
            {
                "laps": [int(pace.car.lap[at])],
                "seconds": round(loss, _DIGITS),
                "low_s": None if np.isnan(half) else round(loss - half, _DIGITS),
                "high_s": None if np.isnan(half) else round(loss + half, _DIGITS),
                "why": " and ".join(note.mistakes),
                "corner": note.corner,
                "corner_loss_s": loss,
            }
        )
    if not items:
        return {}
    error = float(np.sqrt(square))
    freedom = pace.freedom if np.isfinite(error) else 0.0
    text = ", ".join(dict.fromkeys(str(item["why"]) for item in [*mistakes.items, *items]))
    return {
        STOPS: replace(
            stops,
            seconds=stops.seconds - seconds,
            error=float(np.hypot(stops.error, error)),
            text=f"{stops.text}, without {seconds:.3f} s of mistakes",
        ),
        MISTAKES: Part(
            mistakes.seconds + seconds,
            float(np.hypot(mistakes.error, error)),
            freedom,
            mistakes.laps + len(items),
            None,
            (*mistakes.items, *items),
            text,
        ),
    }


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


def reach(freedom: float, z: float = robust.Z95) -> float:
    """Standard errors that an interval reaches, for any degrees of freedom, without end too."""
    return robust.t_quantile(freedom, z) if np.isfinite(freedom) else z
