"""Panels: id, title, description, queries, style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.models import common, dashboard

from iracing_pipeline.dashboards.fields import COLUMN_PX, Field
from iracing_pipeline.dashboards.queries import POSTGRES, PROMETHEUS, PromQl, Query, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from iracing_pipeline.dashboards.links import Link

COLUMNS = 24
PLUGIN_VERSION = "11.1.0"  # whose options these are: later versions migrate them from there


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        number: Its id on the board, never used for another panel: links to single panels keep.
        title: What it shows.
        about: Meaning and source of the numbers.
        empty: Its meaning when there is nothing: why, and what to do.
        drawn: Kind, options and defaults, as the SDK made them.
        queries: Its queries.
        fields: How the columns are shown.
        width: Columns of 24.
        height: Rows of about 30 pixels.
        may_be_empty: Whether it may have no data although sessions and results are there.
        transformations: Grafana's transformations, by id, with options.
        interval: The shortest step of its queries, such as ``100ms``; None for the data source's.
    """

    number: int
    title: str
    about: str
    empty: str
    drawn: dashboard.Panel
    queries: tuple[Query, ...]
    fields: tuple[Field, ...] = ()
    width: int = COLUMNS
    height: int = 8
    may_be_empty: bool = False
    transformations: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    interval: str | None = None

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
        panel.plugin_version = PLUGIN_VERSION
        panel.interval = self.interval
        if self.queries:
            prometheus = isinstance(self.queries[0], PromQl)
            panel.datasource = PROMETHEUS if prometheus else POSTGRES
            panel.targets = [
                query.model(chr(ord("A") + index)) for index, query in enumerate(self.queries)
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
    **size: Any,
) -> Panel:
    """A table.

    Args:
        number: Id of the panel.
        title: Its title.
        about: Meaning and source of the numbers.
        fields: Its columns.
        source: SQL after ``FROM`` in its query.
        empty: Message without rows.
        first: SQL before ``SELECT``.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    drawn = tables.Panel().cell_height(common.TableCellHeight.SM).min_width(COLUMN_PX).build()
    # Hidden columns come last: before Grafana 12.2 they shift what a cell wraps by.
    ordered = sorted(fields, key=lambda field: "custom.hidden" in field.properties)
    query = select(ordered, source, first=first)
    return Panel(
        number,
        title,
        about,
        empty,
        drawn,
        (query,),
        (BLANK, *(field.fitted() for field in ordered)),
        **size,
    )


# Or every cell without a value, and every tick between whole numbers, would repeat what the panel
# says when it has no rows.
BLANK = Field("", "/.*/", matcher="byRegexp", properties={"noValue": "\u200b"})


def ranked(
    number: int,
    title: str,
    about: str,
    fields: Sequence[Field],
    source: str,
    *,
    empty: str,
    first: str = "",
    **size: Any,
) -> Panel:
    """A row for each item: the first field names it, the others are bars with their values.

    Args:
        number: Id of the panel.
        title: Its title.
        about: Meaning and source of the numbers.
        fields: The label, and the values.
        source: SQL after ``FROM`` in its query.
        empty: Message without rows.
        first: SQL before ``SELECT``.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    label, *values = fields
    shown = (label, *(value.as_bar() for value in values))
    return table(number, title, about, shown, source, empty=empty, first=first, **size)


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
        about: Meaning and source of the number.
        shown: The number.
        source: SQL after ``FROM`` in its query; or a query of its own.
        empty: Message without a value, in two or three words: they stand in large type.
        first: SQL before ``SELECT``.
        link: Target of a click.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    colours = common.BigValueColorMode
    drawn = (
        stats.Panel()
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(colours.VALUE if "thresholds" in shown.properties else colours.NONE)
        .text_mode(common.BigValueTextMode.VALUE)
        .reduce_options(
            # All fields, so that texts are shown; of a series only the numbers, not its times.
            build.ReduceDataOptions()
            .calcs(["lastNotNull"])
            .fields("/.*/" if isinstance(source, str) else "")
        )
        .build()
    )
    query = select((shown,), source, first=first) if isinstance(source, str) else source
    fields = (shown if link is None else shown.linked(link),)
    size = {"width": 4, "height": 3, **size}
    return Panel(number, title, about, empty, drawn, (query,), fields, **size)
