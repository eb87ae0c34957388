"""The documents of the member and of the made-up world: searches, ratings, reference."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from iracing_pipeline.demo.fake_data_api.career import (
    FORMULA_CAR,
    LAST_SEASON,
    MACHINES,
    OVAL,
    ROAD,
    SPLIT_OF_ROAD,
    SPORTS_CAR,
    season_id,
)
from iracing_pipeline.results.season import season_start

if TYPE_CHECKING:
    from iracing_pipeline.demo.career import Series
    from iracing_pipeline.demo.fake_data_api.career import Career, Race

_SERIES = tuple(dict.fromkeys(machine.series for machine in MACHINES))
_NAMES = {OVAL: "Oval", ROAD: "Road", 3: "Dirt Oval", 4: "Dirt Road"}
_NAMES |= {SPORTS_CAR: "Sports Car", FORMULA_CAR: "Formula Car"}


def search_row(career: Career, race: Race) -> dict[str, Any]:
    """A row of the search with the member's id: the member's own result."""
    row = {
        "cust_id": career.cust_id,
        "session_id": race.pinned.session_id if race.pinned else race.subsession_id + 200_000_000,
        "subsession_id": race.subsession_id,
        "start_time": f"{race.start:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{race.end:%Y-%m-%dT%H:%M:%SZ}",
        "license_category_id": race.category_id,
        "license_category": _NAMES[race.category_id],
        "num_drivers": race.field,
        "num_cautions": 0,
        "num_caution_laps": 0,
        "num_lead_changes": 1,
        "event_laps_complete": race.laps,
        "driver_changes": False,
        "winner_ai": False,
        "track": {
            "track_id": race.machine.circuit.place.track_id,
            "track_name": f"{race.machine.circuit.place.name} ",
            "config_name": race.machine.circuit.place.config or "N/A",
        },
        "starting_position": race.grid - 1,
        "finish_position": race.finish - 1,
        "starting_position_in_class": race.grid - 1,
        "finish_position_in_class": race.finish - 1,
        "laps_led": race.laps if race.finish == 1 else 0,
        "incidents": race.incidents,
        "car_id": race.machine.series.car.car_id,
        "car_name": race.machine.series.car.name,
        "car_class_id": race.machine.class_id,
        "car_class_name": race.machine.series.car.class_name,
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
        "season_id": race.season_id,
        "season_year": race.season.year,
        "season_quarter": race.season.quarter,
        "event_type": 5,
        "event_type_name": "Race",
        "series_id": race.machine.series.series_id,
        "series_name": race.machine.series.name,
        "series_short_name": race.machine.series.name,
        "race_week_num": race.week,
        "champ_points": max(0, 150 - 6 * (race.finish - 1)),
        "drop_race": False,
    }


def member_info(career: Career, now: datetime) -> dict[str, Any]:
    """``member/info``: who the token belongs to, with present licences."""
    last: dict[int, Race] = {}
    for race in career.races:
        if race.end <= now:
            last[race.category_id] = race
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
        # Ratings of the years before the races that the searches find.
        first = career.races[0].irating[0]
        begin = min(SPLIT_OF_ROAD, career.races[0].start)
        for week in range(40):
            day = begin - timedelta(weeks=41 - week)
            points[f"{day:%Y-%m-%d}"] = first - 200 + 5 * week if chart == 1 else 2000 + 150 + week
    for race in career.races:
        if race.category_id == category and race.official and race.end <= now:
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
            key = (race.category_id, race.end.year if yearly else None)
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
                "season_id": race.season_id,
                "series_id": race.machine.series.series_id,
                "series_name": race.machine.series.name,
                "car_id": race.machine.series.car.car_id,
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
    circuits = {machine.circuit.place.track_id: machine for machine in MACHINES}
    return [
        {
            "track_id": track_id,
            "track_name": machine.circuit.place.name,
            "config_name": machine.circuit.place.config,
            "category_id": OVAL if machine.circuit.place.category == "Oval" else ROAD,
            "track_config_length": round(machine.circuit.length_m / 1609.344, 3),
            "corners_per_lap": machine.circuit.place.turns,
            "pit_road_speed_limit": round(machine.circuit.pit.speed_limit_mps / 0.44704),
            "nominal_lap_time": machine.lap_s,
            "is_oval": machine.circuit.place.category == "Oval",
            "is_dirt": False,
            "latitude": machine.circuit.place.latitude_deg,
            "longitude": machine.circuit.place.longitude_deg,
            "location": f"{machine.circuit.place.city}, {machine.circuit.place.country}",
            "track_dirpath": machine.circuit.place.path,
            "retired": False,
        }
        for track_id, machine in circuits.items()
    ]


def cars() -> list[dict[str, Any]]:
    """``car/get``."""
    return [
        {
            "car_id": series.car.car_id,
            "car_name": series.car.name,
            "car_name_abbreviated": series.car.short_name,
            "car_dirpath": series.car.path,
            "categories": [series.category],
            "car_types": [],
            "retired": False,
        }
        for series in _SERIES
    ]


def car_classes() -> list[dict[str, Any]]:
    """``carclass/get``."""
    classes = {machine.class_id: machine.series.car for machine in MACHINES}
    return [
        {
            "car_class_id": class_id,
            "name": car.class_name,
            "short_name": car.class_name,
            "cars_in_class": [{"car_id": car.car_id}],
        }
        for class_id, car in classes.items()
    ]


def series() -> list[dict[str, Any]]:
    """``series/get``."""
    return [
        {
            "series_id": each.series_id,
            "series_name": each.name,
            "series_short_name": each.name,
            "category_id": each.category_id,
            "min_starters": 6,
            "max_starters": 30,
            "allowed_licenses": [{"license_group": 2}],
        }
        for each in _SERIES
    ]


def seasons() -> list[dict[str, Any]]:
    """``series/seasons``: each series in the present season, with its schedule."""
    return [_season(each) for each in _SERIES]


def _season(of: Series) -> dict[str, Any]:
    number = season_id(of, LAST_SEASON)
    machines = [machine for machine in MACHINES if machine.series is of]
    start = season_start(LAST_SEASON)
    return {
        "season_id": number,
        "series_id": of.series_id,
        "season_name": f"{of.name} - {LAST_SEASON}",
        "season_year": LAST_SEASON.year,
        "season_quarter": LAST_SEASON.quarter,
        "active": True,
        "official": True,
        "fixed_setup": False,
        "driver_changes": False,
        "max_weeks": 12,
        "car_class_ids": [machines[0].class_id],
        "start_date": f"{start:%Y-%m-%d}",
        "schedules": [
            {
                "season_id": number,
                "race_week_num": week,
                "start_date": f"{start + timedelta(weeks=week):%Y-%m-%d}",
                "race_time_limit": 20,
                "track": {
                    "track_id": place.track_id,
                    "track_name": place.name,
                    "config_name": place.config or "N/A",
                },
            }
            for week in range(12)
            for place in [machines[week % len(machines)].circuit.place]
        ],
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
