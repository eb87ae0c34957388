"""Data of a report: one session, read from the views of schema ``grafana``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import dict_row

from iracing_pipeline.report import race_data
from iracing_pipeline.report.opponents import Opponent, opponents
from iracing_pipeline.report.session_name import NoSessionError
from iracing_pipeline.tables.corners import CORNER_MAP, LAP_CORNER
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.stints import FUEL_LAP, STINT, TYRE_LAP, TYRE_SET
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    import polars as pl

    from iracing_pipeline.report.race_data import RaceData
    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SessionData:
    """A session as its report needs it. Frames have the schema of the table of that name.

    Attributes:
        session: Its row of ``grafana.telemetry_sessions``.
        result: Its row of ``grafana.session_results``; None where no result is known.
        laps: Its laps in order.
        sectors: Sectors of its laps.
        corner_map: Corners of the track, in order.
        lap_corners: How its laps took them.
        stints: Its stints.
        findings: The findings of its race; empty for a session that was none.
        race: The race with all cars; None where it was none, or no lap of it is known.
        fuel: What its laps burnt.
        tyre_sets: Its sets of tyres.
        tyre_laps: Surfaces and pressures lap by lap.
        settings: Setting and value of the setup, readings of the tyres left out.
        lap: The lap that is compared; None where no lap has a trace.
        opponents: Laps to compare it with, the most telling first.
    """

    session: Row
    result: Row | None
    laps: pl.DataFrame
    sectors: pl.DataFrame
    corner_map: pl.DataFrame
    lap_corners: pl.DataFrame
    stints: pl.DataFrame
    findings: pl.DataFrame
    race: RaceData | None
    fuel: pl.DataFrame
    tyre_sets: pl.DataFrame
    tyre_laps: pl.DataFrame
    settings: list[tuple[str, str]]
    lap: Opponent | None
    opponents: list[Opponent]


def read(connection: Connection, key: str) -> SessionData:
    """Read a session.

    Args:
        connection: Of a role that may read the views.
        key: Its session_key.

    Raises:
        NoSessionError: If there is none.
    """
    session = _one(connection, "grafana.telemetry_sessions", key)
    if session is None:
        raise NoSessionError(f"There is no session {key}")
    own = {"session_key": key}
    laps = _frame(connection, TELEMETRY_LAP, "grafana.telemetry_laps", own)
    lap, others = opponents(connection, session)
    of_track = {"track_id": session["track_id"]}
    return SessionData(
        session=session,
        result=_one(connection, "grafana.session_results", key),
        laps=laps.sort("start_session_time_s"),
        sectors=_frame(connection, LAP_SECTOR, "grafana.lap_sectors", own),
        corner_map=_frame(connection, CORNER_MAP, "grafana.corners", of_track),
        lap_corners=_frame(connection, LAP_CORNER, "grafana.lap_corners", own),
        stints=_frame(connection, STINT, "grafana.stints", own),
        findings=_frame(connection, RACE_FINDING, "grafana.race_debriefs", own).drop_nulls("rank"),
        race=race_data.read(connection, session),
        fuel=_frame(connection, FUEL_LAP, "grafana.fuel_laps", own),
        tyre_sets=_frame(connection, TYRE_SET, "grafana.tyre_sets", own),
        tyre_laps=_frame(connection, TYRE_LAP, "grafana.tyre_laps", own),
        settings=_settings(connection, key),
        lap=lap,
        opponents=others,
    )


def _frame(connection: Connection, table: Table, view: str, where: Row) -> pl.DataFrame:
    """Rows of a view that shows all columns of a table."""
    return read_table(connection, replace(table, name=view), where=where)


def _one(connection: Connection, view: str, key: str) -> Row | None:
    query = sql.SQL("SELECT * FROM {} WHERE session_key = %s LIMIT 1").format(
        sql.Identifier(*view.split("."))
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [key]).fetchone()


def _settings(connection: Connection, key: str) -> list[tuple[str, str]]:
    query = (
        "SELECT setting, value FROM grafana.setup_settings"
        " WHERE session_key = %s AND NOT reading ORDER BY setting"
    )
    return [(str(name), str(value)) for name, value in connection.execute(query, [key])]
