"""A lap on the map of its track, coloured by speed, with the numbers of the corners."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.pictures.plot import INK, PAPER, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_KPH = 3.6
_SIZE = 520
_MARGIN, _TOP = 42, 44
_POINTS = 300
# From slow to fast (cividis): distinguishable for colour-blind readers, and in grey.
_COLOURS = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")
_LABEL_OFFSET = 20.0
_ROUND_THE_APEX = 0.015  # of the lap, either way


def track_map(
    trace: dict[str, Any], corners: Sequence[tuple[int, float]], title: str
) -> str | None:
    """The driven line seen from above, north up; None where positions or speed are missing.

    Args:
        trace: A row of ``racing.lap_trace``.
        corners: Number and apex (as a share of the lap) of each corner.
        title: Words above the picture.
    """
    if any(trace[name] is None for name in ("east_m", "north_m", "speed_mps")):
        return None
    points = np.array([trace["east_m"], trace["north_m"], trace["speed_mps"]], dtype=np.float64)
    # A point that was out of bounds is null.
    east, north, speed = points[:, np.isfinite(points).all(axis=0)]
    if len(east) < 2:
        return None
    step = max(1, len(east) // _POINTS)
    x, y = _fit(east, north)
    slow, fast = float(speed.min()), float(speed.max())
    share = (speed - slow) / max(fast - slow, 1e-9)
    colour = np.minimum((share * len(_COLOURS)).astype(int), len(_COLOURS) - 1)
    parts = list(_lines(x[::step], y[::step], colour[::step]))
    parts.append(_finish(x, y))
    parts += [_label(x, y, round(apex * (len(x) - 1)), number) for number, apex in corners]
    legend = _legend(slow * _KPH, fast * _KPH)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_SIZE}" width="{WIDTH}"'
        f' height="{_SIZE}" font-family="system-ui,sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{_SIZE}" fill="{PAPER}"/>'
        f'<text x="{_MARGIN}" y="22" font-size="14" font-weight="600" fill="{INK}">'
        f"{escape(title)}</text>{''.join(parts)}{legend}</svg>"
    )


def _fit(
    east: NDArray[np.float64], north: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Metres to the picture, the same scale both ways."""
    wide, high = np.ptp(east), np.ptp(north)
    room = WIDTH - 2 * _MARGIN, _SIZE - _TOP - 2 * _MARGIN
    scale = min(room[0] / max(wide, 1.0), room[1] / max(high, 1.0))
    left = _MARGIN + (room[0] - wide * scale) / 2
    top = _TOP + _LABEL_OFFSET + (room[1] - high * scale) / 2
    return left + (east - east.min()) * scale, top + (north.max() - north) * scale


def _lines(x: NDArray[np.float64], y: NDArray[np.float64], colour: NDArray[np.int64]) -> list[str]:
    """One line for each stretch of one colour, over a wide dark one."""
    whole = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    parts = [f'<polyline points="{whole}" fill="none" stroke="{INK}" stroke-width="8"/>']
    edges = [0, *(np.flatnonzero(np.diff(colour)) + 1).tolist(), len(x) - 1]
    for first, last in pairwise(edges):
        points = " ".join(f"{x[i]:.1f},{y[i]:.1f}" for i in range(first, last + 1))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{_COLOURS[colour[first]]}"'
            ' stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/>'
        )
    return parts


def _finish(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """A mark across the line, and an arrow in the direction of driving."""
    ahead = min(6, len(x) - 1)
    along = np.array([x[ahead] - x[0], y[ahead] - y[0]])
    along /= max(float(np.hypot(*along)), 1e-9)
    across = np.array([-along[1], along[0]])
    a, b = np.array([x[0], y[0]]) - 9 * across, np.array([x[0], y[0]]) + 9 * across
    tip = np.array([x[0], y[0]]) + 16 * across + 18 * along
    tail = np.array([x[0], y[0]]) + 16 * across
    return (
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" stroke="#d55e00"'
        ' stroke-width="4"/><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4"'
        ' markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z"'
        ' fill="#d55e00"/></marker></defs>'
        f'<line x1="{tail[0]:.1f}" y1="{tail[1]:.1f}" x2="{tip[0]:.1f}" y2="{tip[1]:.1f}"'
        ' stroke="#d55e00" stroke-width="2" marker-end="url(#tip)"/>'
    )


def _label(x: NDArray[np.float64], y: NDArray[np.float64], at: int, number: int) -> str:
    """The number of a corner, on its outside."""
    reach = max(1, round(_ROUND_THE_APEX * len(x)))
    before, after = (at - reach) % len(x), (at + reach) % len(x)
    away = np.array([x[at] - (x[before] + x[after]) / 2, y[at] - (y[before] + y[after]) / 2])
    away *= _LABEL_OFFSET / max(float(np.hypot(*away)), 1e-9)
    left, top = x[at] + away[0], y[at] + away[1]
    return (
        f'<circle cx="{left:.1f}" cy="{top:.1f}" r="10" fill="{PAPER}" stroke="{INK}"/>'
        f'<text x="{left:.1f}" y="{top + 4:.1f}" text-anchor="middle" font-weight="600"'
        f' fill="{INK}">{number}</text>'
    )


def _legend(slow: float, fast: float) -> str:
    parts = [f'<text x="{_MARGIN}" y="{_SIZE - 14}" fill="{INK}">{slow:.0f}</text>']
    parts += [
        f'<rect x="{_MARGIN + 30 + 22 * i}" y="{_SIZE - 24}" width="22" height="11" fill="{c}"/>'
        for i, c in enumerate(_COLOURS)
    ]
    end = _MARGIN + 38 + 22 * len(_COLOURS)
    parts.append(f'<text x="{end}" y="{_SIZE - 14}" fill="{INK}">{fast:.0f} km/h</text>')
    return "".join(parts)
