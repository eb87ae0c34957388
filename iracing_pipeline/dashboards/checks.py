"""Every query of the boards run for real: what fails, and what has no data."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from iracing_pipeline.dashboards.asking import Reader
from iracing_pipeline.dashboards.errors import BoardError
from iracing_pipeline.dashboards.interpolation import for_text, interpolate
from iracing_pipeline.dashboards.moments import Range
from iracing_pipeline.dashboards.queries import Sql
from iracing_pipeline.dashboards.variables import Choice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from iracing_pipeline.dashboards.asking import Answer, Postgres, Prometheus
    from iracing_pipeline.dashboards.board import Board
    from iracing_pipeline.dashboards.panels import Panel

_FIELD = re.compile(r"\$\{__data\.fields\.(\w+)\}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one query.

    Attributes:
        board: Uid of the board.
        place: Panel, variable or regions that asked.
        rows: Rows of the answer; None where nothing was asked.
        milliseconds: How long it took.
        problem: What is wrong; None if nothing.
        arrived_by: The link that led to the board; None when opened by itself.
    """

    board: str
    place: str
    rows: int | None
    milliseconds: float
    problem: str | None
    arrived_by: str | None = None


@dataclass(slots=True)
class Checker:
    """Looks at boards as a reader would, and follows their links.

    Attributes:
        boards: All boards, so that links can be followed.
        postgres: What answers SQL.
        prometheus: What answers PromQL; None where there is no Prometheus.
        complete: Whether there is data for every panel that does not say that it may be empty.
    """

    boards: Sequence[Board]
    postgres: Postgres
    prometheus: Prometheus | None = None
    complete: bool = True
    _followed: set[tuple[str, str]] = field(default_factory=set)

    def run(self) -> Iterator[Outcome]:
        """Every variable, panel and region of every board, opened by itself and by each link."""
        arrivals: list[_Arrival] = []
        for board in self.boards:
            span = Range.of(board.start, board.end)
            yield from self._open(board, span, {}, None, arrivals)
        for arrival in arrivals:
            span = arrival.span or Range.of(arrival.board.start, arrival.board.end)
            yield from self._open(arrival.board, span, arrival.chosen, arrival.name, None)

    def _open(
        self,
        board: Board,
        span: Range,
        chosen: Mapping[str, str],
        by: str | None,
        arrivals: list[_Arrival] | None,
    ) -> Iterator[Outcome]:
        reader = Reader(board, self.postgres, self.prometheus, span, chosen)
        try:
            reader.choose()
        except BoardError as error:
            yield Outcome(board.uid, "variables", None, 0, str(error), by)
            return
        for variable in board.all_variables:
            if isinstance(variable, Choice):
                began = time.perf_counter()
                rows = len(reader.options(variable))
                yield Outcome(board.uid, f"variable {variable.name}", rows, _since(began), None, by)
        for region in board.regions:
            yield self._regions(reader, region.name, Sql(region.sql), by)
        for panel in board.panels:
            if not panel.queries:
                continue
            outcome, answers = self._panel(reader, panel, by)
            yield outcome
            if arrivals is not None and outcome.problem is None:
                arrivals += self._arrivals(reader, panel, answers)

    def _panel(
        self, reader: Reader, panel: Panel, by: str | None
    ) -> tuple[Outcome, list[Answer | None]]:
        place = f"{panel.number} {panel.title}"
        began = time.perf_counter()
        try:
            answers = reader.look(panel)
            took = _since(began)
            judged = [judge(panel, answer) for answer in answers if answer is not None]
        except BoardError as error:
            failed = Outcome(reader.board.uid, place, None, _since(began), str(error), by)
            return failed, []
        problem = next((each for each in judged if each is not None), None)
        asked = [answer for answer in answers if answer is not None]
        rows = sum(len(answer.rows) for answer in asked) if asked else None
        needed = by is not None or not reader.board.by_link
        if problem is None and needed and self._lacks(panel, asked):
            problem = "no data, and it does not say that it may be empty"
        return Outcome(reader.board.uid, place, rows, took, problem, by), answers

    def _lacks(self, panel: Panel, answers: list[Answer]) -> bool:
        if not self.complete or panel.may_be_empty or not answers:
            return False
        return not any(_has_data(answer) for answer in answers)

    def _regions(self, reader: Reader, name: str, query: Sql, by: str | None) -> Outcome:
        place, began = f"regions {name}", time.perf_counter()
        try:
            answer = reader.ask(query)
        except BoardError as error:
            return Outcome(reader.board.uid, place, None, _since(began), str(error), by)
        assert answer is not None  # noqa: S101 - SQL is always answered
        missing = {"time", "timeend", "text"} - set(answer.columns)
        problem = f"lacks the column {min(missing)}" if missing else None
        if self.complete and not answer.rows and by is None:
            problem = problem or "no data"
        return Outcome(reader.board.uid, place, len(answer.rows), _since(began), problem, by)

    def _arrivals(
        self, reader: Reader, panel: Panel, answers: list[Answer | None]
    ) -> Iterator[_Arrival]:
        """The boards that links of a panel lead to, from its first row, each board once."""
        for url in _urls(panel):
            uid = urlsplit(url).path.removeprefix("/d/")
            board = next((each for each in self.boards if each.uid == uid), None)
            key = (f"{reader.board.uid}/{panel.number}", uid)
            if board is None or key in self._followed or not answers or not answers[0]:
                continue
            row = next((r for r in _rows(answers[0]) if _carries(url, r)), None)
            if row is None:
                continue
            self._followed.add(key)
            filled = _FIELD.sub(lambda found, row=row: str(row[found[1]]), url)  # type: ignore[misc]
            query = urlsplit(interpolate(filled, reader.values, for_text)).query
            told = {name: unquote(value) for name, value in parse_qsl(query)}
            span = Range.of(told["from"], told["to"]) if {"from", "to"} <= told.keys() else None
            chosen = {
                name.removeprefix("var-"): value
                for name, value in told.items()
                if name.startswith("var-")
            }
            yield _Arrival(board, f"{reader.board.uid} / {panel.title}", chosen, span)


