"""Car, track, time and conditions, and the result."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from iracing_pipeline.analysis.consistency import lap_spread
from iracing_pipeline.analysis.sectors import theoretical_best
from iracing_pipeline.page.units import UNKNOWN, amount
from iracing_pipeline.report.words import lap_time, local, signed, tile, zone

if TYPE_CHECKING:
    from iracing_pipeline.report.data import SessionData

# irsdk_TrackWetness
_WETNESS = (
    None,
    "dry",
    "mostly dry",
    "very lightly wet",
    "lightly wet",
    "moderately wet",
    "very wet",
    "extremely wet",
)


def title(data: SessionData) -> str:
    """Track and configuration, plain text."""
    names = (data.session["track_name"] or "Unknown track", data.session["track_config"])
    return " \u00b7 ".join(name for name in names if name)


def kind(data: SessionData) -> str:
    """Kind of session and car, plain text."""
    names = (data.session["simsession_type"], data.session["car_name"])
    return " \u00b7 ".join(name for name in names if name)


def section(data: SessionData) -> str:
    """The head of the page."""
    session = data.session
    who = " \u00b7 ".join(
        escape(text)
        for text in (
            kind(data),
            session["driver_name"],
            session["team_name"],
            (data.result or {}).get("series_name"),
        )
        if text
    )
    start = local(session["start_time"], session)
    day = f"{start:%A}, {start.day} {start:%B %Y}"  # Windows knows no %-d
    when = f"{day}, {start:%H:%M} {escape(zone(session))}"
    return (
        f'<section id="top" class="hero"><p class="kicker">{who}</p><h1>{escape(title(data))}</h1>'
        f'<p class="when">{when}</p><p class="conditions">{_conditions(data)}</p>'
        f'<div class="tiles">{"".join(_tiles(data))}</div></section>'
    )


def _conditions(data: SessionData) -> str:
    session = data.session
    parts = [
        f"air {amount(session['air_temp_c'], 'temperature', 0)}",
        f"track {amount(session['track_temp_c'], 'temperature', 0)}",
    ]
    wetness = data.laps.get_column("track_wetness").drop_nulls().unique().sort().to_list()
    states = [_WETNESS[each] for each in wetness if 0 < each < len(_WETNESS)]
    if states:
        words = states if len(states) < 3 else [states[0], states[-1]]
        parts.append(" to ".join(str(word) for word in words))
    if session["relative_humidity"] is not None:
        parts.append(f"humidity {session['relative_humidity'] * 100:.0f}\u202f%")
    if session["wind_speed_mps"] is not None:
        parts.append(f"wind {amount(session['wind_speed_mps'], 'wind', 1)}")
    if session["track_length_m"] is not None:
        parts.append(f"lap {amount(session['track_length_m'], 'length', 3)}")
    return " \u00b7 ".join(parts)


def _tiles(data: SessionData) -> list[str]:
    tiles = [_best(data)]
    best = theoretical_best(data.sectors, data.laps)
    if best is not None and best.laps > 1 and len(best.sector_times_s) > 1:
        left = signed(best.lap_time_s - best.best_lap_time_s)
        tiles.append(
            tile("Theoretical best", lap_time(best.lap_time_s), f"{left} s by your best sectors")
        )
    spread = lap_spread(data.laps)
    if spread is not None:
        tiles.append(
            tile(
                "Spread of clean laps",
                f"\u00b1{spread.value:.2f} s",
                f"{spread.low:.2f} to {spread.high:.2f} s",
            )
        )
    tiles += _result(data)
    return tiles


def _best(data: SessionData) -> str:
    session = data.session
    clean = f"{session['clean_lap_count']} of {session['timed_lap_count']} timed laps clean"
    if session["best_lap_time_s"] is None:
        return tile("Best clean lap", UNKNOWN, "no clean lap yet: see the reasons in the lap table")
    return tile("Best clean lap", lap_time(session["best_lap_time_s"]), clean, tone="first")


def _result(data: SessionData) -> list[str]:
    result = data.result
    tiles = []
    if result is not None and data.session["simsession_type"] == "Race":
        finish, start = result["finish_position"], result["starting_position"]
        if finish is not None:
            of = f" of {result['car_count']}" if result["car_count"] else ""
            strength = result["strength_of_field"]
            field = f", strength of field {strength}" if strength else ""
            came = "" if start is None else f"from P{start}{of}{field}"
            tiles.append(tile("Result", f"P{finish}", came))
        before, after = result["irating_before"], result["irating_after"]
        if before is not None and after is not None:
            change = f"{after - before:+d}".replace("-", "\u2212")
            tiles.append(tile("iRating", str(after), f"{change} by this race"))
        before, after = result["safety_rating_before"], result["safety_rating_after"]
        if after is not None:
            licence = escape(str(result["licence_class_after"] or ""))
            same = result["licence_class_before"] == result["licence_class_after"]
            change = f"{after - before:+.2f} by this race" if same and before is not None else ""
            tiles.append(
                tile("Safety Rating", f"{licence} {after:.2f}", change.replace("-", "\u2212"))
            )
    elif data.session["irating"] is not None:
        tiles.append(tile("iRating", str(data.session["irating"]), "at the start"))
    incidents = data.session["incidents"]
    if incidents is not None:
        tiles.append(tile("Incident points", f"{incidents}x"))
    return tiles
