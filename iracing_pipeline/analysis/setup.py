"""Setups: differences between two, and their effect on the pace if it can be measured."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from iracing_pipeline.analysis import robust
from iracing_pipeline.ibt.session_info import quantity
from iracing_pipeline.tables.setups import SETUP_CHANGE, SETUP_COMPARISON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from iracing_pipeline.analysis.robust import Estimate
    from iracing_pipeline.analysis.samples import Floats

# Not a choice of the driver: counters and what the tyres read after a run.
_READINGS = ("UpdateCount", "LastHotPressure", "LastTempsOMI", "LastTempsIMO", "TreadRemaining")

# What is filled in, and what follows from it and the other settings: no other setup.
_FOLLOWS = (*_READINGS, "FuelLevel", "CornerWeight")

TRACK_TEMP_WITHIN_C = 5.0
FUEL_WITHIN_L = 10.0


def flatten(setup: Mapping[str, Any]) -> dict[str, str]:
    """A CarSetup tree as one level: ``Chassis.LeftFront.SpringRate`` to its text."""
    flat: dict[str, str] = {}
    for key, value in setup.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": text for inner, text in flatten(value).items()}
        elif value is not None:
            flat[key] = str(value)
    return flat


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> pl.DataFrame:
    """List the differences between two setups; readings of the tyres are left out.

    Returns:
        ``setting``, ``before``, ``after`` (null where it is not there), and ``change`` where both
        are numbers, in the unit that the setting is written in (SI for lengths in m or km, speeds
        and percentages).
    """
    old, new = flatten(before), flatten(after)
    rows = [
        {
            "setting": name,
            "before": old.get(name),
            "after": new.get(name),
            "change": _change(old.get(name), new.get(name)),
        }
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name) and not name.endswith(_READINGS)
    ]
    return pl.DataFrame(
        rows,
        schema={
            "setting": pl.String,
            "before": pl.String,
            "after": pl.String,
            "change": pl.Float64,
        },
    )


def settings(setup: Mapping[str, Any]) -> dict[str, str]:
    """The settings that make a setup what it is, without fuel and without what follows from it."""
    return {name: text for name, text in flatten(setup).items() if not name.endswith(_FOLLOWS)}


def digest(setup: Mapping[str, Any]) -> str:
    """Identity of a setup by its settings, whatever it is called: twelve hexadecimal digits."""
    text_of_settings = "\n".join(f"{name}={text}" for name, text in sorted(settings(setup).items()))
    return hashlib.sha256(text_of_settings.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Stay:
    """One session with its setup.

    Attributes:
        session: Row of ``racing.telemetry_session``.
        setup: Its CarSetup tree.
        laps: Its laps, as rows of ``racing.telemetry_lap``.
    """

    session: dict[str, Any]
    setup: Mapping[str, Any]
    laps: pl.DataFrame


def comparisons(stays: Iterable[Stay]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Compare each session with the previous one of the same driver, car and track.

    Args:
        stays: Sessions whose setup is known, in order of time; those without car or track are
            compared with none.

    Returns:
        Rows of ``racing.setup_comparison`` and of ``racing.setup_change``.
    """
    latest: dict[tuple[Any, ...], Stay] = {}
    rows: list[dict[str, Any]] = []
    changes: list[pl.DataFrame] = [SETUP_CHANGE.frame()]
    for stay in stays:
        combination = tuple(stay.session[name] for name in ("car_id", "track_id", "cust_id"))
        before = None if None in combination[:2] else latest.get(combination)
        latest[combination] = stay
        changed = None if before is None else difference(before.setup, stay.setup)
        rows.append(_compared(before, stay, changed))
        if before is not None and changed is not None:
            changes.append(
                changed.select(
                    pl.lit(stay.session["session_key"]).alias("session_key"),
                    "setting",
                    pl.lit(before.session["session_key"]).alias("previous_session_key"),
                    "before",
                    "after",
                    "change",
                )
            )
    return SETUP_COMPARISON.frame(rows), pl.concat(changes)


