"""One panel as it is drawn: its JSON, and the results of its queries after transformations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iracing_pipeline.page import Charts
    from iracing_pipeline.preview.frames import Field, Frame


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of time that charts mark.

    Attributes:
        start_ms: Its begin, ms since 1970.
        end_ms: Its end; None for a moment.
        text: Its name, which Grafana shows on hovering.
        colour: Its colour.
    """

    start_ms: float
    end_ms: float | None
    text: str
    colour: str


@dataclass(slots=True)
class Panel:
    """A panel with its data.

    Attributes:
        json: Its part of the dashboard.
        frames: Results of its queries, with transformations and field configuration applied.
        charts: Where its charts are drawn.
        start_ms: Begin of the time range, ms since 1970.
        end_ms: End of the time range.
        regions: Stretches of time that charts mark.
        remarks: What the preview does otherwise than Grafana, in words.
    """

    json: dict[str, Any]
    frames: list[Frame]
    charts: Charts
    start_ms: float
    end_ms: float
    regions: list[Region] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.json.get("title") or "")

    @property
    def options(self) -> dict[str, Any]:
        """Options of its type."""
        return self.json.get("options") or {}

    @property
    def defaults(self) -> dict[str, Any]:
        """Defaults of its field configuration."""
        return (self.json.get("fieldConfig") or {}).get("defaults") or {}

    @property
    def no_value(self) -> str:
        """What it says where there is nothing to show."""
        return str(self.defaults.get("noValue") or "No data")

    def every(self, kind: str) -> list[Field]:
        """Fields of a kind in all frames that are not hidden everywhere."""
        return [f for frame in self.frames for f in frame.of(kind) if not hidden(f, "viz")]


def hidden(field: Field, where: str) -> bool:
    """Whether a field is hidden from ``viz``, ``legend`` or ``tooltip``."""
    return bool(((field.config.get("custom") or {}).get("hideFrom") or {}).get(where))
