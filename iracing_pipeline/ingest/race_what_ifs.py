"""Simulate the driver's races with one change, into ``racing.race_what_if``.

A race is simulated after its analysis (`ingest/races.py`), and again after each new
analysis. One run simulates the newest `MOST_RACES`; the next run the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, LiteralString

import polars as pl

from iracing_pipeline.analysis import race_ledger
from iracing_pipeline.analysis.race_questions import what_ifs
from iracing_pipeline.ingest.isolation import in_batches
from iracing_pipeline.ingest.races import laps_of, notes_of_cars, recordings_of
from iracing_pipeline.tables.race import IRATING_OUTCOME, RACE_WHAT_IF
from iracing_pipeline.tables.results import RESULT, SESSION_EVENT
from iracing_pipeline.warehouse import audit
from iracing_pipeline.warehouse.load import replace
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.warehouse.connection import Connection

VERSION = 1
"""Version of questions and replay: races simulated by another one are simulated again."""
MOST_RACES = 25
QUARANTINE = "race_what_if"
_MAIN_EVENT = 0
_OWN: LiteralString = (
    "(SELECT cust_id FROM racing.own_member UNION SELECT cust_id FROM racing.rating_history"
    " UNION SELECT cust_id FROM racing.telemetry_session WHERE cust_id IS NOT NULL)"
)
"""The members whose racing this is, as in the column ``own`` of views."""
_DUE: LiteralString = f"""
SELECT done.subsession_id FROM racing.race_analysis AS done
JOIN racing.subsession AS subsession USING (subsession_id)
WHERE done.ledger_rows > 0 AND done.what_if_version IS DISTINCT FROM %s
    AND EXISTS (SELECT FROM racing.result AS result
        WHERE result.subsession_id = done.subsession_id AND result.simsession_number = 0
            AND result.cust_id IN {_OWN})
ORDER BY subsession.start_time DESC NULLS LAST, done.subsession_id DESC
LIMIT %s
"""
_DONE: LiteralString = (
    "UPDATE racing.race_analysis SET what_if_version = %s WHERE subsession_id = %s"
)
_MEMBERS: LiteralString = f"SELECT cust_id FROM {_OWN} AS own"


@dataclass(slots=True)
class WhatIfsSimulated:
    """Result of a run.

    Attributes:
        races: Races that were driven again.
        rows: Rows of ``racing.race_what_if``.
        refused: Subsessions that could not be driven again, with the reason.
    """

    races: int = 0
    rows: int = 0
    refused: dict[int, str] = field(default_factory=dict)


def simulate_due_what_ifs(connection: Connection, *, run_id: str | None = None) -> WhatIfsSimulated:
    """Drive the newest races that are due again; each is committed by itself."""
    due = [row[0] for row in connection.execute(_DUE, [VERSION, MOST_RACES]).fetchall()]
    done = WhatIfsSimulated(races=len(due))

    def work(batch: Sequence[int]) -> None:
        for subsession_id in batch:
            done.rows += simulate_what_ifs(connection, subsession_id, run_id=run_id)

    done.refused |= in_batches(connection, due, work, size=1, source=QUARANTINE)
    for subsession_id in done.refused:  # until the race is taken apart again
        connection.execute(_DONE, [VERSION, subsession_id])
    connection.commit()
    return done


def simulate_what_ifs(
    connection: Connection, subsession_id: int, *, run_id: str | None = None
) -> int:
    """Replace the rows of one race, in the caller's transaction.

    Returns:
        Its rows.

    Raises:
        LoadError: If the database refuses a row.
    """
    where = {"subsession_id": subsession_id, "simsession_number": _MAIN_EVENT}
    entries = read_table(connection, RESULT, where=where)
    worth = read_table(connection, IRATING_OUTCOME, where=where)
    race = race_ledger.read_race(
        laps_of(connection, subsession_id, _MAIN_EVENT),
        entries,
        read_table(connection, SESSION_EVENT, where=where),
        notes_of_cars(recordings_of(connection, subsession_id), entries),
    )
    members = [row[0] for row in connection.execute(_MEMBERS).fetchall()]
    own = entries.filter(pl.col("cust_id").is_in(members)).unique("group_id", keep="first")
    frames = [
        what_ifs(race, group_id, subsession_id, _MAIN_EVENT, _changes(worth, group_id, cust_id))
        for group_id, cust_id in own.sort("group_id").select("group_id", "cust_id").rows()
    ]
    rows = pl.concat([RACE_WHAT_IF.frame(), *frames])
    load = replace(connection, RACE_WHAT_IF, rows, where={"subsession_id": [subsession_id]})
    audit.record(connection, [load], run_id=run_id)
    connection.execute(_DONE, [VERSION, subsession_id])
    return rows.height


def _changes(worth: pl.DataFrame, group_id: int, cust_id: int) -> dict[int, float]:
    """Return the change of the driver's iRating at each place in class."""
    own = worth.filter(group_id=group_id, cust_id=cust_id).drop_nulls("irating_change")
    return dict(own.select("place_in_class", "irating_change").rows())
