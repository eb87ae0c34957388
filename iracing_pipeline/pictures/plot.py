"""A plot with two axes, drawn as SVG text.

A charting library would take longer to import than a file takes to load, and a picture of it
weighs ten times as much; these pictures lie in the metadata of thousands of files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH, HEIGHT = 760, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 16, 40, 44

# Okabe-Ito: distinguishable for colour-blind readers too.
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#767676"
INK, _GRID, PAPER = "#24292f", "#e4e7eb", "#ffffff"


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its range, its name with unit, and how its numbers are written."""

    low: float
    high: float
    label: str
    write: Callable[[float], str] = lambda value: f"{value:g}"

    def ticks(self, most: int) -> list[float]:
        """At most ``most`` round numbers in the range."""
        span = self.high - self.low
        if not span > 0:
            return [self.low]
        rough = span / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * unit for unit in (1, 2, 5, 10) if power * unit >= rough)
        first = math.ceil(self.low / step)
        return [round(n * step, 10) for n in range(first, math.floor(self.high / step) + 1)]

    def share(self, value: float) -> float:
        """Position of a value in the range, from 0 to 1."""
        span = self.high - self.low
        return (value - self.low) / span if span > 0 else 0.5


@dataclass(slots=True)
class Plot:
    """A plot under construction: add marks, then take the SVG."""

    title: str
    x: Axis
    y: Axis
    _marks: list[str] = field(default_factory=list)
    _legend: list[tuple[str, str]] = field(default_factory=list)

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: str) -> None:
        """A line through points."""
        points = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in zip(xs, ys, strict=True))
        self._marks.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"'
            ' stroke-linejoin="round"/>'
        )

    def dot(self, x: float, y: float, colour: str, *, hollow: bool = False, note: str = "") -> None:
        """A point, with a note that shows on hovering."""
        fill = PAPER if hollow else colour
        self._marks.append(
            f'<circle cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="4.5" fill="{fill}"'
            f' stroke="{colour}" stroke-width="2"><title>{escape(note)}</title></circle>'
        )

    def beyond(self, x: float, colour: str, label: str, *, above: bool, note: str = "") -> None:
        """An arrow at the edge for a point outside the range, with its value."""
        at = self._x(x)
        edge, way = (_TOP + 2, 1) if above else (HEIGHT - _BOTTOM - 2, -1)
        self._marks.append(
            f'<path d="M{at:.1f} {edge} l-5 {way * 8} h10 z" fill="{colour}"><title>'
            f'{escape(note)}</title></path><text x="{at:.1f}" y="{edge + way * 20:.1f}"'
            f' text-anchor="middle" font-size="10" fill="{colour}">{escape(label)}</text>'
        )

    def divider(self, x: float, label: str) -> None:
        """A vertical line with a label at its foot."""
        at = self._x(x)
        self._marks.append(
            f'<line x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{HEIGHT - _BOTTOM}"'
            f' stroke="{GREY}" stroke-dasharray="3 3"/>'
            f'<text x="{at + 4:.1f}" y="{HEIGHT - _BOTTOM - 6}" fill="{GREY}">'
            f"{escape(label)}</text>"
        )

    def note(self, x: float, y: float, text: str) -> None:
        """A text at a point, kept inside the frame."""
        anchor = "end" if self.x.share(x) > 0.8 else "start" if self.x.share(x) < 0.2 else "middle"
        self._marks.append(
            f'<text x="{self._x(x):.1f}" y="{self._y(y):.1f}" text-anchor="{anchor}"'
            f' fill="{INK}">{escape(text)}</text>'
        )

    def legend(self, colour: str, label: str) -> None:
        """An entry of the legend."""
        self._legend.append((colour, label))

    def svg(self) -> str:
        """The picture."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            f' width="{WIDTH}" height="{HEIGHT}" font-family="system-ui,sans-serif" font-size="12">'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
            f'<text x="{_LEFT}" y="22" font-size="14" font-weight="600" fill="{INK}">'
            f"{escape(self.title)}</text>{self._axes()}{''.join(self._marks)}{self._keys()}</svg>"
        )

    def _x(self, value: float) -> float:
        return _LEFT + self.x.share(value) * (WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - self.y.share(value) * (HEIGHT - _TOP - _BOTTOM)

    def _axes(self) -> str:
        parts = []
        for tick in self.y.ticks(6):
            at = self._y(tick)
            parts.append(
                f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{WIDTH - _RIGHT}" y2="{at:.1f}"'
                f' stroke="{_GRID}"/><text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end"'
                f' fill="{INK}">{escape(self.y.write(tick))}</text>'
            )
        parts.extend(
            f'<text x="{self._x(tick):.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle"'
            f' fill="{INK}">{escape(self.x.write(tick))}</text>'
            for tick in self.x.ticks(10)
        )
        middle = (_TOP + HEIGHT - _BOTTOM) / 2
        parts.append(
            f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 8}" text-anchor="end" fill="{GREY}">'
            f"{escape(self.x.label)}</text>"
            f'<text x="14" y="{middle}" text-anchor="middle" fill="{GREY}"'
            f' transform="rotate(-90 14 {middle})">{escape(self.y.label)}</text>'
        )
        return "".join(parts)

    def _keys(self) -> str:
        parts, at = [], _LEFT
        for colour, label in self._legend:
            parts.append(
                f'<circle cx="{at + 5}" cy="{HEIGHT - 12}" r="5" fill="{colour}"/>'
                f'<text x="{at + 15}" y="{HEIGHT - 8}" fill="{INK}">{escape(label)}</text>'
            )
            at += 30 + 7 * len(label)
        return "".join(parts)
