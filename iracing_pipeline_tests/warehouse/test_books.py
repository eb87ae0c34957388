from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse import audit, quarantine
from iracing_pipeline.warehouse.load import replace, upsert
from iracing_pipeline_tests.warehouse.test_load import lap, session

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection

WRITTEN = datetime(2024, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)


def refuse(connection: Connection, item: str = "/t/a.ibt", **values: object) -> int:
    facts: dict[str, object] = {
        "source": "telemetry",
        "item": item,
        "reason": "The file holds no bytes",
        "advice": "Copy it again.",
        "error_type": "EmptyFileError",
        "file_name": "a.ibt",
        "size_bytes": 0,
        "modified_at": WRITTEN,
        **values,
    }
    return quarantine.put(connection, **facts)  # type: ignore[arg-type]  # as above


def test_a_batch_is_audited_by_partition(connection: Connection) -> None:
    keys = ["a", "b"]
    sessions = TELEMETRY_SESSION.frame([session(key) for key in keys])
    laps = TELEMETRY_LAP.frame([lap("a", 1), lap("a", 2), lap("b", 1)])
    loads = [
        replace(connection, TELEMETRY_SESSION, sessions, where={"session_key": keys}),
        replace(connection, TELEMETRY_LAP, laps, where={"session_key": keys}),
    ]
    audit.record(connection, loads, run_id="run")
    rows = connection.execute(
        "SELECT table_name, partition_key, run_id, rows_inserted, rows_updated, rows_deleted"
        " FROM ops.load_audit ORDER BY id"
    ).fetchall()
    assert rows == [
        ("racing.telemetry_session", "a", "run", 1, 0, 0),
        ("racing.telemetry_session", "b", "run", 1, 0, 0),
        ("racing.telemetry_lap", "a", "run", 2, 0, 0),
        ("racing.telemetry_lap", "b", "run", 1, 0, 0),
    ]
    row = connection.execute(
        "SELECT sum(seconds), sum(bytes), bool_and(finished_at > started_at) FROM ops.load_audit"
        " WHERE table_name = 'racing.telemetry_lap'"
    ).fetchone()
    assert row is not None
    assert row[0] == pytest.approx(loads[1].seconds)
    assert row[1] == pytest.approx(loads[1].bytes, abs=1)
    assert row[2]


def test_a_load_without_partitions_is_audited_once(connection: Connection) -> None:
    loaded = upsert(connection, TELEMETRY_SESSION, TELEMETRY_SESSION.frame([session("a")]))
    audit.record(connection, [loaded])
    assert connection.execute(
        "SELECT partition_key, rows_inserted, bytes FROM ops.load_audit"
    ).fetchall() == [(None, 1, loaded.bytes)]


def test_the_same_file_refused_again_is_one_entry(connection: Connection) -> None:
    first = refuse(connection)
    assert refuse(connection, reason="Another word for it") == first
    (entry,) = quarantine.entries(connection)
    assert (entry.id, entry.occurrences, entry.reason) == (first, 2, "Another word for it")
    assert entry.resolved_at is None
    assert entry.modified_at == WRITTEN


def test_a_changed_file_is_a_new_entry_and_closes_the_old_one(connection: Connection) -> None:
    first = refuse(connection)
    second = refuse(connection, size_bytes=7)
    assert [entry.id for entry in quarantine.entries(connection)] == [second]
    assert [entry.id for entry in quarantine.entries(connection, resolved=True)] == [first, second]


def test_resolving_closes_only_what_is_named(connection: Connection) -> None:
    refuse(connection, "/t/a.ibt")
    refuse(connection, "/t/b.ibt")
    refuse(connection, "/t/a.ibt", source="result_file")
    assert quarantine.resolve(connection, source="telemetry", items=["/t/a.ibt", "/t/c.ibt"]) == 1
    left = [(entry.source, entry.item) for entry in quarantine.entries(connection)]
    assert left == [("telemetry", "/t/b.ibt"), ("result_file", "/t/a.ibt")]
    assert len(quarantine.entries(connection, source="telemetry")) == 1
    assert quarantine.resolve(connection, source="telemetry", items=["/t/a.ibt"]) == 0


def test_an_item_refused_after_it_was_resolved_is_open_again(connection: Connection) -> None:
    first = refuse(connection)
    quarantine.resolve(connection, source="telemetry", items=["/t/a.ibt"])
    assert quarantine.entries(connection) == []
    assert refuse(connection) == first
    assert len(quarantine.entries(connection)) == 1


def test_an_item_that_is_no_file(connection: Connection) -> None:
    refuse(connection, "subsession 7", file_name=None, size_bytes=None, modified_at=None)
    refuse(connection, "subsession 7", file_name=None, size_bytes=None, modified_at=None)
    (entry,) = quarantine.entries(connection)
    assert (entry.file_name, entry.size_bytes, entry.occurrences) == (None, None, 2)
