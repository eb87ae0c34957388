"""An answer: rows of figures and names, and the query that gave them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from iracing_pipeline.errors import PipelineError

LONGEST_TEXT = 200
"""Characters of a text from the data; longer ones end in an ellipsis."""


class AskError(PipelineError):
    """A question that cannot be run: what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value.

    Attributes:
        value: The value; None where it is not known.
        unit: Its unit; None for a count or a place.
        n: Values behind it: laps, races or stops; None where that is not recorded.
        low: Lower end of its 95 % interval; None where it has none.
        high: Upper end of that.
        why: Its id for ``iracing-pipeline why``; None where its view computes it.
    """

    value: float | int | None
    unit: str | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    why: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The figure as JSON; an interval only where it has one."""
        result: dict[str, Any] = {"value": self.value, "unit": self.unit, "n": self.n}
        if self.low is not None or self.high is not None:
            result["interval_95"] = [self.low, self.high]
        if self.why is not None:
            result["why"] = self.why
        return result

    def __str__(self) -> str:
        """Value, unit, interval and count: ``59.714 s (59.6 to 59.8, n=12)``."""
        if self.value is None:
            return "not known"
        text = f"{_number(self.value)} {self.unit or ''}".rstrip()
        behind = []
        if self.low is not None and self.high is not None:
            behind.append(f"{_number(self.low)} to {_number(self.high)}")
        if self.n is not None:
            behind.append(f"n={self.n}")
        return f"{text} ({', '.join(behind)})" if behind else text


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer to a question.

    Attributes:
        question: Name of the question.
        rows: One mapping for each row; measured values are a `Figure`.
        meanings: Meaning and unit of each column.
        query: The statement, with its values filled in; it can be run by psql.
        more: Whether there are more rows than were read.
        not_known: Why there is no row; None where there is one.
        remedy: Data that would give an answer.
    """

    question: str
    rows: list[dict[str, Any]]
    meanings: dict[str, str]
    query: str
    more: bool = False
    not_known: str | None = None
    remedy: str | None = None
    _ids: tuple[str, ...] = field(default=("session_key", "lap_id", "subsession_id"), repr=False)

    @property
    def ids(self) -> list[str]:
        """Sessions, laps and races behind the rows, each once."""
        seen = {
            f"{name}={row[name]}": None
            for row in self.rows
            for name in self._ids
            if row.get(name) is not None
        }
        return list(seen)

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON."""
        result: dict[str, Any] = {
            "question": self.question,
            "rows": [{name: _json(value) for name, value in row.items()} for row in self.rows],
            "columns": self.meanings,
            "ids": self.ids,
            "query": self.query,
            "more_rows": self.more,
        }
        if self.not_known is not None:
            result["not_known"] = {"reason": self.not_known, "remedy": self.remedy}
        return result

    def to_text(self) -> str:
        """A table in text, or why there is none."""
        if self.not_known is not None:
            return f"not_known: {self.not_known}. {self.remedy}"
        names = [name for name in self.meanings if any(row[name] is not None for row in self.rows)]
        cells = [[_cell(row[name]) for name in names] for row in self.rows]
        widths = [max(len(name), *(len(row[at]) for row in cells)) for at, name in enumerate(names)]
        lines = ["  ".join(name.ljust(width) for name, width in zip(names, widths, strict=True))]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in cells
        ]
        lines += ["(more rows)"] * self.more
        return "\n".join(line.rstrip() for line in lines)


def plain(value: object) -> object:
    """A value from the database, fit for JSON and a terminal.

    Texts lose their control characters (so no escape sequence reaches a terminal, and no line
    break makes one row look like two) and are cut to `LONGEST_TEXT`.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(plain(name)): plain(each) for name, each in value.items()}
    return _plain_text(value.isoformat() if isinstance(value, datetime | date) else str(value))


def _plain_text(value: str) -> str:
    text = "".join(c for c in value if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"})
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _json(value: object) -> object:
    return value.to_json() if isinstance(value, Figure) else value


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _number(value: float) -> str:
    """Three digits after the point; two significant ones below half of the last of these."""
    if isinstance(value, int):
        return str(value)
    if 0 < abs(value) < 0.0005:
        return f"{value:.2g}"
    return f"{value:.3f}".rstrip("0").rstrip(".")
