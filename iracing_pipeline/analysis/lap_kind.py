"""Kind of a lap, and reasons why it does not count: the one definition of a lap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.evidence import LONGEST_EXCURSION
from iracing_pipeline.analysis.samples import IN_STALL, OFF_TRACK, PIT_SURFACES
from iracing_pipeline.analysis.segments import Edge, Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iracing_pipeline.analysis.samples import Flags, Integers, Samples
    from iracing_pipeline.analysis.segments import Segment

TIMED, START, PACE, COOLDOWN = "timed", "start", "pace", "cooldown"

KINDS = {
    TIMED: "from line to line on track",
    "out": "left the pits",
    "in": "came into the pits",
    "pit": "went through the pits, or left them and came back in",
    "partial": "not driven whole: the file or the session began or ended in it, or the car stood",
    "reset": "ended by a reset to the pits",
    "tow": "ended by a tow",
    START: "lap 1 of a race, timed from the green flag, from the grid or from the pit lane",
    PACE: "parade laps before the green flag",
    COOLDOWN: "after the chequered flag: begun when the car had finished",
}
"""Description of each kind of lap, for the racer."""

REASONS = {
    "out_lap": "left the pits",
    "in_lap": "came into the pits",
    "pit_lap": "went through the pits",
    "partial_lap": "not driven whole within the file",
    "reset": "ended by a reset",
    "tow": "ended by a tow",
    "start_lap": "lap 1 of a race, timed from the green flag, so no lap from line to line",
    "pace_lap": "parade laps before the green flag",
    "cooldown_lap": "driven after the chequered flag",
    "invalid": "iRacing gave it no time (LapLastLapTime -1)",
    "off_track": "the car left the track (PlayerTrackSurface)",
    "incident": "the driver took incident points",
    "stopped": "the car stood still on track",
    "caution": "driven under a caution",
    "team_mate": "a team mate drove (the car was on track without you in it)",
    "no_closure": "the reconstructed time differs from iRacing's by more than the bound",
    "glitch": "channels of the recording contradict each other in it",
    "out_of_bounds": "its lap time is outside the bounds of the column",
}
"""Why a lap does not count, in words for the racer."""

CLOSURE_BOUND_S = 0.001
"""Largest difference to the official lap time that still counts as agreement."""
GREEN_BOUND_S = 0.02
"""The same where the green is known to one record only."""

_MOST_OF_A_LAP = 0.5
_STANDSTILL_MPS = 1.0
_LEFT_THE_STALL_MPS = 2.0
_TEAM_MATE_S = 1.0

_WHY_NOT_TIMED = {
    "out": "out_lap",
    "in": "in_lap",
    "pit": "pit_lap",
    "partial": "partial_lap",
    "reset": "reset",
    "tow": "tow",
    START: "start_lap",
    PACE: "pace_lap",
    COOLDOWN: "cooldown_lap",
}


def in_words(reasons: Iterable[str]) -> str:
    """Reasons as a racer reads them; empty for a clean lap."""
    return ", ".join(REASONS.get(reason, reason) for reason in reasons)


def kind(samples: Samples, segment: Segment) -> str:
    """The kind of lap that ``segment`` is: one of :data:`KINDS`."""
    of_the_weekend = {
        COOLDOWN: segment.phase is Phase.COOLDOWN,
        "reset": segment.ends is Edge.RESET,
        "tow": segment.ends is Edge.TOW,
        PACE: segment.phase is Phase.PACE,
        START: segment.start is not None,
    }
    return next((each for each, holds in of_the_weekend.items() if holds), None) or _by_pits(
        samples, segment
    )


def _by_pits(samples: Samples, segment: Segment) -> str:
    """The kind of a racing lap that was driven to its end: by where it began and ended."""
    first, last = segment.rows[0], segment.rows[-1]
    left, entered = _in_pits(samples, int(first)), _in_pits(samples, int(last))
    through = samples.on_pit_road[segment.rows].any() and not left and not entered
    if through or (left and entered):
        return "partial" if _stayed_in_stall(samples, segment) else "pit"
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
    start = segment.start
    by_record = start is not None and not start.at_line and start.clock_s is None
    bound = GREEN_BOUND_S if by_record else CLOSURE_BOUND_S
    against = {
        _WHY_NOT_TIMED.get(kind, ""): kind != TIMED,
        "invalid": official is not None and official < 0,
        "off_track": samples.surface is not None and (samples.surface[rows] == OFF_TRACK).any(),
        "incident": incidents is not None and incidents > 0,
        "stopped": kind != PACE and _stopped(samples, segment),
        "caution": samples.caution is not None and samples.caution[rows].any(),
        "team_mate": by_team_mate(samples, rows),
        "no_closure": residual is not None and abs(residual) > bound,
        "glitch": segment.doubtful or _not_in_world_within(rows),
    }
    return [reason for reason, holds in against.items() if holds]


def _stopped(samples: Samples, segment: Segment) -> bool:
    """Whether the car stood on track; before a race begins it may."""
    if samples.speed is None:
        return False
    rows = segment.rows
    standing = ~samples.on_pit_road[rows] & (samples.speed[rows] < _STANDSTILL_MPS)
    if segment.start is not None:
        standing = standing[np.argmin(standing) :]
    return _lasts(standing)


def _lasts(holds: Flags) -> bool:
    """Whether something holds for longer than a lie lasts; for all of a shorter segment."""
    if not len(holds) or np.count_nonzero(holds) <= min(LONGEST_EXCURSION, len(holds) - 1):
        return False
    edges = np.flatnonzero(np.diff(np.concatenate(([False], holds, [False]))))
    return bool((edges[1::2] - edges[::2]).max() > min(LONGEST_EXCURSION, len(holds) - 1))


def _not_in_world_within(rows: Integers) -> bool:
    """Whether the car was not in the world for a while within a lap that it then drove on."""
    return bool(len(rows) > 1 and int(rows[-1]) - int(rows[0]) >= len(rows) + LONGEST_EXCURSION)


def by_team_mate(samples: Samples, rows: Integers) -> bool:
    """Whether a team mate drove for a second or more; one record does not decide."""
    if samples.team_mate is None or len(rows) < 2:
        return False
    seconds = np.diff(samples.time[rows])[samples.team_mate[rows][1:]].sum()
    return bool(seconds >= _TEAM_MATE_S)


def _goes_round(samples: Samples, segment: Segment) -> bool:
    """Whether the car got round the lap, rather than the count having flickered at the line."""
    steps = np.diff(samples.pct[segment.rows])
    return bool(((steps + 0.5) % 1 - 0.5).sum() > _MOST_OF_A_LAP)


def _stayed_in_stall(samples: Samples, segment: Segment) -> bool:
    """Whether the car was in its stall, or standing on pit road, from first to last record."""
    rows = segment.rows
    if samples.surface is not None and (samples.surface[rows] == IN_STALL).all():
        return True
    if samples.speed is None or not samples.on_pit_road[rows].all():
        return False
    return not _lasts(samples.speed[rows] > _LEFT_THE_STALL_MPS)


def _in_pits(samples: Samples, row: int) -> bool:
    """Whether the car is on pit road or on the way in or out of it."""
    if samples.on_pit_road[row]:
        return True
    return samples.surface is not None and int(samples.surface[row]) in PIT_SURFACES
