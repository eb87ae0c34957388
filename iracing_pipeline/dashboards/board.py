"""A board: one question, and the panels that answer it, top to bottom."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from iracing_pipeline.dashboards import links, variables
from iracing_pipeline.dashboards.lap_pair import LATEST_LAPS
from iracing_pipeline.dashboards.links import Link
from iracing_pipeline.dashboards.panels import COLUMNS
from iracing_pipeline.dashboards.queries import POSTGRES, PromQl, SqlQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.dashboards.panels import Panel
    from iracing_pipeline.dashboards.queries import Query
    from iracing_pipeline.dashboards.variables import Variable

TAG = "iracing"
LAP_TAG = "iracing-laps"
SCHEMA = 42  # the newest of the classic format


class Folder(StrEnum):
    """The folders of Grafana, by their titles."""

    PERFORMANCE = "Performance"
    TELEMETRY = "Telemetry"
    STRATEGY = "Strategy"
    TRENDS = "Trends"
    OPERATIONS = "Operations"

    @property
    def directory(self) -> str:
        """The folder below ``grafana/dashboards``."""
        return self.value.lower()

    @property
    def uid(self) -> str:
        """Its uid in Grafana."""
        return f"iracing-{self.directory}"


@dataclass(frozen=True, slots=True)
class Regions:
    """Stretches of the time axis that are marked in the charts.

    Attributes:
        name: Their name.
        sql: A query of ``time``, ``timeend`` and ``text``.
        colour: Their colour.
    """

    name: str
    sql: str
    colour: str

    @property
    def model(self) -> dashboard.AnnotationQuery:
        """As Grafana keeps it."""
        return dashboard.AnnotationQuery(
            name=self.name,
            datasource=POSTGRES,
            icon_color=self.colour,
            hide=True,  # the switch, not the regions: it takes a place among the choices
            target=SqlQuery("Anno", self.sql.strip(), series=False),
        )


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under a heading.

    Attributes:
        title: The heading; None for the panels on top.
        panels: In order, each as high up and as far to the left as it fits.
    """

    title: str | None
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard.

    Attributes:
        uid: Its identity in links; never changed.
        title: Its name.
        folder: Where it stands.
        question: The question that it answers.
        sections: Panels of the board, by section.
        variables: Variables, apart from units and data sources, which all boards have.
        regions: Regions marked in its charts.
        start: Start of its time range, such as ``now-1y`` or a time in ISO form.
        end: End of it.
        utc: Whether it is in UTC: needed where lap times are on an axis, and for the
            reference-lap clock.
        refresh: How often it asks again, such as ``1m``; None for never.
        shared_cursor: Whether the cursor of one chart is shown in all.
        links: Links on top of the board, before the menu.
        by_link: Whether its time range is that of something on another board, so that it shows
            nothing until a link brings it.
        lap_clock: Whether its time range is that of a lap on the reference-lap clock: every link
            to it brings the range with the lap, and it has no time picker, which would speak of
            the year 2000.
    """

    uid: str
    title: str
    folder: Folder
    question: str
    sections: tuple[Section, ...]
    variables: tuple[Variable, ...] = ()
    regions: tuple[Regions, ...] = ()
    start: str = "now-1y"
    end: str = "now"
    utc: bool = False
    refresh: str | None = None
    shared_cursor: bool = False
    links: tuple[Link, ...] = ()
    by_link: bool = False
    lap_clock: bool = False

    @property
    def file_name(self) -> str:
        """Its file in the folder's directory."""
        return f"{self.uid.removeprefix('iracing-')}.json"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of its panels in order."""
        return tuple(panel for section in self.sections for panel in section.panels)

    @property
    def all_variables(self) -> tuple[Variable, ...]:
        """Its variables, those that every board has included."""
        return (
            *self.variables,
            variables.UNITS,
            variables.POSTGRES,
            variables.PROMETHEUS,
            *(() if self.lap_clock else (LATEST_LAPS,)),
        )

    @property
    def uses_time_range(self) -> bool:
        """Whether anything on the board follows its time range."""
        return any(
            panel.drawn.type_val in _OVER_TIME or any(_ranged(query) for query in panel.queries)
            for panel in self.panels
        )

    @property
    def shows_picker(self) -> bool:
        """Whether it has a time picker: not for a range that changes nothing, or is a lap's."""
        return self.uses_time_range and not self.lap_clock

    def json(self) -> str:
        """The file of the board: the same text whenever and wherever it is made."""
        document = json.loads(json.dumps(self._model(), cls=JSONEncoder))
        return json.dumps(without_noise(document), indent=2, ensure_ascii=False) + "\n"

    def _model(self) -> dashboard.Dashboard:
        sync = dashboard.DashboardCursorSync
        return dashboard.Dashboard(
            uid=self.uid,
            title=self.title,
            description=self.question,
            # The menu of a tag carries no time range, which a lap needs: it has a link of its own.
            tags=[LAP_TAG if self.lap_clock else TAG, self.folder.directory],
            timezone="utc" if self.utc else "browser",
            editable=True,
            graph_tooltip=sync.CROSSHAIR if self.shared_cursor else sync.OFF,
            time=dashboard.DashboardDashboardTime(from_val=self.start, to=self.end),
            # A picker that changes nothing is hidden.
            timepicker=None if self.shows_picker else dashboard.TimePickerConfig(hidden=True),
            refresh=self.refresh or "",
            schema_version=SCHEMA,
            panels=list(self._placed()),
            templating=dashboard.DashboardDashboardTemplating(
                list_val=[variable.model for variable in self.all_variables]
            ),
            annotations=dashboard.AnnotationContainer(
                list_val=[region.model for region in self.regions]
            ),
            links=_menu(self),
        )

    def _placed(self) -> Iterator[dashboard.Panel | dashboard.RowPanel]:
        y = 0
        for section in self.sections:
            first = section.panels[0].number
            row = dashboard.RowPanel(
                id_val=1000 + first,  # as stable as its first panel
                title=section.title,
                grid_pos=dashboard.GridPos(h=1, w=COLUMNS, x=0, y=y),
            )
            if section.title is not None:
                y += 1
            placed, y = _packed(section.panels, y)
            if section.title is None:
                yield from placed
            else:
                yield row
                yield from placed


