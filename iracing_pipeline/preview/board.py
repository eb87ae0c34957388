"""A board as one page: panels at their places on Grafana's grid of 24 columns."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from iracing_pipeline.page import Charts, Page
from iracing_pipeline.page.document import asset
from iracing_pipeline.preview import units
from iracing_pipeline.preview.fields import configured
from iracing_pipeline.preview.panel import Panel, Region
from iracing_pipeline.preview.panels import DRAWERS
from iracing_pipeline.preview.transformations import UnknownTransformationError, transformed

if TYPE_CHECKING:
    from iracing_pipeline.preview.frames import Frame

HONEST = (
    "A preview, not Grafana: drawn from the board's JSON and the real answers to its queries."
    " Places, titles, units, colours and legends are the board's; links and zooming of the range"
    " are Grafana's alone."
)


class Answers(Protocol):
    """What a board's queries answer, with its variables as chosen."""

    start_ms: float
    end_ms: float

    def variables(self) -> list[tuple[str, str]]:
        """Label and value of each variable that the reader sees."""

    def text(self, text: str) -> str:
        """A text of the board with its variables filled in."""

    def regions(self) -> list[Region]:
        """Stretches of time that its charts mark.

        Raises:
            QueryError: If their query fails.
        """

    def frames(self, panel: dict[str, Any]) -> list[Frame]:
        """The results of a panel's queries.

        Raises:
            NotAskedError: If nobody can be asked.
            QueryError: If a query fails.
        """


class NotAskedError(Exception):
    """A panel's queries could not be put to anybody."""


class QueryError(Exception):
    """A query of a panel failed: what the data source said."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A board as a page, and what became of its panels.

    Attributes:
        html: The page.
        panels: Panels drawn from data.
        empty: Titles of panels without data.
        failed: Title and message of panels whose query failed.
        not_asked: Titles of panels whose data source is not there.
        remarks: Title and text of what is drawn otherwise than in Grafana.
    """

    html: str
    panels: int
    empty: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    not_asked: tuple[str, ...]
    remarks: tuple[tuple[str, str], ...]


def draw(board: dict[str, Any], answers: Answers, *, theme: str = "dark") -> Drawn:
    """Draw a board.

    Args:
        board: Its classic JSON.
        answers: What its queries answer.
        theme: ``dark`` or ``light``; the page can be switched.
    """
    charts = Charts()
    counts = _Counts()
    try:
        counts.regions = answers.regions()
    except QueryError as error:
        counts.failed.append(("regions", str(error)))
    body = "".join(_placed(panel, charts, answers, counts) for panel in _unfolded(board))
    page = Page(
        title=f"{board.get('title', '')} (preview)",
        body=_top(board, answers) + f'<main class="board">{body}</main>',
        styles=(asset("preview.css", "iracing_pipeline.preview"),),
        charts=charts,
        theme=theme,
    )
    return Drawn(
        page.html(),
        counts.drawn,
        tuple(counts.empty),
        tuple(counts.failed),
        tuple(counts.not_asked),
        tuple(counts.remarks),
    )


class _Counts:
    def __init__(self) -> None:
        self.drawn = 0
        self.empty: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self.not_asked: list[str] = []
        self.regions: list[Region] = []
        self.remarks: list[tuple[str, str]] = []


def _unfolded(board: dict[str, Any]) -> list[dict[str, Any]]:
    """All panels from top to bottom; folded rows open, what is below them moved down."""
    shift = 0
    placed = []
    for panel in sorted(board.get("panels") or [], key=_top_left):
        place = panel.get("gridPos") or {}
        moved = {**panel, "gridPos": {**place, "y": place.get("y", 0) + shift}}
        placed.append(moved)
        inner = panel.get("panels") or []
        if panel.get("type") == "row" and panel.get("collapsed") and inner:
            top = min(each["gridPos"]["y"] for each in inner)
            start = moved["gridPos"]["y"] + 1
            for each in inner:
                at = each["gridPos"]
                placed.append({**each, "gridPos": {**at, "y": at["y"] - top + start}})
            shift += max(e["gridPos"]["y"] + e["gridPos"]["h"] for e in inner) - top
    return placed


def _top_left(panel: dict[str, Any]) -> tuple[int, int]:
    place = panel.get("gridPos") or {}
    return place.get("y", 0), place.get("x", 0)


