"""From raw payloads into the tables of results, in batches of bounded size.

Whatever the source, a subsession is replaced as a whole, and only by a source that is at least as
complete as the one it has.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from iracing_pipeline.data_api.backfill import EVENTS, LAP_DATA, LAPS, RESULT
from iracing_pipeline.results.issues import Issues
from iracing_pipeline.results.laps import read_events, read_laps
from iracing_pipeline.results.reading import objects, value_at
from iracing_pipeline.results.source import Source
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
from iracing_pipeline.warehouse import audit, payloads, quarantine
from iracing_pipeline.warehouse.errors import LoadError
from iracing_pipeline.warehouse.load import Loaded, replace, upsert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection

BATCH = 20
QUARANTINE = "subsession"
_SOURCES = {source.label: source for source in Source}


@dataclass(slots=True)
class Outcome:
    """What a load did.

    Attributes:
        rows: Rows of each table in what was loaded.
        changed: Rows inserted, updated or deleted, by table.
        issues: What was unexpected in the payloads.
        refused: Subsessions that could not be loaded, with the reason.
        kept: Subsessions that a better source had already told of.
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
) -> Outcome:
    """Make the tables hold what the raw payloads of some subsessions say.

    Each batch is committed, so a killed run has lost at most one.

    Args:
        connection: Not in autocommit.
        subsession_ids: Which; those without payloads are passed over.
        run_id: The run that does it, for the books.

    Returns:
        What changed, and what could not be loaded: that is in quarantine too.
    """
    outcome = Outcome()
    for begin in range(0, len(subsession_ids), BATCH):
        batch = subsession_ids[begin : begin + BATCH]
        try:
            _load_batch(connection, batch, outcome, run_id)
        except LoadError:
            connection.rollback()
            # One of them does not fit: find out which.
            for subsession_id in batch:
                _load_alone(connection, subsession_id, outcome, run_id)
    return outcome


def _load_batch(
    connection: Connection,
    subsession_ids: Sequence[int],
    outcome: Outcome,
    run_id: str | None,
) -> None:
    loads: list[Loaded] = []
    for source, frames in _read(connection, subsession_ids, outcome.issues):
        loads += store(connection, frames, source, outcome)
    audit.record(connection, loads, run_id=run_id)
    connection.commit()
    outcome.add(loads)


def _load_alone(
    connection: Connection,
    subsession_id: int,
    outcome: Outcome,
    run_id: str | None,
) -> None:
    item = str(subsession_id)
    try:
        _load_batch(connection, [subsession_id], outcome, run_id)
        quarantine.resolve(connection, source=QUARANTINE, items=[item])
    except LoadError as error:
        connection.rollback()
        outcome.refused[subsession_id] = str(error)
        quarantine.put(
            connection,
            source=QUARANTINE,
            item=item,
            reason=error.reason,
            advice=error.advice,
            error_type=type(error).__name__,
        )
    connection.commit()


def _read(
    connection: Connection, subsession_ids: Sequence[int], issues: Issues
) -> Iterator[tuple[Source, Frames]]:
    items = [str(each) for each in subsession_ids]
    by_source: dict[Source, list[Any]] = {}
    charts: dict[tuple[int, int], Any] = {}
    logs: list[tuple[int, int, Any]] = []
    for document, label, body in payloads.of_items(
        connection, (RESULT, LAPS, LAP_DATA, EVENTS), items
    ):
        key = (int(document.item), document.part)
        if document.kind == RESULT:
            by_source.setdefault(_SOURCES[label], []).append(body)
        elif document.kind == EVENTS:
            logs.append((*key, objects(body, "rows")))
        elif document.kind == LAPS or key not in charts:  # the chart tells more, and wins
            charts[key] = objects(body, "rows")
    for source, bodies in by_source.items():
        of_source = {value_at(body, "subsession_id") for body in bodies}
        laps = [(*key, rows) for key, rows in charts.items() if key[0] in of_source]
        events = [each for each in logs if each[0] in of_source]
        yield (
            source,
            Frames(
                read_subsessions(bodies, source, issues),
                read_laps(laps, source, issues) if laps else None,
                read_events(events, issues) if events else None,
            ),
        )


def store(connection: Connection, frames: Frames, source: Source, outcome: Outcome) -> list[Loaded]:
    """Replace subsessions by frames from one source, in the caller's transaction.

    A subsession that a better source told of keeps what it has.

    Args:
        connection: In whose transaction it happens.
        frames: What the source tells.
        source: The source.
        outcome: Counts what was kept.

    Raises:
        LoadError: If rows do not fit their table.
    """
    ids = frames.result.subsession["subsession_id"].to_list()
    better = _told_by_better(connection, ids, source)
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
            told = mine["subsession_id"].unique().to_list()
            if told:
                loads.append(replace(connection, table, mine, where={"subsession_id": told}))
    loads.append(store_members(connection, frames.result.member))
    return loads


def store_members(connection: Connection, seen: pl.DataFrame) -> Loaded:
    """Note members, unless they were seen later already."""
    known: dict[int, datetime | None] = dict(
        connection.execute(
            "SELECT cust_id, seen_at FROM racing.member WHERE cust_id = ANY(%s)",
            [seen["cust_id"].to_list()],
        ).fetchall()
    )
    newer = [
        (
            row["seen_at"] is not None
            and (known.get(row["cust_id"]) is None or row["seen_at"] > known[row["cust_id"]])
        )
        or row["cust_id"] not in known
        for row in seen.iter_rows(named=True)
    ]
    return upsert(connection, MEMBER, seen.filter(pl.Series(newer, dtype=pl.Boolean)))


def _is_newer(seen: datetime | None, known: datetime | None) -> bool:
    return seen is not None and (known is None or seen > known)


def _told_by_better(connection: Connection, ids: list[int], source: Source) -> set[int]:
    rows = connection.execute(
        "SELECT subsession_id FROM racing.subsession"
        " WHERE subsession_id = ANY(%s) AND source_rank > %s",
        [ids, source.rank],
    ).fetchall()
    return {row[0] for row in rows}
