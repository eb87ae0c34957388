"""What kind of lap it was, and what is held against it: the one definition of a lap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.samples import OFF_TRACK, PIT_SURFACES
from iracing_pipeline.analysis.segments import Edge

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Samples
    from iracing_pipeline.analysis.segments import Segment

TIMED = "timed"

KINDS = {
    TIMED: "from line to line on track",
    "out": "left the pits",
    "in": "came into the pits",
    "pit": "went through the pits, or left them and came back in",
    "partial": "the file, or the session, began or ended during it",
    "reset": "ended by a reset to the pits",
    "tow": "ended by a tow",
}

REASONS = {
    "out_lap": "left the pits",
    "in_lap": "came into the pits",
    "pit_lap": "went through the pits",
    "partial_lap": "not driven whole within the file",
    "reset": "ended by a reset",
    "tow": "ended by a tow",
    "invalid": "iRacing gave it no time (LapLastLapTime -1)",
    "off_track": "the car left the track (PlayerTrackSurface)",
    "incident": "the driver took incident points",
    "stopped": "the car stood still on track",
    "caution": "driven under a caution",
    "no_closure": "the reconstructed time differs from iRacing's by more than the bound",
    "out_of_bounds": "its lap time is outside the bounds of the column",
}

CLOSURE_BOUND_S = 0.001
"""Largest difference to the official lap time that still counts as agreement."""

_MOST_OF_A_LAP = 0.5
_STANDSTILL_MPS = 1.0
_CAUTION = 0x4000 | 0x8000  # irsdk_caution, irsdk_cautionWaving

_WHY_NOT_TIMED = {
    "out": "out_lap",
    "in": "in_lap",
    "pit": "pit_lap",
    "partial": "partial_lap",
    "reset": "reset",
    "tow": "tow",
}


def kind(samples: Samples, segment: Segment) -> str:
    """The kind of lap that ``segment`` is: one of :data:`KINDS`."""
    if segment.ends is Edge.RESET:
        return "reset"
    if segment.ends is Edge.TOW:
        return "tow"
    first, last = segment.rows[0], segment.rows[-1]
    left, entered = _in_pits(samples, int(first)), _in_pits(samples, int(last))
    through = samples.on_pit_road[segment.rows].any() and not left and not entered
    if through or (left and entered):
        return "pit"
    whole_end = segment.ends is Edge.LINE
    if left and whole_end:
        return "out"
    if entered and segment.begins is Edge.LINE:
        return "in"
    whole = segment.begins is Edge.LINE and whole_end and _goes_round(samples, segment)
    return TIMED if whole else "partial"


def reasons(
    samples: Samples,
    segment: Segment,
    kind: str,
    *,
    official: float | None,
    residual: float | None,
    incidents: int | None,
) -> list[str]:
    """Why the lap does not count as clean, as keys of :data:`REASONS`; empty for a clean lap."""
    rows = segment.rows
    against = {
        _WHY_NOT_TIMED.get(kind, ""): kind != TIMED,
        "invalid": official is not None and official < 0,
        "off_track": samples.surface is not None and (samples.surface[rows] == OFF_TRACK).any(),
        "incident": incidents is not None and incidents > 0,
        "stopped": samples.speed is not None
        and (~samples.on_pit_road[rows] & (samples.speed[rows] < _STANDSTILL_MPS)).any(),
        "caution": samples.flags is not None and (samples.flags[rows] & _CAUTION != 0).any(),
        "no_closure": residual is not None and abs(residual) > CLOSURE_BOUND_S,
    }
    return [reason for reason, holds in against.items() if holds]


def _goes_round(samples: Samples, segment: Segment) -> bool:
    """Whether the car got round the lap, rather than the count having flickered at the line."""
    steps = np.diff(samples.pct[segment.rows])
    return bool(((steps + 0.5) % 1 - 0.5).sum() > _MOST_OF_A_LAP)


def _in_pits(samples: Samples, row: int) -> bool:
    """Whether the car is on pit road or on the way in or out of it."""
    if samples.on_pit_road[row]:
        return True
    return samples.surface is not None and bool(np.isin(samples.surface[row], PIT_SURFACES))
