"""The laps that a session's best lap is compared with: one's own, and those of others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg import sql
from psycopg.rows import dict_row

from iracing_pipeline.analysis.reference import Conditions, against
from iracing_pipeline.report.losses import CornerLoss, corner_losses

if TYPE_CHECKING:
    from datetime import datetime

    from iracing_pipeline.analysis.samples import Floats
    from iracing_pipeline.warehouse.connection import Connection

Row = dict[str, Any]

CHANNELS = (
    "distance_m",
    "elapsed_s",
    "speed_mps",
    "throttle",
    "brake",
    "steering_rad",
    "gear",
    "rpm",
    "east_m",
    "north_m",
)
_MOST_REFERENCES = 3


@dataclass(frozen=True, slots=True)
class Opponent:
    """A lap with its trace.

    Attributes:
        name: Its name in the functions of schema ``grafana``.
        what: What it is, such as ``second fastest of this session``.
        lap_number: Its number; None for a lap of somebody else.
        lap_time_s: Its time.
        when: When it was driven, where that is known.
        driver: Whose it is; None for one's own.
        own: Whether one drove it oneself.
        against: What speaks against comparing with it, in words.
        trace: Each of :data:`CHANNELS` as an array of one element a grid point; a channel that
            the file did not have is absent.
        losses: What the best lap of the session lost to it in each corner.
    """

    name: str
    what: str
    lap_number: int | None
    lap_time_s: float
    when: datetime | None
    driver: str | None
    own: bool
    against: tuple[str, ...]
    trace: dict[str, Floats]
    losses: tuple[CornerLoss, ...] = ()


def opponents(connection: Connection, session: Row) -> tuple[Opponent | None, list[Opponent]]:
    """The best lap of a session that has a trace, and laps to compare it with.

    The best is the fastest clean lap, or where none is clean the fastest that has a trace.
    """
    mine = _laps(
        connection,
        "session_key = %(session_key)s ORDER BY clean DESC, lap_time_s",
        session,
    )
    if not mine:
        return None, []
    best = _own(connection, mine[0], "best lap of this session")
    chosen = [*_elsewhere(connection, session), *_of_this_session(mine)]
    others = [
        *(_own(connection, lap, what) for what, lap in chosen),
        *_references(connection, session, mine[0]),
    ]
    return best, [
        replace(each, losses=tuple(corner_losses(connection, best.name, each.name)))
        for each in others
    ]


def _of_this_session(laps: list[Row]) -> list[tuple[str, Row]]:
    """The second fastest clean lap, and a usual one."""
    clean = [lap for lap in laps if lap["clean"]] or laps
    chosen = [("second fastest of this session", clean[1])] if len(clean) > 1 else []
    if len(clean) > 4:
        chosen.append(("a usual clean lap of this session", clean[len(clean) // 2]))
    return chosen


def _elsewhere(connection: Connection, session: Row) -> list[tuple[str, Row]]:
    """One's fastest clean lap of other sessions with this car on this track."""
    if session["track_id"] is None or session["car_id"] is None:
        return []
    laps = _laps(
        connection,
        "track_id = %(track_id)s AND car_id = %(car_id)s AND clean"
        " AND cust_id IS NOT DISTINCT FROM %(cust_id)s AND session_key <> %(session_key)s"
        " ORDER BY lap_time_s LIMIT 1",
        session,
    )
    return [("your fastest of other sessions here", lap) for lap in laps]


def _laps(connection: Connection, rest: str, session: Row) -> list[Row]:
    query = (
        "SELECT grafana.lap_id(session_key, stint, lap_number) AS name, session_key, stint,"
        " lap_number, lap_time_s, clean, start_time"
        f" FROM grafana.lap_traces WHERE {rest}"
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), session).fetchall()


def _own(connection: Connection, lap: Row, what: str) -> Opponent:
    where = {name: lap[name] for name in ("session_key", "stint", "lap_number")}
    return Opponent(
        name=lap["name"],
        what=what if lap["clean"] else f"{what} (not a clean lap)",
        lap_number=lap["lap_number"],
        lap_time_s=lap["lap_time_s"],
        when=lap["start_time"],
        driver=None,
        own=True,
        against=(),
        trace=_trace(connection, "lap_trace_points", where),
    )


def _references(connection: Connection, session: Row, best: Row) -> list[Opponent]:
    """Laps of others on this track, those driven in the same conditions first."""
    if session["track_id"] is None:
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT * FROM grafana.reference_laps WHERE track_id = %s ORDER BY lap_time_s",
            [session["track_id"]],
        ).fetchall()
        wetness = cursor.execute(
            "SELECT track_wetness FROM grafana.telemetry_laps WHERE session_key = %(session_key)s"
            " AND stint = %(stint)s AND lap_number = %(lap_number)s",
            best,
        ).fetchone()
    own = Conditions.of_row({**session, **(wetness or {})})
    compared = [(against(Conditions.of_row(row), own), row) for row in rows]
    compared.sort(key=lambda each: len(each[0]))
    return [
        Opponent(
            name=f"reference:{row['reference_key']}",
            what="reference lap",
            lap_number=None,
            lap_time_s=row["lap_time_s"],
            when=row["driven_at"],
            driver=row["driver_name"] or "somebody else",
            own=False,
            against=tuple(reasons),
            trace=_trace(
                connection, "reference_lap_points", {"reference_key": row["reference_key"]}
            ),
        )
        for reasons, row in compared[:_MOST_REFERENCES]
    ]


def _trace(connection: Connection, view: str, where: Row) -> dict[str, Floats]:
    query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY point").format(
        sql.SQL(", ").join(map(sql.Identifier, CHANNELS)),
        sql.Identifier("grafana", view),
        sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in where),
    )
    rows = connection.execute(query, list(where.values())).fetchall()
    columns = zip(CHANNELS, zip(*rows, strict=True), strict=True) if rows else ()
    return {
        name: np.array(values, dtype=np.float64)
        for name, values in columns
        if any(value is not None for value in values)
    }
