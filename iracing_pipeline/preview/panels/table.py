"""Tables: one frame, its cells in their units and colours, its columns as wide as in Grafana."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from iracing_pipeline.preview.fields import limits, shown
from iracing_pipeline.preview.frames import NUMBER, OTHER, TIME, Field
from iracing_pipeline.preview.panel import Panel, hidden

if TYPE_CHECKING:
    from iracing_pipeline.preview.fields import Shown

_MOST_ROWS = 200
_LEAST_PX = 150  # of a column that has no width of its own and no least one


def draw(panel: Panel) -> str:
    """A panel of type ``table``."""
    frame = next((each for each in panel.frames if each.rows), None)
    if len(panel.frames) > 1:
        panel.remarks.append(f"{len(panel.frames)} results: Grafana shows one, with a chooser")
    if frame is None:
        return ""
    fields = [f for f in frame.fields if not _is_hidden(f)]
    rows = list(range(frame.rows))
    sorting = (panel.options.get("sortBy") or [None])[0]
    if sorting:
        by = next((f for f in fields if sorting.get("displayName") in {f.title, f.name}), None)
        if by is not None:
            known = [r for r in rows if by.values[r] is not None]
            known.sort(key=lambda row: by.values[row], reverse=bool(sorting.get("desc")))
            rows = known + [r for r in rows if by.values[r] is None]
    if len(rows) > _MOST_ROWS:
        panel.remarks.append(f"The first {_MOST_ROWS} of {len(rows)} rows")
    head = "".join(f'<th class="{_side(f)}"{_width(f)}>{escape(f.title)}</th>' for f in fields)
    body = "".join(
        "<tr>" + "".join(_cell(f, f.values[row]) for f in fields) + "</tr>"
        for row in rows[:_MOST_ROWS]
    )
    shows = panel.options.get("showHeader", True)
    head = f"<thead><tr>{head}</tr></thead>" if shows else ""
    least = sum(_px(f, "width") or _px(f, "minWidth") or _LEAST_PX for f in fields)
    style = f"min-width:{least}px"
    return f'<div class="table"><table style="{style}">{head}<tbody>{body}</tbody></table></div>'


def _custom(field: Field) -> dict[str, Any]:
    return field.config.get("custom") or {}


def _is_hidden(field: Field) -> bool:
    return bool(_custom(field).get("hidden")) or hidden(field, "viz")


def _side(field: Field) -> str:
    align = _custom(field).get("align", "auto")
    if align in {"left", "right", "center"}:
        return str(align)
    # Grafana knows a column of numbers from its type in the database; here it may be all NULL.
    numeric = field.kind == NUMBER or (field.kind == OTHER and "unit" in field.config)
    return "right" if numeric else "left"


def _px(field: Field, name: str) -> int:
    return int(_custom(field).get(name) or 0)


def _width(field: Field) -> str:
    width = _px(field, "width")
    return f' style="width:{width}px"' if width else ""


def _cell(field: Field, value: Any) -> str:
    told = shown(field, value)
    options = _custom(field).get("cellOptions") or {}
    kind = options.get("type", "auto")
    text = escape(told.text)
    if field.config.get("links"):
        text = f'<span class="link">{text}</span>'
    style, inner = "", text
    if kind == "color-text" and told.colour:
        style = f"color:{_css(told)}"
    elif kind == "color-background" and told.colour:
        style = f"background:{_css(told)};color:#fff"
    elif kind == "gauge" and isinstance(value, (int, float)):
        low, high = limits(field)
        share = 100 * (value - low) / (high - low) if high > low else 0.0
        inner = (
            f'<span class="cell-bar"><i style="width:{min(max(share, 0), 100):.1f}%;'
            f'background:{_css(told)}"></i></span><span>{text}</span>'
        )
        return f'<td class="gauge-cell {_side(field)}">{inner}</td>'
    css = f' style="{escape(style)}"' if style else ""
    return f'<td class="{_side(field)}{" time" if field.kind == TIME else ""}"{css}>{inner}</td>'


def _css(told: Shown) -> str:
    colour = told.colour or "inherit"
    return f"var({colour})" if colour.startswith("--") else colour
