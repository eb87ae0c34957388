"""The distance grid of a track configuration, on which all laps there are compared.

A lap is divided into equal intervals of about two metres, or into 1,200 on a long track, so that
a lap's trace stays small. The grid is fixed by the track's length alone and is kept, so laps of
different sessions have the same points.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.samples import Floats, floats_of
from iracing_pipeline.tables.traces import TRACK_GRID

if TYPE_CHECKING:
    from typing import Any

    import polars as pl

    from iracing_pipeline.analysis.track_evidence import Lengths

CHANNELS = ("Lat", "Lon")
"""The channels that are read here, where the file has them."""

STEP_M = 2.0
FEWEST, MOST = 100, 1200
_FINE_STEP_M = 2.0
_EARTH_RADIUS_M = 6_371_008.8
_SHORTEST_M, _LONGEST_M = 50.0, 100_000.0


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of ``intervals + 1`` points from the line to the line.

    Attributes:
        length_m: Length of the lap.
        intervals: Equal intervals that it is divided into.
        origin: Latitude and longitude, in degrees, from which metres east and north are counted;
            None where the file has no positions.
        track_id: The track configuration; None where the file does not name it.
    """

    length_m: float
    intervals: int
    origin: tuple[float, float] | None = None
    track_id: int | None = None

    @classmethod
    def of_length(cls, length_m: float) -> Grid:
        """The grid of a lap of this length."""
        return cls(length_m, int(min(max(round(length_m / STEP_M), FEWEST), MOST)))

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Grid:
        """The grid of a row of ``racing.track_grid``."""
        latitude, longitude = row["origin_latitude_deg"], row["origin_longitude_deg"]
        origin = None if latitude is None or longitude is None else (latitude, longitude)
        return cls(row["length_m"], row["interval_count"], origin, row["track_id"])

    @property
    def step_m(self) -> float:
        """Metres between two points."""
        return self.length_m / self.intervals

    @property
    def pct(self) -> Floats:
        """LapDistPct of each point, from 0 to 1; shape (intervals + 1,)."""
        return np.arange(self.intervals + 1) / self.intervals

    @property
    def fine(self) -> Grid:
        """The same lap on a grid of two metres at most, every so many of its points these."""
        factor = int(np.ceil(self.step_m / _FINE_STEP_M - 1e-9))
        return Grid(self.length_m, self.intervals * factor, self.origin, self.track_id)

    def metres(self, latitude: Floats, longitude: Floats) -> tuple[Floats, Floats]:
        """Metres east and north of the origin of positions in degrees.

        Raises:
            ValueError: If the grid has no origin.
        """
        if self.origin is None:
            raise ValueError("a grid without an origin has no place on the map")
        degree = radians(_EARTH_RADIUS_M)
        parallel = degree * cos(radians(self.origin[0]))
        return (longitude - self.origin[1]) * parallel, (latitude - self.origin[0]) * degree


def measure(records: pl.DataFrame, lengths: Lengths, *, track_id: int | None) -> Grid | None:
    """Make the grid of a file; None if the file gives no length.

    Args:
        records: Its records, with those of :data:`CHANNELS` that it has.
        lengths: The length of the lap by all its sources.
        track_id: The track configuration.
    """
    believed = lengths.believed
    if believed is None or not _SHORTEST_M < believed[0] < _LONGEST_M:
        return None
    grid = Grid.of_length(believed[0])
    return Grid(grid.length_m, grid.intervals, _origin(records), track_id)


def track_grid(grid: Grid, session: dict[str, Any]) -> pl.DataFrame:
    """A grid as a row of ``racing.track_grid``.

    Args:
        grid: The grid.
        session: The row of ``racing.telemetry_session`` that it was made of.
    """
    origin = grid.origin or (None, None)
    row = {
        "track_id": grid.track_id,
        "track_name": session["track_name"],
        "track_config": session["track_config"],
        "length_m": grid.length_m,
        "interval_count": grid.intervals,
        "origin_latitude_deg": origin[0],
        "origin_longitude_deg": origin[1],
        "session_key": session["session_key"],
    }
    return TRACK_GRID.frame([row])


def _origin(records: pl.DataFrame) -> tuple[float, float] | None:
    """Return the middle of the driven line."""
    latitude, longitude = floats_of(records, "Lat"), floats_of(records, "Lon")
    if latitude is None or longitude is None:
        return None
    valid = ((latitude != 0) | (longitude != 0)) & (abs(latitude) < 90) & (abs(longitude) <= 180)
    if not valid.any():
        return None
    # A few damaged positions are not to move it.
    middle = [np.percentile(each[valid], [1, 99]).mean() for each in (latitude, longitude)]
    return round(float(middle[0]), 7), round(float(middle[1]), 7)
