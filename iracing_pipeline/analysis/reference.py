"""Check whether a lap of another driver is comparable with one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Floats

TEMPERATURE_WITHIN_C = 5.0
BESIDE_THE_LINE_M = 40.0
"""How far from another lap of the same configuration a car may be: across the track and its
run-off."""


class OtherTrackError(PipelineError):
    """A lap was not driven on the track configuration that it is to be compared on."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Car and conditions of a lap; None for an unknown value."""

    track_id: int | None
    car_id: int | None
    car_name: str | None
    air_temp_c: float | None
    track_temp_c: float | None
    track_wetness: int | None

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Conditions:
        """Those of a row that has columns of these names."""
        return cls(**{name: row.get(name) for name in cls.__slots__})


def against(reference: Conditions, own: Conditions) -> list[str]:
    """List reasons against comparing the two, in words; empty if there are none.

    Raises:
        OtherTrackError: If the tracks, or their configurations, are not the same.
    """
    if reference.track_id is not None and reference.track_id != own.track_id:
        raise OtherTrackError(
            f"the reference lap is of track {reference.track_id}, not of {own.track_id}: each"
            " configuration of a track has its own number"
        )
    against = []
    if reference.car_id is not None and own.car_id is not None:
        if reference.car_id != own.car_id:
            against.append(f"another car ({reference.car_name or reference.car_id})")
    elif reference.car_name is not None and reference.car_name != own.car_name:
        against.append(f"perhaps another car ({reference.car_name})")
    pairs = (
        ("track", reference.track_temp_c, own.track_temp_c),
        ("air", reference.air_temp_c, own.air_temp_c),
    )
    for words, theirs, ours in pairs:
        if theirs is None or ours is None:
            against.append(f"{words} temperature unknown")
        elif abs(theirs - ours) > TEMPERATURE_WITHIN_C:
            against.append(f"{words} {theirs - ours:+.0f} °C")
    if reference.track_wetness != own.track_wetness:
        against.append("another or unknown wetness of the track")
    return against


def follows(line: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> bool:
    """Return whether a lap follows the track that another lap shows.

    Args:
        line: Metres east and north of the lap, at the points of the grid.
        other: Those of a lap that is known to be of the track, at the same points.
    """
    apart = np.hypot(line[0] - other[0], line[1] - other[1])
    return bool(np.percentile(apart, 95) < BESIDE_THE_LINE_M)
