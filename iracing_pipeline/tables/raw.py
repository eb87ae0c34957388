"""The tables of what iRacing sent, as it sent it, and of what is still to be fetched."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

PAYLOAD = Table(
    name="raw.payload",
    doc="One document as it was received; chunked ones with their header and all rows.",
    key=("kind", "item", "part"),
    columns=(
        Column("kind", pl.String, "Endpoint, or kind of dropped file", required=True),
        Column("item", pl.String, "What of: a subsession, a season, a member", required=True),
        Column(
            "part",
            pl.Int32,
            "Simsession number where the document is of one; 0 otherwise",
            required=True,
        ),
        Column("source", pl.String, "api, event_result, archive_json, archive_csv", required=True),
        Column("received_at", UTC, "When it was received, UTC", required=True),
        Column("body", pl.String, "The document", required=True),
    ),
)

SUBSESSION_FETCH = Table(
    name="raw.subsession_fetch",
    doc="One subsession of the member that the Data API is asked for, and how far that got.",
    key=("subsession_id",),
    columns=(
        Column("subsession_id", pl.Int64, "SubSessionID", required=True),
        Column(
            "season", pl.String, "Season that it is fetched with, such as 2026S1", required=True
        ),
        Column("end_time", UTC, "When it ended, UTC"),
        Column(
            "status",
            pl.String,
            "pending, ok, forbidden, missing, or retry (a fault; again after retry_after)",
            required=True,
        ),
        Column(
            "attempts", pl.Int32, "How often it failed in a row", required=True, bounds=bounds.COUNT
        ),
        Column("retry_after", UTC, "Not before this moment, UTC"),
        Column("note", pl.String, "What was wrong the last time"),
        Column("fetched_at", UTC, "When its last document was received, UTC"),
        Column("settled", pl.Boolean, "Whether it was read a week after its end", required=True),
    ),
)

OAUTH_TOKEN = Table(
    name="ops.oauth_token",
    doc="The token of one OAuth client, encrypted with a key that is not in the database.",
    key=("client_id",),
    columns=(
        Column("client_id", pl.String, "OAuth client id", required=True),
        Column("state", pl.Binary, "Encrypted token, or a refusal to remember", required=True),
        Column("updated_at", UTC, "When it was written, UTC", required=True),
    ),
)

WATERMARK = Table(
    name="raw.watermark",
    doc="How far into the present an incremental search has come.",
    key=("name",),
    columns=(
        Column("name", pl.String, "Which search", required=True),
        Column("reached", UTC, "Newest end of a race that it has seen, UTC", required=True),
    ),
)

RESULT_FILE = Table(
    name="ops.result_file",
    doc="One version of one file in the folder for exported results, and what became of it.",
    key=("path",),
    columns=(
        Column("path", pl.String, "Where it lies", required=True),
        Column("size_bytes", pl.Int64, "Its size", "B", required=True),
        Column("modified_at", UTC, "When it was last written, by the file system", required=True),
        Column("state", pl.String, "loaded or quarantined", required=True),
        Column(
            "subsessions", pl.Int32, "Subsessions it told of", required=True, bounds=bounds.COUNT
        ),
        Column("loaded_at", UTC, "When it was read, UTC", required=True),
    ),
)

TABLES = (PAYLOAD, SUBSESSION_FETCH, OAUTH_TOKEN, WATERMARK, RESULT_FILE)
