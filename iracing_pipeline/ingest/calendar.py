"""The calendar of seasons, by what is known of real ones."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from iracing_pipeline.data_api import endpoints
from iracing_pipeline.data_api.errors import DataApiError
from iracing_pipeline.data_api.meaning import About
from iracing_pipeline.results.season import Calendar, Season, seasons_between
from iracing_pipeline.warehouse import fetch_queue, payloads
from iracing_pipeline.warehouse.payloads import Document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iracing_pipeline.data_api import DataApi
    from iracing_pipeline.warehouse.connection import Connection

CURRENT_SEASON = "lookup/current_season"
ASK_EVERY = timedelta(days=1)

_SCHEDULES = """
SELECT s.season, mode() WITHIN GROUP (ORDER BY w.start_date)
FROM racing.season AS s JOIN racing.season_week AS w USING (season_id)
WHERE w.race_week_num = 0 AND s.season IS NOT NULL AND w.start_date IS NOT NULL GROUP BY s.season
"""
_RACES = """
SELECT season, min(start_time), max(start_time) FROM racing.subsession
WHERE official AND season IS NOT NULL AND start_time IS NOT NULL GROUP BY season
"""


def known_calendar(connection: Connection, rows: Iterable[dict[str, Any]] = ()) -> Calendar:
    """The calendar by schedules, official races and iRacing's word on the present season.

    Args:
        connection: Connection to read from.
        rows: Rows of a search that are not in the tables yet.
    """
    schedules = {
        Season.parse(key): datetime.combine(day, time(), UTC)
        for key, day in connection.execute(_SCHEDULES).fetchall()
    }
    sightings = [
        (Season.parse(key), moment)
        for key, first, last in connection.execute(_RACES).fetchall()
        for moment in (first, last)
    ]
    sightings += [each for row in rows if (each := _sighting(row)) is not None]
    asked = fetch_queue.watermark(connection, CURRENT_SEASON)
    body = payloads.get(connection, Document(CURRENT_SEASON, "all"))
    current = season_named(body) if asked is not None else None
    if asked is not None and current is not None:
        sightings.append((current, asked))
    return Calendar.of(schedules, sightings)


def ask_current_season(connection: Connection, api: DataApi, now: datetime) -> None:
    """Ask iRacing for the current season, once a day; without an answer, use the rule.

    Raises:
        DataApiError: If the answer is not about the endpoint but about token or outage.
    """
    asked = fetch_queue.watermark(connection, CURRENT_SEASON)
    if asked is not None and now - asked < ASK_EVERY:
        return
    try:
        body = endpoints.current_season(api).payload
    except DataApiError as error:
        if error.meaning is None or error.meaning.about is not About.ITEM:
            raise
        body = {}
    payloads.put(connection, Document(CURRENT_SEASON, "all"), body, source="api")
    fetch_queue.set_watermark(connection, CURRENT_SEASON, now)


def seasons_of_the_member(connection: Connection, now: datetime) -> list[Season]:
    """Every season since the member joined, or since the oldest race known, until now."""
    row = connection.execute(
        "SELECT least((SELECT min(body ->> 'member_since')::timestamptz FROM raw.payload"
        " WHERE kind = 'member/info'), (SELECT min(start_time) FROM racing.subsession),"
        " (SELECT min(start_time) FROM racing.telemetry_session WHERE subsession_id IS NOT NULL))"
    ).fetchone()
    first = row[0] if row and row[0] else now
    calendar = known_calendar(connection)
    return list(seasons_between(calendar.at(first), calendar.at(now)))


def _sighting(row: dict[str, Any]) -> tuple[Season, datetime] | None:
    season = season_named(row)
    if season is None or not row.get("season_id"):
        return None
    try:
        moment = datetime.fromisoformat(str(row.get("start_time")))
    except ValueError:
        return None
    return (season, moment) if moment.tzinfo is not None else None


def season_named(body: object) -> Season | None:
    """The season that a document names by ``season_year`` and ``season_quarter``."""
    if not isinstance(body, dict):
        return None
    year, quarter = body.get("season_year"), body.get("season_quarter")
    if type(year) is not int or type(quarter) is not int or not 1 <= quarter <= 4:
        return None
    return Season(year, quarter) if 2008 <= year <= 9000 else None
