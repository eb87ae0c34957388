"""Stints as records: laps between two times in the pits, and the trend of their pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.evidence import settled
from iracing_pipeline.analysis.samples import usable_times
from iracing_pipeline.tables.stints import STINT

if TYPE_CHECKING:
    from iracing_pipeline.analysis.robust import Estimate
    from iracing_pipeline.analysis.samples import Samples
    from iracing_pipeline.analysis.tyres import TyreSets
    from iracing_pipeline.analysis.unrolled import Unrolled

WARM_UP_LAPS = 2
"""Laps on a set, after the one that it left the pits on, before its pace counts as that of warm
tyres."""
WARM_UP_M = 6000.0
"""Distance on a set before that: three laps of a short oval do not warm tyres."""

_STANDING_MPS = 0.2
_RISING_L = 1e-3  # a record; less is the float's last bit
_MOST = 0.5
_LONGEST_STEP_S = 1.0  # between two records; more is damage


@dataclass(frozen=True, slots=True)
class _Span:
    """Records of a stint: [first, after), and where the stop at its end begins."""

    number: int
    first: int
    after: int
    stop: int | None
    began: str
    ended: str


def stints(
    samples: Samples,
    laps: pl.DataFrame,
    unrolled: Unrolled,
    sets: TyreSets,
    session: dict[str, Any],
) -> pl.DataFrame:
    """The stints of a session, as rows of ``racing.stint``.

    Args:
        samples: The file.
        laps: Its laps, as rows of ``racing.telemetry_lap``.
        unrolled: Those driven from line to line, unrolled.
        sets: Which set of tyres was on the car.
        session: Its row of ``racing.telemetry_session``.
    """
    if laps.is_empty():
        return STINT.frame()
    pace = _pace_laps(laps, sets)
    effect = fuel_effect(pace.filter("warm"))
    rows = [
        {
            "session_key": session["session_key"],
            "stint": span.number,
            "began": span.began,
            "ended": span.ended,
            "start_time": session["start_time"]
            + timedelta(seconds=_time(samples, span.first) - _time(samples, 0)),
            "start_session_time_s": _time(samples, span.first),
            "end_session_time_s": _time(samples, span.after - 1),
            **_driver(samples, span, session),
            "setup_name": session["setup_name"],
            "tyre_set": int(sets.at[span.first]),
            **_counts(laps.filter(pl.col("stint") == span.number)),
            "distance_m": _distance(samples, span),
            **_fuel(samples, span),
            **_stop(samples, span, unrolled),
            **_pace(pace.filter(pl.col("stint") == span.number), effect),
        }
        for span in _spans(samples, laps)
    ]
    return STINT.frame(rows)


def fuel_effect(pace: pl.DataFrame) -> Estimate | None:
    """Estimate the cost of a litre of fuel in a lap, together with that of a lap on the tyres.

    Within a stint fuel falls as tyres age, so their effects cannot be separated; two stints that
    begin with different fuel, or on used tyres, tell. Huber regression of lap time on both.

    Args:
        pace: Clean laps on warm tyres, of one driver in one session, with ``lap_time_s``,
            ``set_lap``, ``fuel_start_l`` and ``stint``.

    Returns:
        Seconds a lap for each litre; None where it cannot be determined.
    """
    complete = pace.drop_nulls(["lap_time_s", "fuel_start_l"])
    if complete.get_column("stint").n_unique() < 2:
        return None
    columns = complete.select("fuel_start_l", "set_lap").cast(pl.Float64).to_numpy()
    effects = robust.regression(columns, complete.get_column("lap_time_s").to_numpy())
    return None if effects is None else effects[0]


def _driver(samples: Samples, span: _Span, session: dict[str, Any]) -> dict[str, Any]:
    """Who drove: who recorded, unless the car drove without them for most of the stint.

    The file does not say which team mate that was.
    """
    away = None if samples.team_mate is None else samples.team_mate[span.first : span.after]
    own = away is None or away.mean() < _MOST
    return {
        "cust_id": session["cust_id"] if own else None,
        "driver_name": session["driver_name"] if own else None,
    }


def _pace_laps(laps: pl.DataFrame, sets: TyreSets) -> pl.DataFrame:
    """Clean laps with the laps that their set had done before, and whether it was warm."""
    lasts = (laps.get_column("first_record") + laps.get_column("record_count") - 1).to_numpy()
    on = sets.at[lasts]
    begun = laps.with_columns(
        pl.Series("tyre_set", on),
        pl.int_range(pl.len()).over(pl.Series("set", on)).alias("set_lap"),
    )
    return begun.filter(pl.col("clean")).with_columns(warm=warm_tyres())


def warm_tyres() -> pl.Expr:
    """Whether a lap was driven on warm tyres, by ``set_lap`` and, where known, ``distance_m``."""
    far = (pl.col("set_lap") * pl.col("distance_m") >= WARM_UP_M).fill_null(value=True)
    return (pl.col("set_lap") > WARM_UP_LAPS) & far


def _spans(samples: Samples, laps: pl.DataFrame) -> list[_Span]:
    """Find start and end of the stints.

    A stint's first lap may hold the stop before it: the stint begins where that lap leaves the
    pits.
    """
    starts: list[tuple[int, int, str]] = []
    ends: list[int] = []
    before: dict[str, Any] | None = None
    for lap in laps.rows(named=True):
        if before is not None and lap["stint"] == before["stint"]:
            before = lap
            continue
        first = lap["first_record"]
        began = "file" if before is None else _break(before)
        if before is not None and began == "pit_exit":
            first = _left_pits(samples, first, lap["record_count"])
        if before is not None:
            # Between a reset and the next lap the car is not in the world, and full of fuel again.
            done = before["first_record"] + before["record_count"]
            ends.append(first if began == "pit_exit" else done)
        starts.append((lap["stint"], first, began))
        before = lap
    last = laps.row(-1, named=True)
    ends.append(last["first_record"] + last["record_count"])
    spans = []
    for index, ((number, first, began), after) in enumerate(zip(starts, ends, strict=True)):
        following = starts[index + 1][2] if index + 1 < len(starts) else None
        stop = _came_in(samples, first, after) if following in {None, "pit_exit"} else None
        ended = {"pit_exit": "pit_stop", None: "pit_stop" if stop is not None else "file"}.get(
            following, following
        )
        spans.append(_Span(number, first, after, stop, began, str(ended)))
    return spans


def _break(lap: dict[str, Any]) -> str:
    """Return the end of the stint that ends with a lap: the end of the lap, or the pit exit."""
    at = str(lap["ends_at"])
    return at if at in {"reset", "tow", "session"} else "pit_exit"


def _left_pits(samples: Samples, first: int, count: int) -> int:
    pit = samples.on_pit_road[first : first + count]
    exits = np.flatnonzero(pit[:-1] & ~pit[1:])
    return first + int(exits[-1]) + 1 if len(exits) else first


def _came_in(samples: Samples, first: int, after: int) -> int | None:
    """The record in which the car last came onto pit road, if it stayed there to the end."""
    pit = samples.on_pit_road[first:after] | np.asarray(samples.glitch)[first:after]
    driven = np.flatnonzero(~pit)
    if not len(driven) or driven[-1] == len(pit) - 1:
        return None
    return first + int(driven[-1]) + 1


def _time(samples: Samples, row: int) -> float:
    """SessionTime of a record, or of the next one whose time is no damage."""
    if usable_times(samples.time[row : row + 1]).all():
        return float(samples.time[row])
    usable = np.flatnonzero(usable_times(samples.time))
    return float(samples.time[usable[min(int(np.searchsorted(usable, row)), len(usable) - 1)]])


def _counts(laps: pl.DataFrame) -> dict[str, Any]:
    clean = laps.filter("clean").get_column("lap_time_s").drop_nulls()
    scatter = robust.spread(clean.to_numpy())
    return {
        "lap_count": laps.height,
        "timed_lap_count": laps.filter(pl.col("kind") == "timed").height,
        "clean_lap_count": len(clean),
        "best_lap_time_s": clean.min(),
        "mean_lap_time_s": clean.mean(),
        "median_lap_time_s": clean.median(),
        "spread_s": None if scatter is None else scatter.value,
        "fuel_per_lap_l": laps.filter("clean").get_column("fuel_used_l").median(),
    }


def _distance(samples: Samples, span: _Span) -> float | None:
    if samples.speed is None:
        return None
    rows = slice(span.first, span.after)
    steps = np.clip(np.diff(samples.time[rows]), 0.0, 1.0)
    distance = float((samples.speed[rows][1:] * steps).sum())
    return distance if np.isfinite(distance) else None


def _fuel(samples: Samples, span: _Span) -> dict[str, Any]:
    if samples.fuel is None:
        return {}
    end = span.after - 1 if span.stop is None else span.stop
    added = None
    if span.stop is not None:
        steps = np.diff(samples.fuel[span.stop : span.after])
        added = float(steps[steps > 0].sum())
    return {
        "fuel_start_l": float(samples.fuel[span.first]),
        "fuel_end_l": float(samples.fuel[end]),
        "fuel_added_l": added,
    }


def _stop(samples: Samples, span: _Span, unrolled: Unrolled) -> dict[str, Any]:
    """The stop at its end, where the car left again, and what it cost."""
    if span.stop is None or span.ended != "pit_stop" or span.after >= len(samples.time):
        return {}
    entry, leave = span.stop, span.after
    if samples.on_pit_road[leave]:
        return {}
    seconds = float(samples.time[leave] - samples.time[entry])
    return {
        "pit_stop_s": seconds,
        "pit_loss_s": _loss(samples, entry, leave, unrolled, seconds),
        **_standing(samples, entry, leave),
    }


def _standing(samples: Samples, entry: int, leave: int) -> dict[str, float | None]:
    """Return how long the car stood between two records, and how long its fuel rose."""
    steps = np.clip(np.diff(samples.time[entry : leave + 1]), 0.0, _LONGEST_STEP_S)
    stood = None
    if samples.speed is not None:
        # A record without the car has speed zero, and is no stand.
        still = settled(samples.speed[entry:leave] < _STANDING_MPS)
        stood = float(steps[still].sum())
    fuelled = None
    if samples.fuel is not None:
        rising = np.flatnonzero(np.diff(samples.fuel[entry : leave + 1]) > _RISING_L)
        # From the first record that rose to the last: the level is not renewed in every record.
        fuelled = float(steps[rising[0] : rising[-1] + 1].sum()) if len(rising) else 0.0
    return {"stationary_s": stood, "refuel_s": fuelled}


def _loss(
    samples: Samples, entry: int, leave: int, unrolled: Unrolled, seconds: float
) -> float | None:
    """The time on pit road minus what the median clean lap takes from entry to exit."""
    clean = unrolled.laps.get_column("clean").to_numpy()
    if not clean.any():
        return None
    places = samples.pct[[entry, leave]] % 1.0
    elapsed, _ = unrolled.elapsed(np.sort(places))
    at = elapsed[clean] if places[0] <= places[1] else elapsed[clean][:, ::-1]
    usual = at[:, 1] - at[:, 0]
    if places[1] < places[0]:  # over the line
        usual = usual + unrolled.laps.get_column("lap_time_s").to_numpy()[clean]
    return seconds - float(np.median(usual))


def _pace(pace: pl.DataFrame, effect: Estimate | None) -> dict[str, Any]:
    """The trend of the laps on warm tyres, and what of it is the tyres'."""
    warm = pace.filter("warm")
    times = warm.get_column("lap_time_s").to_numpy()
    ages = warm.get_column("set_lap").to_numpy().astype(np.float64)
    # A track that gets wetter or drier changes the pace by more than tyres do.
    steady = warm.get_column("track_wetness").n_unique() <= 1
    slope = robust.trend(ages, times) if steady else None
    figures: dict[str, Any] = {"trend_lap_count": warm.height}
    if slope is not None:
        figures |= {
            "pace_trend_s_per_lap": slope.value,
            "pace_trend_low_s_per_lap": slope.low,
            "pace_trend_high_s_per_lap": slope.high,
        }
    if effect is None:
        return figures
    figures |= {
        "fuel_effect_s_per_l": effect.value,
        "fuel_effect_low_s_per_l": effect.low,
        "fuel_effect_high_s_per_l": effect.high,
    }
    complete = pace.drop_nulls(["fuel_start_l", "lap_time_s"])
    if complete.height:
        corrected = complete.select(pl.col("lap_time_s") - effect.value * pl.col("fuel_start_l"))
        figures["fuel_corrected_pace_s"] = corrected.to_series().median()
    burnt = _burnt(warm)
    if slope is not None and burnt is not None:
        figures |= _degradation(slope, effect, burnt)
    return figures


def _degradation(slope: Estimate, effect: Estimate, burnt: float) -> dict[str, float]:
    """The slope with the lightening of the car taken out; both uncertainties added in squares."""
    value = slope.value + effect.value * burnt
    down = np.hypot(slope.value - slope.low, (effect.value - effect.low) * burnt)
    up = np.hypot(slope.high - slope.value, (effect.high - effect.value) * burnt)
    return {
        "degradation_s_per_lap": value,
        "degradation_low_s_per_lap": float(value - down),
        "degradation_high_s_per_lap": float(value + up),
    }


def _burnt(warm: pl.DataFrame) -> float | None:
    used = warm.get_column("fuel_used_l").drop_nulls()
    return float(np.median(used.to_numpy())) if len(used) else None
