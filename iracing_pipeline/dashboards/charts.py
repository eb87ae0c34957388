"""Charts: lines over time, over laps, and for each car of a race."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import statetimeline, timeseries
from grafana_foundation_sdk.builders import trend as trends
from grafana_foundation_sdk.models import common, dashboard

from iracing_pipeline.dashboards import palette
from iracing_pipeline.dashboards.fields import Field, series_like, time, whole
from iracing_pipeline.dashboards.panels import BLANK, Panel
from iracing_pipeline.dashboards.queries import Query, Sql, select

if TYPE_CHECKING:
    from collections.abc import Sequence


_AXIS_PIXELS = 80
BARS = "bars"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Style of the lines of a chart.

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
        highest_first: Whether the tooltip lists the highest value first; else the order of the
            series.
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
    highest_first: bool = False

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
                .sort(common.SortOrder.DESCENDING if self.highest_first else common.SortOrder.NONE)
            )
            .legend(
                build.VizLegendOptions()
                .show_legend(self.legend)
                .display_mode(common.LegendDisplayMode.LIST)
                .placement(common.LegendPlacement.BOTTOM)
            )
        )
        # A bar is read by its length, so it begins at zero.
        bars = self.style == BARS
        if (low := 0 if bars and self.low is None else self.low) is not None:
            panel = panel.axis_soft_min(low)
        if (high := 0 if bars and self.high is None else self.high) is not None:
            panel = panel.axis_soft_max(high)
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
        about: Meaning and source of the numbers.
        fields: Time and values; for a query of its own, how its series are shown.
        source: SQL after ``FROM`` in its query, sorted by time; or queries of its own.
        empty: Message without data.
        first: SQL before ``SELECT``.
        drawing: How the lines are drawn.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    drawn = (drawing or Drawing()).on(timeseries.Panel())
    query = select(fields, source, first=first) if isinstance(source, str) else source
    queries = query if isinstance(query, tuple) else (query,)
    return Panel(number, title, about, empty, drawn, queries, (BLANK, *fields), **size)


def names(
    number: int,
    title: str,
    about: str,
    source: str,
    *,
    empty: str,
    first: str = "",
    **size: Any,
) -> Panel:
    """A strip of names over time, such as the corners above the charts of a lap.

    Args:
        number: Id of the panel.
        title: Its title.
        about: Meaning and source of the names.
        source: SQL after ``FROM`` in its query: ``time`` and ``name``, which holds until the
            next row and is NULL between names.
        empty: Message without names.
        first: SQL before ``SELECT``.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    fields = (time("time"), Field("name", _STRIP, shown_as=_STRIP).coloured(palette.GREY))
    drawn = (
        statetimeline.Panel()
        .merge_values(merge_values=True)
        .show_value(common.VisibilityMode.ALWAYS)
        .align_value(common.TimelineValueAlignment.CENTER)
        .row_height(1)
        .line_width(0)
        .fill_opacity(40)
        .legend(build.VizLegendOptions().show_legend(show_legend=False))
        .build()
    )
    # Without rows a state timeline says "Data does not have a time field": the strip says why.
    lead = f"{first}," if first else "WITH"
    message = empty.replace("'", "''")
    query = select(
        fields,
        f"""
(TABLE strip
UNION ALL
SELECT $__timeFrom()::timestamptz, '{message}' WHERE NOT EXISTS (SELECT FROM strip)) AS shown
ORDER BY time, name NULLS FIRST
""",
        first=f"{lead} strip AS (SELECT time, name FROM {source.strip()})",
    )
    return Panel(number, title, about, empty, drawn, (query,), (BLANK, *fields), **size)


