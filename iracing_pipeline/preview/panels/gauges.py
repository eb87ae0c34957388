"""Round gauges."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from iracing_pipeline.preview import colours
from iracing_pipeline.preview.fields import limits, shown
from iracing_pipeline.preview.panels.stat import chosen

if TYPE_CHECKING:
    from iracing_pipeline.preview.panel import Panel

_FROM, _TO = math.radians(215), math.radians(-35)


def draw(panel: Panel) -> str:
    """A panel of type ``gauge``."""
    values = chosen(panel)
    parts = []
    for field, value, name in values:
        told = shown(field, value)
        low, high = limits(field)
        if field.config.get("max") is None:
            panel.remarks.append("No maximum is set: Grafana takes the largest value")
        share = (value - low) / (high - low) if value is not None and high > low else 0.0
        share = min(max(share, 0.0), 1.0)
        colour = told.colour or colours.of_series(field.config, 0)
        title = f"<text x='60' y='96' class='gauge-name'>{escape(name)}</text>"
        parts.append(
            '<svg class="gauge" viewBox="0 0 120 100">'
            f'<path d="{_arc(0, 1)}" class="gauge-back"/>'
            f'<path d="{_arc(0, share)}" fill="none" stroke="{escape(colour)}" stroke-width="12"/>'
            f'<text x="60" y="66" class="gauge-value" fill="{escape(colour)}">'
            f"{escape(told.text)}</text>{title if len(values) > 1 else ''}</svg>"
        )
    return f'<div class="gauges">{"".join(parts)}</div>' if parts else ""


def _arc(start: float, end: float) -> str:
    angles = [_FROM + share * (_TO - _FROM) for share in (start, end)]
    (x0, y0), (x1, y1) = ((60 + 42 * math.cos(a), 58 - 42 * math.sin(a)) for a in angles)
    large = int((end - start) * (_FROM - _TO) > math.pi)
    return f"M{x0:.2f} {y0:.2f}A42 42 0 {large} 1 {x1:.2f} {y1:.2f}"
