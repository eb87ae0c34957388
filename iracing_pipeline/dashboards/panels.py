"""Panels: a number of the board's own, a title, what it says, what it asks, how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import barchart, timeseries
from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.builders import text as texts
from grafana_foundation_sdk.builders import trend as trends
from grafana_foundation_sdk.models import common, dashboard, geomap, units

from iracing_pipeline.dashboards import palette
from iracing_pipeline.dashboards.fields import Field, series_like, time
from iracing_pipeline.dashboards.queries import POSTGRES, PROMETHEUS, PromQl, Query, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from iracing_pipeline.dashboards.links import Link

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        number: Its id on the board, never used for another panel: links to single panels keep.
        title: What it shows.
        about: What the numbers are and where they come from.
        empty: What it says when there is nothing: why, and what to do. None for a text.
        drawn: Kind, options and defaults, as the SDK made them.
        queries: What it asks.
        fields: How the columns are shown.
        width: Columns of 24.
        height: Rows of about 30 pixels.
        may_be_empty: Whether it may have no data although sessions and results are there.
        links: Links of the panel.
        transformations: What Grafana does with the answer, by id, with options.
    """

    number: int
    title: str
    about: str
    empty: str | None
    drawn: dashboard.Panel
    queries: tuple[Query, ...]
    fields: tuple[Field, ...] = ()
    width: int = COLUMNS
    height: int = 8
    may_be_empty: bool = False
    links: tuple[Link, ...] = ()
    transformations: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def model(self, x: int, y: int) -> dashboard.Panel:
        """As Grafana keeps it, with its upper left corner at ``x``, ``y``."""
        drawn = self.drawn
        panel = dashboard.Panel(
            type_val=drawn.type_val,
            id_val=self.number,
            title=self.title,
            description=self.about,
            grid_pos=dashboard.GridPos(h=self.height, w=self.width, x=x, y=y),
            options=drawn.options,
            field_config=dashboard.FieldConfigSource(
                defaults=drawn.field_config.defaults
                if drawn.field_config is not None
                else dashboard.FieldConfig(),
                overrides=[
                    _override(field.matcher, name, properties)
                    for field in self.fields
                    for name, properties in field.rules
                ],
            ),
        )
        assert panel.field_config is not None  # noqa: S101 - set above
        panel.field_config.defaults.no_value = self.empty
        if self.queries:
            prometheus = isinstance(self.queries[0], PromQl)
            panel.datasource = PROMETHEUS if prometheus else POSTGRES
            panel.targets = [
                query.model(chr(ord("A") + place)) for place, query in enumerate(self.queries)
            ]
        if self.links:
            panel.links = [
                dashboard.DashboardLink(title=link.title, url=link.url) for link in self.links
            ]
        if self.transformations:
            panel.transformations = [
                dashboard.DataTransformerConfig(id_val=name, options=dict(options))
                for name, options in self.transformations
            ]
        return panel


def _override(
    matcher: str, name: str, properties: Mapping[str, Any]
) -> dashboard.DashboardFieldConfigSourceOverrides:
    return dashboard.DashboardFieldConfigSourceOverrides(
        matcher=dashboard.MatcherConfig(id_val=matcher, options=name),
        properties=[
            dashboard.DynamicConfigValue(id_val=key, value=value)
            for key, value in properties.items()
        ],
    )


def table(
    number: int,
    title: str,
    about: str,
    fields: Sequence[Field],
    source: str,
    *,
    empty: str,
    first: str = "",
    rows: str = "sm",
    **size: Any,
) -> Panel:
    """A table.

    Args:
        number: Id of the panel.
        title: Its title.
        about: What the numbers are and where they come from.
        fields: Its columns.
        source: What follows ``FROM`` in its query.
        empty: What it says without rows.
        first: What stands before ``SELECT``.
        rows: Height of its rows: sm, md or lg.
        size: ``width``, ``height``, ``may_be_empty``, ``links`` of the panel.
    """
    drawn = tables.Panel().cell_height(common.TableCellHeight(rows)).build()
    query = select(fields, source, first=first)
    return Panel(number, title, about, empty, drawn, (query,), (_BLANK, *fields), **size)


# Or every cell that holds nothing would say what the whole table says when it has no rows.
_BLANK = Field("", "/.*/", matcher="byRegexp", properties={"noValue": ""})


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
        size: ``width``, ``height``, ``may_be_empty``, ``links`` of the panel.
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
        size: ``width``, ``height``, ``may_be_empty``, ``links`` of the panel.
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


def bars(
    number: int,
    title: str,
    about: str,
    fields: Sequence[Field],
    source: str,
    *,
    empty: str,
    first: str = "",
    stacked: bool = False,
    lying: bool = False,
    **size: Any,
) -> Panel:
    """A bar for each row: the first field says of what, the others how much.

    Args:
        number: Id of the panel.
        title: Its title.
        about: What the numbers are and where they come from.
        fields: The label, and the values.
        source: What follows ``FROM`` in its query.
        empty: What it says without rows.
        first: What stands before ``SELECT``.
        stacked: Whether the values of a row stand on each other.
        lying: Whether the bars lie, which leaves room for long labels.
        size: ``width``, ``height``, ``may_be_empty``, ``links`` of the panel.
    """
    lies = common.VizOrientation.HORIZONTAL if lying else common.VizOrientation.VERTICAL
    pile = common.StackingMode.NORMAL if stacked else common.StackingMode.NONE
    drawn = (
        barchart.Panel()
        .x_field(fields[0].name)
        .orientation(lies)
        .stacking(pile)
        .fill_opacity(80)
        .legend(build.VizLegendOptions().show_legend(len(fields) > _LABEL_AND_VALUE))
        .build()
    )
    query = select(fields, source, first=first)
    return Panel(number, title, about, empty, drawn, (query,), tuple(fields), **size)