_OVER_TIME = {"timeseries", "state-timeline"}


def _ranged(query: Query) -> bool:
    return isinstance(query, PromQl) or "$__time" in query.text or "$__unixEpoch" in query.text


def _packed(panels: tuple[Panel, ...], y: int) -> tuple[list[dashboard.Panel], int]:
    """Each panel as high up, then as far to the left, as it fits; and where the next line is."""
    floor = [y] * COLUMNS
    placed = []
    for panel in panels:
        free = [max(floor[x : x + panel.width]) for x in range(COLUMNS - panel.width + 1)]
        top = min(free)
        x = free.index(top)
        placed.append(panel.model(x, top))
        floor[x : x + panel.width] = [top + panel.height] * panel.width
    return placed, max(floor)


def _menu(board: Board) -> list[dashboard.DashboardLink]:
    """The links of the board, the way home, and the menu of all boards."""
    home = Link("Home", f"/d/{links.HOME}?var-units=${{units}}")
    laps = Link("Lap compare", f"/d/{links.LAP_COMPARE}?var-units=${{units}}&${{latest_laps:raw}}")
    single = [*board.links]
    if board.uid != links.HOME:
        single.append(home)
    if not board.lap_clock:
        single.append(laps)
    menu = dashboard.DashboardLink(
        title="Boards",
        type_val=dashboard.DashboardLinkType.DASHBOARDS,
        icon="external link",
        tooltip="All boards",
        tags=[TAG],
        as_dropdown=True,
        include_vars=True,  # the session, car and track chosen here
    )
    return [
        *(
            dashboard.DashboardLink(title=link.title, icon="dashboard", url=link.url)
            for link in single
        ),
        menu,
    ]


# What the SDK writes although it is Grafana's default, or belongs to other kinds of variable.
_NOISE: dict[str, Any] = {
    "transparent": False,
    "repeatDirection": "h",
    "auto": False,
    "auto_min": "10s",
    "auto_count": 30,
    "skipUrlSync": False,
    "builtIn": 0,
    "footer": {"show": False, "reducer": [], "countRows": False},  # a field's now, not a table's
    # The SDK knows links in the controls' menu alone; without it they stand on top of the board.
    "placement": "inControlsMenu",
}


def without_noise(document: Any) -> Any:
    """Remove empty values from JSON."""
    if isinstance(document, dict):
        return {
            key: without_noise(value)
            for key, value in document.items()
            if key not in _NOISE or value != _NOISE[key]
        }
    return [without_noise(each) for each in document] if isinstance(document, list) else document