def _compared(before: Stay | None, stay: Stay, changed: pl.DataFrame | None) -> dict[str, Any]:
    own = _clean_times(stay.laps)
    spread = robust.spread(own)
    row: dict[str, Any] = {
        "session_key": stay.session["session_key"],
        "setup_digest": digest(stay.setup),
        "setting_count": len(settings(stay.setup)),
        "clean_lap_count": len(own),
        "spread_s": None if spread is None else spread.value,
        "told": False,
        "against": ["no session before it"],
    }
    if before is None or changed is None:
        return row
    effect = pace_effect((before.session, before.laps), (stay.session, stay.laps))
    kept = ~changed.get_column("setting").str.contains(f"({'|'.join(_FOLLOWS)})$")
    row |= {
        "previous_session_key": before.session["session_key"],
        "changed_count": int(kept.sum()),
        "previous_clean_lap_count": effect.laps[0],
        "previous_spread_s": effect.spreads_s[0],
        "told": effect.told,
        "against": list(effect.against) or _too_few(effect),
    }
    if effect.seconds is not None:
        row |= {
            "effect_s": effect.seconds.value,
            "effect_low_s": effect.seconds.low,
            "effect_high_s": effect.seconds.high,
        }
    return row


def _clean_times(laps: pl.DataFrame) -> Floats:
    """Times of the clean laps; damage can leave one without."""
    return laps.filter("clean").get_column("lap_time_s").drop_nulls().to_numpy()


def _too_few(effect: PaceEffect) -> list[str]:
    if effect.seconds is not None:
        return []
    return [f"{effect.laps[0]} and {effect.laps[1]} clean laps: it takes five of either"]


@dataclass(frozen=True, slots=True)
class PaceEffect:
    """Change of pace from one setup to another.

    Attributes:
        seconds: Median clean lap after minus before, with its interval; None where the laps cannot
            be compared, or are fewer than five of either.
        laps: Clean laps before and after.
        spreads_s: Robust standard deviation of either; None for fewer than five laps.
        against: What speaks against comparing them, in words; empty where nothing does.
    """

    seconds: Estimate | None
    laps: tuple[int, int]
    spreads_s: tuple[float | None, float | None]
    against: tuple[str, ...]

    @property
    def told(self) -> bool:
        """Whether the pace of the setups differs by more than the interval."""
        return self.seconds is not None and (self.seconds.low > 0 or self.seconds.high < 0)


def pace_effect(
    before: tuple[dict[str, Any], pl.DataFrame], after: tuple[dict[str, Any], pl.DataFrame]
) -> PaceEffect:
    """Compare the pace of two sessions that were driven on different setups.

    Args:
        before: Row of ``racing.telemetry_session``, and its laps as rows of
            ``racing.telemetry_lap``.
        after: The same of the other session.
    """
    against = _against(before, after)
    times = [_clean_times(laps) for _, laps in (before, after)]
    spreads = [robust.spread(each) for each in times]
    return PaceEffect(
        seconds=None if against else robust.difference(times[0], times[1]),
        laps=(len(times[0]), len(times[1])),
        spreads_s=(
            None if spreads[0] is None else spreads[0].value,
            None if spreads[1] is None else spreads[1].value,
        ),
        against=tuple(against),
    )


def _against(
    before: tuple[dict[str, Any], pl.DataFrame], after: tuple[dict[str, Any], pl.DataFrame]
) -> list[str]:
    (old, old_laps), (new, new_laps) = before, after
    against = [
        f"another {words}"
        for name, words in (("track_id", "track"), ("car_id", "car"), ("cust_id", "driver"))
        if old[name] != new[name]
    ]
    seasons = old.get("build_season"), new.get("build_season")
    if None not in seasons and seasons[0] != seasons[1]:
        against.append(f"iRacing {seasons[0]} before, {seasons[1]} now")
    temperatures = old["track_temp_c"], new["track_temp_c"]
    if None in temperatures:
        against.append("track temperature unknown")
    elif abs(temperatures[0] - temperatures[1]) > TRACK_TEMP_WITHIN_C:
        against.append(f"track {temperatures[1] - temperatures[0]:+.0f} °C")
    wetness: list[Any] = [
        laps.filter("clean").get_column("track_wetness").max() for laps in (old_laps, new_laps)
    ]
    if wetness[0] != wetness[1]:
        against.append("another wetness of the track")
    fuel: list[Any] = [
        laps.filter("clean").get_column("fuel_start_l").median() for laps in (old_laps, new_laps)
    ]
    both_known = isinstance(fuel[0], float) and isinstance(fuel[1], float)
    if both_known and abs(fuel[1] - fuel[0]) > FUEL_WITHIN_L:
        against.append(f"{fuel[1] - fuel[0]:+.0f} l of fuel")
    return against


def _change(before: str | None, after: str | None) -> float | None:
    old, new = quantity(before), quantity(after)
    return None if old is None or new is None else new - old