def _placed(json: dict[str, Any], charts: Charts, answers: Answers, counts: _Counts) -> str:
    json = _filled(json, answers)
    place = json.get("gridPos") or {}
    x, y, w, h = (int(place.get(k, d)) for k, d in (("x", 0), ("y", 0), ("w", 24), ("h", 1)))
    style = f"grid-area:{y + 1}/{x + 1}/span {h}/span {w};--h:{h}"
    if json.get("type") == "row":
        folded = " <small>folded in Grafana</small>" if json.get("collapsed") else ""
        title = escape(str(json.get("title") or ""))
        return f'<div class="row" style="{style}">▾ {title}{folded}</div>'
    panel = Panel(json, [], charts, answers.start_ms, answers.end_ms, counts.regions)
    body = _body(panel, answers, counts)
    for unit in sorted(_unknown_units(panel)):
        panel.remarks.append(f"the unit “{unit}” is not known here and shows as a suffix")
    counts.remarks += [(panel.title, remark) for remark in panel.remarks]
    remarks = "".join(f'<div class="remark">{escape(each)}</div>' for each in panel.remarks)
    clear = " clear" if json.get("transparent") else ""
    return (
        f'<section class="panel{clear}" style="{style}">{_head(json)}{remarks}'
        f'<div class="body">{body}</div></section>'
    )


def _head(json: dict[str, Any]) -> str:
    title, text = str(json.get("title") or ""), str(json.get("description") or "")
    more = (
        f'<details><summary aria-label="Description">i</summary><p>{escape(text)}</p></details>'
        if text
        else ""
    )
    return f"<header><h2>{escape(title)}</h2>{more}</header>" if title or text else ""


def _body(panel: Panel, answers: Answers, counts: _Counts) -> str:
    kind = str(panel.json.get("type") or "")
    drawer = DRAWERS.get(kind)
    if drawer is None:
        panel.remarks.append(f"panels of type “{kind}” are not drawn here")
        return '<div class="empty">Not drawn</div>'
    try:
        frames = answers.frames(panel.json) if kind != "text" else []
        config = panel.json.get("fieldConfig") or {}
        steps = panel.json.get("transformations") or []
        panel.frames = configured(transformed(frames, steps), config)
        drawn = drawer(panel)
    except QueryError as error:
        counts.failed.append((panel.title, str(error)))
        return f'<div class="broken">{escape(str(error))}</div>'
    except NotAskedError as error:
        counts.not_asked.append(panel.title)
        return f'<div class="empty">{escape(str(error))}</div>'
    except UnknownTransformationError as error:
        panel.remarks.append(str(error))
        return '<div class="empty">Not drawn</div>'
    if drawn:
        counts.drawn += 1
        return drawn
    counts.empty.append(panel.title)
    return f'<div class="empty">{escape(panel.no_value)}</div>'


def _filled(value: Any, answers: Answers) -> Any:
    """A panel with the variables in its texts filled in; its queries are left to who asks them."""
    if isinstance(value, str):
        return answers.text(value) if "$" in value else value
    if isinstance(value, list):
        return [_filled(each, answers) for each in value]
    if isinstance(value, dict):
        kept = ("targets", "links")
        return {k: v if k in kept else _filled(v, answers) for k, v in value.items()}
    return value


def _unknown_units(panel: Panel) -> set[str]:
    found = {field.config.get("unit") or "" for frame in panel.frames for field in frame.fields}
    return {unit for unit in found if not units.known(unit) and " " not in unit}


def _top(board: dict[str, Any], answers: Answers) -> str:
    chosen = "".join(
        f'<div class="variable"><b>{escape(label)}</b><span>{escape(value)}</span></div>'
        for label, value in answers.variables()
    )
    start, end = (
        units.written(stamp, "dateTimeAsIso") for stamp in (answers.start_ms, answers.end_ms)
    )
    chosen += f'<div class="variable range"><b>UTC</b><span>{start} to {end}</span></div>'
    switch = "".join(
        f'<button type="button" data-set="theme={each}">{each.title()}</button>'
        for each in ("dark", "light")
    )
    return (
        f'<header class="top"><h1>{escape(str(board.get("title") or ""))}</h1>'
        f'<span class="note">{escape(HONEST)}</span><span>{switch}</span></header>'
        f'<div class="variables">{chosen}</div>'
    )
