"""Analyse races: from results, laps and telemetry in the warehouse into the tables of races.

A subsession is taken apart once. A load that changes its laps, its result or its telemetry forgets
that, so that the next run does it again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

import polars as pl

from iracing_pipeline.analysis import debrief, race_ledger
from iracing_pipeline.analysis.irating_outcomes import outcomes
from iracing_pipeline.analysis.race_notes import notes_of
from iracing_pipeline.ingest.isolation import in_batches
from iracing_pipeline.tables.corners import LAP_CORNER
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.race import (
    IRATING_OUTCOME,
    RACE_ANALYSIS,
    RACE_LEDGER,
    RACE_PACE,
    TRAFFIC_EFFECT,
)
from iracing_pipeline.tables.results import RESULT, SESSION_EVENT, SUBSESSION, SUBSESSION_CLASS
from iracing_pipeline.tables.stints import STINT
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse import audit
from iracing_pipeline.warehouse.load import replace
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.analysis.race_crossings import Note
    from iracing_pipeline.analysis.race_ledger import Race
    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.load import Loaded

VERSION = 2
"""Version of the analysis: races analysed by another one are analysed again."""
BATCH = 20
QUARANTINE = "race"
_MAIN_EVENT = 0
_TABLES = (IRATING_OUTCOME, RACE_LEDGER, RACE_PACE, TRAFFIC_EFFECT, RACE_ANALYSIS)
_DUE: LiteralString = """
SELECT subsession.subsession_id FROM racing.subsession AS subsession
LEFT JOIN racing.race_analysis AS done
    ON done.subsession_id = subsession.subsession_id AND done.version = %s
WHERE subsession.event_type = 5 AND done.subsession_id IS NULL
ORDER BY subsession.start_time DESC NULLS LAST, subsession.subsession_id DESC
"""
_RACED: LiteralString = """
SELECT simsession_number FROM racing.simsession
WHERE subsession_id = %s AND (simsession_type = 6 OR simsession_number = 0)
ORDER BY simsession_number DESC
"""
_LAPS: LiteralString = """
SELECT group_id, lap_number, session_time_s, flags FROM racing.lap
WHERE subsession_id = %s AND simsession_number = %s ORDER BY group_id, lap_number
"""
_LAP_SCHEMA = pl.Schema(
    {
        "group_id": pl.Int64(),
        "lap_number": pl.Int32(),
        "session_time_s": pl.Float64(),
        "flags": pl.Int64(),
    }
)
NO_LAPS = "no laps of this race are known"


@dataclass(slots=True)
class Recording:
    """The telemetry of one car in one race.

    Attributes:
        session: Its row of ``racing.telemetry_session``.
        laps: Its laps.
        corners: Their corners.
        stints: Its stints.
    """

    session: dict[str, Any]
    laps: pl.DataFrame
    corners: pl.DataFrame
    stints: pl.DataFrame


@dataclass(slots=True)
class RacesAnalysed:
    """Result of analysing races.

    Attributes:
        rows: Rows of each table.
        races: Races that were due.
        refused: Subsessions that could not be taken apart, with the reason.
    """

    rows: dict[Table, int] = field(default_factory=lambda: defaultdict(int))
    races: int = 0
    refused: dict[int, str] = field(default_factory=dict)


def forget(connection: Connection, subsession_ids: Sequence[int]) -> None:
    """Mark subsessions for a new analysis, in the caller's transaction."""
    if subsession_ids:
        connection.execute(
            "DELETE FROM racing.race_analysis WHERE subsession_id = ANY(%s)",
            [list(subsession_ids)],
        )


def analyse_due_races(connection: Connection, *, run_id: str | None = None) -> RacesAnalysed:
    """Take apart every race that is new or changed, the latest first; each batch is committed."""
    due = [row[0] for row in connection.execute(_DUE, [VERSION]).fetchall()]
    done = RacesAnalysed(races=len(due))

    def work(batch: Sequence[int]) -> None:
        for table, count in analyse_races(connection, batch, run_id=run_id).items():
            done.rows[table] += count

    done.refused |= in_batches(connection, due, work, size=BATCH, source=QUARANTINE)
    return done


