"""What a race comes down to: two or three findings, each with its evidence, dearest first.

A finding is made only of what the data supports: enough clean laps, and a loss beyond their
scatter. What cannot be told is not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.sectors import LAP_KEY
from iracing_pipeline.tables.debrief import RACE_FINDING

if TYPE_CHECKING:
    from collections.abc import Iterable

RACE = "Race"
"""SessionType of a race."""

MOST_FINDINGS = 3
LEAST_S = 0.5
"""What is lost over the whole race before it is worth a sentence."""
FEWEST_CLEAN_LAPS = 5
_FEWEST_STOPS = 3  # below, none of them can be called usual
_BEST_SHARE = 20  # percentile of one's own times in a corner that one could drive every lap

MISTAKES = {
    "incident": "an incident",
    "off_track": "leaving the track",
    "stopped": "standing still",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that cost time.

    Attributes:
        kind: ``mistake``, ``corner``, ``pace`` or ``pit_stop``.
        text: It in words.
        seconds: What it cost over the race.
        laps: Laps that show it.
        corner: The corner it concerns, if it concerns one.
    """

    kind: str
    text: str
    seconds: float
    laps: tuple[int, ...]
    corner: int | None = None


@dataclass(frozen=True, slots=True)
class Debrief:
    """A race in short.

    Attributes:
        findings: At most three, the dearest first; empty where nothing can be told.
        clean_laps: Clean laps behind the findings.
    """

    findings: tuple[Finding, ...]
    clean_laps: int


def debrief(laps: pl.DataFrame, corners: pl.DataFrame, stints: pl.DataFrame) -> Debrief:
    """Debrief a race.

    Args:
        laps: Its laps, as rows of ``racing.telemetry_lap``.
        corners: Their corners, as rows of ``racing.lap_corner``.
        stints: Its stints, as rows of ``racing.stint``.
    """
    clean = laps.filter("clean").drop_nulls("lap_time_s")
    found = [
        *_mistakes(laps, clean),
        *_corners(corners, clean),
        *_fading(stints),
        *_stops(stints),
    ]
    worth = sorted(
        (finding for finding in found if finding.seconds >= LEAST_S),
        key=lambda finding: -finding.seconds,
    )
    return Debrief(tuple(worth[:MOST_FINDINGS]), clean.height)


def race_findings(
    session: dict[str, Any], laps: pl.DataFrame, corners: pl.DataFrame, stints: pl.DataFrame
) -> pl.DataFrame:
    """The findings of a session as rows of ``racing.race_finding``; none if it was no race.

    Args:
        session: Its row of ``racing.telemetry_session``.
        laps: Its laps.
        corners: Their corners.
        stints: Its stints.
    """
    if session["simsession_type"] != RACE:
        return RACE_FINDING.frame()
    # A file may hold the practice before the race.
    of_race = laps.filter(pl.col("simsession_type").eq_missing(RACE))
    raced = of_race if of_race.height else laps
    driven = corners.join(raced, on=("session_key", "stint", "lap_number"), how="semi")
    found = debrief(raced, driven, stints)
    return RACE_FINDING.frame(
        {
            "session_key": session["session_key"],
            "rank": rank,
            "kind": finding.kind,
            "text": finding.text,
            "seconds": finding.seconds,
            "laps": list(finding.laps),
            "corner": finding.corner,
            "clean_lap_count": found.clean_laps,
        }
        for rank, finding in enumerate(found.findings, start=1)
    )


def _mistakes(laps: pl.DataFrame, clean: pl.DataFrame) -> Iterable[Finding]:
    """Laps with a mistake, against the median clean lap; a mistake that cost nothing is none."""
    if clean.height < FEWEST_CLEAN_LAPS:
        return
    usual = float(np.median(clean.get_column("lap_time_s").to_numpy()))
    driven = laps.filter((pl.col("kind") == "timed") & pl.col("lap_time_s").is_not_null())
    lost: dict[int, tuple[float, str]] = {}
    for lap in driven.rows(named=True):
        why = next((words for name, words in MISTAKES.items() if name in lap["reasons"]), None)
        if why is not None and "caution" not in lap["reasons"] and lap["lap_time_s"] > usual:
            lost[lap["lap_number"]] = (lap["lap_time_s"] - usual, why)
    if not lost:
        return
    seconds = sum(each for each, _ in lost.values())
    worst, (cost, why) = max(lost.items(), key=lambda item: item[1][0])
    many = f"Mistakes on {len(lost)} laps" if len(lost) > 1 else f"A mistake on lap {worst}"
    detail = f", most of it by {why} on lap {worst} ({cost:.1f} s)" if len(lost) > 1 else f": {why}"
    yield Finding("mistake", f"{many} cost {seconds:.1f} s{detail}.", seconds, tuple(sorted(lost)))


def _corners(corners: pl.DataFrame, clean: pl.DataFrame) -> Iterable[Finding]:
    """The corner in which one's usual time is furthest from what one drove there oneself."""
    own = corners.join(clean.select(LAP_KEY), on=LAP_KEY, how="semi")
    best: Finding | None = None
    for (corner,), part in own.group_by("corner", maintain_order=True):
        times = part.get_column("time_s").to_numpy()
        middle = robust.middle(times)
        if middle is None:
            continue
        good = float(np.percentile(times, _BEST_SHARE))
        if middle.low <= good:  # within the scatter of the median: nothing to tell
            continue
        each = middle.value - good
        slow = part.filter(pl.col("time_s") > good).get_column("lap_number").to_list()
        seconds = float((times - good).clip(min=0).sum())
        if best is None or seconds > best.seconds:
            text = (
                f"Turn {corner} cost {each:.2f} s a lap against what you drove there yourself in"
                f" one lap of five: {seconds:.1f} s over {len(times)} clean laps."
            )
            best = Finding("corner", text, seconds, tuple(sorted(slow)), int(str(corner)))
    if best is not None:
        yield best


def _fading(stints: pl.DataFrame) -> Iterable[Finding]:
    """Stints that got slower beyond doubt."""
    for stint in stints.rows(named=True):
        slope, low = stint["pace_trend_s_per_lap"], stint["pace_trend_low_s_per_lap"]
        if slope is None or low is None or low <= 0:
            continue
        count = stint["trend_lap_count"]
        seconds = slope * count * (count - 1) / 2
        text = (
            f"Stint {stint['stint']} faded by {slope:.2f} s a lap (at least {low:.2f}):"
            f" {seconds:.1f} s over its {count} laps on warm tyres."
        )
        yield Finding("pace", text, seconds, ())


def _stops(stints: pl.DataFrame) -> Iterable[Finding]:
    """The stop that was dearest beside the race's others, the time in the stall left out."""
    passing = stints.select(
        "stint", lost_s=pl.col("pit_loss_s") - pl.col("stationary_s")
    ).drop_nulls()
    if passing.height < _FEWEST_STOPS:
        return
    usual = float(np.median(passing.get_column("lost_s").to_numpy()))
    worst = passing.sort("lost_s").row(-1, named=True)
    seconds = worst["lost_s"] - usual
    text = (
        f"The stop after stint {worst['stint']} cost {worst['lost_s']:.1f} s beside the time in the"
        f" stall, {seconds:.1f} s more than usual in this race."
    )
    yield Finding("pit_stop", text, seconds, ())
