"""The main findings of a race: at most three of its ledger, costliest first.

Each is what one cause cost against the driver's own clean laps, in seconds, and, where the field is
known, in places and iRating. Where the ledger has rows, there is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import race_ledger, robust
from iracing_pipeline.analysis.corner_findings import weakest_corner
from iracing_pipeline.analysis.finding import Finding
from iracing_pipeline.analysis.race_notes import ALONE, lap_chart, notes_of
from iracing_pipeline.analysis.race_parts import FADE, MISTAKES, PACE, STOPS, TRAFFIC, Part, reach
from iracing_pipeline.tables.debrief import RACE_FINDING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iracing_pipeline.analysis.race_ledger import Race

__all__ = ["Debrief", "Finding", "Scored", "debrief", "race_findings"]

RACE = "Race"
"""SessionType of a race."""

MOST_FINDINGS = 3
LEAST_S = 0.5
"""Least loss over the whole race for a finding, unless there is no other."""
FEWEST_CLEAN_LAPS = 5
_FEWEST_STOPS = 3  # below, none of them can be called usual
_GOOD_SHARE = 20  # percentile of one's own laps that one could drive every time
_LONGER_THAN_FUEL_S = 2.0


@dataclass(frozen=True, slots=True)
class Scored:
    """A race as its lap chart shows it, and the driver's car.

    Attributes:
        race: All cars.
        group_id: The driver's car.
        place_value: iRating of one place; None if unknown.
    """

    race: Race
    group_id: int
    place_value: float | None = None


@dataclass(frozen=True, slots=True)
class Debrief:
    """A race in short.

    Attributes:
        findings: At most three, the costliest first; empty where the race has no ledger.
        clean_laps: Clean laps behind the findings.
    """

    findings: tuple[Finding, ...]
    clean_laps: int


def debrief(
    laps: pl.DataFrame,
    corners: pl.DataFrame,
    stints: pl.DataFrame,
    *,
    scored: Scored | None = None,
    is_race: bool = False,
) -> Debrief:
    """Debrief a race.

    Args:
        laps: Its laps, as rows of ``racing.telemetry_lap``.
        corners: Their corners, as rows of ``racing.lap_corner``.
        stints: Its stints, as rows of ``racing.stint``.
        scored: The race with all cars; None where only the telemetry is known.
        is_race: Whether it was a race, which has a finding however little it cost.
    """
    clean = laps.filter("clean").drop_nulls("lap_time_s")
    shown = scored or _alone(laps, corners)
    own = shown.race.paces.get(shown.group_id)
    findings = [*weakest_corner(corners, clean)]
    if own is None:
        findings += _stops_of_stints(stints)
    else:
        parts = shown.race.parts(shown.group_id, int(own.car.lap[-1]))
        findings += [
            *_mistakes(parts.get(MISTAKES)),
            *_rate(FADE, "pace", parts.get(FADE), "Tyres and fuel"),
            *_rate(TRAFFIC, "traffic", parts.get(TRAFFIC), "Traffic"),
            *(_stops(shown, parts.get(STOPS), stints) if scored else _stops_of_stints(stints)),
        ]
    worth = [finding for finding in findings if finding.seconds >= LEAST_S]
    if not worth and own is not None and (is_race or scored is not None):
        worth = [*findings, *_pace(shown)] or [*_unevenness(clean)]
        worth = [finding for finding in worth if finding.seconds > 0]
    worth.sort(key=lambda finding: -finding.seconds)
    ranked = (_priced(finding, scored) for finding in worth[:MOST_FINDINGS])
    return Debrief(tuple(ranked), clean.height)


def race_findings(
    session: dict[str, Any],
    laps: pl.DataFrame,
    corners: pl.DataFrame,
    stints: pl.DataFrame,
    *,
    scored: Scored | None = None,
) -> pl.DataFrame:
    """The findings of a session as rows of ``racing.race_finding``; none if it was no race.

    Args:
        session: Its row of ``racing.telemetry_session``.
        laps: Its laps.
        corners: Their corners.
        stints: Its stints.
        scored: The race with all cars; None where only the telemetry is known.
    """
    if session["simsession_type"] != RACE:
        return RACE_FINDING.frame()
    # A file may hold the practice before the race.
    of_race = laps.filter(pl.col("simsession_type").eq_missing(RACE))
    raced = of_race if of_race.height else laps
    driven = corners.join(raced, on=("session_key", "stint", "lap_number"), how="semi")
    findings = debrief(raced, driven, stints, scored=scored, is_race=True)
    return RACE_FINDING.frame(
        {
            "session_key": session["session_key"],
            "rank": rank,
            "kind": finding.kind,
            "text": finding.text,
            "seconds": finding.seconds,
            "laps": list(finding.laps),
            "corner": finding.corner,
            "clean_lap_count": findings.clean_laps,
            "low_s": finding.low_s,
            "high_s": finding.high_s,
            "places": finding.places,
            "irating": finding.irating,
            "advice": finding.advice,
            "cause": finding.cause,
        }
        for rank, finding in enumerate(findings.findings, start=1)
    )


def _alone(laps: pl.DataFrame, corners: pl.DataFrame) -> Scored:
    """The race as the telemetry of one car shows it."""
    chart, entry = lap_chart(laps)
    race = race_ledger.read_race(chart, entry, notes={ALONE: notes_of(laps, corners)})
    return Scored(race, ALONE)


def _interval(part: Part) -> tuple[float | None, float | None]:
    half = reach(part.freedom) * part.error if part.freedom > 0 else np.nan
    return (None, None) if np.isnan(half) else (part.seconds - half, part.seconds + half)


def _mistakes(part: Part | None) -> Iterable[Finding]:
    """Laps with a mistake, those into, out of and through the pits included."""
    if part is None or part.seconds <= 0 or not part.items:
        return
    low, high = _interval(part)
    if low is not None and low <= 0:  # cannot be determined from clean laps
        return
    worst = max(part.items, key=lambda item: float(item["seconds"]))
    lap, cost = worst["laps"][0], float(worst["seconds"])
    where = f" in turn {worst['corner']}" if worst.get("corner") else ""
    numbers = tuple(sorted({lap for item in part.items for lap in item["laps"]}))
    if len(numbers) == 1:
        text = f"A mistake on lap {lap} cost {part.seconds:.1f} s: {worst['why']}{where}."
    else:
        text = (
            f"Mistakes on {len(numbers)} laps cost {part.seconds:.1f} s, most of it"
            f" {worst['why']}{where} on lap {lap} ({cost:.1f} s)."
        )
    corner = worst.get("corner")
    yield Finding("mistake", text, part.seconds, numbers, corner, low, high, cause=MISTAKES)


def _rate(cause: str, kind: str, part: Part | None, name: str) -> Iterable[Finding]:
    """Fade or traffic, where it is established and cost time."""
    if part is None or part.middle is not None or part.seconds <= 0:
        return
    low, high = _interval(part)
    text = f"{name} cost {part.seconds:.1f} s: {part.text}."
    yield Finding(kind, text, part.seconds, (), None, low, high, cause=cause)


def _stops(scored: Scored, part: Part | None, stints: pl.DataFrame) -> Iterable[Finding]:
    """The stop that cost most beyond the usual stop of the class."""
    if part is None:
        return
    usual = _usual_stop(scored)
    if usual is None:
        return
    worst = max(part.items, key=lambda item: float(item["seconds"]))
    mistakes = sum(float(item["seconds"]) for item in part.items) - part.seconds
    seconds = float(worst["seconds"]) - (mistakes if len(part.items) == 1 else 0.0) - usual
    half = reach(part.freedom) * part.error if part.freedom > 0 else np.nan
    measured = not np.isnan(half)
    if measured and seconds - half <= 0:
        return
    first = worst["laps"][0]
    text = (
        f"The stop on lap {first} cost {seconds + usual:.1f} s,"
        f" {seconds:.1f} s more than the usual stop of the class."
    )
    yield Finding(
        "pit_stop",
        text,
        seconds,
        tuple(worst["laps"]),
        None,
        seconds - half if measured else None,
        seconds + half if measured else None,
        advice=_stop_advice(stints),
        cause=STOPS,
    )


def _usual_stop(scored: Scored) -> float | None:
    """Median of the stops of the other cars of the class; None for fewer than three."""
    class_id = scored.race.paces[scored.group_id].car.class_id
    others = [
        float(item["seconds"])
        for group_id, pace in scored.race.paces.items()
        if group_id != scored.group_id and pace.car.class_id == class_id
        for item in _stop_items(scored.race, group_id)
    ]
    return float(np.median(others)) if len(others) >= _FEWEST_STOPS else None


def _stop_items(race: Race, group_id: int) -> Sequence[dict[str, Any]]:
    part = race.parts(group_id, int(race.paces[group_id].car.lap[-1])).get(STOPS)
    return () if part is None else part.items


def _stop_advice(stints: pl.DataFrame) -> str | None:
    stood = stints.drop_nulls(["stationary_s", "refuel_s"])
    if stood.is_empty():
        return None
    longest = stood.sort("stationary_s").row(-1, named=True)
    idle = longest["stationary_s"] - longest["refuel_s"]
    if idle < _LONGER_THAN_FUEL_S:
        return None
    return (
        f"The car stood {longest['stationary_s']:.1f} s, {idle:.1f} s longer than the fuel took:"
        " take less service, or drive off at once."
    )


def _stops_of_stints(stints: pl.DataFrame) -> Iterable[Finding]:
    """The stop that cost most beside the race's others, the time in the stall left out."""
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
    yield Finding("pit_stop", text, seconds, (), cause=STOPS)


