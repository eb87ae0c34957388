"""HTML that sections share: a section, a tile, a table, and why there is nothing to show."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from html import escape
from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.units import UNKNOWN
from iracing_pipeline.pictures.lap_chart import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def section(name: str, title: str, *parts: str, about: str = "") -> str:
    """A section of the page.

    Args:
        name: Its anchor.
        title: Its heading.
        parts: HTML.
        about: What its figures are, in a sentence of plain text.
    """
    description = f'<p class="about">{escape(about)}</p>' if about else ""
    return (
        f'<section id="{name}"><header><h2>{escape(title)}</h2>{description}</header>'
        f"{''.join(parts)}</section>"
    )


def empty(why: str) -> str:
    """Why there is nothing to show, in plain text."""
    return f'<p class="empty">{escape(why)}</p>'


def tile(name: str, value: str, more: str = "", *, tone: str = "") -> str:
    """A figure with its name; value and more are HTML."""
    kind = f" {tone}" if tone else ""
    below = f'<span class="more">{more}</span>' if more else ""
    return (
        f'<div class="tile{kind}"><span class="name">{escape(name)}</span>'
        f'<span class="value">{value}</span>{below}</div>'
    )


def table(head: Sequence[str], rows: Iterable[str], *, kind: str = "") -> str:
    """A table that scrolls by itself where it is too wide; heads and rows are HTML."""
    heads = "".join(f"<th>{each}</th>" for each in head)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def row(cells: Iterable[str], kind: str = "") -> str:
    """A row of HTML cells."""
    marked = f' class="{kind}"' if kind else ""
    return f"<tr{marked}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def lap_time(seconds: float | None) -> str:
    """A lap time as HTML."""
    return UNKNOWN if seconds is None else clock(seconds, 3)


def signed(seconds: float | None, digits: int = 3) -> str:
    """A difference as HTML, in the colour of gain or loss."""
    if seconds is None:
        return UNKNOWN
    text = f"{seconds:+.{digits}f}"
    if float(text) == 0:
        return f'<span class="even">{text[1:]}</span>'
    tone = "loss" if float(text) > 0 else "gain"
    return f'<span class="{tone}">{text.replace("-", chr(0x2212))}</span>'


def local(moment: datetime, session: Mapping[str, Any]) -> datetime:
    """A moment on the clock of the racing PC; in UTC where its time zone is unknown.

    Args:
        moment: The moment.
        session: Row of ``grafana.telemetry_sessions`` that it belongs to.
    """
    offset = session["utc_offset_s"]
    return moment.astimezone(UTC if offset is None else timezone(timedelta(seconds=offset)))


def zone(session: Mapping[str, Any]) -> str:
    """The time zone of :func:`local`: ``UTC+01:00``, ``UTC``, or where an estimate is from."""
    if session["start_source"] == "file_name":
        return "local time by the file's name, time zone unknown"
    if session["start_source"] == "modified":
        return "UTC, estimated from the file's modification time"
    offset = session["utc_offset_s"]
    if offset is None:
        return "UTC"
    hours, minutes = divmod(abs(offset) // 60, 60)
    return f"UTC{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"


def attempts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A name for each lap: its number; of a number with several attempts also the stint.

    No two are the same, so that each is a bar or a point of its own: ``7``, ``8 (stint 1)``,
    ``8 (stint 2)``.

    Args:
        rows: Laps of one session with ``lap_number`` and ``stint``.
    """
    numbers = Counter(row["lap_number"] for row in rows)
    seen = Counter[str]()
    names = []
    for row in rows:
        number, name = row["lap_number"], str(row["lap_number"])
        if numbers[number] > 1:
            name = f"{number} (stint {row['stint']})"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name[:-1]}, {seen[name]})")
    return names


def count(number_of: int, what: str) -> str:
    """``1 lap``, ``2 laps``."""
    return f"{number_of} {what}" if number_of == 1 else f"{number_of} {what}s"


def number(value: float | None, digits: int) -> str:
    """A number as HTML."""
    return UNKNOWN if value is None else f"{value:.{digits}f}"
