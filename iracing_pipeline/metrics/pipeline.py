"""State of the pipeline: files, loads, quarantine, the Data API, samples sent to Prometheus.

Cardinality: labels are states, tables, steps, sources, endpoints and statuses, all of them lists
that the code knows; some 400 series in all.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from iracing_pipeline.inbox.telemetry_folder import State
from iracing_pipeline.metrics.families import counter, gauge, histogram

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from prometheus_client.core import Metric

    from iracing_pipeline.warehouse.connection import Connection

LOAD_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_FILES = """
SELECT state, count(*) AS files, max(first_seen_at) AS seen_at, min(first_seen_at) AS since
FROM ops.telemetry_file GROUP BY state
"""
_LOADS = """
SELECT table_name AS table, sum(rows_inserted) AS inserted, sum(rows_updated) AS updated,
    sum(rows_deleted) AS deleted, count(*) AS loads, sum(bytes) AS bytes,
    max(finished_at) AS last_at
FROM ops.load_audit GROUP BY table_name ORDER BY table_name
"""
_QUARANTINE = """
SELECT source, count(*) FILTER (WHERE resolved_at IS NULL) AS open, count(*) AS ever
FROM ops.quarantine GROUP BY source ORDER BY source
"""
_HISTORY = """
SELECT destination, count(*) FILTER (WHERE state = 'sent') AS sent,
    count(*) FILTER (WHERE state = 'waiting') AS waiting,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    sum(accepted) AS accepted, sum(waiting) AS samples_waiting, max(tried_at) AS tried_at
FROM ops.metric_history GROUP BY destination ORDER BY destination
"""
_REFUSED = """
SELECT destination, reason.key AS reason, sum(reason.value::bigint) AS samples
FROM ops.metric_history, jsonb_each_text(refused_for) AS reason
GROUP BY 1, 2 ORDER BY 1, 2
"""
_REQUESTS = "SELECT endpoint, status, requests, last_at FROM ops.api_request ORDER BY 1, 2"
_RACES = "SELECT status, count(*) AS races FROM raw.subsession_fetch GROUP BY 1 ORDER BY 1"
_MISSING = """
SELECT kind AS endpoint, meaning, count(*) FILTER (WHERE NOT final) AS waiting,
    count(*) FILTER (WHERE final) AS final