def analyse_races(
    connection: Connection, subsession_ids: Sequence[int], *, run_id: str | None = None
) -> dict[Table, int]:
    """Analyse some subsessions and store the tables of races, in the caller's transaction.

    Returns:
        Rows of each table.

    Raises:
        LoadError: If the database refuses a row.
    """
    ids = list(subsession_ids)
    frames: dict[Table, list[pl.DataFrame]] = {table: [table.frame()] for table in _TABLES}
    findings: dict[str, pl.DataFrame] = {}
    subsessions = read_table(connection, SUBSESSION, where={"subsession_id": ids})
    results = read_table(connection, RESULT, where={"subsession_id": ids})
    classes = read_table(connection, SUBSESSION_CLASS, where={"subsession_id": ids})
    events = read_table(connection, SESSION_EVENT, where={"subsession_id": ids})
    for subsession in subsessions.rows(named=True):
        number = subsession["subsession_id"]
        own = {"subsession_id": number}
        entries = results.filter(**own)
        worth = outcomes(subsession, entries, classes.filter(**own))
        frames[IRATING_OUTCOME].append(worth)
        recordings = recordings_of(connection, number)
        count = 0
        for simsession in [row[0] for row in connection.execute(_RACED, [number]).fetchall()]:
            of_race = {**own, "simsession_number": simsession}
            main = simsession == _MAIN_EVENT
            race = race_ledger.read_race(
                laps_of(connection, number, simsession),
                entries.filter(**of_race),
                events.filter(**of_race),
                notes_of_cars(recordings, entries) if main else None,
            )
            ledger = race_ledger.ledger(race, number, simsession)
            frames[RACE_LEDGER].append(ledger)
            frames[RACE_PACE].append(race_ledger.race_paces(race, number, simsession))
            frames[TRAFFIC_EFFECT].append(race_ledger.traffic_effects(race, number, simsession))
            count += ledger.height
            if main and ledger.height:
                findings |= _findings(recordings, race, worth, entries)
        analysed = {**own, "version": VERSION, "ledger_rows": count}
        note = None if count else NO_LAPS
        frames[RACE_ANALYSIS].append(RACE_ANALYSIS.frame([{**analysed, "note": note}]))
    whole = {table: pl.concat(parts) for table, parts in frames.items()}
    loads: list[Loaded] = [
        replace(connection, table, rows, where={"subsession_id": ids})
        for table, rows in whole.items()
    ]
    if findings:
        loads.append(
            replace(
                connection,
                RACE_FINDING,
                pl.concat(findings.values()),
                where={"session_key": list(findings)},
            )
        )
    audit.record(connection, loads, run_id=run_id)
    return {table: rows.height for table, rows in whole.items()}


def laps_of(connection: Connection, subsession_id: int, simsession_number: int) -> pl.DataFrame:
    """The laps of every car of one simsession, as `race_ledger.read_race` takes them."""
    rows = connection.execute(_LAPS, [subsession_id, simsession_number], binary=True).fetchall()
    return pl.DataFrame(rows, schema=_LAP_SCHEMA, orient="row")


def recordings_of(connection: Connection, subsession_id: int) -> list[Recording]:
    """The telemetry of a race, in order of time; a later file of the same driver comes last."""
    sessions = read_table(connection, TELEMETRY_SESSION, where={"subsession_id": subsession_id})
    raced = sessions.filter(simsession_type=debrief.RACE).sort("start_time")
    recordings = []
    for session in raced.rows(named=True):
        where = {"session_key": session["session_key"]}
        recordings.append(
            Recording(
                session,
                read_table(connection, TELEMETRY_LAP, where=where),
                read_table(connection, LAP_CORNER, where=where),
                read_table(connection, STINT, where=where),
            )
        )
    return recordings


def _cars(entries: pl.DataFrame) -> dict[int, int]:
    """The car that each driver drove in the main event."""
    main = entries.filter(simsession_number=_MAIN_EVENT).drop_nulls("cust_id")
    return dict(main.select("cust_id", "group_id").rows())


def notes_of_cars(recordings: list[Recording], entries: pl.DataFrame) -> dict[int, dict[int, Note]]:
    """Return telemetry's additions to the laps of each car, by ``group_id`` and lap number."""
    cars = _cars(entries)
    notes: dict[int, dict[int, Note]] = {}
    for recording in recordings:
        group_id = cars.get(recording.session["cust_id"])
        if group_id is not None:
            own = notes_of(recording.laps, recording.corners)
            notes.setdefault(group_id, {}).update(own)
    return notes


def _findings(
    recordings: list[Recording], race: Race, worth: pl.DataFrame, entries: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    cars = _cars(entries)
    by_session = {}
    for recording in recordings:
        group_id = cars.get(recording.session["cust_id"])
        if group_id is None or group_id not in race.paces:
            continue
        own = worth.filter(group_id=group_id, cust_id=recording.session["cust_id"])
        values = own.get_column("place_value").drop_nulls()
        by_session[recording.session["session_key"]] = debrief.race_findings(
            recording.session,
            recording.laps,
            recording.corners,
            recording.stints,
            scored=debrief.Scored(race, group_id, values[0] if len(values) else None),
        )
    return by_session
