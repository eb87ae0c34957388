"""Two or three things in words, each with what shows it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from iracing_pipeline.analysis.debrief import (
    FEWEST_CLEAN_LAPS,
    LEAST_S,
    MOST_FINDINGS,
    debrief,
)
from iracing_pipeline.analysis.sectors import theoretical_best
from iracing_pipeline.page.units import amount
from iracing_pipeline.report import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iracing_pipeline.report.data import SessionData

_SLOWER_MPS = 0.5
_ANCHORS = {"mistake": "laps", "corner": "consistency", "pace": "stints", "pit_stop": "stints"}
_WORTH_S = 0.05  # less than this in one lap is not worth a sentence


@dataclass(frozen=True, slots=True)
class Told:
    """One finding: its text and what shows it, both HTML, and the section that does."""

    text: str
    evidence: str
    anchor: str


def section(data: SessionData) -> str:
    """The findings, or why there is none."""
    findings = [*_costs(data), *_best_lap(data), *_own_sectors(data)][:MOST_FINDINGS]
    if not findings:
        return words.section("findings", "What it comes down to", words.empty(_why_none(data)))
    items = "".join(
        f'<li><p>{each.text}</p><a href="#{each.anchor}">{each.evidence}</a></li>'
        for each in findings
    )
    return words.section("findings", "What it comes down to", f'<ol class="findings">{items}</ol>')


def _why_none(data: SessionData) -> str:
    clean = data.session["clean_lap_count"]
    if clean >= FEWEST_CLEAN_LAPS:
        return (
            f"Nothing stands out: over {words.count(clean, 'clean lap')} nothing cost {LEAST_S} s"
            f" beyond their scatter, nor {_WORTH_S} s in the best lap."
        )
    return (
        f"No finding yet: {words.count(clean, 'clean lap')}, and a finding needs"
        f" {FEWEST_CLEAN_LAPS} of one session, or another clean lap here to compare with."
    )


def _costs(data: SessionData) -> Iterable[Told]:
    """Findings that cost time over the session; of a race, the stored findings."""
    if data.findings.height:
        for row in data.findings.sort("rank").rows(named=True):
            yield _told(row["text"], row["kind"], row["laps"], row["clean_lap_count"], _price(row))
        return
    findings = debrief(data.laps, data.lap_corners, data.stints)
    for finding in findings.findings:
        advice = f" {finding.advice}" if finding.advice else ""
        yield _told(finding.text, finding.kind, finding.laps, findings.clean_laps, advice)


def _told(text: str, kind: str, laps: Sequence[int], clean_laps: int, more: str) -> Told:
    numbers = ", ".join(map(str, laps[:8])) + (" and others" if len(laps) > 8 else "")
    shown = f"laps {numbers}" if laps else f"{clean_laps} clean laps"
    return Told(escape(text + more), f"Shown by {shown}", _ANCHORS.get(kind, "laps"))


def _price(row: dict[str, Any]) -> str:
    """Places and iRating of a stored finding, and its advice, as further sentences."""
    worth = ""
    if row["places"]:
        irating = "" if row["irating"] is None else f", {row['irating']:.0f} iRating"
        worth = f" That is {words.count(row['places'], 'place')}{irating}."
    return worth + (f" {row['advice']}" if row["advice"] else "")


def _best_lap(data: SessionData) -> Iterable[Told]:
    """Where the best lap lost most to the first lap that it is compared with."""
    if data.lap is None or not data.opponents:
        return
    other = data.opponents[0]
    named = [each for each in other.losses if each.corner]
    worst = max(named, key=lambda each: each.lost_s, default=None)
    if worst is None or worst.lost_s < _WORTH_S:
        return
    slow, quick = worst.min_speed_mps
    less = amount(quick - slow, "speed", 0)
    how = f" with {less} less at its slowest point" if quick - slow >= _SLOWER_MPS else ""
    yield Told(
        f"Your best lap lost {worst.lost_s:.2f} s in turn {worst.corner} to {other.what}{how}.",
        f"Lap {data.lap.lap_number} against {words.lap_time(other.lap_time_s)}",
        "compare",
    )


def _own_sectors(data: SessionData) -> Iterable[Told]:
    """Time left in one's own sectors."""
    best = theoretical_best(data.sectors, data.laps)
    if best is None or best.laps < 2:
        return
    left = best.best_lap_time_s - best.lap_time_s
    if left >= _WORTH_S:
        yield Told(
            f"Your own best sectors together are {left:.2f} s faster than your best lap.",
            f"Best of {best.laps} clean laps: {words.lap_time(best.lap_time_s)}",
            "sectors",
        )
