"""The documents of one race: result, lap chart, event log. Each agrees with the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.analysis import irating
from iracing_pipeline.demo.career import Licence
from iracing_pipeline.demo.entrants import NAMES, Entrant, entrants, stranger
from iracing_pipeline.demo.fake_data_api.career import others_ratings
from iracing_pipeline.demo.fake_data_api.recorded_race import recorded_race
from iracing_pipeline.results.laps import FLAGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from iracing_pipeline.demo.fake_data_api.career import Career, Race

TICKS = 10_000
RACE_CLOCK = 900 * TICKS
QUALIFYING_CLOCK = 60 * TICKS
QUALIFYING_LAPS = 2
NAMED_BITS = [(bit, name) for bit, name in FLAGS.items() if bit < 4096 or bit == 65536]
HELMET = {
    "pattern": 32,
    "color1": "1f4e79",
    "color2": "f2b705",
    "color3": "ffffff",
    "face_type": 0,
    "helmet_type": 0,
}


@dataclass(frozen=True)
class Field:
    """Entries, and every line crossing.

    Attributes:
        drivers: In finishing order.
        grid: Grid position of each, from 0.
        laps: Laps that each completed.
        times: Lap times in ticks, one row a car and one column a lap; 0 beyond its laps.
        flags: Lap flags, likewise.
        qualifying: Qualifying lap times in ticks, likewise; -1 where invalid.
    """

    drivers: list[Entrant]
    grid: list[int]
    laps: list[int]
    times: NDArray[np.int64]
    flags: NDArray[np.int64]
    qualifying: NDArray[np.int64]


def drive(career: Career, race: Race) -> Field:
    """Run the race: everybody's laps, and from them the order."""
    rng = np.random.default_rng([career.seed, race.subsession_id])
    cars, laps = race.field, race.laps
    recorded = recorded_race(race)
    base_s = recorded.pace_s if recorded else race.machine.lap_s
    pace = np.sort(rng.normal(1.0, 0.008, cars))
    lap_s = base_s * (pace[:, None] + np.abs(rng.normal(0, 0.004, (cars, laps))))
    flags = rng.choice([0, 4, 64, 128], p=[0.93, 0.04, 0.02, 0.01], size=(cars, laps))
    lap_s += np.where(flags == 64, 3.0, 0) + np.where(flags == 128, 8.0, 0)
    # A standing start costs the back of the grid time on the first lap.
    lap_s[:, 0] += np.arange(cars) * 0.3 + 4.0
    if recorded:
        recorded.among(race, lap_s, flags, rng)
    times = np.rint(lap_s * TICKS).astype(np.int64)
    flags[:, 0] |= 8192
    retired = rng.random(cars) < (0.0 if recorded else 0.04)
    order, complete = _finish(times, retired)
    times, flags = times[order], flags[order]
    complete = complete[order]
    for place, done in enumerate(complete.tolist()):
        times[place, done:] = 0
        flags[place, done - 1] |= 16384 if done else 0
    drivers = _drivers(career, race, rng)
    if recorded:
        grid = order
    else:
        own = race.finish - 1
        grid = rng.permutation(cars)
        taken = int(np.flatnonzero(grid == race.grid - 1)[0])
        grid[[own, taken]] = grid[[taken, own]]
    # Steps wider than the noise, so that the grid is the order of the best laps.
    best = base_s * TICKS * (0.985 + 0.0012 * grid[:, None])
    noise = base_s * TICKS * rng.uniform(0, 0.001, (cars, QUALIFYING_LAPS))
    qualifying = np.rint(best + noise).astype(np.int64)
    return Field(drivers, grid.tolist(), complete.tolist(), times, flags, qualifying)


