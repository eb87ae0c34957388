"""The track as it was driven, with a mark that follows the cursor of the charts."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from grafana_foundation_sdk.models import common, dashboard, geomap

from iracing_pipeline.dashboards import palette
from iracing_pipeline.dashboards.fields import Field, time
from iracing_pipeline.dashboards.panels import BLANK, Panel
from iracing_pipeline.dashboards.queries import Sql, select

# A basemap that fetches nothing: one transparent pixel, wherever one looks.
_NO_BASEMAP = common.MapLayerOptions(
    type_val="xyz",
    name="none",
    config={
        "url": "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==",
        "attribution": " ",
    },
)

_WIDTH_PX = 4
_SAID, _CHARACTERS = "said", 40  # characters a line of what an empty map says
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
        about: Content of the picture and its source.
        colour: The field that colours it; its properties hold thresholds or a scale.
        source: SQL after ``FROM`` in its query: ``at``, ``latitude_deg``, ``longitude_deg`` and
            what ``colour`` asks for, sorted by ``at``.
        empty: Message without a line.
        size: ``width``, ``height``, ``may_be_empty`` of the panel.
    """
    fields = (
        time("at"),
        Field("latitude_deg", "latitude"),
        Field("longitude_deg", "longitude"),
        colour,
    )
    geometry = common.FrameGeometrySource(
        mode=common.FrameGeometrySourceMode.COORDS, latitude="latitude", longitude="longitude"
    )
    # A route has the mark that follows the cursor. Coloured by a field, it would be drawn for the
    # zoom of the moment before, which is a dot when the board opens: so the colour is of points.
    route = common.MapLayerOptions(
        type_val="route",
        name="line",
        location=geometry,
        config={
            "arrow": 0,
            "style": {
                "color": {"fixed": palette.GREY},
                "lineWidth": _WIDTH_PX,
                "opacity": 1,
                "size": {"fixed": _WIDTH_PX, "max": 15, "min": 2},
            },
        },
        tooltip=False,
    )
    points = common.MapLayerOptions(
        type_val="markers",
        name="points",
        location=geometry,
        config={
            "showLegend": False,
            "style": {
                "color": {"field": colour.shown_as or colour.name, "fixed": palette.GREY},
                "opacity": 1,
                "size": {"fixed": _WIDTH_PX / 2, "max": 15, "min": 2},
                "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
                "symbolAlign": {"horizontal": "center", "vertical": "center"},
                "text": {"field": _SAID, "fixed": "", "mode": "field"},
                "textConfig": {
                    "fontSize": 14,
                    "offsetX": 0,
                    "offsetY": 30,
                    "textAlign": "center",
                    "textBaseline": "top",
                },
            },
        },
        tooltip=True,
    )
    drawn = dashboard.Panel(
        type_val="geomap",
        options=geomap.Options(
            view=geomap.MapViewConfig(id_val="fit", all_layers=True, padding=10, zoom=_CLOSEST),
            basemap=_NO_BASEMAP,
            layers=[route, points],
            controls=geomap.ControlsOptions(show_zoom=True, show_attribution=False),
            tooltip=geomap.TooltipOptions(mode=geomap.TooltipMode.DETAILS),
        ),
        field_config=dashboard.FieldConfigSource(defaults=dashboard.FieldConfig()),
    )
    # A map without points is blank: its one point says why.
    message = fill(empty, _CHARACTERS).replace("'", "''")
    statement = f"""WITH line AS (
{select(fields, source).text}
)
SELECT line.*, NULL AS "{_SAID}" FROM line WHERE latitude IS NOT NULL AND longitude IS NOT NULL
UNION ALL
SELECT $__timeFrom()::timestamptz, 0, 0, 0, '{message}' WHERE NOT EXISTS (
    SELECT FROM line WHERE latitude IS NOT NULL AND longitude IS NOT NULL)
ORDER BY time"""
    shown = (BLANK, *fields)
    return Panel(number, title, about, empty, drawn, (Sql(statement),), shown, **size)
