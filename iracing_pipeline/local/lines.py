"""One line for the console on a file or a session."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.report.words import count

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.report.session_list import Session


def of_session(session: Session, report: Path | None = None) -> str:
    """Describe a session: drive, best lap, finding, and its report.

    Args:
        session: The session.
        report: The file of its report, if one was written.
    """
    best = "no clean lap" if session.best_lap_s is None else f"best {clock(session.best_lap_s, 3)}"
    kind = f", {session.kind}" if session.kind else ""
    result = ""
    if session.finish_position is not None:
        result = f", P{session.finish_position}"
        result += f" of {session.car_count}" if session.car_count else ""
    worth = session.worth if session.best_lap_s is not None else ""
    text = f"{session.car} at {session.track}{kind}: {count(session.laps, 'lap')}, {best}{result}."
    shown = f"Report: {report}" if report else ""
    return " ".join(filter(None, (text, worth, shown)))


def of_refusal(file: str, reason: str, advice: str | None) -> str:
    """A refused file: its name, why, and what to do about it."""
    text = " ".join(reason.split()).rstrip(".")
    more = f". {' '.join(advice.split())}" if advice else "."
    return f"{PurePath(file).name}: refused: {text}{more}"
