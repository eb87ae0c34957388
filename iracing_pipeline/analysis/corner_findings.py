"""The corner of a race that cost most, and what the driver did otherwise on the good laps there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.finding import Finding
from iracing_pipeline.analysis.sectors import LAP_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iracing_pipeline.analysis.samples import Floats

_GOOD_SHARE = 20  # percentile of one's own times in a corner that one could drive every lap
_KMH = 3.6
# Figure: what less of it is on the slow laps, what more of it is, its unit and the factor to it.
_HABITS = {
    "brake_point_m": ("braked {} earlier", "braked {} later", "m", 1.0),
    "min_speed_mps": ("{} slower at the apex", "{} faster at the apex", "km/h", _KMH),
    "throttle_on_m": ("on the throttle {} earlier", "on the throttle {} later", "m", 1.0),
}
_LEAST = 1.0  # of the unit, to be worth a word


def weakest_corner(corners: pl.DataFrame, clean: pl.DataFrame) -> Iterable[Finding]:
    """The corner in which one's usual time is furthest from what one drove there oneself.

    Args:
        corners: Rows of ``racing.lap_corner``.
        clean: Clean laps, as rows of ``racing.telemetry_lap``.
    """
    own = corners.join(clean.select(LAP_KEY), on=LAP_KEY, how="semi")
    best: Finding | None = None
    for (corner,), part in own.group_by("corner", maintain_order=True):
        times = part.get_column("time_s").to_numpy()
        middle = robust.middle(times)
        if middle is None:
            continue
        good = float(np.percentile(times, _GOOD_SHARE))
        if middle.low <= good:  # within the scatter of the median
            continue
        seconds = float((times - good).clip(min=0).sum())
        if best is not None and seconds <= best.seconds:
            continue
        count, number = len(times), int(str(corner))
        text = (
            f"Turn {number} cost {middle.value - good:.2f} s a lap against what you drove there"
            f" yourself in one lap of five: {seconds:.1f} s over {count} clean laps."
        )
        slow = part.filter(pl.col("time_s") > good).get_column("lap_number").to_list()
        best = Finding(
            "corner",
            text,
            seconds,
            tuple(sorted(slow)),
            number,
            (middle.low - good) * count,
            (middle.high - good) * count,
            advice=_advice(number, part),
            cause="pace",
        )
    if best is not None:
        yield best


def _advice(corner: int, part: pl.DataFrame) -> str | None:
    """Describe the significant differences between the faster and the slower half of the laps."""
    ordered = part.sort("time_s")
    half = ordered.height // 2
    fast, slow = ordered.head(half), ordered.tail(half)
    sentences = []
    for name, (less, more, unit, factor) in _HABITS.items():
        gap = robust.difference(_values(fast, name), _values(slow, name))
        if gap is None or (gap.low <= 0 <= gap.high) or abs(gap.value) * factor < _LEAST:
            continue
        amount = f"{abs(gap.value) * factor:.0f} {unit}"
        sentences.append((less if gap.value < 0 else more).format(amount))
    if not sentences:
        return None
    behind = robust.difference(_values(fast, "time_s"), _values(slow, "time_s"))
    cost = "" if behind is None else f": {behind.value:.2f} s a lap"
    return f"T{corner}, slower half of the laps against the faster: {', '.join(sentences)}{cost}."


def _values(part: pl.DataFrame, name: str) -> Floats:
    return part.get_column(name).drop_nulls().to_numpy().astype(np.float64)
