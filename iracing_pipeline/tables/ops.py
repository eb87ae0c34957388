"""The tables in which the pipeline keeps its own books."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

TELEMETRY_FILE = Table(
    name="ops.telemetry_file",
    doc="One .ibt file seen in the telemetry folder, and what became of it.",
    key=("path",),
    columns=(
        Column("path", pl.String, "Where it was seen", required=True),
        Column("file_name", pl.String, "Its name without the folder", required=True),
        Column("size_bytes", pl.Int64, "Its size when last seen", "B", required=True),
        Column("modified_at", UTC, "When it was last written, by the file system", required=True),
        Column("session_key", pl.String, "The session in it; null until it has been read"),
        Column(
            "state",
            pl.String,
            "waiting (may still grow), ready (to be loaded), loaded, quarantined, missing (no"
            " longer there) or duplicate (of a session loaded from another file)",
            required=True,
        ),
        Column("unchanged_since", UTC, "Since when size and time have not changed", required=True),
        Column("first_seen_at", UTC, "When it was first seen", required=True),
        Column("last_seen_at", UTC, "When it was last seen to be different", required=True),
        Column("record_count", pl.Int64, "Records read from it; null until it has been read"),
        Column("note", pl.String, "What else there is to know, in words"),
        Column("requested_at", UTC, "When a run was last asked to load it"),
        Column(
            "attempts",
            pl.Int32,
            "How many runs have begun to load it",
            required=True,
            bounds=bounds.COUNT,
        ),
    ),
)

QUARANTINE = Table(
    name="ops.quarantine",
    doc="One version of one item that could not be loaded: why, and what to do about it.",
    key=("source", "item", "fingerprint"),
    columns=(
        Column("id", pl.Int64, "Number of the entry", required=True),
        Column("source", pl.String, "Kind of item: telemetry, result_file, ...", required=True),
        Column("item", pl.String, "The item: a path, or a key of the source", required=True),
        Column(
            "fingerprint",
            pl.String,
            "Version of the item: a changed file is a new entry, the same file is the same",
            required=True,
        ),
        Column("file_name", pl.String, "Name of the file; null when the item is not one"),
        Column("size_bytes", pl.Int64, "Size of the file", "B"),
        Column("modified_at", UTC, "When the file was last written"),
        Column("reason", pl.String, "What is wrong with it", required=True),
        Column("advice", pl.String, "What to do about it"),
        Column("error_type", pl.String, "Name of the error's class"),
        Column("first_at", UTC, "When it was first refused", required=True),
        Column("last_at", UTC, "When it was last refused", required=True),
        Column(
            "occurrences",
            pl.Int32,
            "How often it was refused",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column("resolved_at", UTC, "When it was loaded or given up; null while open"),
    ),
)

ITEM_ISSUE = Table(
    name="ops.item_issue",
    doc="What was odd in one item that was loaded: a field that is NULL because it could not be"
    " read, a row that was left out, a field that is new or missing.",
    key=("source", "item", "location", "field", "problem", "detail"),
    columns=(
        Column("source", pl.String, "Kind of item: result_file", required=True),
        Column("item", pl.String, "The item: a path", required=True),
        Column("location", pl.String, "Part of the document", required=True),
        Column("field", pl.String, "The field", required=True),
        Column("problem", pl.String, "What is odd", required=True),
        Column(
            "detail", pl.String, "Types that were expected and met; empty without", required=True
        ),
        Column("rows", pl.Int64, "Rows it was met in", required=True),
        Column("noted_at", UTC, "When the item was read, UTC", required=True),
    ),
)

LOAD_AUDIT = Table(
    name="ops.load_audit",
    doc="One load of one partition into one table.",
    key=("id",),
    columns=(
        Column("id", pl.Int64, "Number of the load", required=True),
        Column("table_name", pl.String, "Table that was loaded", required=True),
        Column("partition_key", pl.String, "Partition that was replaced; null for a whole table"),
        Column("run_id", pl.String, "Run that loaded it; null outside a run"),
        Column("started_at", UTC, "When the load began", required=True),
        Column("finished_at", UTC, "When it ended", required=True),
        Column("rows_inserted", pl.Int64, "New rows", required=True, bounds=bounds.COUNT),
        Column("rows_updated", pl.Int64, "Rows that changed", required=True, bounds=bounds.COUNT),
        Column("rows_deleted", pl.Int64, "Rows that are gone", required=True, bounds=bounds.COUNT),
        Column(
            "seconds",
            pl.Float64,
            "How long it took; its share by rows in a batch",
            "s",
            required=True,
            bounds=bounds.DURATION,
        ),
        Column(
            "bytes",
            pl.Int64,
            "Bytes sent to the database; its share in a batch",
            "B",
            required=True,
        ),
        Column(
            "code_version",
            pl.String,
            "Version of the pipeline that loaded it; null where it was not recorded yet",
        ),
    ),
)

SESSION_DIGEST = Table(
    name="ops.session_digest",
    doc="The digest of one session: sent once, or why it was not.",
    key=("session_key",),
    columns=(
        Column("session_key", pl.String, "The session", required=True),
        Column(
            "state",
            pl.String,
            "sending, sent, waiting (for another attempt) or given_up",
            required=True,
        ),
        Column("attempts", pl.Int32, "How often it was tried", required=True, bounds=bounds.COUNT),
        Column("tried_at", UTC, "When it was last tried", required=True),
        Column("note", pl.String, "Why it was not sent"),
    ),
)
