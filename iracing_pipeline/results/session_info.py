"""Results from the session info of an ``.ibt`` file: who took part, and where they stood.

It is the state when iRacing last wrote it, so a race that was left early shows the standing of
that moment. Offline sessions are left out: their results and ratings are placeholders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iracing_pipeline.results.issues import Issues
from iracing_pipeline.results.ratings import CATEGORY_IDS
from iracing_pipeline.results.reading import fitting, objects, value_at
from iracing_pipeline.results.source import Source
from iracing_pipeline.results.subsession import SubsessionFrames
from iracing_pipeline.tables.results import MEMBER, RESULT, SIMSESSION, SUBSESSION, SUBSESSION_CLASS

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from iracing_pipeline.tables import Table

_SIMSESSION_TYPES = {
    "Practice": 3,
    "Open Practice": 3,
    "Warmup": 3,
    "Lone Qualify": 4,
    "Open Qualify": 5,
    "Race": 6,
}
_EVENT_TYPES = {"Practice": 2, "Qualify": 3, "Time Trial": 4, "Race": 5}


def read_session_info(
    session_info: dict[str, Any], start: datetime, issues: Issues | None = None
) -> SubsessionFrames:
    """The frames of one file's session info.

    Args:
        session_info: As :func:`iracing_pipeline.ibt.read_ibt` gives it.
        start: When the file begins, UTC.
        issues: Where values are noted that are out of bounds, and so left out.

    Returns:
        Frames as ``results/get`` would fill them, sparser; empty for an offline session.
    """
    issues = Issues() if issues is None else issues
    weekend = session_info.get("WeekendInfo")
    subsession_id = _positive(value_at(weekend, "SubSessionID"))
    if subsession_id is None:
        return _frames([], [], [], [], issues)
    sessions = [
        each
        for each in objects(session_info.get("SessionInfo"), "Sessions")
        if isinstance(each, dict) and isinstance(each.get("SessionNum"), int)
    ]
    last = max((each["SessionNum"] for each in sessions), default=0)
    drivers = {
        each.get("CarIdx"): each
        for each in objects(session_info.get("DriverInfo"), "Drivers")
        if isinstance(each, dict) and not each.get("CarIsPaceCar") and not each.get("IsSpectator")
    }
    team_event = bool(value_at(weekend, "TeamRacing"))
    simsessions: list[dict[str, object]] = []
    results: list[dict[str, object]] = []
    for session in sessions:
        # iRacing's site counts back from the main event, the simulator up to it.
        identity = {
            "subsession_id": subsession_id,
            "simsession_number": session["SessionNum"] - last,
            **Source.IBT.columns,
        }
        standing = [each for each in objects(session, "ResultsPositions") if isinstance(each, dict)]
        simsessions.append(
            {
                **identity,
                "simsession_type": _SIMSESSION_TYPES.get(str(session.get("SessionType"))),
                "type_name": _text(session.get("SessionType")),
                "name": _text(session.get("SessionName")),
                "entry_count": len(standing) or None,
            }
        )
        for each in standing:
            driver = drivers.get(each.get("CarIdx"))
            row = _result(each, driver, team_event=team_event) if driver else None
            if row is not None:
                results.append({**identity, **row})
    summary = {
        "subsession_id": subsession_id,
        **Source.IBT.columns,
        **_weekend(weekend, start),
        "car_count": len(drivers) or None,
    }
    met: list[dict[str, object]] = [
        {
            "cust_id": driver.get("UserID"),
            "display_name": _text(driver.get("UserName")),
            "ai": bool(driver.get("CarIsAI")),
            "seen_at": start,
        }
        for driver in drivers.values()
        if _positive(driver.get("UserID")) is not None
    ]
    return _frames([summary], simsessions, results, met, issues)


def _weekend(weekend: object, start: datetime) -> dict[str, object]:
    return {
        "session_id": _positive(value_at(weekend, "SessionID")),
        # The file begins when the car is entered, which is when the event is known to be on.
        "start_time": start,
        "event_type": _EVENT_TYPES.get(str(value_at(weekend, "EventType"))),
        "official": bool(value_at(weekend, "Official")),
        "season_id": _positive(value_at(weekend, "SeasonID")),
        "series_id": _positive(value_at(weekend, "SeriesID")),
        "category_id": CATEGORY_IDS.get(str(value_at(weekend, "Category"))),
        "league_id": _positive(value_at(weekend, "LeagueID")),
        "track_id": _positive(value_at(weekend, "TrackID")),
        "track_name": _text(value_at(weekend, "TrackDisplayName")),
        "track_config": _text(value_at(weekend, "TrackConfigName")),
        "heat_race": bool(value_at(weekend, "HeatRacing")),
    }


def _result(
    standing: dict[str, Any], driver: dict[str, Any], *, team_event: bool
) -> dict[str, object] | None:
    cust_id = _positive(driver.get("UserID"))
    if driver.get("CarIsAI") and isinstance(driver.get("UserID"), int):
        cust_id = driver["UserID"]
    team_id = driver.get("TeamID") if team_event else None
    team_id = team_id if isinstance(team_id, int) and team_id else None
    if cust_id is None and team_id is None:
        return None
    in_class = standing.get("ClassPosition")
    out = standing.get("ReasonOutId")
    return {
        "group_id": team_id if team_id is not None else cust_id,
        "participant_id": cust_id if cust_id is not None else team_id,
        "kind": "team_driver" if team_id is not None else "driver",
        "cust_id": cust_id,
        "team_id": team_id,
        "display_name": _text(driver.get("UserName")),
        "ai": bool(driver.get("CarIsAI")),
        "car_id": _positive(driver.get("CarID")),
        "car_name": _text(driver.get("CarScreenName")),
        "car_class_id": _positive(driver.get("CarClassID")),
        "car_class_name": _text(driver.get("CarClassShortName")),
        "car_number": _text(driver.get("CarNumber")),
        "finish_position": _positive(standing.get("Position")),
        "finish_position_in_class": in_class + 1
        if isinstance(in_class, int) and in_class >= 0
        else None,
        "laps_complete": _count(standing.get("LapsComplete")),
        "laps_led": _count(standing.get("LapsLed")),
        "best_lap_s": _seconds(standing.get("FastestTime")),
        "best_lap_number": _positive(standing.get("FastestLap")),
        "incidents": _count(standing.get("Incidents")),
        "reason_out_id": _count(out),
        "reason_out": _text(standing.get("ReasonOutStr")),
        "finished": out == 0 if isinstance(out, int) else None,
    }


def _frames(
    subsession: list[dict[str, object]],
    simsession: list[dict[str, object]],
    result: list[dict[str, object]],
    member: list[dict[str, object]],
    issues: Issues,
) -> SubsessionFrames:
    return SubsessionFrames(
        subsession=_once(SUBSESSION, subsession, issues),
        subsession_class=SUBSESSION_CLASS.frame(),
        simsession=_once(SIMSESSION, simsession, issues),
        result=_once(RESULT, result, issues),
        member=_once(MEMBER, member, issues),
    )


def _once(table: Table, rows: list[dict[str, object]], issues: Issues) -> pl.DataFrame:
    fit = fitting(table, rows, issues, "session info")
    return table.frame(fit).unique(table.key, keep="last", maintain_order=True)


def _positive(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
