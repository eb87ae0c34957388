"""The race in seconds and places: what the gap to the winner is made of, and what else it could be.

Every figure is that of the views of races; this module only lays them out.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.units import UNKNOWN, amount
from iracing_pipeline.report import chart, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.page import Charts
    from iracing_pipeline.report.data import SessionData
    from iracing_pipeline.report.race_data import RaceData, Row

_CAUSES = {
    "start": "Start",
    "pace": "Pace",
    "traffic": "Traffic",
    "fade": "Tyres and fuel",
    "stops": "Stops",
    "mistakes": "Mistakes",
    "cautions": "Cautions",
    "unexplained": "Unexplained",
}
_MOST_ITEMS = 6


def section(data: SessionData, charts: Charts) -> str:
    """The race; empty for a session that was none."""
    if data.session["simsession_type"] != "Race":
        return ""
    if data.race is None:
        why = "The laps of the other cars are not known: load the result of the race."
        return words.section("race", "Race", words.empty(why))
    race = data.race
    return words.section(
        "race",
        "Race",
        f'<div class="beside"><div class="card">{_waterfall(race)}</div>'
        f'<div class="card">{_places(race, charts)}</div></div>',
        f'<div class="beside"><div class="card">{_what_ifs(race)}</div>'
        f'<div class="card">{_incidents(race)}</div></div>',
        about="Seconds are to the winner of the class, from the session clock at the line, and add"
        " up to the gap. Brackets are 95 % intervals; grey causes are not significant.",
    )


def _waterfall(race: RaceData) -> str:
    """One row for each cause: where it begins, where it ends, and its seconds."""
    first = race.ledger[0]
    ends = [0.0, *(row["from_s"] for row in race.ledger), *(row["to_s"] for row in race.ledger)]
    low, span = min(ends), max(max(ends) - min(ends), 1e-9)
    rows = [_cause(row, low, span) for row in race.ledger]
    down = f", {words.count(first['laps_down'], 'lap')} down" if first["laps_down"] else ""
    official = first["official_gap_s"]
    beside = "" if official is None else f"; the result says {official:.3f} s"
    if first["group_id"] == first["against_group_id"]:
        title = "You won your class: there is no gap to explain"
    else:
        title = f"{first['gap_s']:.3f} s to the winner at lap {first['lap_number']}{down}"
        total = (
            "<b>Gap</b>",
            "",
            f"<b>{sum(row['seconds'] for row in race.ledger):+.3f}</b>",
        )
        rows.append(words.row(total, "total"))
    return (
        f"<h3>{escape(title)}</h3>"
        f"{words.table(('Cause', '', 'Seconds'), rows, kind='waterfall')}"
        f"<small>Sum of the causes{escape(beside)}.</small>{_items(race.items)}"
    )


def _cause(row: Row, low: float, span: float) -> str:
    left, right = sorted((row["from_s"], row["to_s"]))
    tone = ("loss" if row["seconds"] > 0 else "gain") if row["supported"] else "none"
    bar = (
        f'<span class="fall"><i class="{tone}" style="left:{100 * (left - low) / span:.2f}%;'
        f'width:{max(100 * (right - left) / span, 0.6):.2f}%"></i></span>'
    )
    interval = (
        ""
        if row["low_s"] is None or row["low_s"] == row["high_s"]
        else f"<small>{row['low_s']:+.1f} to {row['high_s']:+.1f}</small>"
    )
    seconds = f"{words.signed(row['seconds'], 2)} {interval}"
    kind = "" if row["supported"] else "not-clean"
    return words.row((escape(_CAUSES.get(row["cause"]) or str(row["cause"])), bar, seconds), kind)


def _items(items: Sequence[Row]) -> str:
    """The laps and stops that cost most, against the driver's own clean laps."""
    if not items:
        return ""
    listed = "".join(
        f"<li>Lap {row['first_lap']}: {row['seconds']:.1f} s, {escape(row['why'])}</li>"
        for row in items[:_MOST_ITEMS]
    )
    title = "<h4>Costliest laps and stops, against your own clean laps</h4>"
    return f'{title}<ul class="items">{listed}</ul>'


