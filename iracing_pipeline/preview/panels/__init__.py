"""What each type of panel is drawn with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.preview.panels import (
    bars,
    gauges,
    grids,
    maps,
    scatter,
    stat,
    states,
    table,
    text,
    timeseries,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.preview.panel import Panel

DRAWERS: dict[str, Callable[[Panel], str]] = {
    "timeseries": timeseries.draw,
    "trend": timeseries.draw_trend,
    "stat": stat.draw,
    "table": table.draw,
    "barchart": bars.draw_chart,
    "bargauge": bars.draw_gauge,
    "gauge": gauges.draw,
    "geomap": maps.draw,
    "xychart": scatter.draw,
    "heatmap": grids.draw_heatmap,
    "histogram": grids.draw_histogram,
    "state-timeline": states.draw,
    "status-history": states.draw,
    "text": text.draw,
}
"""Panel type to what draws it; HTML comes out."""
