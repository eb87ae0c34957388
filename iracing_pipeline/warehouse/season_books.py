"""The books of seasons: which were searched and read, and what that cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.data_api.season_plan import SeasonRead
from iracing_pipeline.results.season import Season

if TYPE_CHECKING:
    from datetime import datetime

    from iracing_pipeline.warehouse.connection import Connection


def reads(connection: Connection) -> dict[Season, SeasonRead]:
    """Return the state of each season that was begun."""
    rows = connection.execute(
        "SELECT season, searched_at, read_at, final, calls, note FROM raw.season_fetch"
    ).fetchall()
    return {Season.parse(key): SeasonRead(Season.parse(key), *values) for key, *values in rows}


def searched(connection: Connection, season: Season, now: datetime, *, calls: int) -> None:
    """Note that a season was searched whole."""
    connection.execute(
        "INSERT INTO raw.season_fetch AS known (season, searched_at, calls) VALUES (%s, %s, %s)"
        " ON CONFLICT (season) DO UPDATE SET searched_at = excluded.searched_at,"
        " calls = known.calls + excluded.calls, note = NULL",
        [str(season), now, calls],
    )


def read(
    connection: Connection, season: Season, now: datetime, *, calls: int, final_from: datetime
) -> None:
    """Record that the races of a season's search were fetched.

    Args:
        connection: Connection with the caller's transaction.
        season: Which; one that was never searched is not read by this.
        now: The present.
        calls: Requests that it took.
        final_from: When the season's points are final.
    """
    connection.execute(
        "UPDATE raw.season_fetch SET read_at = %(now)s, calls = calls + %(calls)s,"
        " final = final OR searched_at >= %(final)s"
        " WHERE season = %(season)s AND searched_at IS NOT NULL",
        {"season": str(season), "now": now, "calls": calls, "final": final_from},
    )


def failed(connection: Connection, season: Season, note: str, *, calls: int) -> None:
    """Note why a season could not be searched."""
    connection.execute(
        "INSERT INTO raw.season_fetch AS known (season, note, calls) VALUES (%s, %s, %s)"
        " ON CONFLICT (season) DO UPDATE SET note = excluded.note,"
        " calls = known.calls + excluded.calls",
        [str(season), note, calls],
    )
