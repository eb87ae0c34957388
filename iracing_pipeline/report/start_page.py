"""The start page: the sessions newest first, ratings, and what the pipeline is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from psycopg.rows import dict_row

from iracing_pipeline import __version__
from iracing_pipeline.page import Page
from iracing_pipeline.page.document import asset
from iracing_pipeline.page.units import UNKNOWN
from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.report import words
from iracing_pipeline.report.session_list import newest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from iracing_pipeline.report.session_list import Session
    from iracing_pipeline.warehouse.connection import Connection

Row = dict[str, Any]

_MOST_SESSIONS, _MOST_REFUSED = 50, 10
# The last point of each line, and the last one a week or more before it.
_RATINGS = """
WITH line AS (
    SELECT rating.category, rating.observed_at, rating.irating, rating.licence_class,
        rating.safety_rating,
        row_number() OVER (PARTITION BY rating.category ORDER BY rating.observed_at DESC) AS age
    FROM grafana.rating_history AS rating
    WHERE rating.in_line AND rating.irating IS NOT NULL AND rating.cust_id = (
        SELECT cust_id FROM grafana.telemetry_sessions WHERE cust_id IS NOT NULL
        ORDER BY start_time DESC LIMIT 1)
)
SELECT last.category, last.irating, last.licence_class, last.safety_rating, last.observed_at,
    last.irating - before.irating AS change
FROM line AS last
LEFT JOIN LATERAL (SELECT irating FROM line WHERE line.category = last.category
    AND line.observed_at <= last.observed_at - interval '7 days'
    ORDER BY line.observed_at DESC LIMIT 1) AS before ON true
WHERE last.age = 1 ORDER BY last.observed_at DESC
"""
_FILES = """
SELECT count(*) FILTER (WHERE state = 'loaded') AS loaded,
    count(*) FILTER (WHERE state IN ('waiting', 'ready')) AS waiting
FROM grafana.telemetry_files
"""
_REFUSED = """
SELECT coalesce(file_name, item) AS name, reason, advice, last_at FROM grafana.quarantine
WHERE resolved_at IS NULL ORDER BY last_at DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class StartPage:
    """Content of the page.

    Attributes:
        sessions: The newest sessions, the newest first.
        ratings: A row for each category: the last rating, and its change over seven days.
        loaded: Recordings in the database.
        waiting: Recordings that are still written, or about to be loaded.
        refused: Files in quarantine, the newest first.
    """

    sessions: list[Session]
    ratings: list[Row]
    loaded: int
    waiting: int
    refused: list[Row]


def read(connection: Connection, worth: dict[object, str] | None = None) -> StartPage:
    """Read the content of the page.

    Args:
        connection: Of a role that may read schema ``grafana``.
        worth: What is worth a look in sessions that were listed before.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        ratings = cursor.execute(_RATINGS).fetchall()
        files = cursor.execute(_FILES).fetchone() or {"loaded": 0, "waiting": 0}
        refused = cursor.execute(_REFUSED, [_MOST_REFUSED]).fetchall()
    sessions = newest(connection, _MOST_SESSIONS, worth)
    return StartPage(sessions, ratings, files["loaded"], files["waiting"], refused)


def page(
    shown: StartPage,
    *,
    report_of: Callable[[Session], str | None],
    links: Mapping[str, str],
    watching: str,
    now: datetime | None = None,
) -> str:
    """The page as HTML; it loads itself again every 30 s.

    Args:
        shown: What it shows.
        report_of: The file name of a session's report, beside the page; None where it has none.
        links: Addresses by their names, such as that of the Dagster UI.
        watching: The telemetry folder, or why it is not watched.
        now: The present, UTC.
    """
    made = (now or datetime.now(UTC)).astimezone()
    document = Page(title="iRacing pipeline", reloads_every_s=30)
    document.styles = (asset("report.css", "iracing_pipeline.report"),)
    addresses = "".join(
        f'<a href="{escape(address)}">{escape(name)}</a>' for name, address in links.items()
    )
    document.body = (
        f'<nav class="bar"><b>iRacing pipeline</b><span class="links">{addresses}</span></nav>'
        f"<main>{_sessions(shown, report_of)}{_ratings(shown)}{_pipeline(shown, watching)}</main>"
        f"<footer><p>Written at {made:%Y-%m-%d %H:%M} by iracing-pipeline {escape(__version__)}."
        "</p></footer>"
    )
    return document.html()


def _sessions(shown: StartPage, report_of: Callable[[Session], str | None]) -> str:
    if not shown.sessions:
        empty = "No session yet. In the car, turn telemetry on with Alt+L."
        return words.section("sessions", "Sessions", words.empty(empty))
    rows = (_session(each, report_of(each)) for each in shown.sessions)
    head = ("Session", "Best lap", "Clean", "Result", "Worth a look")
    return words.section(
        "sessions",
        "Sessions",
        f'<div class="card">{words.table(head, rows, kind="sessions")}</div>',
    )


def _session(session: Session, report: str | None) -> str:
    name = f"{escape(session.car)} at {escape(session.track)}"
    if report is not None:
        name = f'<a href="{quote(report)}">{name}</a>'
    when = f"{session.local_start:%a %Y-%m-%d %H:%M}, {escape(session.kind or 'session')}"
    command = (
        ""
        if report is not None
        else f"<br><small>iracing-pipeline report {escape(session.session_key)} --open</small>"
    )
    return words.row(
        (
            f"{name}<br><small>{when}</small>",
            UNKNOWN if session.best_lap_s is None else clock(session.best_lap_s, 3),
            f"{session.clean_laps} of {session.timed_laps}",
            _result(session),
            f"{escape(session.worth)}{command}",
        )
    )


def _result(session: Session) -> str:
    if session.finish_position is None:
        return UNKNOWN
    of = f" of {session.car_count}" if session.car_count else ""
    change = session.irating_change
    rating = "" if change is None else f"<br><small>{change:+d} iRating</small>"
    return f"P{session.finish_position}{of}{rating}".replace("-", "\u2212")


def _ratings(shown: StartPage) -> str:
    if not shown.ratings:
        return ""
    tiles = "".join(_rating(row) for row in shown.ratings)
    return words.section("ratings", "Ratings", f'<div class="tiles">{tiles}</div>')


def _rating(row: Row) -> str:
    licence = ""
    if row["safety_rating"] is not None:
        licence = f"{row['licence_class'] or ''} {row['safety_rating']:.2f}".strip()
    change = "" if row["change"] is None else f"{row['change']:+d} in 7 days".replace("-", "\u2212")
    seen = f"on {row['observed_at'].astimezone():%Y-%m-%d}"
    more = ", ".join(filter(None, (licence, change, seen)))
    return words.tile(row["category"] or "Rating", str(row["irating"]), escape(more))


def _pipeline(shown: StartPage, watching: str) -> str:
    lines = [
        escape(watching),
        f"{words.count(shown.loaded, 'recording')} loaded, {shown.waiting} waiting.",
    ]
    text = "".join(f"<p>{line}</p>" for line in lines)
    refused = words.table(
        ("Refused file", "Why", "What to do"), _refused(shown.refused), kind="refused"
    )
    table = f'<div class="card">{refused}</div>' if shown.refused else "<p>No file is refused.</p>"
    return words.section("pipeline", "Pipeline", text, table)


def _refused(rows: Iterable[Row]) -> Iterable[str]:
    for row in rows:
        yield words.row(escape(str(row[name] or "")) for name in ("name", "reason", "advice"))
