"""The documents of the member and of the made-up world: searches, ratings, reference."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from iracing_pipeline.demo.fake_data_api.career import (
    FORMULA_CAR,
    MACHINES,
    OVAL,
    ROAD,
    SPLIT_OF_ROAD,
    SPORTS_CAR,
    VENUES,
    season_start,
)
from iracing_pipeline.demo.fake_data_api.race_documents import season_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iracing_pipeline.demo.fake_data_api.career import Career, Race
    from iracing_pipeline.results.season import Season

_NAMES = {OVAL: "Oval", ROAD: "Road", 3: "Dirt Oval", 4: "Dirt Road"}
_NAMES |= {SPORTS_CAR: "Sports Car", FORMULA_CAR: "Formula Car"}


def search_row(career: Career, race: Race) -> dict[str, Any]:
    """A row of the search with the member's id: the member's own result."""
    row = {
        "cust_id": career.cust_id,
        "session_id": race.subsession_id + 200_000_000,
        "subsession_id": race.subsession_id,
        "start_time": f"{race.start:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{race.end:%Y-%m-%dT%H:%M:%SZ}",
        "license_category_id": race.machine.category_id,
        "license_category": _NAMES[race.machine.category_id],
        "num_drivers": race.field,
        "num_cautions": 0,
        "num_caution_laps": 0,
        "num_lead_changes": 1,
        "event_laps_complete": race.laps,
        "driver_changes": False,
        "winner_ai": False,
        "track": {
            "track_id": race.venue.track_id,
            "track_name": f"{race.venue.name} ",
            "config_name": race.venue.config or "N/A",
        },
        "starting_position": race.grid - 1,
        "finish_position": race.finish - 1,
        "starting_position_in_class": race.grid - 1,
        "finish_position_in_class": race.finish - 1,
        "laps_led": race.laps if race.finish == 1 else 0,
        "incidents": race.incidents,
        "car_id": race.machine.car_id,
        "car_name": race.machine.name,
        "car_class_id": race.machine.class_id,
        "car_class_name": race.machine.class_name,
    }
    if not race.official:
        return {
            **row,
            "private_session_id": race.subsession_id // 10,
            "session_name": "Friends",
            "league_id": 0,
            "league_season_id": 0,
            "host": {"cust_id": 800_001, "display_name": "Driver 1"},
            "heat_race": False,
        }
    return {
        **row,
        "official_session": True,
        "season_id": season_id(race),
        "season_year": race.season.year,
        "season_quarter": race.season.quarter,
        "event_type": 5,
        "event_type_name": "Race",
        "series_id": race.machine.series_id,
        "series_name": race.machine.series_name,
        "series_short_name": race.machine.series_name,
        "race_week_num": race.week,
        "champ_points": max(0, 150 - 6 * (race.finish - 1)),
        "drop_race": False,
    }


def member_info(career: Career, now: datetime) -> dict[str, Any]:
    """``member/info``: who the token belongs to, with present licences."""
    last: dict[int, Race] = {}
    for race in career.races:
        if race.end <= now:
            last[race.machine.category_id] = race
    return {
        "cust_id": career.cust_id,
        "display_name": career.name,
        "member_since": f"{career.member_since:%Y-%m-%d}",
        "flair_shortname": "AUT",
        "last_login": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "licenses": {
            _NAMES[category].lower().replace(" ", "_"): {
                "category_id": category,
                "category": _NAMES[category].lower().replace(" ", "_"),
                "category_name": _NAMES[category],
                "license_level": race.licence[1],
                "safety_rating": race.safety[1] / 100,
                "cpi": race.cpi[1],
                "irating": race.irating[1],
                "tt_rating": 1350,
            }
            for category, race in sorted(last.items())
        },
    }


def chart_data(career: Career, category: int, chart: int, now: datetime) -> dict[str, Any]:
    """``member/chart_data``: a point for every week with a race."""
    points: dict[str, int] = {}
    if category == ROAD:
        # Ratings of the years before the career that races tell of.
        first = career.races[0].irating[0]
        for week in range(40):
            day = SPLIT_OF_ROAD - timedelta(weeks=41 - week)
            points[f"{day:%Y-%m-%d}"] = first - 200 + 5 * week if chart == 1 else 2000 + 150 + week
    for race in career.races:
        if race.machine.category_id == category and race.official and race.end <= now:
            monday = race.end - timedelta(days=race.end.weekday())
            group = (race.licence[1] - 1) // 4 + 1
            value = race.irating[1] if chart == 1 else group * 1000 + race.safety[1]
            points[f"{monday:%Y-%m-%d}"] = value
    return {
        "success": True,
        "blackout": False,
        "cust_id": career.cust_id,
        "category_id": category,
        "chart_type": chart,
        "data": [{"when": day, "value": value} for day, value in sorted(points.items())],
    }


def totals(career: Career, now: datetime, *, yearly: bool) -> dict[str, Any]:
    """``stats/member_career`` or ``stats/member_yearly``."""
    groups: dict[tuple[int, int | None], list[Race]] = {}
    for race in career.races:
        if race.official and race.end <= now:
            key = (race.machine.category_id, race.end.year if yearly else None)
            groups.setdefault(key, []).append(race)
    stats = []
    for (category, year), races in sorted(groups.items(), key=repr):
        count = len(races)
        stats.append(
            {
                "category_id": category,
                "category": _NAMES[category],
                "starts": count,
                "wins": sum(race.finish == 1 for race in races),
                "top5": sum(race.finish <= 5 for race in races),
                "poles": sum(race.grid == 1 for race in races),
                "avg_start_position": round(sum(race.grid for race in races) / count),
                "avg_finish_position": round(sum(race.finish for race in races) / count),
                "laps": sum(race.laps for race in races),
                "laps_led": sum(race.laps for race in races if race.finish == 1),
                "avg_incidents": round(sum(race.incidents for race in races) / count, 4),
                "avg_points": round(sum(max(0, 156 - 6 * race.finish) for race in races) / count),
                **({"year": year} if yearly else {}),
            }
        )
    return {"stats": stats, "cust_id": career.cust_id}


def recent_races(career: Career, now: datetime) -> dict[str, Any]:
    """``stats/member_recent_races``: the ten newest official races, positions from 1."""
    done = [race for race in career.races if race.official and race.end <= now][-10:]
    return {
        "races": [
            {
                "season_id": season_id(race),
                "series_id": race.machine.series_id,
                "series_name": race.machine.series_name,
                "car_id": race.machine.car_id,
                "session_start_time": f"{race.start:%Y-%m-%dT%H:%M:%SZ}",
                "start_position": race.grid,
                "finish_position": race.finish,
                "incidents": race.incidents,
                "subsession_id": race.subsession_id,
                "old_sub_level": race.safety[0],
                "new_sub_level": race.safety[1],
                "oldi_rating": race.irating[0],
                "newi_rating": race.irating[1],
                "season_year": race.season.year,
                "season_quarter": race.season.quarter,
                "race_week_num": race.week,
            }
            for race in reversed(done)
        ],
        "cust_id": career.cust_id,
    }


def tracks() -> list[dict[str, Any]]:
    """``track/get``."""
    return [
        {
            "track_id": venue.track_id,
            "track_name": venue.name,
            "config_name": venue.config,
            "category_id": venue.category_id,
            "track_config_length": venue.length_miles,
            "corners_per_lap": venue.corners,
            "nominal_lap_time": venue.lap_s,
            "is_oval": venue.category_id == OVAL,
            "is_dirt": False,
            "retired": False,
        }
        for venue in VENUES
    ]


def cars() -> list[dict[str, Any]]:
    """``car/get``."""
    return [
        {
            "car_id": machine.car_id,
            "car_name": machine.name,
            "car_name_abbreviated": machine.name[:3].upper(),
            "car_weight": 2900,
            "hp": 500,
            "categories": [_NAMES[machine.category_id].lower().replace(" ", "_")],
            "car_types": [],
            "retired": False,
        }
        for machine in MACHINES
    ]


def car_classes() -> list[dict[str, Any]]:
    """``carclass/get``."""
    return [
        {
            "car_class_id": machine.class_id,
            "name": machine.class_name,
            "short_name": machine.class_name,
            "cars_in_class": [{"car_id": machine.car_id}],
        }
        for machine in MACHINES
    ]


def series() -> list[dict[str, Any]]:
    """``series/get``."""
    return [
        {
            "series_id": machine.series_id,
            "series_name": machine.series_name,
            "series_short_name": machine.series_name,
            "category_id": machine.category_id,
            "min_starters": 6,
            "max_starters": 30,
            "allowed_licenses": [{"license_group": 2}],
        }
        for machine in MACHINES
    ]


def seasons(season_list: Iterable[Season]) -> list[dict[str, Any]]:
    """``series/seasons``: each series in each of the given quarters, with its schedule."""
    made = []
    for season in season_list:
        start = season_start(season)
        for machine in MACHINES:
            number = (season.year * 4 + season.quarter) * 10 + machine.series_id % 10
            venues = [v for v in VENUES if (v.category_id == OVAL) == (machine.category_id == OVAL)]
            made.append(
                {
                    "season_id": number,
                    "series_id": machine.series_id,
                    "season_name": f"{machine.series_name} - {season}",
                    "season_year": season.year,
                    "season_quarter": season.quarter,
                    "active": True,
                    "official": True,
                    "fixed_setup": False,
                    "driver_changes": False,
                    "max_weeks": 12,
                    "car_class_ids": [machine.class_id],
                    "start_date": f"{start:%Y-%m-%d}",
                    "schedules": [
                        _week(number, week, start, venues[week % len(venues)]) for week in range(12)
                    ],
                }
            )
    return made


def _week(number: int, week: int, start: datetime, venue: Any) -> dict[str, Any]:
    day = start + timedelta(weeks=week)
    return {
        "season_id": number,
        "race_week_num": week,
        "start_date": f"{day:%Y-%m-%d}",
        "race_time_limit": 20,
        "track": {
            "track_id": venue.track_id,
            "track_name": venue.name,
            "config_name": venue.config or "N/A",
        },
    }


def licences() -> list[dict[str, Any]]:
    """``lookup/licenses``."""
    letters = ("R", "D", "C", "B", "A", "P", "PWC")
    return [
        {
            "license_group": group,
            "group_name": f"Class {letter}",
            "levels": [
                {
                    "license_id": 4 * (group - 1) + step,
                    "license_group": group,
                    "license": f"Class {letter} {step}.0",
                    "short_name": f"{letter} {step}.0",
                    "license_letter": letter,
                    "color": "fc0706",
                }
                for step in range(1, 5)
            ],
        }
        for group, letter in enumerate(letters, start=1)
    ]


def constants(kind: str) -> list[dict[str, Any]]:
    """``constants/categories``, ``constants/divisions`` and ``constants/event_types``."""
    labels: dict[str, dict[int, str]] = {
        "categories": _NAMES,
        "divisions": {-1: "ALL", **{n: f"Division {n + 1}" for n in range(10)}, 10: "Rookie"},
        "event_types": {2: "Practice", 3: "Qualify", 4: "Time Trial", 5: "Race"},
    }
    return [{"label": label, "value": value} for value, label in labels[kind].items()]
