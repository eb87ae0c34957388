"""What one file says of the session it was driven in: event, track, car, driver, conditions."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

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
)
"""The channels that are read here, where the file has them."""


def session(facts: Facts, records: pl.DataFrame, laps: pl.DataFrame) -> pl.DataFrame:
    """The session of one file, as one row of ``racing.telemetry_session``.

    Args:
        facts: What the file says of itself.
        records: Its records, with those of :data:`CHANNELS` that it has.
        laps: Its laps, as :func:`iracing_pipeline.analysis.laps.laps` gives them.
    """
    info = facts.session_info(SECTIONS)
    weekend = _mapping(info.get("WeekendInfo"))
    timed = laps.filter(pl.col("kind") == "timed")
    clean = laps.filter(pl.col("clean"))
    duration = _span(records)
    row: dict[str, object] = {
        "session_key": facts.session_key,
        "file_name": facts.file_name,
        "start_time": facts.start,
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
        **_driver(
            _mapping(info.get("DriverInfo")), online=_id(weekend, "SubSessionID") is not None
        ),
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
    }


def _simsession(info: dict[str, Any], records: pl.DataFrame) -> dict[str, object]:
    if "SessionNum" not in records.columns or records.is_empty():
        return {}
    number = records.get_column("SessionNum")[-1]
    if not isinstance(number, int) or not 0 <= number < 2**31:
        return {}
    sessions = _items(_mapping(info.get("SessionInfo")).get("Sessions"))
    kind = next(
        (_text(each, "SessionType") for each in sessions if each.get("SessionNum") == number), None
    )
    return {"simsession_number": number, "simsession_type": kind}


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
    """The driver and the car. Ratings only online: offline iRacing writes placeholders."""
    index = info.get("DriverCarIdx")
    drivers = _items(info.get("Drivers"))
    driver = next(
        (each for each in drivers if index is not None and each.get("CarIdx") == index), {}
    )
    tank, share = (
        quantity(info.get("DriverCarFuelMaxLtr")),
        quantity(info.get("DriverCarMaxFuelPct")),
    )
    licence = (_text(driver, "LicString") or "").partition(" ")[0] if online else ""
    level = driver.get("LicSubLevel") if online else None
    return {
        "car_id": _id(driver, "CarID"),
        "car_name": _text(driver, "CarScreenName"),
        "car_path": _text(driver, "CarPath"),
        "cust_id": _id(driver, "UserID"),
        "driver_name": _text(driver, "UserName"),
        "team_name": _text(driver, "TeamName") if _id(driver, "TeamID") else None,
        "irating": _id(driver, "IRating") if online else None,
        "licence_class": licence or None,
        "safety_rating": level / 100 if isinstance(level, int) and 0 < level < 2**31 else None,
        "fuel_tank_l": None if tank is None else tank * (1.0 if share is None else share),
        "fuel_density_kg_per_l": quantity(info.get("DriverCarFuelKgPerLtr")),
        "setup_name": _text(info, "DriverSetupName"),
    }


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
