"""Every query of the boards run for real: what fails, and what has no data."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from iracing_pipeline.dashboards.asking import Answer, Reader
from iracing_pipeline.dashboards.charts import SERIES, X
from iracing_pipeline.dashboards.errors import BoardError
from iracing_pipeline.dashboards.interpolation import for_text, interpolate
from iracing_pipeline.dashboards.moments import Range
from iracing_pipeline.dashboards.queries import PromQl, Sql
from iracing_pipeline.dashboards.variables import Choice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from iracing_pipeline.dashboards.asking import Postgres, Prometheus
    from iracing_pipeline.dashboards.board import Board, Regions
    from iracing_pipeline.dashboards.panels import Panel

_FIELD = re.compile(r"\$\{__data\.fields\.(\w+)\}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one query.

    Attributes:
        board: Uid of the board.
        place: Panel, variable or regions that asked.
        rows: Rows of the answer; None where nothing was asked.
        milliseconds: Duration.
        problem: Problem; None if there is none.
        arrived_by: The link that led to the board; None when opened by itself.
    """

    board: str
    place: str
    rows: int | None
    milliseconds: float
    problem: str | None
    arrived_by: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One way to open a board.

    Attributes:
        board: The board.
        by: The link, or the menu, that led there; None when opened by itself.
        chosen: Values that it set, by variable.
        span: The time range.
        full: Whether there must be data for every panel that does not say that it may be empty.
    """

    board: Board
    by: str | None
    chosen: Mapping[str, str]
    span: Range
    full: bool


@dataclass(slots=True)
class Checker:
    """Looks at boards as a reader would, and follows their links.

    Attributes:
        boards: All boards, so that links can be followed.
        postgres: Executes SQL.
        prometheus: Executes PromQL; None without a Prometheus.
        complete: Whether there is data for everything, as in the demo season.
    """

    boards: Sequence[Board]
    postgres: Postgres
    prometheus: Prometheus | None = None
    complete: bool = True
    _followed: set[tuple[str, str]] = field(default_factory=set)
    _chosen: dict[str, dict[str, str]] = field(default_factory=dict)

    def run(self) -> Iterator[Outcome]:
        """Every variable, panel and region of every board.

        Each board is opened by itself, by each link to it, and by the menu of each board that has
        variables of the same names, which the menu carries.
        """
        linked: list[Visit] = []
        for board in self.boards:
            full = self.complete and not board.by_link
            visit = Visit(board, None, {}, Range.of(board.start, board.end), full)
            yield from self._open(visit, linked)
        for visit in (*linked, *self._by_menu()):
            yield from self._open(visit, [])

    def _by_menu(self) -> list[Visit]:
        visits: dict[tuple[str, frozenset[tuple[str, str]]], Visit] = {}
        for board in self.boards:
            names = {each.name for each in board.all_variables if isinstance(each, Choice)}
            for origin, values in self._chosen.items():
                shared = {name: values[name] for name in sorted(names & values.keys())}
                if origin == board.uid or not shared:
                    continue
                span = Range.of(board.start, board.end)
                # The car of one board need not have been driven on the track of another.
                visit = Visit(board, f"the menu of {origin}", shared, span, full=False)
                visits.setdefault((board.uid, frozenset(shared.items())), visit)
        return list(visits.values())

    def _open(self, visit: Visit, linked: list[Visit]) -> Iterator[Outcome]:
        """Everything of one board; what its links lead to is added to ``linked``."""
        board = visit.board
        reader = Reader(board, self.postgres, self.prometheus, visit.span, visit.chosen)
        try:
            reader.choose()
        except BoardError as error:
            yield Outcome(board.uid, "variables", None, 0, str(error), visit.by)
            return
        choices = [each for each in board.all_variables if isinstance(each, Choice)]
        if visit.by is None:
            values = reader.values
            self._chosen[board.uid] = {one.name: values[one.name].values[0] for one in choices}
        for variable in choices:
            began = time.perf_counter()
            rows = len(reader.options(variable))
            label = f"variable {variable.name}"
            yield Outcome(board.uid, label, rows, _since(began), None, visit.by)
        for region in board.regions:
            yield _regions(visit, reader, region)
        for panel in board.panels:
            outcome, answers = _panel(visit, reader, panel)
            yield outcome
            if outcome.problem is None:
                linked += self._links(reader, panel, answers)

    def _links(self, reader: Reader, panel: Panel, answers: list[Answer | None]) -> Iterator[Visit]:
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
            filled = _FIELD.sub(lambda match, row=row: str(row[match[1]]), url)  # type: ignore[misc]
            parameters = dict(
                parse_qsl(urlsplit(interpolate(filled, reader.values, for_text)).query)
            )
            span = (
                Range.of(parameters["from"], parameters["to"])
                if {"from", "to"} <= parameters.keys()
                else Range.of(board.start, board.end)
            )
            chosen = {
                name.removeprefix("var-"): value
                for name, value in parameters.items()
                if name.startswith("var-")
            }
            by = f"{reader.board.uid} / {panel.title}"
            yield Visit(board, by, chosen, span, self.complete)


def _panel(visit: Visit, reader: Reader, panel: Panel) -> tuple[Outcome, list[Answer | None]]:
    label, uid = f"{panel.number} {panel.title}", visit.board.uid
    began = time.perf_counter()
    try:
        answers = reader.look(panel)
    except BoardError as error:
        return Outcome(uid, label, None, _since(began), str(error), visit.by), []
    took = _since(began)
    asked = [answer for answer in answers if answer is not None]
    problem = next(
        (complaint for one in asked if (complaint := judge(panel, one)) is not None), None
    )
    lacks = asked and not panel.may_be_empty and not any(_has_data(answer) for answer in asked)
    if problem is None and visit.full and lacks:
        problem = "no data, and it does not say that it may be empty"
    rows = sum(len(answer.rows) for answer in asked) if asked else None
    return Outcome(uid, label, rows, took, problem, visit.by), answers


def _regions(visit: Visit, reader: Reader, region: Regions) -> Outcome:
    label, uid = f"regions {region.name}", visit.board.uid
    began = time.perf_counter()
    try:
        answer = reader.postgres(reader.statement(Sql(region.sql)))
    except BoardError as error:
        return Outcome(uid, label, None, _since(began), str(error), visit.by)
    missing = {"time", "timeend", "text"} - set(answer.columns)
    problem = f"lacks the column {min(missing)}" if missing else None
    if problem is None and visit.full and not answer.rows:
        problem = "no data"
    return Outcome(uid, label, len(answer.rows), _since(began), problem, visit.by)


def judge(panel: Panel, answer: Answer) -> str | None:
    """Return the problem of an answer for the kind of its panel; None if there is none."""
    if isinstance(panel.queries[0], PromQl):
        return None  # one series after the other, each sorted by Prometheus itself
    kind = panel.drawn.type_val
    if kind in {"timeseries", "geomap", "state-timeline"}:
        return _rising(answer, "time", datetime)
    if kind == "trend":
        return _series_rising(answer)
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


def _series_rising(answer: Answer) -> str | None:
    """Return the problem of rows of x, series and value; one row of NULLs is an empty answer."""
    if _is_empty(answer):
        return None
    for series in dict.fromkeys(answer.column(SERIES)):
        of_it = Answer(answer.columns, tuple(r for r in answer.rows if r[1] == series))
        if (problem := _rising(of_it, X, (int, float), strictly=True)) is not None:
            return f"{series}: {problem}"
    return None


def _is_empty(answer: Answer) -> bool:
    return all(value is None for row in answer.rows for value in row)


def _has_data(answer: Answer) -> bool:
    """Whether anything but the time is known."""
    values = [index for index, name in enumerate(answer.columns) if name != "time"]
    return any(row[index] is not None for row in answer.rows for index in values)


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
