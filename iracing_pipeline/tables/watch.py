"""The tables by which the pipeline watches itself."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

METRIC_HISTORY = Table(
    name="ops.metric_history",
    doc="The channels of one session at one place that keeps metrics: what became of them.",
    key=("session_key", "destination"),
    columns=(
        Column("session_key", pl.String, "The session", required=True),
        Column("destination", pl.String, "prometheus (one's own) or cloud", required=True),
        Column("selection", pl.String, "Channels and rate, as a digest", required=True),
        Column("record_count", pl.Int64, "Records that the session had", required=True),
        Column(
            "state",
            pl.String,
            "sent (nothing is left to do), waiting (some can be sent later) or failed (its"
            " records cannot be read)",
            required=True,
        ),
        Column(
            "accepted", pl.Int64, "Samples that the place has", required=True, bounds=bounds.COUNT
        ),
        Column(
            "refused",
            pl.Int64,
            "Samples that the place will never take",
            required=True,
            bounds=bounds.COUNT,
        ),
        Column(
            "waiting",
            pl.Int64,
            "Samples that it may take later",
            required=True,
            bounds=bounds.COUNT,
        ),
        Column(
            "refused_for",
            pl.String,
            "Refused samples by reason: too_old, out_of_order, duplicate, future, limit, invalid",
            json=True,
        ),
        Column("first_sample_at", UTC, "Time of the first sample"),
        Column("last_sample_at", UTC, "Time of the last sample"),
        Column(
            "attempts", pl.Int32, "How often it was tried", required=True, bounds=bounds.FROM_ONE
        ),
        Column("tried_at", UTC, "When it was last tried", required=True),
        Column("retry_at", UTC, "When it is to be tried again; null when it is not"),
        Column(
            "seconds",
            pl.Float64,
            "How long the last attempt took",
            "s",
            required=True,
            bounds=bounds.DURATION,
        ),
        Column("note", pl.String, "Why some wait, in words"),
    ),
)

STEP_TIME = Table(
    name="ops.step_time",
    doc="How long one step of loading one item took.",
    key=("id",),
    columns=(
        Column("id", pl.Int64, "Number of the entry", required=True),
        Column("step", pl.String, "frames, read, analyse, load, ...", required=True),
        Column("item", pl.String, "The item, such as a session key", required=True),
        Column("run_id", pl.String, "Run that did it; null outside a run"),
        Column("finished_at", UTC, "When it ended", required=True),
        Column(
            "seconds", pl.Float64, "How long it took", "s", required=True, bounds=bounds.DURATION
        ),
    ),
)

API_REQUEST = Table(
    name="ops.api_request",
    doc="Requests to the Data API by endpoint and status, since the beginning.",
    key=("endpoint", "status"),
    columns=(
        Column("endpoint", pl.String, "Endpoint, such as results/get", required=True),
        Column("status", pl.Int32, "HTTP status; 0 when there was no answer", required=True),
        Column("requests", pl.Int64, "Requests", required=True, bounds=bounds.COUNT),
        Column("last_at", UTC, "When the last one was made", required=True),
    ),
)

API_STATE = Table(
    name="ops.api_state",
    doc="Last answer of the Data API on quota and tokens: one row for each OAuth client.",
    key=("client",),
    columns=(
        Column("client", pl.String, "OAuth client, as a digest of its id", required=True),
        Column("quota_limit", pl.Int32, "Requests that a period has"),
        Column("quota_remaining", pl.Int32, "Requests that were left of them"),
        Column("quota_at", UTC, "When it was said"),
        Column("token_expires_at", UTC, "When the refresh token ends; null when unknown"),
    ),
)

API_OUTAGE = Table(
    name="ops.api_outage",
    doc="One endpoint of the Data API that does not answer, until it does.",
    key=("endpoint",),
    columns=(
        Column("endpoint", pl.String, "Endpoint; * for all of them", required=True),
        Column("since", UTC, "When it began, UTC", required=True),
        Column("failures", pl.Int32, "Requests that failed since", required=True),
        Column("probe_at", UTC, "When it is asked again, UTC", required=True),
        Column("reason", pl.String, "What was answered", required=True),
    ),
)
