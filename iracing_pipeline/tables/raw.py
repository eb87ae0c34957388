"""Tables of the payloads that iRacing sent, and of documents that are due."""

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
            "Simsession number where the document is of one; of a dropped file a digest of the"
            " document, so that each version of a subsession is kept; 0 otherwise",
            required=True,
        ),
        Column(
            "source",
            pl.String,
            "api, event_result, event_csv, archive_json or archive_csv",
            required=True,
        ),
        Column(
            "received_at",
            UTC,
            "When it was received, UTC; of a dropped file, the earliest time of a file with it",
            required=True,
        ),
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
            "pending, ok, partial (some documents are missing), retry (a fault; again after"
            " retry_after), refused (by iRacing, not proven), proven: forbidden, missing or"
            " rejected; dismissed (by the user)",
            required=True,
        ),
        Column("attempts", pl.Int32, "Equal answers in a row", required=True, bounds=bounds.COUNT),
        Column("retry_after", UTC, "Not before this moment, UTC"),
        Column("note", pl.String, "Why it is not complete"),
        Column("fetched_at", UTC, "When its last document was received, UTC"),
        Column("settled", pl.Boolean, "Whether it was read a week after its end", required=True),
    ),
)

DOCUMENT_FETCH = Table(
    name="raw.document_fetch",
    doc="One document that the Data API did not give, or that is to be read again, and why.",
    key=("kind", "item", "part"),
    columns=(
        Column("kind", pl.String, "Endpoint", required=True),
        Column("item", pl.String, "What of: a subsession, a member's chart", required=True),
        Column("part", pl.Int32, "Simsession number, or another part", required=True),
        Column(
            "meaning",
            pl.String,
            "private, absent, rejected, refused, unstorable; gateway, malformed, expired,"
            " rate_limit; or reread (it is there, and is read once more)",
            required=True,
        ),
        Column("answer", pl.String, "The last answer, such as 403 forbidden", required=True),
        Column("note", pl.String, "The last answer in words"),
        Column("attempts", pl.Int32, "Equal answers in a row", required=True),
        Column("first_at", UTC, "When the first of them came, UTC"),
        Column("last_at", UTC, "When the last of them came, UTC"),
        Column("retry_after", UTC, "When it is asked for again, UTC"),
        Column(
            "final",
            pl.Boolean,
            "Whether it is not asked for any more: iRacing itself gave the same answer at least"
            " 5 times over at least 7 days",
            required=True,
        ),
    ),
)

SEASON_FETCH = Table(
    name="raw.season_fetch",
    doc="One season of the member, and how far the reading of it got.",
    key=("season",),
    columns=(
        Column("season", pl.String, "Season, such as 2026S1", required=True),
        Column("searched_at", UTC, "When it was last searched whole, UTC"),
        Column("read_at", UTC, "When the races found by that search were last fetched, UTC"),
        Column("final", pl.Boolean, "Whether it was read after its points were", required=True),
        Column("calls", pl.Int64, "Requests to the Data API for it so far", required=True),
        Column("note", pl.String, "Why it could not be read the last time"),
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
        Column("reached", UTC, "How far it has come, UTC", required=True),
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
        Column("state", pl.String, "reading, loaded or quarantined", required=True),
        Column("subsessions", pl.Int32, "Subsessions in it", required=True, bounds=bounds.COUNT),
        Column("loaded_at", UTC, "When it was read, UTC", required=True),
        Column("attempts", pl.Int32, "How often in a row it could not be loaded", required=True),
        Column("retry_at", UTC, "When it is read again, UTC; null where only a change helps"),
        Column("first_modified_at", UTC, "Its modified_at when first read", required=True),
    ),
)
