"""One partition a season, such as ``2026S1``; new seasons are added by the results sensor."""

from datetime import datetime

import dagster as dg

from iracing_pipeline.results.season import Season, season_at, seasons_between
from iracing_pipeline.warehouse import Connection

seasons = dg.DynamicPartitionsDefinition(name="seasons")


def seasons_of_the_member(connection: Connection, now: datetime) -> list[Season]:
    """Every season since the member joined, or since the oldest race known, until now."""
    row = connection.execute(
        "SELECT least((SELECT min(body ->> 'member_since')::timestamptz FROM raw.payload"
        " WHERE kind = 'member/info'), (SELECT min(start_time) FROM racing.subsession),"
        " (SELECT min(start_time) FROM racing.telemetry_session WHERE subsession_id IS NOT NULL))"
    ).fetchone()
    first = row[0] if row and row[0] else now
    return list(seasons_between(season_at(first), season_at(now)))


def member_is_known(connection: Connection) -> bool:
    """Whether iRacing has been asked who the member is."""
    row = connection.execute("SELECT FROM raw.payload WHERE kind = 'member/info' LIMIT 1")
    return row.fetchone() is not None
