"""Big numbers."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from iracing_pipeline.preview import reducers
from iracing_pipeline.preview.fields import limits, shown
from iracing_pipeline.preview.frames import BOOLEAN, NUMBER, TEXT, Field

if TYPE_CHECKING:
    from iracing_pipeline.preview.panel import Panel


def draw(panel: Panel) -> str:
    """A panel of type ``stat``."""
    values = chosen(panel)
    if not values:
        return ""
    mode = panel.options.get("colorMode", "value")
    text_mode = panel.options.get("textMode", "auto")
    cells = []
    for field, value, name in values:
        told = shown(field, value)
        colour = told.colour or "inherit"
        colour = f"var({colour})" if colour.startswith("--") else colour
        style = {
            "background": f"background:{colour};color:#fff",
            "background_solid": f"background:{colour};color:#fff",
            "value": f"color:{colour}",
        }.get(mode, "")
        named = text_mode in {"name", "value_and_name"} or (text_mode == "auto" and len(values) > 1)
        what = f'<span class="stat-name">{escape(name)}</span>' if named else ""
        shows = "" if text_mode in {"name", "none"} else escape(told.text) or "-"
        number = f'<span class="stat-value" style="--n:{max(len(told.text), 4)}">{shows}</span>'
        graph = _graph(panel, field, colour) if panel.options.get("graphMode") == "area" else ""
        cells.append(f'<div class="stat" style="{escape(style)}">{graph}{what}{number}</div>')
    way = "column" if panel.options.get("orientation") == "horizontal" else "row"
    return f'<div class="stats" style="flex-direction:{way}">{"".join(cells)}</div>'


def chosen(panel: Panel) -> list[tuple[Field, Any, str]]:
    """The values that a stat or gauge shows, each with its field and its name."""
    options = panel.options.get("reduceOptions") or {}
    wanted = str(options.get("fields") or "")
    fields = [
        (field, frame)
        for frame in panel.frames
        for field in frame.fields
        if _is_wanted(field, wanted)
    ]
    if options.get("values"):
        most = int(options.get("limit") or 25)
        rows: list[tuple[Field, Any, str]] = []
        for field, frame in fields:
            names = next((f for f in frame.of(TEXT) if f is not field), None)
            for row, value in enumerate(field.values):
                name = str(names.values[row]) if names else field.title
                rows.append((field, value, name))
        return rows[:most]
    calculation = (options.get("calcs") or ["lastNotNull"])[0]
    return [
        (field, reducers.reduced(field, calculation), field.title)
        for field, _ in fields
        if field.values
    ]


def _is_wanted(field: Field, wanted: str) -> bool:
    if not wanted:
        return field.kind in {NUMBER, BOOLEAN}
    if wanted.startswith("/"):
        return re.search(wanted.strip("/"), field.title) is not None
    return field.title == wanted


def _graph(panel: Panel, field: Field, colour: str) -> str:
    """The small line behind a number."""
    values = [v for v in field.values if isinstance(v, (int, float))]
    if len(values) < 2:
        return ""
    low, high = limits(field)
    span = high - low or 1.0
    points = " ".join(
        f"{100 * at / (len(values) - 1):.2f},{38 - 34 * (value - low) / span:.2f}"
        for at, value in enumerate(values)
    )
    back = panel.options.get("colorMode", "value").startswith("background")
    ink = "rgba(255,255,255,.5)" if back else colour
    return (
        '<svg class="spark" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">'
        f'<polyline points="{points}" fill="none" stroke="{escape(ink)}" stroke-width="1.2"'
        ' vector-effect="non-scaling-stroke"/>'
        f'<polygon points="0,40 {points} 100,40" fill="{escape(ink)}" opacity=".15"/></svg>'
    )
