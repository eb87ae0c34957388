"""Session of one file: event, track, car, driver, conditions."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import energy
from iracing_pipeline.analysis.build import build_season
from iracing_pipeline.analysis.samples import floats_of, usable_times
from iracing_pipeline.ibt.session_info import quantity
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION

if TYPE_CHECKING:
    from iracing_pipeline.ibt import Facts

SECTIONS = ("WeekendInfo", "SessionInfo", "DriverInfo", "SplitTimeInfo", "CarSetup")
"""The sections of the session info that are read here."""

CHANNELS = (
    "SessionTime",
    "SessionNum",
    "AirTemp",
    "TrackTempCrew",
    "TrackTemp",
    "RelativeHumidity",
    "WindVel",
    *energy.CHANNELS,
)
"""The channels that are read here, where the file has them."""


def laps_of_simsessions(facts: Facts, laps: pl.DataFrame) -> pl.DataFrame:
    """Laps with the type of the simsession that each was driven in, by its number.

    Args:
        facts: Facts of the file.
        laps: Its laps, as :func:`iracing_pipeline.analysis.laps.laps` gives them.
    """
    types = _simsession_types(facts.session_info(("SessionInfo",)))
    kinds = [types.get(number) for number in laps.get_column("simsession_number")]
    return laps.with_columns(pl.Series("simsession_type", kinds, pl.String))


def session(facts: Facts, records: pl.DataFrame, laps: pl.DataFrame) -> pl.DataFrame:
    """The session of one file, as one row of ``racing.telemetry_session``.

    Args:
        facts: Facts of the file.
        records: Its records, with those of :data:`CHANNELS` that it has.
        laps: Its laps, as :func:`iracing_pipeline.analysis.laps.laps` gives them.
    """
    info = facts.session_info(SECTIONS)
    weekend, driver_info = _mapping(info.get("WeekendInfo")), _mapping(info.get("DriverInfo"))
    offset = facts.utc_offset
    timed = laps.filter(pl.col("kind") == "timed")
    clean = laps.filter(pl.col("clean"))
    duration = _span(records)
    row: dict[str, object] = {
        "session_key": facts.session_key,
        "file_name": facts.file_name,
        "start_time": facts.start,
        "start_source": str(facts.start_source),
        "utc_offset_s": None if offset is None else round(offset.total_seconds()),
        "end_time": None if duration is None else facts.start + timedelta(seconds=duration),
        "duration_s": duration,
        "tick_rate_hz": facts.tick_rate,
        "record_count": facts.record_count,
        "channel_count": len(facts.units),
        "ibt_version": facts.version,
        "closed": facts.closed,
        "warnings": list(facts.warnings),
        **_event(weekend),
        **_simsession(info, records),
        **_track(weekend, info),
        **_driver(driver_info, online=_id(weekend, "SubSessionID") is not None),
        **_power(energy.power(driver_info, records)),
        "setup": json.dumps(setup, ensure_ascii=False) if (setup := info.get("CarSetup")) else None,
        "air_temp_c": _median(records, "AirTemp"),
        "track_temp_c": _median(records, "TrackTempCrew", "TrackTemp"),
        "relative_humidity": _median(records, "RelativeHumidity"),
        "wind_speed_mps": _median(records, "WindVel"),
        "lap_count": laps.height,
        "timed_lap_count": timed.height,
        "clean_lap_count": clean.height,
        "best_lap_time_s": clean.get_column("lap_time_s").min(),
        "incidents": laps.get_column("incidents").sum()
        if laps.get_column("incidents").count()
        else None,
    }
    return TELEMETRY_SESSION.frame([row])


def _event(weekend: dict[str, Any]) -> dict[str, object]:
    return {
        "subsession_id": _id(weekend, "SubSessionID"),
        "series_id": _id(weekend, "SeriesID"),
        "season_id": _id(weekend, "SeasonID"),
        "event_type": _text(weekend, "EventType"),
        "category": _text(weekend, "Category"),
        "build_version": (version := _text(weekend, "BuildVersion")),
        "build_season": build_season(version),
    }


def _simsession(info: dict[str, Any], records: pl.DataFrame) -> dict[str, object]:
    if "SessionNum" not in records.columns or records.is_empty():
        return {}
    number = records.get_column("SessionNum")[-1]
    if not isinstance(number, int) or not 0 <= number < 2**31:
        return {}
    kind = _simsession_types(info).get(number)
    return {"simsession_number": number, "simsession_type": kind}


def _simsession_types(info: dict[str, Any]) -> dict[object, str | None]:
    """SessionType by SessionNum."""
    sessions = _items(_mapping(info.get("SessionInfo")).get("Sessions"))
    numbered = [each for each in sessions if isinstance(each.get("SessionNum"), int)]
    return {each["SessionNum"]: _text(each, "SessionType") for each in reversed(numbered)}


def _track(weekend: dict[str, Any], info: dict[str, Any]) -> dict[str, object]:
    sectors = _items(_mapping(info.get("SplitTimeInfo")).get("Sectors"))
    starts = [quantity(sector.get("SectorStartPct")) for sector in sectors]
    return {
        "track_id": _id(weekend, "TrackID"),
        "track_name": _text(weekend, "TrackDisplayName"),
        "track_config": _text(weekend, "TrackConfigName"),
        "track_length_m": quantity(weekend.get("TrackLength")),
        "pit_speed_limit_mps": quantity(weekend.get("TrackPitSpeedLimit")),
        "sector_start_pct": [start for start in starts if start is not None] or None,
    }


def _driver(info: dict[str, Any], *, online: bool) -> dict[str, object]:
    """The driver and the car. Ratings only online: offline iRacing writes placeholders.

    In a team event the row of the car names who drives it when the file is opened, which may be a
    team mate of who records. ``DriverUserID`` names the latter.
    """
    index = info.get("DriverCarIdx")
    rows = _items(info.get("Drivers"))
    car = next((each for each in rows if index is not None and each.get("CarIdx") == index), {})
    recorder = _id(info, "DriverUserID")
    driver = car
    if recorder is not None and _id(car, "UserID") not in (recorder, None):
        driver = next((each for each in rows if each.get("UserID") == recorder), {})
    cust_id = recorder if recorder is not None else _id(car, "UserID")
    licence = (_text(driver, "LicString") or "").partition(" ")[0] if online else ""
    level = driver.get("LicSubLevel") if online else None
    source = "DriverCarIdx" if recorder is None else "DriverUserID"
    return {
        "car_id": _id(car, "CarID"),
        "car_name": _text(car, "CarScreenName"),
        "car_path": _text(car, "CarPath"),
        "car_version": _text(info, "DriverCarVersion"),
        "cust_id": cust_id,
        "driver_source": source if cust_id is not None else None,
        "driver_name": _text(driver, "UserName"),
        "team_name": _text(car, "TeamName") if _id(car, "TeamID") else None,
        "irating": _id(driver, "IRating") if online else None,
        "licence_class": licence or None,
        "fuel_tank_l": _times_share(info, "DriverCarFuelMaxLtr"),
        "safety_rating": level / 100 if isinstance(level, int) and 0 < level < 2**31 else None,
        "fuel_density_kg_per_l": quantity(info.get("DriverCarFuelKgPerLtr")),
        "setup_name": _text(info, "DriverSetupName"),
    }


def _power(car: energy.Power) -> dict[str, object]:
    row: dict[str, object] = {
        "power_source": car.source,
        "energy_capacity_kwh": car.capacity_kwh,
    }
    # An electric car has no tank, whatever the session info says of one.
    return row | {"fuel_tank_l": None} if car.source == energy.ELECTRIC else row


def _times_share(info: dict[str, Any], key: str) -> float | None:
    """Apply the limit of the series on the fuel (``DriverCarMaxFuelPct``) to a capacity."""
    whole, share = quantity(info.get(key)), quantity(info.get("DriverCarMaxFuelPct"))
    return None if whole is None else whole * (1.0 if share is None else share)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(mapping: dict[str, Any], key: str) -> str | None:
    value = mapping.get(key)
    return None if value is None or isinstance(value, dict | list) else str(value)


def _id(mapping: dict[str, Any], key: str) -> int | None:
    """A positive whole number; iRacing writes 0 or -1 for none."""
    value = mapping.get(key)
    return value if isinstance(value, int) and 0 < value < 2**31 else None


def _span(records: pl.DataFrame) -> float | None:
    time = floats_of(records, "SessionTime")
    if time is None:
        return None
    time = time[usable_times(time)]
    return float(time.max() - time[0]) if len(time) else None


def _median(records: pl.DataFrame, *names: str) -> float | None:
    """The median of the first of the channels that the file has."""
    for name in names:
        values = floats_of(records, name)
        if values is not None and len(values):
            median = float(np.median(values))
            return median if math.isfinite(median) else None
    return None