def _places(race: RaceData, charts: Charts) -> str:
    """Place in class lap by lap, with the cause at each lap that lost a place."""
    if not race.places:
        return f"<h3>Places</h3>{words.empty('No lap of the race has a session time.')}"
    causes: dict[int, str] = {}
    for item in race.items:
        causes.setdefault(item["first_lap"], item["why"])
    laps = [lap for lap, _ in race.places]
    places = [place for _, place in race.places]
    notes = [""] * len(laps)
    lost: list[int] = []
    for at in range(1, len(laps)):
        change = places[at] - places[at - 1]
        if change > 0:
            why = causes.get(laps[at]) or causes.get(laps[at] - 1) or "no cause seen"
            notes[at] = f"{change} lost: {why}"
            lost.append(at)
    trace: dict[str, Any] = {
        "x": laps,
        "y": places,
        "text": notes,
        "mode": "lines",
        "line": {"shape": "hv", "color": "--blue", "width": 2},
        "hovertemplate": "lap %{x}: P%{y} %{text}<extra></extra>",
    }
    marks = {
        "x": [laps[at] for at in lost],
        "y": [places[at] for at in lost],
        "text": [notes[at] for at in lost],
        "mode": "markers",
        "marker": {"color": "--orange", "size": 9},
        "hovertemplate": "lap %{x}: P%{y}, %{text}<extra></extra>",
    }
    figure = chart.figure(
        [trace, marks],
        xaxis=chart.axis("lap"),
        yaxis=chart.axis("place in class", autorange="reversed", rangemode="tozero", dtick=5),
    )
    drawn = charts.add(figure, label="Place in class at the end of each lap", height_px=250)
    listed = "".join(f"<li>Lap {laps[at]}: {escape(notes[at])}</li>" for at in lost)
    items = f'<ul class="items">{listed}</ul>' if listed else "<small>No place was lost.</small>"
    return f"<h3>P{places[0]} on the grid, P{places[-1]} at the line</h3>{drawn}{items}"


def _what_ifs(race: RaceData) -> str:
    title = "<h3>What if</h3>"
    if not race.what_ifs:
        return title + words.empty("The race was not driven again yet: the pipeline does it next.")
    asked = [row for row in race.what_ifs if row["refused_for"] is None]
    refused = "".join(
        f"<li>{escape(row['question'])}: {escape(row['refused_for'])}</li>"
        for row in race.what_ifs
        if row["refused_for"] is not None
    )
    rows = [
        words.row(
            (
                escape(row["question"]),
                _place(row),
                f"{row['places_gained']:+.1f}",
                f"{row['gained_s']:+.1f} <small>{_span(row)}</small>",
                UNKNOWN if row["irating_gained"] is None else f"{row['irating_gained']:+.0f}",
            )
        )
        for row in asked
    ]
    head = ("With one change", "Place", "Places", "Seconds", "iRating")
    table = words.table(head, rows, kind="what-if") if rows else ""
    drawn = (
        f"<small>Driven again {asked[0]['races']} times with and without the change; ranges hold"
        " 90 % of the races. Places, seconds and iRating are what the change gains.</small>"
        if asked
        else ""
    )
    return title + table + drawn + (f'<ul class="items">{refused}</ul>' if refused else "")


def _place(row: Row) -> str:
    range_shown = f"<small>P{row['place_low']} to P{row['place_high']}</small>"
    return f"P{row['place']:.0f}, not P{row['place_as_it_was']:.0f} {range_shown}"


def _span(row: Row) -> str:
    return f"{row['gained_low_s']:+.1f} to {row['gained_high_s']:+.1f}"


def _incidents(race: RaceData) -> str:
    ladder = "; ".join(
        f"{row['penalty']} at {row['at_points']} points"
        + (f", {row['points_left']} short of it" if row["points_left"] is not None else "")
        for row in race.ladder
    )
    limits = f"<small>{escape(ladder)}.</small>" if ladder else ""
    if not race.incidents:
        return f"<h3>Incidents</h3>{words.empty('The incident count did not rise.')}{limits}"
    rows = [
        words.row(
            (
                f"Lap {row['lap_number']}",
                _where(row),
                f"+{row['points']} <small>{row['total_points']} in all</small>",
                escape(row["kind"] or "kind not shown"),
                words.number(row["seconds"], 1),
                _moved(row),
                f"{row['session_time_s']:.0f} s",
            )
        )
        for row in race.incidents
    ]
    head = ("Lap", "Where", "Points", "Kind", "Lost, s", "Place", "Replay")
    return f"<h3>Incidents</h3>{words.table(head, rows, kind='incidents')}{limits}"


def _where(row: Row) -> str:
    if row["corner"] is not None:
        return f"turn {row['corner']}"
    return UNKNOWN if row["distance_m"] is None else amount(row["distance_m"], "distance", 0)


def _moved(row: Row) -> str:
    before, after = row["position_before"], row["position_after"]
    return UNKNOWN if before is None or after is None else f"P{before} to P{after}"
