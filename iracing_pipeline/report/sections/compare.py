"""The best lap against another one: along the lap, on the map, and corner by corner."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from iracing_pipeline.page.units import amount, symbol
from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.report import words
from iracing_pipeline.report.sections.traces import traces_of
from iracing_pipeline.report.sections.track_map import map_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.page import Charts
    from iracing_pipeline.report.data import SessionData
    from iracing_pipeline.report.losses import CornerLoss
    from iracing_pipeline.report.opponents import Opponent


@dataclass(frozen=True, slots=True)
class Compared:
    """The section, and which of its charts share a cursor."""

    html: str
    cursors: dict[str, list[str]] = field(default_factory=dict)


def section(data: SessionData, charts: Charts) -> Compared:
    """The comparison with each lap there is to compare with; the reader chooses."""
    lap = data.lap
    if lap is None:
        why = (
            "No lap was driven from line to line with the channels that a trace needs"
            " (LapDistPct, SessionTime, Speed)."
        )
        return Compared(words.section("compare", "Where the time is", words.empty(why)))
    others = [each for each in data.opponents if _same_grid(lap, each)]
    if not others:
        alone = _block(data, lap, None, charts, 0)
        why = words.empty(
            "There is no other lap to compare with yet. A second clean lap here, in this session"
            " or another, makes one; so does a lap of somebody else:"
            " iracing-pipeline reference FILE."
        )
        title = f"Lap {lap.lap_number}, {clock(lap.lap_time_s, 3)}"
        return Compared(
            words.section("compare", title, why, alone.html), {"compare-0": alone.charts}
        )
    blocks = [_block(data, lap, other, charts, at) for at, other in enumerate(others)]
    html = "".join(
        f'<div data-choice="compare" data-value="{at}"{" hidden" if at else ""}>{block.html}</div>'
        for at, block in enumerate(blocks)
    )
    return Compared(
        words.section(
            "compare",
            "Where the time is",
            _choice(lap, others),
            html,
            about="By distance: where the delta rises, the best lap of this session loses time."
            " Drag to zoom, double-click to see all.",
        ),
        {f"compare-{at}": block.charts for at, block in enumerate(blocks)},
    )


@dataclass(frozen=True, slots=True)
class _Block:
    html: str
    charts: list[str]


def _same_grid(lap: Opponent, other: Opponent) -> bool:
    return len(lap.trace["distance_m"]) == len(other.trace.get("distance_m", ()))


def _choice(lap: Opponent, others: list[Opponent]) -> str:
    def options(*, own: bool) -> str:
        return "".join(
            f'<option value="{at}">{escape(_words(each))}</option>'
            for at, each in enumerate(others)
            if each.own == own
        )

    groups = "".join(
        f'<optgroup label="{label}">{inner}</optgroup>'
        for label, inner in (
            ("Your laps", options(own=True)),
            ("Laps of others", options(own=False)),
        )
        if inner
    )
    return (
        '<div class="versus"><span class="lap-name mine">'
        f"Lap {lap.lap_number}, {clock(lap.lap_time_s, 3)}</span>"
        '<label>against <select data-chooses="compare" aria-label="Lap to compare with">'
        f"{groups}</select></label></div>"
    )


def _words(other: Opponent) -> str:
    name = other.what[0].upper() + other.what[1:]
    who = f" of {other.driver}" if other.driver else ""
    number = "" if other.lap_number is None else f", lap {other.lap_number}"
    when = f", {other.when:%Y-%m-%d}" if other.when else ""
    return f"{clock(other.lap_time_s, 3)} \u00b7 {name}{who}{number}{when}"


def _block(
    data: SessionData, lap: Opponent, other: Opponent | None, charts: Charts, at: int
) -> _Block:
    corners = [(row["corner"], row["apex_m"]) for row in data.corner_map.rows(named=True)]
    traces, keys = traces_of(lap, other, corners, charts)
    track, more = map_of(lap, other, corners, charts, at)
    table = _table(other.losses) if other else ""
    caveat = ""
    if other is not None and other.against:
        caveat = f'<p class="caveat">Compare with care: {escape(", ".join(other.against))}.</p>'
    html = (
        f'{caveat}<div class="traces"><div class="card">{traces}</div>'
        f'<div class="side"><div class="card map">{track}</div>'
        f"{table}</div></div>"
    )
    return _Block(html, [*keys, *more])


def _table(losses: Sequence[CornerLoss]) -> str:
    if not losses:
        return words.empty(
            "No corner table: no map of this track's corners is known yet, or the speed is not."
        )
    widest = max(abs(each.lost_s) for each in losses) or 1.0
    rows = [
        words.row(
            (
                f"T{each.corner}" if each.corner else "start",
                _diverging(each.lost_s, widest),
                _change(each.min_speed_mps[0], each.min_speed_mps[1], "speed"),
                _brake(each),
            )
        )
        for each in sorted(losses, key=lambda each: -each.lost_s)
    ]
    head = (
        "Turn",
        "Lost, s",
        f"Slowest, {symbol('speed')}",
        f"Braked, {symbol('distance')}",
    )
    return f'<div class="card">{words.table(head, rows, kind="losses")}</div>'


def _diverging(lost: float, widest: float) -> str:
    """A bar to the right for a loss, to the left for a gain."""
    share = 50 * abs(lost) / widest
    side = f"left:50%;width:{share:.1f}%" if lost > 0 else f"right:50%;width:{share:.1f}%"
    tone = "loss" if lost > 0 else "gain"
    return (
        f'<span class="diverging"><i class="{tone}" style="{side}"></i></span>{words.signed(lost)}'
    )


def _change(mine: float, theirs: float, quantity: str) -> str:
    return f"{amount(mine, quantity, 0, unit=False)}<small> / {_plain(theirs, quantity)}</small>"


def _plain(value: float, quantity: str) -> str:
    return amount(value, quantity, 0, unit=False)


def _brake(each: CornerLoss) -> str:
    """Describe how much later or earlier the driver braked."""
    mine, theirs = each.brake_point_m
    if mine is None or theirs is None:
        return ""
    later = mine - theirs
    if abs(later) < 1:
        return "same"
    return f"{_plain(abs(later), 'distance')} {'later' if later > 0 else 'earlier'}"
