"""The three lines of a session, from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST_NAME = 60
_LONGEST_TEXT = 300
_FEWEST_LAPS = 3
_WORTH_S = 0.05
"""A corner that loses less than this to its best is not worth a line."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest of one session.

    Attributes:
        session_key: The session.
        ended_at: When it ended, UTC.
        lines: What it was, its best figure, what to work on.
    """

    session_key: str
    ended_at: datetime
    lines: tuple[str, str, str]


def digest(
    session: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
    corners: Sequence[Mapping[str, Any]],
) -> Digest:
    """The digest of a session.

    Args:
        session: Its row of ``grafana.session_summaries``.
        findings: Its rows of ``racing.race_finding``, costliest first.
        corners: Its rows of ``racing.corner_consistency``.
    """
    return Digest(
        session["session_key"],
        session["end_time"] or session["start_time"],
        (_what(session), _best(session), _work(findings, corners)),
    )


def _what(session: Mapping[str, Any]) -> str:
    offset = session["utc_offset_s"]
    zone = timezone(timedelta(seconds=offset)) if offset is not None else None
    began: datetime = session["start_time"]
    when = f"{began.astimezone(zone):%Y-%m-%d %H:%M}" if zone else f"{began:%Y-%m-%d %H:%M} UTC"
    track = " ".join(filter(None, (session["track_name"], session["track_config"])))
    parts = [
        _name(session["simsession_type"] or "Session"),
        _name(track or "unknown track"),
        _name(session["car_name"] or "unknown car"),
        when,
        f"{session['lap_count']} laps, {session['clean_lap_count']} clean",
    ]
    if session["finish_position"] is not None:
        of = f" of {session['car_count']}" if session["car_count"] else ""
        parts.append(f"P{session['finish_position']}{of}")
    if session["incidents"]:
        parts.append(f"{session['incidents']}x incidents")
    return " · ".join(parts)


def _best(session: Mapping[str, Any]) -> str:
    best, laps = session["best_lap_time_s"], session["clean_lap_count"]
    if best is None:
        return "Best lap: none, as no lap was clean."
    text = f"Best lap {clock(best, 3)} (n={laps} clean laps)"
    if session["spread_s"] is not None and session["spread_low_s"] is not None:
        text += (
            f", spread {session['spread_s']:.3f} s"
            f" ({session['spread_low_s']:.3f} to {session['spread_high_s']:.3f})"
        )
    return text + "."


def _work(findings: Sequence[Mapping[str, Any]], corners: Sequence[Mapping[str, Any]]) -> str:
    if findings:
        first = findings[0]
        advice = f" {first['advice']}" if first["advice"] else ""
        return f"Work on: {_text(first['text'])}{_text(advice)}"
    lossy = [
        (corner["median_s"] - corner["best_s"], corner)
        for corner in corners
        if corner["lap_count"] >= _FEWEST_LAPS
    ]
    loss, corner = max(lossy, key=lambda each: each[0], default=(0.0, {}))
    if loss < _WORTH_S:
        return f"Work on: not known; it takes {_FEWEST_LAPS} clean laps that differ in a corner."
    return (
        f"Work on: Turn {corner['corner']}, where a usual lap loses {loss:.3f} s to your best"
        f" (n={corner['lap_count']} laps)."
    )


def _name(text: str) -> str:
    return _one_line(text, _LONGEST_NAME)


def _text(text: str) -> str:
    return _one_line(text, _LONGEST_TEXT)


def _one_line(text: str, longest: int) -> str:
    text = printable(text.replace("\n", " ").replace("\t", " "))
    return text if len(text) <= longest else text[: longest - 1] + "…"
