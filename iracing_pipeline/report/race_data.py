"""Data of the section of a race, read from the views of schema ``grafana``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import dict_row

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection

Row = dict[str, Any]

_LEDGER: LiteralString = """
SELECT cause, seconds, low_s, high_s, supported, from_s, to_s, text, gap_s, lap_number, laps_down,
    official_gap_s, group_id, against_group_id
FROM grafana.race_ledger WHERE subsession_id = %(subsession_id)s AND simsession_number = 0
    AND group_id = %(group_id)s ORDER BY cause_number
"""
_ITEMS: LiteralString = """
SELECT cause, first_lap, seconds, why FROM grafana.race_ledger_items
WHERE subsession_id = %(subsession_id)s AND simsession_number = 0 AND group_id = %(group_id)s
    AND seconds > 0 ORDER BY seconds DESC
"""
_PLACES: LiteralString = """
SELECT lap_number, place FROM (
    SELECT group_id, lap_number,
        rank() OVER (PARTITION BY lap_number ORDER BY session_time_s)::integer AS place
    FROM grafana.race_laps
    WHERE subsession_id = %(subsession_id)s AND simsession_number = 0
        AND session_time_s IS NOT NULL
        AND car_class_id IS NOT DISTINCT FROM %(car_class_id)s
) AS every WHERE group_id = %(group_id)s ORDER BY lap_number
"""
_WHAT_IFS: LiteralString = """
SELECT * FROM grafana.race_what_if WHERE subsession_id = %(subsession_id)s
    AND simsession_number = 0 AND group_id = %(group_id)s ORDER BY question_number
"""
_INCIDENTS: LiteralString = """
SELECT lap_number, corner, distance_m, points, total_points, kind, seconds, position_before,
    position_after, session_time_s
FROM grafana.race_incident WHERE session_key = %(session_key)s ORDER BY incident
"""
_LADDER: LiteralString = """
SELECT penalty, at_points, points, points_left FROM grafana.penalty_ladder
WHERE session_key = %(session_key)s ORDER BY step
"""
_CAR: LiteralString = """
SELECT group_id, car_class_id FROM grafana.race_results WHERE subsession_id = %s
    AND simsession_number = 0 AND cust_id = %s ORDER BY kind LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class RaceData:
    """A race with all cars, as the driver's car had it. Rows are those of the views.

    Attributes:
        ledger: Seconds to the winner of the class, by cause, in order.
        items: Laps and stops that they are made of, costliest first.
        places: Place in class at the end of each lap; lap 0 is the grid.
        what_ifs: Results of what-ifs.
        incidents: The driver's incidents.
        ladder: The steps of the session's incident limits.
    """

    ledger: list[Row]
    items: list[Row]
    places: list[tuple[int, int]]
    what_ifs: list[Row]
    incidents: list[Row]
    ladder: list[Row]


def read(connection: Connection, session: Row) -> RaceData | None:
    """The race of a session; None for another kind of session, or without a ledger."""
    if session["simsession_type"] != "Race" or session["subsession_id"] is None:
        return None
    car = connection.execute(_CAR, [session["subsession_id"], session["cust_id"]]).fetchone()
    if car is None:
        return None
    keys = {
        "subsession_id": session["subsession_id"],
        "session_key": session["session_key"],
        "group_id": car[0],
        "car_class_id": car[1],
    }
    ledger = _rows(connection, _LEDGER, keys)
    if not ledger:
        return None
    places = [(row["lap_number"], row["place"]) for row in _rows(connection, _PLACES, keys)]
    return RaceData(
        ledger=ledger,
        items=_rows(connection, _ITEMS, keys),
        places=places,
        what_ifs=_rows(connection, _WHAT_IFS, keys),
        incidents=_rows(connection, _INCIDENTS, keys),
        ladder=_rows(connection, _LADDER, keys),
    )


def _rows(connection: Connection, query: LiteralString, keys: Row) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, keys).fetchall()