def _finish(
    times: NDArray[np.int64], retired: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cars in finishing order, and the laps each completed before the flag."""
    laps = times.shape[1]
    crossings = times.cumsum(axis=1)
    winner = crossings[:, -1].min()
    complete = np.minimum((crossings < winner).sum(axis=1) + 1, laps)
    complete = np.where(retired, np.maximum(1, complete // 2), complete)
    complete[crossings[:, -1].argmin()] = laps
    last = np.take_along_axis(crossings, complete[:, None] - 1, axis=1)[:, 0]
    return np.lexsort((last, -complete)), complete


def _drivers(career: Career, race: Race, rng: np.random.Generator) -> list[Entrant]:
    """Who raced, the member at the finishing position of the career."""
    if race.pinned is not None:
        field = list(entrants(race.pinned))
    else:
        who = rng.choice(len(NAMES), race.field - 1, replace=False).tolist()
        ratings = others_ratings(race, career.seed).tolist()
        field = [
            stranger(name, number, rating)
            for number, (name, rating) in enumerate(zip(who, ratings, strict=True), start=1)
        ]
        field.append(
            Entrant(0, career.cust_id, career.name, "77", race.irating[0], Licence(3, 300))
        )
    own = next(each for each in field if each.cust_id == career.cust_id)
    others = [each for each in field if each.cust_id != career.cust_id]
    order = rng.permutation(len(others)).tolist()
    finish = [others[each] for each in order]
    finish.insert(race.finish - 1, own)
    return finish


def result(career: Career, race: Race) -> dict[str, Any]:
    """The document of ``results/get``."""
    field = drive(career, race)
    pinned_strength = race.pinned.strength_of_field if race.pinned else None
    strength = pinned_strength or round(sum(each.irating for each in field.drivers) / race.field)
    changes = _irating_changes(race, field)
    entries = [
        _race_entry(career, race, field, place, changes[place]) for place in range(race.field)
    ]
    timed = field.times[field.times > 0]
    return {
        "subsession_id": race.subsession_id,
        **_event(race, strength),
        "event_average_lap": int(timed.mean()),
        "event_best_lap_time": int(min(_best(field, place)[0] for place in range(race.field))),
        "event_laps_complete": race.laps,
        "num_drivers": race.field,
        "session_splits": [
            {"subsession_id": race.subsession_id, "event_strength_of_field": strength}
        ],
        "car_classes": [
            {
                "car_class_id": race.machine.class_id,
                "short_name": race.machine.series.car.class_name,
                "name": race.machine.series.car.class_name,
                "strength_of_field": strength,
                "num_entries": race.field,
                "cars_in_class": [{"car_id": race.machine.series.car.car_id}],
            }
        ],
        "session_results": [
            _simsession(-1, 4, "Lone Qualifying", "QUALIFY", _qualifying(race, entries, field)),
            _simsession(0, 6, "Race", "RACE", entries),
        ],
    }


def _irating_changes(race: Race, field: Field) -> list[int]:
    """Compute the change of each iRating, in finishing order."""
    if not race.official:
        return [0] * race.field
    before = np.array([driver.irating for driver in field.drivers], np.float64)
    completed = np.array(field.laps) > 0
    return [round(change) for change in irating.changes(before, completed).tolist()]


def _event(race: Race, strength: int) -> dict[str, Any]:
    hosted = not race.official
    season, place = race.season, race.machine.circuit.place
    return {
        "session_id": race.pinned.session_id if race.pinned else race.subsession_id + 200_000_000,
        "season_id": 0 if hosted else race.season_id,
        "season_name": "Hosted iRacing" if hosted else f"{race.machine.series.name} - {season}",
        "season_short_name": f"{season.year} Season {season.quarter}",
        "season_year": 2000 if hosted else season.year,
        "season_quarter": 1 if hosted else season.quarter,
        "series_id": 0 if hosted else race.machine.series.series_id,
        "series_name": "Hosted iRacing" if hosted else race.machine.series.name,
        "series_short_name": race.machine.series.name,
        "race_week_num": race.week,
        "license_category_id": race.category_id,
        "license_category": {1: "Oval", 2: "Road", 5: "Sports_Car", 6: "Formula_Car"}[
            race.category_id
        ],
        "private_session_id": race.subsession_id // 10 if hosted else -1,
        "start_time": f"{race.start:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{race.end:%Y-%m-%dT%H:%M:%SZ}",
        "event_strength_of_field": strength,
        "event_type": 5,
        "event_type_name": "Race",
        "official_session": race.official,
        "driver_changes": False,
        "heat_info_id": -1,
        "max_team_drivers": 1,
        "min_team_drivers": 1,
        "max_weeks": 12,
        "num_cautions": 0,
        "num_caution_laps": 0,
        "num_lead_changes": 1,
        "corners_per_lap": race.machine.circuit.place.turns,
        "results_restricted": False,
        "track": {
            "track_id": place.track_id,
            "track_name": place.name,
            "config_name": place.config or "N/A",
            "category_id": 1 if place.category == "Oval" else 2,
            "category": "Oval" if place.category == "Oval" else "Road",
        },
        "weather": {
            "temp_units": 1,
            "temp_value": 22,
            "wind_units": 1,
            "wind_value": 3,
            "rel_humidity": 50,
            "skies": 1,
        },
    }


def _simsession(
    number: int, kind: int, type_name: str, name: str, entries: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "simsession_number": number,
        "simsession_type": kind,
        "simsession_type_name": type_name,
        "simsession_subtype": 0,
        "simsession_name": name,
        "results": entries,
    }


def _race_entry(
    career: Career, race: Race, field: Field, place: int, change: int
) -> dict[str, Any]:
    driver, done = field.drivers[place], field.laps[place]
    own = driver.cust_id == career.cust_id
    best, best_lap = _best(field, place)
    finish = int(field.times[place].sum())
    gap = finish - int(field.times[0].sum()) if done == race.laps else -1
    before = driver.irating
    level, safety = driver.licence.level, driver.licence.sub_level
    out = done < race.laps // 2 + 1
    return {
        "cust_id": driver.cust_id,
        "display_name": driver.name,
        "finish_position": place,
        "finish_position_in_class": place,
        "position": place,
        "starting_position": field.grid[place],
        "starting_position_in_class": field.grid[place],
        "laps_complete": done,
        "laps_lead": race.laps if place == 0 else 0,
        "opt_laps_complete": 0,
        "interval": gap,
        "class_interval": gap,
        "average_lap": finish // done if done else 0,
        "best_lap_num": best_lap,
        "best_lap_time": best,
        "best_nlaps_num": -1,
        "best_nlaps_time": -1,
        "best_qual_lap_at": "1970-01-01T00:00:00Z",
        "best_qual_lap_num": -1,
        "best_qual_lap_time": -1,
        "qual_lap_time": -1,
        "reason_out_id": 32 if out else 0,
        "reason_out": "Disconnected" if out else "Running",
        "champ_points": max(0, 150 - 6 * place) if race.official else 0,
        "aggregate_champ_points": 0,
        "drop_race": False,
        "league_points": 0,
        "league_agg_points": 0,
        "car_class_id": race.machine.class_id,
        "car_class_name": race.machine.series.car.class_name,
        "car_class_short_name": race.machine.series.car.class_name,
        "car_id": race.machine.series.car.car_id,
        "car_name": race.machine.series.car.name,
        "division": place % 10,
        "division_name": f"Division {place % 10 + 1}",
        "country_code": "AT",
        "flair_id": 16,
        "flair_name": "Austria",
        "flair_shortname": "AUT",
        "incidents": race.incidents
        if own
        else int(np.bitwise_count(field.flags[place] & 228).sum()),
        "oldi_rating": before,
        "newi_rating": before + change,
        "old_license_level": race.licence[0] if own else level,
        "new_license_level": race.licence[1] if own else level,
        "old_sub_level": race.safety[0] if own else safety,
        "new_sub_level": race.safety[1] if own else safety,
        "old_cpi": race.cpi[0] if own else 30.5,
        "new_cpi": race.cpi[1] if own else 30.5,
        "old_ttrating": 1350,
        "new_ttrating": 1350,
        "license_change_oval": -1,
        "license_change_road": -1,
        "max_pct_fuel_fill": -1,
        "weight_penalty_kg": -1,
        "helmet": HELMET,
        "livery": {
            "car_id": race.machine.series.car.car_id,
            "car_number": driver.car_number,
            "rim_type": -1,
        },
        "suit": {"pattern": 1, "color1": "ffffff", "color2": "000000", "color3": "ff0000"},
        "watched": False,
        "friend": False,
        "ai": False,
    }


def _qualifying(race: Race, entries: list[dict[str, Any]], field: Field) -> list[dict[str, Any]]:
    rows = []
    for place, entry in enumerate(entries):
        laps = field.qualifying[place]
        best = int(laps.min())
        at = race.start.replace(microsecond=0)
        rows.append(
            {
                **entry,
                "finish_position": field.grid[place],
                "finish_position_in_class": field.grid[place],
                "position": field.grid[place],
                "starting_position": -1,
                "starting_position_in_class": -1,
                "laps_complete": len(laps),
                "laps_lead": 0,
                "interval": -1 if field.grid[place] else 0,
                "class_interval": -1 if field.grid[place] else 0,
                "average_lap": int(laps.mean()),
                "best_lap_num": int(laps.argmin()) + 1,
                "best_lap_time": best,
                "best_qual_lap_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                "best_qual_lap_num": int(laps.argmin()) + 1,
                "best_qual_lap_time": best,
                "champ_points": 0,
                "incidents": 0,
                "reason_out_id": 0,
                "reason_out": "Running",
            }
        )
    return sorted(rows, key=lambda row: row["finish_position"])


def _best(field: Field, place: int) -> tuple[int, int]:
    """Best lap and its number, the first lap and those with an incident left out."""
    done = field.laps[place]
    times = field.times[place, :done]
    good = (field.flags[place, :done] & (8192 | 228)) == 0
    if not good.any():
        return -1, -1
    lap = int(np.where(good, times, np.iinfo(np.int64).max).argmin())
    return int(times[lap]), lap + 1


def lap_chart(career: Career, race: Race, number: int) -> list[dict[str, Any]]:
    """The rows of ``results/lap_chart_data``: by lap, and in the order of crossing the line."""
    field = drive(career, race)
    if number == 0:
        return _chart(field, clock=RACE_CLOCK)
    if number == -1:
        qualifying = replace(
            field,
            times=field.qualifying,
            flags=np.zeros_like(field.qualifying),
            laps=[QUALIFYING_LAPS] * race.field,
        )
        return _chart(qualifying, clock=QUALIFYING_CLOCK)
    return []


def lap_data(career: Career, race: Race, number: int, group: int) -> list[dict[str, Any]]:
    """The rows of ``results/lap_data``: those of one car, without what compares it with others."""
    compared = {"lap_position", "interval", "interval_units", "fastest_lap"}
    return [
        {name: value for name, value in row.items() if name not in compared}
        for row in lap_chart(career, race, number)
        if row["group_id"] == group
    ]


def _chart(field: Field, *, clock: int) -> list[dict[str, Any]]:
    times, laps = field.times, field.laps
    crossings = np.concatenate(
        [np.full((len(laps), 1), clock), clock + times.cumsum(axis=1)], axis=1
    )
    bests = [_best(field, place)[1] for place in range(len(laps))]
    rows = []
    for lap in range(times.shape[1] + 1):
        there = [place for place, done in enumerate(laps) if done >= lap]
        there.sort(key=lambda place: field.grid[place] if lap == 0 else crossings[place, lap])
        first = int(crossings[there[0], lap]) if there else 0
        for position, place in enumerate(there, start=1):
            at = int(crossings[place, lap])
            behind = (first - at) // 10
            mark = int(field.flags[place, lap - 1]) if lap else 0
            driver = field.drivers[place]
            rows.append(
                {
                    "group_id": driver.cust_id,
                    "name": driver.name,
                    "cust_id": driver.cust_id,
                    "display_name": driver.name,
                    "lap_number": lap,
                    "flags": mark,
                    "incident": mark & 228 != 0,
                    "session_time": at,
                    "session_start_time": None,
                    "lap_time": int(times[place, lap - 1]) if lap else -1,
                    "team_fastest_lap": False,
                    "personal_best_lap": lap == bests[place] and lap > 0,
                    "helmet": HELMET,
                    "license_level": driver.licence.level,
                    "car_number": driver.car_number,
                    "lap_events": [text for bit, text in NAMED_BITS if mark & bit],
                    "lap_position": position,
                    "interval": behind if lap and behind else None,
                    "interval_units": "ms" if lap and behind else None,
                    "fastest_lap": False,
                    "ai": False,
                }
            )
    return rows


def event_log(career: Career, race: Race) -> list[dict[str, Any]]:
    """The rows of ``results/event_log`` of the race: a penalty for each lost control."""
    field = drive(career, race)
    places, laps = np.nonzero(field.flags & 128)
    return [
        {
            "subsession_id": race.subsession_id,
            "simsession_number": 0,
            "session_time": RACE_CLOCK + int(field.times[place, : lap + 1].sum()),
            "event_seq": 10 + sequence,
            "event_code": 4,
            "group_id": field.drivers[place].cust_id,
            "cust_id": 0,
            "lap_number": int(lap) + 1,
            "description": "Penalty Applied",
            "message": f"Penalty: Repairs needed, Repair, Lap {lap + 1},"
            f" #{field.drivers[place].car_number}",
            "display_name": field.drivers[place].name,
        }
        for sequence, (place, lap) in enumerate(zip(places.tolist(), laps.tolist(), strict=True))
    ]