def _pace(scored: Scored) -> Iterable[Finding]:
    """Pace against the winner of the class, where nothing else cost time."""
    race = scored.race
    own = race.paces[scored.group_id]
    against = race_ledger.references(race)[own.car.class_id]
    winner = race.paces[against]
    last = int(min(own.car.lap[-1], winner.car.lap[-1]))
    mine, best = (race.parts(each, last).get(PACE) for each in (scored.group_id, against))
    if against == scored.group_id or mine is None or best is None:
        return
    seconds = mine.seconds - best.seconds
    if seconds <= 0:
        return
    half = robust.Z95 * float(np.hypot(mine.error, best.error))
    each = own.clean_pace_s - winner.clean_pace_s
    text = (
        f"Pace in clean air cost {seconds:.1f} s on the winner: {each:.2f} s a lap,"
        f" from {own.lap_count} of your laps and {winner.lap_count} of the winner's."
    )
    measured = not np.isnan(half)
    low, high = (seconds - half, seconds + half) if measured else (None, None)
    yield Finding("pace", text, seconds, (), None, low, high, cause=PACE)


def _unevenness(clean: pl.DataFrame) -> Iterable[Finding]:
    """Clean laps against one's own good ones, for a winner whom nothing else cost time."""
    times = clean.get_column("lap_time_s").to_numpy()
    if len(times) < FEWEST_CLEAN_LAPS:
        return
    good = float(np.percentile(times, _GOOD_SHARE))
    seconds = float((times - good).clip(min=0).sum())
    text = (
        f"Uneven laps cost {seconds:.1f} s against what you drove yourself in one lap of five,"
        f" over {len(times)} clean laps."
    )
    yield Finding("pace", text, seconds, (), cause=PACE)


def _priced(finding: Finding, scored: Scored | None) -> Finding:
    """The finding in places and iRating."""
    if scored is None:
        return finding
    paces = scored.race.paces
    own = paces[scored.group_id].car
    last = own.lap[-1]
    finish = float(own.at_s[-1])
    places = sum(
        finish - finding.seconds < float(pace.car.at_s[-1]) < finish
        for pace in paces.values()
        if pace.car.class_id == own.class_id and pace.car.lap[-1] == last
    )
    worth = None if scored.place_value is None else places * scored.place_value
    return replace(finding, places=places, irating=worth)
