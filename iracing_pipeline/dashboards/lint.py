"""Problems of the boards that show without a query."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from grafana_foundation_sdk.models import units

from iracing_pipeline.dashboards import links
from iracing_pipeline.dashboards.charts import MATRIX_X
from iracing_pipeline.dashboards.fields import DATE_TIME, DATE_TIME_PX, LAP_MS, LAP_TIME
from iracing_pipeline.dashboards.font import title_px
from iracing_pipeline.dashboards.interpolation import names
from iracing_pipeline.dashboards.lap_pair import LATEST_LAPS
from iracing_pipeline.dashboards.macros import MACRO
from iracing_pipeline.dashboards.panels import BLANK, COLUMNS
from iracing_pipeline.dashboards.queries import PromQl
from iracing_pipeline.dashboards.variables import Choice
from iracing_pipeline.dashboards.widths import NARROW_PX, PHONE_PX, columns, least_px, panel_px

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iracing_pipeline.dashboards.board import Board
    from iracing_pipeline.dashboards.panels import Panel

MOST_BOARDS = 20  # what Grafana Cloud's free tier keeps in step with a repository
_READABLE_PX = 180
_PHONE_COLUMNS = 4
_DESCRIBED, _EXPLAINED, _LARGE_TYPE = 40, 6, 26  # characters
_UID = re.compile(r"iracing-[a-z-]{1,32}")
_KNOWN_UNITS = {value for value in vars(units).values() if isinstance(value, str)}
_FREE_UNITS = ("suffix:", "prefix:", "time:")  # Grafana takes any text after these
# Names of tables that a query may stand on, apart from its own WITH and Grafana's functions.
_RELATION = re.compile(r"\b(racing|raw|ops|pg_catalog|information_schema)\.\w+")
_BUILT_IN = re.compile(r"__\w+")


def lint(boards: Sequence[Board]) -> list[str]:
    """List the problems of some boards, one sentence each."""
    sentences = list(_together(boards))
    variables = {board.uid: {each.name for each in board.all_variables} for board in boards}
    of_laps = {board.uid for board in boards if board.lap_clock}
    for board in boards:
        document = json.loads(board.json())
        panels = [*_panels(document)]
        problems = (
            *_panels_of(board, panels),
            *_placement(panels),
            *_data_sources(document),
            *_links(document, variables),
            *_ranges(document, of_laps),
            *_lap_clock(board),
            *_variables(board, document),
            *_rules(board),
        )
        sentences += [f"{board.uid}: {problem}" for problem in problems]
    return sentences


def _together(boards: Sequence[Board]) -> Iterator[str]:
    if len(boards) > MOST_BOARDS:
        yield f"{len(boards)} boards: at most {MOST_BOARDS} can be kept in a free Grafana Cloud"
    uids = [board.uid for board in boards]
    for uid in uids:
        if uids.count(uid) > 1:
            yield f"{uid} is the uid of several boards"
        if not _UID.fullmatch(uid):
            yield f"{uid} is not a uid of ours: iracing- and small letters"
    if uids and links.HOME not in uids:
        yield f"the home board {links.HOME} is missing"


def _panels(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in document.get("panels", []):
        yield panel
        yield from panel.get("panels", [])


def _panels_of(board: Board, panels: list[dict[str, Any]]) -> Iterator[str]:
    ids = [panel["id"] for panel in panels]
    yield from (f"id {one} is of several panels" for one in {i for i in ids if ids.count(i) > 1})
    for panel in panels:
        if panel["type"] != "row":
            name = f"panel {panel['id']} ({panel['title']})"
            for problem in (*_words(panel), *_shown(board, panel)):
                yield f"{name} {problem}"


def _words(panel: dict[str, Any]) -> Iterator[str]:
    """Texts of a panel: its description, and its message without data."""
    if len(panel.get("description", "")) < _DESCRIBED:
        yield "does not describe what it shows and where it comes from"
    empty = panel["fieldConfig"]["defaults"].get("noValue", "")
    if len(empty) < _EXPLAINED:
        yield "does not explain what it means when it is empty"
    if panel["type"] == "stat" and len(empty) > _LARGE_TYPE:
        yield "has too long a text for an empty panel of its size"


def _shown(board: Board, panel: dict[str, Any]) -> Iterator[str]:
    for field in _properties(panel):
        unit = field.get("unit")
        if unit is None:
            continue
        if unit not in _KNOWN_UNITS and not unit.startswith(_FREE_UNITS):
            yield f"has the unknown unit {unit}"
        if unit == LAP_TIME and not board.utc:
            yield "has lap times on an axis, so the board must be in UTC"
        on_an_axis = panel["type"] in {"timeseries", "trend"}
        if on_an_axis and unit == units.PercentUnit and field.get("decimals") == 0:
            yield "has ratios without decimals on an axis, which then shows 0 % and 100 % alone"
    for target in panel.get("targets", []):
        yield from _sql(target.get("rawSql", ""))


def _rules(board: Board) -> Iterator[str]:
    """Find panels that Grafana draws differently than intended."""
    for panel in board.panels:
        name = f"panel {panel.number} ({panel.title})"
        for problem in (*_title(panel), *_fields(panel), *_axes(panel), *_columns(panel)):
            yield f"{name} {problem}"


def _title(panel: Panel) -> Iterator[str]:
    if (over := title_px(panel.title) - panel_px(panel)) > 0:
        yield f"cuts its title at {NARROW_PX} px: it needs {over:.0f} px more"


def _fields(panel: Panel) -> Iterator[str]:
    for field in panel.fields:
        unit = field.properties.get("unit")
        if unit == LAP_TIME and field.expression and LAP_MS not in field.expression:
            yield f"cuts the lap time {field.name} to a millisecond: round it with fields.lap_time"
        if unit == DATE_TIME and field.properties.get("custom.width", 0) < DATE_TIME_PX:
            yield f"cuts the time of {field.name}: it needs {DATE_TIME_PX} px"


def _axes(panel: Panel) -> Iterator[str]:
    if panel.drawn.type_val not in {"timeseries", "trend"}:
        return
    if BLANK not in panel.fields:
        yield "writes what it says when it is empty on its axes: its fields need a noValue"
    for field in panel.fields:
        axis = field.matcher == "byName" and field.name == MATRIX_X
        whole = field.properties.get("decimals") == 0 and "mappings" not in field.properties
        if axis and whole and field.properties.get("unit") == units.NoUnit:
            yield "repeats whole numbers on its x axis: make it with fields.whole"
    for query in panel.queries:
        sampled = isinstance(query, PromQl) and "$session" in query.expression
        if sampled and panel.interval is None:
            yield "draws a sample of what Prometheus holds: it needs an interval"


def _columns(panel: Panel) -> Iterator[str]:
    """Columns that leave the panel or cut what they hold, on the narrow screen."""
    if panel.drawn.type_val != "table":
        return
    seen = columns(panel)
    yield from _cells(panel)
    if (over := sum(column.px for column in seen) - panel_px(panel)) > 1:
        yield f"is {over:.0f} px wider than its panel at {NARROW_PX} px"
    for column in seen:
        name = column.field.shown_as or column.field.name
        if (needed := column.header_px) > column.px:
            yield f"cuts the header {name}: it needs {needed:.0f} px, and has {column.px:.0f}"
        if (needed := column.cell_px) > column.px:
            yield f"cuts {column.field.longest}: it needs {needed:.0f} px, and has {column.px:.0f}"
    # A long name may run out of the second column: it is read by its beginning.
    first = sum(min(least_px(column.field), _READABLE_PX) for column in seen[:2])
    if first > PHONE_PX:
        yield f"needs {first:.0f} px for its first two columns: a phone has {PHONE_PX}"
    label = seen[0].field
    if seen[0].free and sum(least_px(each.field) for each in seen) > PHONE_PX - _READABLE_PX:
        yield f"cuts {label.name} on a phone to {least_px(label):.0f} px: make it a sentence"
    # Of more columns a phone shows a part, which says nothing of a sentence.
    for place, column in enumerate(seen[:_PHONE_COLUMNS]):
        taken = sum(least_px(each.field) for each in seen[: place + 1])
        if "custom.wrapText" in column.field.properties and taken > PHONE_PX:
            yield f"cuts {column.field.name} on a phone: it ends at {taken:.0f} px of {PHONE_PX}"


def _cells(panel: Panel) -> Iterator[str]:
    """Cells of a table that Grafana writes otherwise than people do, or cuts."""
    for field in panel.fields:
        name, unit = field.shown_as or field.name, field.properties.get("unit")
        if unit == LAP_TIME:
            yield f"writes {name} as 0:59.714 where people write 59.714: use fields.lap_text"
        if "links" in field.properties and "custom.wrapText" in field.properties:
            yield f"cuts {name}, as a linked cell does not wrap: link another column"
        bar = field.properties.get("custom.cellOptions", {}).get("type") == "gauge"
        if bar and (field.quantity is not None or unit != units.NoUnit):
            yield f"breaks the unit of {name} off its bar: write it into the name"


def _properties(panel: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Properties of all fields, then those of each named one."""
    config = panel["fieldConfig"]
    yield config["defaults"]
    for override in config.get("overrides", []):
        yield {setting["id"]: setting["value"] for setting in override["properties"]}


