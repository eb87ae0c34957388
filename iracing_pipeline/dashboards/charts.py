"""Charts: lines over time, over laps, and for each car of a race."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.builders import trend as trends
from grafana_foundation_sdk.models import common, dashboard, units

from iracing_pipeline.dashboards import palette
from iracing_pipeline.dashboards.fields import Field, series_like
from iracing_pipeline.dashboards.panels import Panel
from iracing_pipeline.dashboards.queries import Query, select

if TYPE_CHECKING:
    from collections.abc import Sequence


_AXIS_PIXELS = 80


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the lines of a chart are drawn.

    Attributes:
        style: line, bars or points.
        steps: Whether a value holds until the next.
        fill: Opacity of the area below, in per cent.
        points: Whether each value is marked.
        gaps: Whether missing values leave a gap; else they are bridged.
        low: The axis starts here or below.
        high: The axis ends here or above.
        around_zero: Whether zero is in the middle of the axis.
        stacked: Whether series are stacked.
        legend: Whether there is a legend.
        unit: Unit of what has no unit of its own.
        colour: Colour of what has no colour of its own.
        width: Width of the lines.
        decimals: Decimals of what has none of its own.
        level: Whether the axis has a fixed width, so that charts below each other are level.
    """

    style: str = "line"
    steps: bool = False
    fill: int = 0
    points: bool = False
    gaps: bool = True
    low: float | None = None
    high: float | None = None
    around_zero: bool = False
    stacked: bool = False
    legend: bool = True
    unit: str | None = None
    colour: str | None = None
    width: int = 2
    decimals: int | None = None
    level: bool = False

    def on(self, panel: timeseries.Panel | trends.Panel) -> dashboard.Panel:
        """The panel drawn so."""
        panel = (
            panel.draw_style(common.GraphDrawStyle(self.style))
            .line_interpolation(
                common.LineInterpolation.STEP_AFTER
                if self.steps
                else common.LineInterpolation.LINEAR
            )
            .line_width(self.width)
            .fill_opacity(self.fill)
            .show_points(
                common.VisibilityMode.ALWAYS if self.points else common.VisibilityMode.NEVER
            )
            .span_nulls(not self.gaps)
            .axis_centered_zero(self.around_zero)
            .tooltip(
                build.VizTooltipOptions()
                .mode(common.TooltipDisplayMode.MULTI)
                .sort(common.SortOrder.NONE)
            )
            .legend(
                build.VizLegendOptions()
                .show_legend(self.legend)
                .display_mode(common.LegendDisplayMode.LIST)
                .placement(common.LegendPlacement.BOTTOM)
            )
        )
        if self.low is not None:
            panel = panel.axis_soft_min(self.low)
        if self.high is not None:
            panel = panel.axis_soft_max(self.high)
        if self.stacked:
            panel = panel.stacking(build.StackingConfig().mode(common.StackingMode.NORMAL))
        if self.unit is not None:
            panel = panel.unit(self.unit)
        if self.level:
            panel = panel.axis_width(_AXIS_PIXELS)
        if self.decimals is not None:
            panel = panel.decimals(self.decimals)
        if self.colour is not None:
            fixed = dashboard.FieldColorModeId.FIXED
            panel = panel.color_scheme(dashboards.FieldColor().mode(fixed).fixed_color(self.colour))
        return panel.build()


def chart(
    number: int,
    title: str,
    about: str,
    fields: Sequence[Field],
    source: str | Query | tuple[Query, ...],
    *,
    empty: str,
    first: str = "",
    drawing: Drawing | None = None,
    **size: Any,
) -> Panel:
    """Lines over time.

    Args:
        number: Id of the panel.
        title: Its title.
        about: What the numbers are and where they come from.
        fields: Time and values; for a query of its own, how its series are shown.
        source: What follows ``FROM`` in its query, sorted by time; or queries of its own.
        empty: What it says without data.
        first: What stands before ``SELECT``.
        drawing: How the lines are drawn.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    drawn = (drawing or Drawing()).on(timeseries.Panel())
    query = select(fields, source, first=first) if isinstance(source, str) else source
    queries = query if isinstance(query, tuple) else (query,)
    return Panel(number, title, about, empty, drawn, queries, tuple(fields), **size)


def by_number(
    number: int,
    title: str,
    about: str,
    fields: Sequence[Field],
    source: str,
    *,
    empty: str,
    first: str = "",
    drawing: Drawing | None = None,
    **size: Any,
) -> Panel:
    """Lines over a number that rises, such as the lap: the first field.

    Args:
        number: Id of the panel.
        title: Its title.
        about: What the numbers are and where they come from.
        fields: The number, and the values.
        source: What follows ``FROM`` in its query, sorted by the number.
        empty: What it says without data.
        first: What stands before ``SELECT``.
        drawing: How the lines are drawn.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    drawn = (drawing or Drawing()).on(trends.Panel().x_field(fields[0].name))
    query = select(fields, source, first=first)
    return Panel(number, title, about, empty, drawn, (query,), tuple(fields), **size)


def field_of_cars(
    number: int,
    title: str,
    about: str,
    value: Field,
    source: str,
    *,
    empty: str,
    first: str = "",
    drawing: Drawing,
    **size: Any,
) -> Panel:
    """A line for each car of a race over the laps: one's own stands out, the winner too.

    Args:
        number: Id of the panel.
        title: Its title.
        about: What the lines are and where they come from.
        value: What is drawn.
        source: What follows ``FROM`` in its query: ``lap_number``, ``driver`` (one's own with a
            star in front, the winner with a flag) and what ``value`` asks for, sorted by lap.
        empty: What it says without laps.
        first: What stands before ``SELECT``.
        drawing: How the lines are drawn.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    lap, driver = Field("lap_number", "Lap"), Field("driver", "Driver")
    drawn = drawing.on(trends.Panel().x_field("Lap\\Driver"))
    shown = (
        # A car's column has its driver's name, and the look of the one that it came from.
        Field("", "/.*/", matcher="byRegexp", properties=value.properties),
        Field("", "Lap\\Driver", shown_as="Lap").with_(unit=units.NoUnit, decimals=0),
        series_like(f"/^{WINNER}/", palette.GREEN).with_(custom__lineWidth=2),
        series_like(f"/^{OWN}/", palette.ORANGE).with_(custom__lineWidth=4),
    )
    matrix = {
        "columnField": driver.name,
        "rowField": lap.name,
        "valueField": value.name,
        "emptyValue": "null",
    }
    return Panel(
        number,
        title,
        about,
        empty,
        drawn,
        (select((lap, driver, value), source, first=first),),
        shown,
        transformations=(("groupingToMatrix", matrix),),
        **size,
    )


OWN, WINNER = "★", "⚑"