@dataclass(frozen=True, slots=True)
class _Arrival:
    board: Board
    name: str
    chosen: Mapping[str, str]
    span: Range | None


def judge(panel: Panel, answer: Answer) -> str | None:
    """What is wrong with an answer for the kind of panel that shows it; None if nothing."""
    kind = panel.drawn.type_val
    if kind in {"timeseries", "geomap", "state-timeline"}:
        return _rising(answer, "time", datetime)
    if kind == "trend":
        # A row for each car and lap becomes a row for each lap.
        matrix = any(name == "groupingToMatrix" for name, _ in panel.transformations)
        return _rising(answer, answer.columns[0], (int, float), strictly=not matrix)
    lacking = [
        name
        for each in panel.fields
        if each.expression
        for name in _names(each.sql)
        if name not in answer.columns
    ]
    return f"lacks the column {lacking[0]}" if lacking else None


def _names(sql: str) -> list[str]:
    """The column's name, where it does not hang on the units."""
    name = sql.rpartition('AS "')[2].rstrip('"')
    return [] if "${" in name else [name]


def _rising(answer: Answer, name: str, kind: Any, *, strictly: bool = False) -> str | None:
    if name not in answer.columns:
        return f"lacks the column {name}"
    values = answer.column(name)
    if any(value is None for value in values):
        return f"{name} is missing in a row"
    if not all(isinstance(value, kind) or hasattr(value, "is_finite") for value in values):
        return f"{name} is of the wrong type: {type(values[0]).__name__}"
    if any(a > b or (strictly and a == b) for a, b in pairwise(values)):
        return f"{name} does not rise from row to row"
    return None


def _has_data(answer: Answer) -> bool:
    """Whether anything but the time is known."""
    values = [place for place, name in enumerate(answer.columns) if name != "time"]
    return any(row[place] is not None for row in answer.rows for place in values)


def _urls(panel: Panel) -> Iterator[str]:
    for one in panel.fields:
        for link in one.properties.get("links", ()):
            yield link["url"]


def _rows(answer: Answer) -> Iterator[dict[str, Any]]:
    for row in answer.rows:
        yield dict(zip(answer.columns, row, strict=True))


def _carries(url: str, row: Mapping[str, Any]) -> bool:
    return all(row.get(name) is not None for name in _FIELD.findall(url))


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
