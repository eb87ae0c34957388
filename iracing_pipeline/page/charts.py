"""The charts of a page: figures of plotly.js, kept as plain data until the browser draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import Any

Figure = dict[str, Any]
"""``data`` and ``layout`` as plotly.js takes them, with two additions that the page's script
resolves. A colour may be the name of a property of the page's style sheet (``--ink``), so that a
chart follows light and dark. A trace or an axis may name a ``quantity`` of
:mod:`iracing_pipeline.page.units`, so that it follows the reader's units; its numbers are SI."""


@dataclass(slots=True)
class Charts:
    """The charts of one page, each under the id of the element that it is drawn in."""

    figures: dict[str, Figure] = field(default_factory=dict)

    def add(self, figure: Figure, *, label: str, height_px: int | None = None) -> str:
        """Take a figure; the element to draw it in.

        Args:
            figure: The figure.
            label: Text alternative.
            height_px: Height of the element; None to fill what it stands in.
        """
        key = f"chart-{len(self.figures) + 1}"
        self.figures[key] = figure
        size = "height:100%" if height_px is None else f"height:{height_px}px"
        return (
            f'<div class="chart" id="{key}" role="img" aria-label="{escape(label)}"'
            f' style="{size}"></div>'
        )


def plain(text: object) -> str:
    """A text as plotly.js is to show it: it reads HTML-like tags in every text of a figure."""
    return escape(str(text), quote=False)


def numbers(values: list[Any], digits: int) -> list[float | None]:
    """Numbers rounded to what can be seen, so that the page stays small; None for gaps."""
    return [
        None if value is None or not math.isfinite(value) else round(value, digits)
        for value in values
    ]