def _sql(statement: str) -> Iterator[str]:
    for match in MACRO.finditer(statement):
        # Grafana ends the arguments at the first ")": what it takes then has an open bracket.
        if "(" in match[2]:
            yield f"has a bracket inside ${match[1]}(...), which tears it apart"
    for match in _RELATION.finditer(statement):
        yield f"reads {match[0]}: only views and functions of schema grafana may be read"


def _placement(panels: list[dict[str, Any]]) -> Iterator[str]:
    taken: dict[tuple[int, int], int] = {}
    for panel in panels:
        position = panel["gridPos"]
        if position["x"] + position["w"] > COLUMNS:
            yield f"panel {panel['id']} is wider than the board"
        cells = [
            (x, y)
            for x in range(position["x"], position["x"] + position["w"])
            for y in range(position["y"], position["y"] + position["h"])
        ]
        if over := {taken[cell] for cell in cells if cell in taken}:
            yield f"panel {panel['id']} overlaps panel {min(over)}"
        taken |= dict.fromkeys(cells, panel["id"])


def _data_sources(document: Any) -> Iterator[str]:
    """Data sources that are named, anywhere on the board."""
    if isinstance(document, dict):
        source = document.get("datasource")
        if isinstance(source, dict) and source.get("uid") not in {"${postgres}", "${prometheus}"}:
            yield f"the data source {source.get('uid')} is not a variable"
        for each in document.values():
            yield from _data_sources(each)
    elif isinstance(document, list):
        for each in document:
            yield from _data_sources(each)