_LABEL_AND_VALUE = 2


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
        calculations: What the legend tells of each series: lastNotNull, mean, min, max, ...
        axis: What stands beside the axis.
        unit: Unit of what has no unit of its own.
        colour: Colour of what has no colour of its own.
        width: Width of the lines.
        decimals: Decimals of what has none of its own.
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
    calculations: tuple[str, ...] = ()
    axis: str | None = None
    unit: str | None = None
    colour: str | None = None
    width: int = 2
    decimals: int | None = None

    def on(self, panel: timeseries.Panel | trends.Panel) -> dashboard.Panel:
        """The panel drawn so."""
        kind = "table" if self.calculations else "list"
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
                .display_mode(common.LegendDisplayMode(kind))
                .placement(common.LegendPlacement.BOTTOM)
                .calcs(list(self.calculations))
            )
        )
        if self.low is not None:
            panel = panel.axis_soft_min(self.low)
        if self.high is not None:
            panel = panel.axis_soft_max(self.high)
        if self.stacked:
            panel = panel.stacking(build.StackingConfig().mode(common.StackingMode.NORMAL))
        if self.axis is not None:
            panel = panel.axis_label(self.axis)
        if self.unit is not None:
            panel = panel.unit(self.unit)
        if self.decimals is not None:
            panel = panel.decimals(self.decimals)
        if self.colour is not None:
            fixed = dashboard.FieldColorModeId.FIXED
            panel = panel.color_scheme(dashboards.FieldColor().mode(fixed).fixed_color(self.colour))
        return panel.build()


def stat(
    number: int,
    title: str,
    about: str,
    shown: Field,
    source: str | Query,
    *,
    empty: str,
    first: str = "",
    link: Link | None = None,
    **size: Any,
) -> Panel:
    """One number, or one text, in large type; in colour where the field has thresholds.

    Args:
        number: Id of the panel.
        title: Its title.
        about: What the number is and where it comes from.
        shown: The number.
        source: What follows ``FROM`` in its query; or a query of its own.
        empty: What it says without a value, in two or three words: they stand in large type.
        first: What stands before ``SELECT``.
        link: Where a click leads.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    colours = common.BigValueColorMode
    drawn = (
        stats.Panel()
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(colours.VALUE if "thresholds" in shown.properties else colours.NONE)
        .text_mode(common.BigValueTextMode.VALUE)
        .reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]).fields("/.*/"))
        .build()
    )
    query = select((shown,), source, first=first) if isinstance(source, str) else source
    fields = (shown if link is None else shown.linked(link),)
    size = {"width": 4, "height": 4, **size}
    return Panel(number, title, about, empty, drawn, (query,), fields, **size)


def words(number: int, title: str, content: str, **size: Any) -> Panel:
    """A text in Markdown."""
    drawn = texts.Panel().content(content.strip()).build()
    return Panel(number, title, "What to read here.", None, drawn, (), **size)


# A basemap that fetches nothing: one transparent pixel, wherever one looks.
_NO_BASEMAP = common.MapLayerOptions(
    type_val="xyz",
    name="none",
    config={
        "url": "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==",
        "attribution": " ",
    },
)


def track_map(
    number: int,
    title: str,
    about: str,
    colour: Field,
    source: str,
    *,
    empty: str,
    **size: Any,
) -> Panel:
    """The driven line, coloured by a field; a mark on it follows the cursor of the charts.

    Args:
        number: Id of the panel.
        title: Its title.
        about: What is drawn and where it comes from.
        colour: The field that colours it; its properties hold thresholds or a scale.
        source: What follows ``FROM`` in its query: ``at``, ``latitude_deg``, ``longitude_deg`` and
            what ``colour`` asks for, sorted by ``at``.
        empty: What it says without a line.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    fields = (
        time("at"),
        Field("latitude_deg", "latitude"),
        Field("longitude_deg", "longitude"),
        colour,
    )
    route = common.MapLayerOptions(
        type_val="route",
        name="line",
        location=common.FrameGeometrySource(
            mode=common.FrameGeometrySourceMode.COORDS, latitude="latitude", longitude="longitude"
        ),
        config={
            "arrow": 0,
            "style": {
                "color": {"field": colour.shown_as or colour.name, "fixed": palette.GREY},
                "lineWidth": 4,
                "opacity": 1,
                "size": {"fixed": 4, "max": 15, "min": 2},
            },
        },
        tooltip=True,
    )
    drawn = dashboard.Panel(
        type_val="geomap",
        options=geomap.Options(
            view=geomap.MapViewConfig(id_val="fit", all_layers=True, padding=10),
            basemap=_NO_BASEMAP,
            layers=[route],
            controls=geomap.ControlsOptions(show_zoom=True, show_attribution=False),
            tooltip=geomap.TooltipOptions(mode=geomap.TooltipMode.DETAILS),
        ),
        field_config=dashboard.FieldConfigSource(defaults=dashboard.FieldConfig()),
    )
    return Panel(number, title, about, empty, drawn, (select(fields, source),), fields, **size)