# As wide as the axes below it, so that the strip is level with them.
_STRIP = "\u2007" * 8


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
        about: Meaning and source of the numbers.
        fields: The number, and the values.
        source: SQL after ``FROM`` in its query; each number is there once.
        empty: Message without data.
        first: SQL before ``SELECT``.
        drawing: How the lines are drawn.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    x, *values = fields
    lead = f"{first}," if first else "WITH"
    drawing = drawing or Drawing()
    lines = ", ".join(
        f"({index}, '{value.column}', \"{value.column}\"::double precision)"
        for index, value in enumerate(values)
    )
    edges = f"{_HALF_A_BAR.format(name=values[0].column)}" if drawing.style == BARS else ""
    long = f"""{lead}
wide AS (
{select(fields, source).text}
),
long AS (
    SELECT "{x.column}" AS x, series.* FROM wide
    CROSS JOIN LATERAL (VALUES {lines}) AS series(place, name, value)
    WHERE series.value IS NOT NULL
){edges}"""
    drawn = drawing.on(trends.Panel().x_field(MATRIX_X))
    return _matrix(
        number,
        title,
        about,
        x=x,
        long=long,
        rows="edged" if edges else "long",
        shown=tuple(values),
        empty=empty,
        drawn=drawn,
        **size,
    )


# The axis ends at its first and last number, where half of a bar would be outside.
_HALF_A_BAR = """,
edged AS (
    SELECT x::double precision AS x, place, name, value FROM long
    UNION ALL
    SELECT edge.x, 0, '{name}', NULL FROM (
        SELECT unnest(ARRAY[min(x) - 0.6, max(x) + 0.6]) AS x FROM long
    ) AS edge WHERE edge.x IS NOT NULL
)"""


def _matrix(
    number: int,
    title: str,
    about: str,
    *,
    x: Field,
    long: str,
    rows: str = "long",
    shown: tuple[Field, ...],
    empty: str,
    drawn: dashboard.Panel,
    **size: Any,
) -> Panel:
    """A chart over a number, from rows of ``x``, ``place``, ``name`` and ``value``.

    Grafana drops the columns of an answer without rows, and a trend panel without its x column says
    "Unable to find field". So an empty answer is one row of NULLs, which Grafana filters out after
    it has the columns; then the panel says what it waits for.
    """
    statement = f"""{long}
SELECT x AS "{X}", name AS "{SERIES}", value AS "{VALUE}" FROM (
    SELECT x::double precision AS x, place, name, value FROM {rows}
    UNION ALL
    SELECT NULL, NULL, NULL, NULL WHERE NOT EXISTS (SELECT FROM long)
) AS shown
ORDER BY x, place, name"""
    missing = {"fieldName": X, "config": {"id": "isNull", "options": {}}}
    matrix = {"columnField": SERIES, "rowField": X, "valueField": VALUE, "emptyValue": "null"}
    axis = tuple(
        Field("", MATRIX_X, shown_as=x.shown_as or x.name, properties=properties)
        for properties in (x.rules[0][1] if x.rules else {},)
    )
    return Panel(
        number,
        title,
        about,
        empty,
        drawn,
        (Sql(statement),),
        (BLANK, *shown, *axis),
        transformations=(
            ("filterByValue", {"filters": [missing], "type": "exclude", "match": "any"}),
            ("groupingToMatrix", matrix),
        ),
        **size,
    )


X, SERIES, VALUE = "x", "series", "value"
MATRIX_X = f"{X}\\{SERIES}"


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
        about: Meaning and source of the lines.
        value: The drawn value.
        source: SQL after ``FROM`` in its query: ``lap_number``, ``own``, ``driver`` (one's own
            with a star in front, the winner with a flag) and what ``value`` asks for.
        empty: Message without laps.
        first: SQL before ``SELECT``.
        drawing: How the lines are drawn; one's own is drawn last, above the others.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    # A car's column has its driver's name, and the look of the one that it came from.
    shown = (
        Field("", "/.*/", matcher="byRegexp", properties=value.properties),
        series_like(f"/^{WINNER}/", palette.GREEN).with_(custom__lineWidth=2),
        series_like(f"/^{OWN}/", palette.ORANGE).with_(custom__lineWidth=4),
    )
    lead = f"{first}," if first else "WITH"
    long = f"""{lead}
long AS (
    SELECT lap_number AS x, own::integer AS place, driver AS name,
        ({value.expression})::double precision AS value
    FROM {source.strip()}
)"""
    return _matrix(
        number,
        title,
        about,
        x=whole("lap_number", "Lap"),
        long=long,
        shown=shown,
        empty=empty,
        drawn=replace(drawing, highest_first=True).on(trends.Panel().x_field(MATRIX_X)),
        **size,
    )


OWN, WINNER = "★", "⚑"
