"""From raw payloads into the tables of results, in batches of bounded size.

Every version of a subsession that the API or a file gave is kept. The tables hold the greatest of
them, by one order (:func:`iracing_pipeline.results.source.precedence`): so what they hold depends
on what arrived, and never on the order in which it did.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from iracing_pipeline.data_api.backfill import EVENTS, LAP_DATA, LAPS, RESULT
from iracing_pipeline.ingest import downloads, races
from iracing_pipeline.ingest.isolation import in_batches
from iracing_pipeline.results.issues import Issues
from iracing_pipeline.results.laps import read_events, read_laps
from iracing_pipeline.results.reading import objects
from iracing_pipeline.results.search import read_search
from iracing_pipeline.results.source import Source, precedence
from iracing_pipeline.results.subsession import SubsessionFrames, read_subsessions
from iracing_pipeline.tables.results import (
    LAP,
    MEMBER,
    SESSION_EVENT,
    SIMSESSION,
    SUBSESSION,
    SUBSESSION_CLASS,
)
from iracing_pipeline.tables.results import (
    RESULT as RESULT_TABLE,
)
from iracing_pipeline.warehouse import audit, payloads
from iracing_pipeline.warehouse.errors import LoadError
from iracing_pipeline.warehouse.load import Loaded, replace, upsert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.payloads import Document

BATCH = 20
QUARANTINE = "subsession"
_SOURCES = {source.label: source for source in Source}
ROW_SOURCES = (Source.ARCHIVE_JSON, Source.ARCHIVE_CSV)
"""Sources that give a row of a search for each subsession."""
RESULT_KINDS = (
    RESULT,
    Source.EVENT_RESULT.label,
    Source.EVENT_CSV.label,
    *(source.label for source in ROW_SOURCES),
)
"""Kinds of documents with the result of a subsession; their item is its id."""
_PARTS = (LAPS, LAP_DATA, EVENTS)


@dataclass(slots=True)
class Outcome:
    """Result of a load.

    Attributes:
        rows: Rows of each table in what was loaded.
        changed: Rows inserted, updated or deleted, by table.
        issues: Unexpected content of the payloads.
        refused: Subsessions that could not be loaded, with the reason.
        kept: Subsessions of which there is a better or newer version than the one at hand.
    """

    rows: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    issues: Issues = field(default_factory=Issues)
    refused: dict[int, str] = field(default_factory=dict)
    kept: int = 0

    def add(self, loads: Sequence[Loaded]) -> None:
        """Count loads that were committed."""
        for load in loads:
            self.rows[load.table] += load.rows
            self.changed[load.table] += load.inserted + load.updated + load.deleted


@dataclass(slots=True)
class Frames:
    """The frames of some subsessions; laps and events None where their source has none."""

    result: SubsessionFrames
    laps: pl.DataFrame | None = None
    events: pl.DataFrame | None = None


def load_subsessions(
    connection: Connection,
    subsession_ids: Sequence[int],
    *,
    run_id: str | None = None,
    cust_id: int | None = None,
) -> Outcome:
    """Load some subsessions from their raw payloads.

    Each batch is committed, so a killed run has lost at most one.

    Args:
        connection: Not in autocommit.
        subsession_ids: Which; those without payloads are passed over.
        run_id: The run, for ``ops.load_audit``.
        cust_id: Whose rows those of an archive are that do not say.

    Returns:
        What changed, and what could not be loaded: that is in quarantine too.
    """
    outcome = Outcome()

    def load(batch: Sequence[int]) -> None:
        loads = load_in_transaction(connection, batch, outcome, cust_id=cust_id)
        audit.record(connection, loads, run_id=run_id)
        outcome.add(loads)

    outcome.refused |= in_batches(connection, subsession_ids, load, size=BATCH, source=QUARANTINE)
    return outcome


def load_in_transaction(
    connection: Connection,
    subsession_ids: Sequence[int],
    outcome: Outcome,
    *,
    cust_id: int | None = None,
) -> list[Loaded]:
    """Load the best version of some subsessions, in the caller's transaction.

    Args:
        connection: Connection with the caller's transaction.
        subsession_ids: Which; those without payloads are passed over.
        outcome: Takes note of what was odd in the payloads.
        cust_id: Whose rows those of an archive are that do not say.

    Raises:
        LoadError: If rows do not fit their table, or are not in it afterwards.
    """
    loads: list[Loaded] = []
    for source, frames in _read(connection, subsession_ids, outcome.issues, cust_id):
        loads += store(connection, frames, source, outcome)
    return loads


def winners(connection: Connection, subsession_ids: Sequence[int]) -> dict[int, Document]:
    """Return the winning document of each subsession that has payloads."""
    best: dict[int, tuple[tuple[object, ...], Document]] = {}
    items = [str(each) for each in subsession_ids]
    versions = payloads.times_of_items(connection, RESULT_KINDS, items)
    for document, label, source_time in downloads.latest(versions):
        key = precedence(_SOURCES[label], source_time, document.part)
        subsession_id = int(document.item)
        if subsession_id not in best or key > best[subsession_id][0]:
            best[subsession_id] = key, document
    return {subsession_id: document for subsession_id, (_, document) in best.items()}


def _read(
    connection: Connection, subsession_ids: Sequence[int], issues: Issues, cust_id: int | None
) -> Iterator[tuple[Source, Frames]]:
    items = [str(each) for each in subsession_ids]
    chosen = set(winners(connection, subsession_ids).values())
    by_source: dict[Source, list[Any]] = {}
    times: dict[int, datetime] = {}
    charts: dict[tuple[int, int], Any] = {}
    logs: list[tuple[int, int, Any]] = []
    received = payloads.times_of_items(connection, (*RESULT_KINDS, *_PARTS), items)
    wanted = [row for row in received if row[0] in chosen or row[0].kind in _PARTS]
    bodies = payloads.bodies(connection, [document for document, _, _ in wanted])
    for document, label, source_time in wanted:
        body, subsession_id = bodies[document], int(document.item)
        key = (subsession_id, document.part)
        if document.kind == EVENTS:
            logs.append((*key, objects(body, "rows")))
        elif document.kind == LAPS or (document.kind == LAP_DATA and key not in charts):
            charts[key] = objects(body, "rows")  # the chart holds more than the lap data, and wins
        elif document.kind in RESULT_KINDS:
            by_source.setdefault(_SOURCES[label], []).append(body)
            times[subsession_id] = source_time
    for source, documents in by_source.items():
        frames = read_documents(documents, source, issues, cust_id=cust_id)
        here = set(frames.subsession["subsession_id"].to_list())
        laps = [(*key, rows) for key, rows in charts.items() if key[0] in here]
        events = [each for each in logs if each[0] in here]
        yield (
            source,
            Frames(
                frames.at(times),
                # Only the API has laps and logs: they stay when an export is newer.
                read_laps(laps, Source.API, issues) if laps else None,
                read_events(events, issues) if events else None,
            ),
        )


def read_documents(
    documents: Sequence[Any], source: Source, issues: Issues, *, cust_id: int | None = None
) -> SubsessionFrames:
    """The frames of documents of one source: whole results, or rows of an archive."""
    if source in ROW_SOURCES:
        return read_search(documents, source, issues, cust_id=cust_id).as_subsessions()
    return read_subsessions(documents, source, issues)


def store(connection: Connection, frames: Frames, source: Source, outcome: Outcome) -> list[Loaded]:
    """Replace subsessions by frames from one source, in the caller's transaction.

    A subsession that is there from a better source keeps what it has.

    Args:
        connection: Connection with the caller's transaction.
        frames: Frames of the source.
        source: The source.
        outcome: Counts what was kept.

    Raises:
        LoadError: If rows do not fit their table, or are not in it afterwards.
    """
    ids = frames.result.subsession["subsession_id"].to_list()
    better = _from_better(connection, ids, source)
    outcome.kept += len(better)
    ids = [each for each in ids if each not in better]
    if not ids:
        return []
    parts: list[tuple[Table, pl.DataFrame]] = [
        (SUBSESSION, frames.result.subsession),
        (SUBSESSION_CLASS, frames.result.subsession_class),
        (SIMSESSION, frames.result.simsession),
        (RESULT_TABLE, frames.result.result),
    ]
    loads = []
    for table, frame in parts:
        mine = frame.filter(pl.col("subsession_id").is_in(ids))
        loads.append(replace(connection, table, mine, where={"subsession_id": ids}))
    for table, optional in ((LAP, frames.laps), (SESSION_EVENT, frames.events)):
        if optional is not None:
            mine = optional.filter(pl.col("subsession_id").is_in(ids))
            subsessions = mine["subsession_id"].unique().to_list()
            if subsessions:
                loads.append(replace(connection, table, mine, where={"subsession_id": subsessions}))
    if any(load.changed for load in loads):
        races.forget(connection, ids)
    loads.append(store_members(connection, frames.result.member))
    _count(connection, ids, frames.result.result)
    return loads


def _count(connection: Connection, ids: list[int], result: pl.DataFrame) -> None:
    """Count the stored rows in the database before a file is reported as loaded."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM racing.subsession WHERE subsession_id = ANY(%(ids)s)),"
        " (SELECT count(*) FROM racing.result WHERE subsession_id = ANY(%(ids)s))",
        {"ids": ids},
    ).fetchone()
    expected = len(set(ids)), result.filter(pl.col("subsession_id").is_in(ids)).height
    if row != expected:
        raise LoadError(
            f"The database holds {row} subsessions and results of {expected} that were stored",
            "Nothing was stored; load it again, and report this if it comes back",
        )


def store_members(connection: Connection, seen: pl.DataFrame) -> Loaded:
    """Note members, unless they were seen later already."""
    stored: dict[int, datetime | None] = dict(
        connection.execute(
            "SELECT cust_id, seen_at FROM racing.member WHERE cust_id = ANY(%s)",
            [seen["cust_id"].to_list()],
        ).fetchall()
    )
    newer = [
        (
            row["seen_at"] is not None
            and (stored.get(row["cust_id"]) is None or row["seen_at"] > stored[row["cust_id"]])
        )
        or row["cust_id"] not in stored
        for row in seen.iter_rows(named=True)
    ]
    return upsert(connection, MEMBER, seen.filter(pl.Series(newer, dtype=pl.Boolean)))


def _from_better(connection: Connection, ids: list[int], source: Source) -> set[int]:
    rows = connection.execute(
        "SELECT subsession_id FROM racing.subsession"
        " WHERE subsession_id = ANY(%s) AND source_rank > %s",
        [ids, source.rank],
    ).fetchall()
    return {row[0] for row in rows}