def urls(document: Any) -> Iterator[str]:
    """All addresses on a board that begin with a slash."""
    if isinstance(document, dict):
        url = document.get("url")
        if isinstance(url, str) and url.startswith("/"):
            yield url
        for each in document.values():
            yield from urls(each)
    elif isinstance(document, list):
        for each in document:
            yield from urls(each)


def _links(document: dict[str, Any], variables: dict[str, set[str]]) -> Iterator[str]:
    for url in urls(document):
        parts = urlsplit(url)
        uid = parts.path.removeprefix("/d/").strip("/")
        if not parts.path.startswith("/d/") or uid not in variables:
            yield f"a link leads to {parts.path}, which is no board"
            continue
        for key, _ in parse_qsl(parts.query, keep_blank_values=True):
            name = key.removeprefix("var-")
            if key.startswith("var-") and name not in variables[uid]:
                yield f"a link sets {name}, which {uid} does not have"


def _ranges(document: dict[str, Any], of_laps: set[str]) -> Iterator[str]:
    """Links that leave a board of laps on the range of another lap."""
    for url in urls(document):
        parts = urlsplit(url)
        uid = parts.path.removeprefix("/d/").strip("/")
        query = parts.query.replace(f"${{{LATEST_LAPS.name}:raw}}", _RANGE)
        missing = {"from", "to", "var-reference"} - dict(parse_qsl(query)).keys()
        if uid in of_laps and missing:
            yield f"a link to {uid} does not set {min(missing)}: it opens on the range of no lap"


_RANGE = "from=0&to=1&var-reference=lap"


def _lap_clock(board: Board) -> Iterator[str]:
    """Choices and links that change the reference lap of a board without its time range."""
    if not board.lap_clock:
        return
    seen = {each.name for each in board.variables if isinstance(each, Choice) and not each.hidden}
    for each in board.variables:
        if isinstance(each, Choice) and each.hidden:
            for name in sorted(seen & {*names(each.sql)}):
                yield f"the choice {name} changes {each.name}, but not the time range"


def _variables(board: Board, document: dict[str, Any]) -> Iterator[str]:
    defined = {each.name for each in board.all_variables}
    used = {
        name
        for name in names(json.dumps(document, ensure_ascii=False))
        if not _BUILT_IN.fullmatch(name) and not name.isdecimal()
    }
    yield from (f"variable {name} is used, but not defined" for name in sorted(used - defined))
    common = {"units", "postgres", "prometheus"}
    yield from (
        f"variable {name} is defined, but not used" for name in sorted(defined - used - common)
    )
