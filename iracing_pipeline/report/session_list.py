"""List of sessions: each in a row, with its main finding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from iracing_pipeline.analysis.debrief import FEWEST_CLEAN_LAPS, debrief
from iracing_pipeline.report.session_name import file_stem, local_start
from iracing_pipeline.report.words import count
from iracing_pipeline.tables.corners import LAP_CORNER
from iracing_pipeline.tables.stints import STINT
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from iracing_pipeline.warehouse.connection import Connection

_LEFT_S = 0.05
"""Least time that the own best sectors leave for a finding, in seconds."""

_SESSIONS = """
SELECT session.session_key, session.start_time, session.end_time, session.utc_offset_s,
    session.simsession_type AS kind, session.car_name, session.track_name, session.track_config,
    session.lap_count, session.timed_lap_count, session.clean_lap_count, session.best_lap_time_s,
    session.to_gain_s, session.incidents, session.car_count, session.starting_position,
    session.finish_position, session.irating_change, finding.text, finding.advice
FROM grafana.session_summaries AS session
LEFT JOIN LATERAL (SELECT text, advice FROM grafana.race_debriefs AS race
    WHERE race.session_key = session.session_key AND rank IS NOT NULL ORDER BY rank LIMIT 1
) AS finding ON true
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A session in a list.

    Attributes:
        session_key: Its key.
        start_time: Start, UTC.
        end_time: End, UTC; None where it is not known.
        local_start: Start on the clock of the racing PC.
        kind: Such as ``Race``.
        car: Name of the car.
        track: Name of the track, with its configuration.
        laps: Laps driven.
        timed_laps: Laps with a time.
        clean_laps: Clean laps.
        best_lap_s: Fastest clean lap, in seconds.
        incidents: Incident points.
        starting_position: Of a race with a result, from 1.
        finish_position: Likewise.
        car_count: Cars in the race.
        irating_change: Change of iRating in the race.
        file_stem: The name of files about it, without their ending.
        worth: The one thing worth a look, in a sentence.
    """

    session_key: str
    start_time: datetime
    end_time: datetime | None
    local_start: datetime
    kind: str | None
    car: str
    track: str
    laps: int
    timed_laps: int
    clean_laps: int
    best_lap_s: float | None
    incidents: int | None
    starting_position: int | None
    finish_position: int | None
    car_count: int | None
    irating_change: int | None
    file_stem: str
    worth: str


def newest(
    connection: Connection, most: int, worth: dict[object, str] | None = None
) -> list[Session]:
    """The newest sessions, the newest first.

    Args:
        connection: Of a role that may read schema ``grafana``.
        most: How many.
        worth: Keeps what is worth a look, so that another list of the same sessions is quick.
    """
    order = " ORDER BY session.start_time DESC, session.session_key DESC LIMIT %s"
    return _read(connection, _SESSIONS + order, most, worth)


def of_keys(
    connection: Connection, keys: Sequence[str], worth: dict[object, str] | None = None
) -> list[Session]:
    """The sessions of some keys, the oldest first."""
    where = " WHERE session.session_key = ANY(%s) ORDER BY session.start_time"
    return _read(connection, _SESSIONS + where, list(keys), worth)


def _read(
    connection: Connection, query: str, value: object, worth: dict[object, str] | None
) -> list[Session]:
    worth = {} if worth is None else worth
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query.encode(), [value]).fetchall()
    sessions = []
    for row in rows:
        version = tuple(row.values())  # a session that grew has another lap, time or finding
        if version not in worth:
            worth[version] = _worth(connection, row)
        sessions.append(_session(row, worth[version]))
    return sessions


def _session(row: dict[str, Any], worth: str) -> Session:
    track = " ".join(filter(None, (row["track_name"], row["track_config"])))
    return Session(
        session_key=row["session_key"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        local_start=local_start(row),
        kind=row["kind"],
        car=row["car_name"] or "Unknown car",
        track=track or "unknown track",
        laps=row["lap_count"],
        timed_laps=row["timed_lap_count"],
        clean_laps=row["clean_lap_count"],
        best_lap_s=row["best_lap_time_s"],
        incidents=row["incidents"],
        starting_position=row["starting_position"],
        finish_position=row["finish_position"],
        car_count=row["car_count"],
        irating_change=row["irating_change"],
        file_stem=file_stem(row),
        worth=worth,
    )


def _worth(connection: Connection, row: dict[str, Any]) -> str:
    """The first finding of the report; else what the own sectors leave; else why there is none."""
    if row["text"]:
        return " ".join(filter(None, (row["text"], row["advice"])))
    if row["clean_lap_count"] >= FEWEST_CLEAN_LAPS:
        own = {"session_key": row["session_key"]}
        laps, corners, stints = (
            read_table(connection, replace(table, name=view), where=own)
            for table, view in (
                (TELEMETRY_LAP, "grafana.telemetry_laps"),
                (LAP_CORNER, "grafana.lap_corners"),
                (STINT, "grafana.stints"),
            )
        )
        for finding in debrief(laps.sort("start_session_time_s"), corners, stints).findings:
            return " ".join(filter(None, (finding.text, finding.advice)))
    if row["clean_lap_count"] > 1 and (row["to_gain_s"] or 0.0) >= _LEFT_S:
        left = row["to_gain_s"]
        return f"Your own best sectors together are {left:.2f} s faster than your best lap."
    if row["clean_lap_count"] >= FEWEST_CLEAN_LAPS:
        return "Nothing stands out."
    if row["clean_lap_count"]:
        clean = count(row["clean_lap_count"], "clean lap")
        return f"{clean}: a finding needs {FEWEST_CLEAN_LAPS}."
    return "No clean lap: the report has the reason for each lap."
