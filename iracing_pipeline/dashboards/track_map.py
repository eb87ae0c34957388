"""The track as it was driven, with a mark that follows the cursor of the charts."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.models import common, dashboard, geomap

from iracing_pipeline.dashboards import palette
from iracing_pipeline.dashboards.fields import Field, time
from iracing_pipeline.dashboards.panels import Panel
from iracing_pipeline.dashboards.queries import select

# A basemap that fetches nothing: one transparent pixel, wherever one looks.
_NO_BASEMAP = common.MapLayerOptions(
    type_val="xyz",
    name="none",
    config={
        "url": "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==",
        "attribution": " ",
    },
)

_CLOSEST = 22  # how far "fit" may zoom in; without it the track is a dot on a map of the world


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
            view=geomap.MapViewConfig(id_val="fit", all_layers=True, padding=10, zoom=_CLOSEST),
            basemap=_NO_BASEMAP,
            layers=[route],
            controls=geomap.ControlsOptions(show_zoom=True, show_attribution=False),
            tooltip=geomap.TooltipOptions(mode=geomap.TooltipMode.DETAILS),
        ),
        field_config=dashboard.FieldConfigSource(defaults=dashboard.FieldConfig()),
    )
    return Panel(number, title, about, empty, drawn, (select(fields, source),), fields, **size)
