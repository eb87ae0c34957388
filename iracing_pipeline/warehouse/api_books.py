"""The books of the Data API: requests by endpoint and status, the quota, the token's end."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.warehouse.connection import Connection


def add(
    connection: Connection,
    *,
    client: str,
    calls: Mapping[tuple[str, int], int],
    quota_limit: int | None,
    quota_remaining: int | None,
    login_ends_at: float | None,
) -> None:
    """Add the requests of one process.

    Args:
        connection: Connection with the caller's transaction.
        client: The OAuth client's id; only a digest of it is kept.
        calls: Requests by endpoint and HTTP status; status 0 is no answer.
        quota_limit: Requests that a period has; None when not said.
        quota_remaining: Requests left of it; None when not said.
        login_ends_at: Until when the token can be renewed, seconds since 1970; None when that is
            not known, or does not matter.
    """
    if not calls:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.api_request AS known (endpoint, status, requests)"
            " VALUES (%s, %s, %s) ON CONFLICT (endpoint, status) DO UPDATE"
            " SET requests = known.requests + excluded.requests, last_at = excluded.last_at",
            [(endpoint, status, count) for (endpoint, status), count in calls.items()],
        )
    ends = None if login_ends_at is None else datetime.fromtimestamp(login_ends_at, UTC)
    connection.execute(
        "INSERT INTO ops.api_state AS known"
        " (client, quota_limit, quota_remaining, quota_at, token_expires_at)"
        " VALUES (%(client)s, %(limit)s, %(left)s,"
        " CASE WHEN %(left)s::integer IS NOT NULL THEN now() END, %(ends)s)"
        " ON CONFLICT (client) DO UPDATE SET"
        " quota_limit = coalesce(excluded.quota_limit, known.quota_limit),"
        " quota_remaining = coalesce(excluded.quota_remaining, known.quota_remaining),"
        " quota_at = coalesce(excluded.quota_at, known.quota_at),"
        " token_expires_at = excluded.token_expires_at",
        {
            "client": hashlib.sha256(client.encode()).hexdigest()[:12],
            "limit": quota_limit,
            "left": quota_remaining,
            "ends": ends,
        },
    )
