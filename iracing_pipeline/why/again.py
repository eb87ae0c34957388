"""A row computed again, from what it was computed from the first time.

Rows of one recording come from its frames in the lake. Rows over many sessions and rows of results
are computed by the functions that load them, in a transaction that is rolled back.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

from psycopg import sql

from iracing_pipeline.data_api.backfill import EVENTS, LAP_DATA, LAPS
from iracing_pipeline.ingest import figures, lap_analysis, members, races, results, telemetry
from iracing_pipeline.ingest.lap_analysis import Kept
from iracing_pipeline.tables.consistency import (
    CONSISTENCY_TREND,
    CORNER_CONSISTENCY,
    SESSION_SUMMARY,
)
from iracing_pipeline.tables.corners import CORNER_MAP, LAP_CORNER
from iracing_pipeline.tables.dampers import DAMPER_HISTOGRAM
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.race import (
    IRATING_OUTCOME,
    PENALTY_LADDER,
    RACE_INCIDENT,
    RACE_LEDGER,
    RACE_PACE,
    TRAFFIC_EFFECT,
)
from iracing_pipeline.tables.ratings import (
    CAREER,
    RATING_FORECAST,
    RATING_HISTORY,
    RATING_TARGET,
    YEARLY,
)
from iracing_pipeline.tables.results import (
    LAP,
    RESULT,
    SESSION_EVENT,
    SIMSESSION,
    SUBSESSION,
    SUBSESSION_CLASS,
)
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.setups import SETUP_CHANGE, SETUP_COMPARISON
from iracing_pipeline.tables.stints import FUEL_LAP, STINT, TYRE_LAP, TYRE_SET
from iracing_pipeline.tables.strategy import (
    CAR_TRACK,
    FUEL_SAVING,
    RACE_LENGTH,
    RACE_PLAN,
    RACE_PLAN_STOP,
)
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.tables.traces import LAP_TRACE, TRACK_GRID, TRACK_MEASUREMENT
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from iracing_pipeline.ingest.telemetry import Telemetry
    from iracing_pipeline.lake import Lake
    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection

OF_A_RECORDING = (
    TELEMETRY_SESSION,
    TELEMETRY_LAP,
    TRACK_MEASUREMENT,
    LAP_TRACE,
    LAP_SECTOR,
    LAP_CORNER,
    STINT,
    FUEL_LAP,
    TYRE_SET,
    TYRE_LAP,
    DAMPER_HISTOGRAM,
    SESSION_SUMMARY,
    CORNER_CONSISTENCY,
    RACE_INCIDENT,
    PENALTY_LADDER,
)
"""Tables whose rows are computed from the frames of one session."""
OF_A_TRACK = (TRACK_GRID, CORNER_MAP)
"""Tables whose rows are computed from the frames of the session that they name."""
OF_A_RACE = (IRATING_OUTCOME, RACE_LEDGER, RACE_PACE, TRAFFIC_EFFECT)
OF_RATINGS = (RATING_HISTORY, CAREER, YEARLY)
OF_RESULTS = (SUBSESSION, SUBSESSION_CLASS, SIMSESSION, RESULT, LAP, SESSION_EVENT)

_OVER_SESSIONS: dict[Table, Callable[[Connection], object]] = {
    CAR_TRACK: figures.rebuild_car_tracks,
    RACE_LENGTH: figures.rebuild_race_plans,
    RACE_PLAN: figures.rebuild_race_plans,
    RACE_PLAN_STOP: figures.rebuild_race_plans,
    FUEL_SAVING: figures.rebuild_race_plans,
    CONSISTENCY_TREND: figures.rebuild_consistency_trends,
    SETUP_COMPARISON: figures.rebuild_setup_comparisons,
    SETUP_CHANGE: figures.rebuild_setup_comparisons,
    RATING_FORECAST: figures.rebuild_rating_outlook,
    RATING_TARGET: figures.rebuild_rating_outlook,
}

COMPUTED_AGAIN = frozenset(
    (
        *OF_A_RECORDING,
        *OF_A_TRACK,
        *OF_A_RACE,
        *OF_RATINGS,
        *OF_RESULTS,
        RACE_FINDING,
        *_OVER_SESSIONS,
    )
)
"""Every table whose rows can be computed again."""


PARTS = (LAPS, LAP_DATA, EVENTS)
"""Kinds of documents that hold laps and the log of a race."""


def reads(table: Table, kind: str) -> bool:
    """Whether rows of a table of results are read from a kind of document."""
    of = {LAP: (LAPS, LAP_DATA), SESSION_EVENT: (EVENTS,), RACE_LEDGER: PARTS, RACE_PACE: PARTS}
    return kind in of.get(table, results.RESULT_KINDS)


def recording(lake: Lake, session_key: str) -> Telemetry:
    """A session, computed again from its frames.

    Raises:
        NotInLakeError: They are not in the lake.
    """
    return telemetry.analyse(telemetry.StoredFrames(lake, session_key))


def tables_of(connection: Connection, lake: Lake, computed: Telemetry) -> dict[Table, pl.DataFrame]:
    """All rows of one recording, in the tables of `OF_A_RECORDING` and `RACE_FINDING`.

    The caller's transaction holds the lock of the track until it ends.
    """
    session_key = computed.facts.session_key
    track = lap_analysis.kept(connection, computed.track_id)
    analysis = lap_analysis.analyse_laps(computed, track)
    uri = None
    if lake.exists(telemetry.KIND, session_key, telemetry.FRAMES):
        uri = lake.uri(telemetry.KIND, session_key, telemetry.FRAMES)
    session = telemetry.session_row(
        connection, computed, frames_uri=uri, left_out=analysis.left_out
    )
    return {TELEMETRY_SESSION: session, TELEMETRY_LAP: computed.laps, **analysis.tables}


def track_row(
    computed: Telemetry, table: Table, key: Mapping[str, object]
) -> dict[str, Any] | None:
    """A row of a track's grid or corner map, from the session that it is of.

    A version of a map counts what came before it, so it is the stored one's.
    """
    made = lap_analysis.analyse_laps(computed, Kept()).made.get(table)
    if made is None:
        return None
    wanted = {name: value for name, value in key.items() if name != "version"}
    row = row_of(made, wanted)
    return None if row is None else row | ({"version": key["version"]} if "version" in key else {})


def by_loading(
    connection: Connection, table: Table, key: Mapping[str, object]
) -> dict[str, Any] | None:
    """A row as its load computes it now, in a transaction that is rolled back.

    The row is deleted first, so a load that does not make it again is not taken for one that does.

    Args:
        connection: Not in autocommit, at the beginning of a transaction.
        table: One of results, of races, or over many sessions.
        key: The row.
    """
    connection.execute("SET LOCAL lock_timeout = '10s'")
    try:
        _delete(connection, table, key)
        if table in _OVER_SESSIONS:
            _OVER_SESSIONS[table](connection)
        elif table in OF_A_RACE:
            races.analyse_races(connection, [int(str(key["subsession_id"]))])
        elif table in OF_RATINGS:
            cust_id = int(str(key["cust_id"]))
            members.rebuild_ratings_of(connection, cust_id, members.RatingOutcome([cust_id]))
        elif table is RACE_FINDING:
            races.analyse_races(connection, _subsessions_of(connection, str(key["session_key"])))
        else:
            number = int(str(key["subsession_id"]))
            results.load_in_transaction(connection, [number], results.Outcome())
        return row_of(read_table(connection, table, where=key), key)
    finally:
        connection.rollback()


def _delete(connection: Connection, table: Table, key: Mapping[str, object]) -> None:
    statement = sql.SQL("DELETE FROM {} WHERE {}").format(
        sql.Identifier(*table.name.split(".")),
        sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in key),
    )
    connection.execute(statement, list(key.values()))


def _subsessions_of(connection: Connection, session_key: str) -> list[int]:
    rows = connection.execute(
        "SELECT done.subsession_id FROM racing.telemetry_session AS session"
        " JOIN racing.race_analysis AS done USING (subsession_id)"
        " WHERE session.session_key = %s",
        [session_key],
    ).fetchall()
    return [row[0] for row in rows]


def row_of(frame: pl.DataFrame, key: Mapping[str, object]) -> dict[str, Any] | None:
    """The row of a frame with some key; None if there is none."""
    rows = frame.filter(**key)
    return rows.row(0, named=True) if rows.height else None


def same(stored: object, computed: object) -> bool:
    """Whether two values are the same bit for bit; NaN is NULL, as it is stored."""
    stored, computed = _stored(stored), _stored(computed)
    if isinstance(stored, float) and isinstance(computed, float):
        return struct.pack("<d", stored) == struct.pack("<d", computed)
    if isinstance(stored, list) and isinstance(computed, list):
        return len(stored) == len(computed) and all(map(same, stored, computed))
    return type(stored) is type(computed) and stored == computed


def _stored(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
