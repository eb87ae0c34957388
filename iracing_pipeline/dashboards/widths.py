"""Widths of a table's columns, and of the texts that fit, as Grafana draws them.

A column without a width shares what the others leave, but keeps its least width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.dashboards.fields import COLUMN_PX
from iracing_pipeline.dashboards.font import LINK_PX, cell_px, header_px
from iracing_pipeline.dashboards.panels import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.dashboards.fields import Field
    from iracing_pipeline.dashboards.panels import Panel

NARROW_PX = 1280
"""The narrowest screen on which nothing may be cut."""
PHONE_PX = 342
"""Width of a table on a phone of 390 px."""

_BOARD_PADDING_PX, _GAP_PX, _PANEL_PADDING_PX = 32, 8, 18


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is seen.

    Attributes:
        field: What it shows.
        px: Its width on the narrow screen.
    """

    field: Field
    px: float

    @property
    def free(self) -> bool:
        """Whether it holds words of any length that nothing makes room for."""
        made = {"unit", "custom.width", "custom.wrapText", "links"}
        return not made & {*self.field.properties} and not (
            self.field.longest or self.field.quantity
        )

    @property
    def header_px(self) -> float:
        """Width of the column's header."""
        return header_px(self.field.shown_as or self.field.name)

    @property
    def cell_px(self) -> float:
        """Width of the longest known text of its cells."""
        link = LINK_PX if "links" in self.field.properties and self.field.longest else 0
        return cell_px(self.field.longest) + link


def panel_px(panel: Panel, screen_px: int = NARROW_PX) -> float:
    """Width of a panel's content, in pixels."""
    board = screen_px - _BOARD_PADDING_PX
    return (board + _GAP_PX) * panel.width / COLUMNS - _GAP_PX - _PANEL_PADDING_PX


def least_px(field: Field) -> float:
    """The least that a column takes."""
    given = field.properties.get("custom.width") or field.properties.get("custom.minWidth")
    return float(given or COLUMN_PX)


def columns(panel: Panel) -> list[Column]:
    """The columns of a table that are seen, on the narrow screen."""
    seen = [*_seen(panel)]
    left = panel_px(panel)
    free = []
    # As Grafana: what needs more than its share takes it, and the others share what is left.
    for field in sorted(seen, key=least_px, reverse=True):
        if "custom.width" in field.properties:
            left -= least_px(field)
        else:
            free.append(field)
    widths = {}
    for index, field in enumerate(free):
        widths[field.name] = max(least_px(field), left / (len(free) - index))
        left -= widths[field.name]
    return [Column(field, widths.get(field.name, least_px(field))) for field in seen]


def _seen(panel: Panel) -> Iterator[Field]:
    for field in panel.fields:
        if field.matcher == "byName" and not field.properties.get("custom.hidden"):
            yield field
