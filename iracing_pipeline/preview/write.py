"""Boards to files: each asked as a reader would open it, and drawn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.dashboards.asking import Reader
from iracing_pipeline.dashboards.moments import Range
from iracing_pipeline.preview.answers import ReadersAnswers
from iracing_pipeline.preview.board import draw

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from iracing_pipeline.dashboards.asking import Postgres, Prometheus
    from iracing_pipeline.dashboards.board import Board


@dataclass(frozen=True, slots=True)
class Choices:
    """What the reader chose.

    Attributes:
        variables: Values by variable; the first option where none is given.
        start: Start of the time range, as in Grafana's links; None for the board's own.
        end: End of it.
        theme: ``dark`` or ``light``.
    """

    variables: Mapping[str, str]
    start: str | None = None
    end: str | None = None
    theme: str = "dark"


@dataclass(frozen=True, slots=True)
class Written:
    """A file, and what is to be said of it in lines of text."""

    path: Path
    told: str
    failed: bool


def write(
    board: Board, postgres: Postgres, prometheus: Prometheus | None, folder: Path, choices: Choices
) -> Written:
    """Draw a board into a folder.

    Raises:
        BoardError: If a variable cannot be chosen, or the time range is not one.
    """
    span = Range.of(choices.start or board.start, choices.end or board.end)
    reader = Reader(board, postgres, prometheus, span, choices.variables)
    reader.choose()
    drawn = draw(json.loads(board.json()), ReadersAnswers(reader), theme=choices.theme)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{board.uid}.html"
    path.write_text(drawn.html, encoding="utf-8", newline="\n")
    lines = [f"{path}: {drawn.panels} panels drawn, {len(drawn.empty)} without data"]
    lines += [f"  without data: {title}" for title in drawn.empty]
    lines += [f"  not asked: {title}" for title in drawn.not_asked]
    lines += [f"  otherwise than in Grafana: {title}: {what}" for title, what in drawn.remarks]
    lines += [f"  FAILED: {title}: {message}" for title, message in drawn.failed]
    return Written(path, "\n".join(lines), bool(drawn.failed))
