"""Time ranges and steps, as Grafana reckons them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from iracing_pipeline.dashboards.errors import BoardError

_RELATIVE = re.compile(r"now(?:([-+])(\d+)([smhdwMy]))?")
_SECONDS = {
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "M": 30.44 * 86400,
    "y": 365.25 * 86400,
}
# Up to so many milliseconds, a step is rounded to so many: Grafana's own table.
_STEPS = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1500, 1000),
    (3500, 2000), (7500, 5000), (12500, 10000), (17500, 15000), (25000, 20000), (45000, 30000),
    (90000, 60000), (210000, 120000), (450000, 300000), (750000, 600000), (1050000, 900000),
    (1500000, 1200000), (2700000, 1800000), (5400000, 3600000), (9000000, 7200000),
    (16200000, 10800000), (32400000, 21600000), (86400000, 43200000), (604800000, 86400000),
    (1814400000, 604800000), (3628800000, 2592000000),
)  # fmt: skip
_LONGEST_STEP = 31536000000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Range:
    """A time range."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, start: str, end: str, now: datetime | None = None) -> Range:
        """From what a board or a link says: ``now-1y``, ISO, or epoch milliseconds.

        Raises:
            BoardError: If it says something else.
        """
        now = now or datetime.now(UTC)
        return cls(_moment(start, now), _moment(end, now))

    def step_ms(self, points: int = 1000, least_ms: int = 1) -> int:
        """The step of a query: a round one that gives about so many points."""
        exact = (self.end - self.start) / timedelta(milliseconds=1) / points
        rounded = next((step for limit, step in _STEPS if exact < limit), _LONGEST_STEP)
        return max(rounded, least_ms)


def _moment(text: str, now: datetime) -> datetime:
    if match := _RELATIVE.fullmatch(text):
        sign, count, unit = match.groups()
        if sign is None:
            return now
        return now + timedelta(seconds=float(f"{sign}{count}") * _SECONDS[unit])
    try:
        if re.fullmatch(r"\d{5,}(\.\d+)?", text):
            return _EPOCH + timedelta(milliseconds=float(text))
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise BoardError(f"{text} is not a time") from error


def seconds(text: str) -> float:
    """The seconds of a duration such as ``5m``.

    Raises:
        BoardError: If it is not one.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|[smhdwMy])", text)
    if match is None:
        raise BoardError(f"{text} is not a duration")
    return float(match[1]) * (0.001 if match[2] == "ms" else _SECONDS[match[2]])


def duration(milliseconds: int) -> str:
    """A step as Grafana puts it into queries, such as ``2h``."""
    for name, length in (("d", 86400000), ("h", 3600000), ("m", 60000), ("s", 1000)):
        if milliseconds % length == 0:
            return f"{milliseconds // length}{name}"
    return f"{milliseconds}ms"
