"""The legend of a chart: names, and the calculations that the panel asks for."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from iracing_pipeline.preview import reducers
from iracing_pipeline.preview.fields import shown
from iracing_pipeline.preview.panel import Panel, hidden

if TYPE_CHECKING:
    from iracing_pipeline.preview.frames import Field


def around(panel: Panel, chart: str, entries: list[tuple[Field, str]]) -> str:
    """A chart with its legend below or beside it.

    Args:
        panel: The panel.
        chart: HTML of the chart.
        entries: Each series with its colour.
    """
    options = panel.options.get("legend") or {}
    entries = [(field, colour) for field, colour in entries if not hidden(field, "legend")]
    if options.get("showLegend") is not True or not entries:
        return f'<div class="plot">{chart}</div>'
    place = "right" if options.get("placement") == "right" else "bottom"
    calculations = [c for c in options.get("calcs") or [] if isinstance(c, str)]
    listed = (
        _as_table(entries, calculations)
        if options.get("displayMode") == "table"
        else _as_list(entries, calculations)
    )
    return (
        f'<div class="with-legend {place}"><div class="plot">{chart}</div>'
        f'<div class="legend">{listed}</div></div>'
    )


def _mark(colour: str) -> str:
    colour = f"var({colour})" if colour.startswith("--") else colour
    return f'<i style="background:{escape(colour)}"></i>'


def _as_list(entries: list[tuple[Field, str]], calculations: list[str]) -> str:
    return "".join(
        f"<span>{_mark(colour)}{escape(field.title)}"
        + "".join(
            f" <b>{escape(reducers.title(c))}: {escape(_calculated(field, c))}</b>"
            for c in calculations
        )
        + "</span>"
        for field, colour in entries
    )


def _as_table(entries: list[tuple[Field, str]], calculations: list[str]) -> str:
    head = "".join(f"<th>{escape(reducers.title(c))}</th>" for c in calculations)
    rows = "".join(
        f"<tr><td>{_mark(colour)}{escape(field.title)}</td>"
        + "".join(f"<td>{escape(_calculated(field, c))}</td>" for c in calculations)
        + "</tr>"
        for field, colour in entries
    )
    return f"<table><tr><th>Name</th>{head}</tr>{rows}</table>"


def _calculated(field: Field, calculation: str) -> str:
    return shown(field, reducers.reduced(field, calculation)).text
