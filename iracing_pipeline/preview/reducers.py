"""What Grafana makes one number of a field of: the calculations of legends, stats and reduce."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.preview.frames import Field


def _numbers(values: list[Any]) -> list[float]:
    return [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]


def _last_known(values: list[Any]) -> Any:
    return next((v for v in reversed(values) if v is not None), None)


def _first_known(values: list[Any]) -> Any:
    return next((v for v in values if v is not None), None)


_CALCULATIONS: dict[str, tuple[str, Callable[[list[Any]], Any]]] = {
    "lastNotNull": ("Last *", _last_known),
    "last": ("Last", lambda v: v[-1] if v else None),
    "firstNotNull": ("First *", _first_known),
    "first": ("First", lambda v: v[0] if v else None),
    "min": ("Min", lambda v: min(_numbers(v), default=None)),
    "max": ("Max", lambda v: max(_numbers(v), default=None)),
    "mean": ("Mean", lambda v: statistics.fmean(_numbers(v)) if _numbers(v) else None),
    "median": ("Median", lambda v: statistics.median(_numbers(v)) if _numbers(v) else None),
    "sum": ("Total", lambda v: sum(_numbers(v)) if _numbers(v) else None),
    "count": ("Count", len),
    "range": ("Range", lambda v: max(_numbers(v)) - min(_numbers(v)) if _numbers(v) else None),
    "diff": (
        "Difference",
        lambda v: _numbers(v)[-1] - _numbers(v)[0] if _numbers(v) else None,
    ),
    "stdDev": ("StdDev", lambda v: statistics.pstdev(_numbers(v)) if _numbers(v) else None),
    "distinctCount": ("Distinct count", lambda v: len(set(v))),
}


def title(calculation: str) -> str:
    """What Grafana calls a calculation."""
    return _CALCULATIONS.get(calculation, (calculation, len))[0]


def reduced(field: Field, calculation: str) -> Any:
    """A field as one value.

    Raises:
        KeyError: If the preview does not know the calculation.
    """
    return _CALCULATIONS[calculation][1](field.values)