FROM raw.document_fetch WHERE meaning <> 'reread' GROUP BY 1, 2 ORDER BY 1, 2
"""
_OUTAGES = "SELECT endpoint, since FROM ops.api_outage ORDER BY 1"
# Of the client that was used last: one that was replaced has a token that ends for good.
_API = """
SELECT quota_limit, quota_remaining, token_expires_at, quota_at
FROM ops.api_state ORDER BY quota_at DESC NULLS LAST LIMIT 1
"""


def families(connection: Connection) -> Iterator[Metric]:
    """State of the pipeline by the tables in ``ops``; all queries are small.

    Raises:
        psycopg.Error: If the database fails.
    """
    yield from _files(_rows(connection, _FILES))
    yield from _loads(connection)
    yield from _quarantine(_rows(connection, _QUARANTINE))
    yield from _history(connection)
    yield from _api(connection)
    size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    yield gauge(
        "database_size_bytes", "Size of the database.", rows=[((), size[0] if size else None)]
    )


def disks(folders: Iterable[Path]) -> Iterator[Metric]:
    """Room on the disks that hold some folders."""
    usage = {}
    for folder in folders:
        if (
            existing := next((p for p in (folder, *folder.parents) if p.exists()), None)
        ) is not None:
            usage[str(folder)] = shutil.disk_usage(existing)
    for name, text in (("free", "Room left"), ("total", "Room in all")):
        yield gauge(
            f"disk_{'size' if name == 'total' else name}_bytes",
            f"{text} on the disk of a folder.",
            ("folder",),
            [((folder,), getattr(used, name)) for folder, used in usage.items()],
        )


def last_load(connection: Connection) -> int:
    """Number of the last load: last-known values can only have changed if it has.

    Raises:
        psycopg.Error: If the database fails.
    """
    row = connection.execute("SELECT coalesce(max(id), 0) FROM ops.load_audit").fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    return int(row[0])


def _files(rows: list[dict[str, Any]]) -> Iterator[Metric]:
    by_state = {row["state"]: row for row in rows}
    pending = [row for row in rows if row["state"] in {State.WAITING, State.READY}]
    yield gauge(
        "telemetry_files",
        "Telemetry files by what became of them.",
        ("state",),
        [((state,), by_state[state]["files"] if state in by_state else 0) for state in State],
    )
    yield gauge(
        "telemetry_backlog_files",
        "Telemetry files that are not loaded yet.",
        rows=[((), sum(row["files"] for row in pending))],
    )
    yield _moment(
        "telemetry_last_seen",
        "When a telemetry file was last seen for the first time.",
        max((row["seen_at"] for row in rows), default=None),
    )
    yield _moment(
        "telemetry_pending_since",
        "Since when the oldest file that is not loaded has been there; absent without one.",
        min((row["since"] for row in pending), default=None),
    )


def _loads(connection: Connection) -> Iterator[Metric]:
    rows = _rows(connection, _LOADS)
    yield counter(
        "loaded_rows",
        "Rows that loads changed.",
        ("table", "change"),
        [((r["table"], how), r[how]) for r in rows for how in ("inserted", "updated", "deleted")],
    )
    yield counter(
        "loaded_bytes",
        "Bytes sent to tables.",
        ("table",),
        [((r["table"],), r["bytes"]) for r in rows],
    )
    yield gauge(
        "load_last_success_timestamp_seconds",
        "When a table was last loaded.",
        ("table",),
        [((row["table"],), row["last_at"].timestamp()) for row in rows],
    )
    sessions = [row["last_at"] for row in rows if row["table"] == "racing.telemetry_session"]
    yield _moment(
        "telemetry_last_loaded",
        "When a telemetry session was last loaded.",
        sessions[0] if sessions else None,
    )
    yield _seconds(connection, "load_seconds", "How long loads took.", "table", "load_audit")
    yield _seconds(
        connection, "step_seconds", "How long the steps of an item took.", "step", "step_time"
    )


def _seconds(connection: Connection, name: str, text: str, label: str, table: str) -> Metric:
    """A histogram of the column ``seconds`` of a table of ``ops``."""
    column = "table_name" if label == "table" else label
    counts = ", ".join(f"count(*) FILTER (WHERE seconds <= {bound!r})" for bound in LOAD_BOUNDS_S)
    rows = connection.execute(
        f"SELECT {column}, {counts}, count(*), sum(seconds) FROM ops.{table}"
        " GROUP BY 1 ORDER BY 1".encode()
    ).fetchall()
    return histogram(
        name, text, (label,), LOAD_BOUNDS_S, [((row[0],), row[1:-1], row[-1]) for row in rows]
    )


def _quarantine(rows: list[dict[str, Any]]) -> Iterator[Metric]:
    yield gauge(
        "quarantine_open_items",
        "Items that could not be loaded and need attention.",
        ("source",),
        # Zero, not absent: an alert compares it with an hour ago.
        [((source,), 0) for source in {"telemetry"} - {row["source"] for row in rows}]
        + [((row["source"],), row["open"]) for row in rows],
    )
    yield counter(
        "quarantine_items",
        "Items that were ever refused.",
        ("source",),
        [((row["source"],), row["ever"]) for row in rows],
    )


def _history(connection: Connection) -> Iterator[Metric]:
    rows = _rows(connection, _HISTORY)
    yield gauge(
        "history_sessions",
        "Sessions by what became of their channels at a place that keeps metrics.",
        ("destination", "state"),
        [((r["destination"], s), r[s]) for r in rows for s in ("sent", "waiting", "failed")],
    )
    yield gauge(
        "history_accepted_samples",
        "Samples that a place has.",
        ("destination",),
        [((row["destination"],), row["accepted"]) for row in rows],
    )
    yield gauge(
        "history_waiting_samples",
        "Samples that are to be sent again.",
        ("destination",),
        [((row["destination"],), row["samples_waiting"]) for row in rows],
    )
    yield gauge(
        "history_refused_samples",
        "Samples that a place will never take.",
        ("destination", "reason"),
        [((r["destination"], r["reason"]), r["samples"]) for r in _rows(connection, _REFUSED)],
    )
    yield gauge(
        "history_last_try_timestamp_seconds",
        "When something was last sent.",
        ("destination",),
        [((row["destination"],), row["tried_at"].timestamp()) for row in rows],
    )


def _api(connection: Connection) -> Iterator[Metric]:
    requests = _rows(connection, _REQUESTS)
    yield counter(
        "api_requests",
        "Requests to the Data API; status 0 is no answer.",
        ("endpoint", "status"),
        [((r["endpoint"], str(r["status"])), r["requests"]) for r in requests],
    )
    yield _moment(
        "api_last_request",
        "When the Data API was last asked.",
        max((row["last_at"] for row in requests), default=None),
    )
    yield gauge(
        "api_races",
        "Races of the member that the Data API was asked for, by how far that got.",
        ("status",),
        [((row["status"],), row["races"]) for row in _rows(connection, _RACES)],
    )
    yield gauge(
        "api_missing_documents",
        "Documents that the Data API did not give: final ones are not requested any more.",
        ("endpoint", "meaning", "state"),
        [
            ((row["endpoint"], row["meaning"], state), row[state])
            for row in _rows(connection, _MISSING)
            for state in ("waiting", "final")
        ],
    )
    yield gauge(
        "api_outage_since_timestamp_seconds",
        "Since when an endpoint of the Data API does not answer; absent while it does.",
        ("endpoint",),
        [((row["endpoint"],), row["since"].timestamp()) for row in _rows(connection, _OUTAGES)],
    )
    for row in _rows(connection, _API):
        for name, text in (
            ("quota_limit", "Requests that a period has."),
            ("quota_remaining", "Requests left of the period, by the last answer."),
        ):
            yield gauge(f"api_{name}", text, rows=[((), row[name])])
        yield _moment("api_token_expiry", "When the token ends.", row["token_expires_at"])
        yield _moment("api_quota", "Time of the last answer with a quota.", row["quota_at"])


def _moment(name: str, text: str, when: Any) -> Metric:
    value = None if when is None else when.timestamp()
    return gauge(f"{name}_timestamp_seconds", text, rows=[((), value)])


def _rows(
    connection: Connection, query: str, parameters: Sequence[object] | None = None
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()
