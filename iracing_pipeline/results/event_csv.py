"""The CSV that iRacing's UI exports for one event, turned into what ``results/get`` gives.

It has two blocks: the event in one row, then a row for each driver of the main event. Its positions
count from 1, its times are written as a clock shows them, and the subsession is in the name of the
file alone.
"""

from __future__ import annotations

import re
from typing import Any

from iracing_pipeline.results.csv_text import delimiter_of, read_cells
from iracing_pipeline.results.errors import ExportError
from iracing_pipeline.results.kinds import TICKS_PER_S, whole_number

_EVENT = {
    "starttime": "start_time",
    "series": "series_name",
    "seasonyear": "season_year",
    "seasonquarter": "season_quarter",
    "strengthoffield": "event_strength_of_field",
}
_DRIVER = {
    "carid": "car_id",
    "car": "car_name",
    "carclassid": "car_class_id",
    "carclass": "car_class_name",
    "custid": "cust_id",
    "teamid": "team_id",
    "name": "display_name",
    "outid": "reason_out_id",
    "out": "reason_out",
    "lapsled": "laps_lead",
    "fastlap": "best_lap_num",
    "lapscomp": "laps_complete",
    "inc": "incidents",
    "pts": "champ_points",
    "aggpts": "aggregate_champ_points",
    "oldirating": "oldi_rating",
    "newirating": "newi_rating",
    "oldlicenselevel": "old_license_level",
    "newlicenselevel": "new_license_level",
    "oldlicensesublevel": "old_sub_level",
    "newlicensesublevel": "new_sub_level",
    "maxfuelfill": "max_pct_fuel_fill",
    "weightpenaltykg": "weight_penalty_kg",
    "ai": "ai",
}
_POSITIONS = {"finpos": "finish_position", "startpos": "starting_position"}
_TIMES = {
    "qualifytime": "best_qual_lap_time",
    "averagelaptime": "average_lap",
    "fastestlaptime": "best_lap_time",
}
# Not read: clubs, which iRacing gave up, and divisions, which may count from 0 or from 1.
_CLOCK = re.compile(r"-?(?:(?:(\d{1,4}):)?(\d{1,3}):)?(\d{1,6}(?:\.\d{1,6})?)", re.ASCII)
_ID = re.compile(r"(?<!\d)\d{4,18}(?!\d)", re.ASCII)
_NAMED_ID = re.compile(r"eventresult\D{0,3}(\d{1,18})(?!\d)", re.ASCII | re.IGNORECASE)
_HEAD = 20_000
_RACE = 6, 5  # simsession type and event type


def is_event_csv(text: str) -> bool:
    """Whether a text is such a CSV: a line in it is the header of its drivers."""
    head = text[:_HEAD]
    delimiter = delimiter_of(head)
    return any(
        {"finpos", "custid"} <= {_plain(cell) for cell in line.split(delimiter)}
        for line in head.splitlines()
    )


def parse_event_csv(name: str, text: str) -> dict[str, Any]:
    """The event as a ``results/get`` document; cells that are empty are left out.

    Args:
        name: Name of the file, which holds the subsession.
        text: Its content.

    Raises:
        ExportError: If the name holds no subsession, or the text is damaged.
    """
    rows = read_cells(name, text, delimiter_of(text))
    begin = next(
        (
            index
            for index, (_, cells) in enumerate(rows)
            if {"finpos", "custid"} <= set(map(_plain, cells))
        ),
        None,
    )
    if begin is None:
        raise ExportError(name, "it has no row of column names for drivers", "Export it again.")
    event = _named(name, rows[:begin])
    drivers = _named(name, rows[begin:])
    if not event or "starttime" not in event[0]:
        raise ExportError(name, "its first block has no Start Time", "Export it again.")
    entries = [_entry(cells) for cells in drivers]
    if not entries:
        raise ExportError(name, "it has no row of a driver", "Export it again.")
    _count_in_class(entries)
    return _document(_subsession_id(name), event[0], entries)


def _subsession_id(name: str) -> int:
    named = _NAMED_ID.search(name)
    numbers = [named[1]] if named else list(dict.fromkeys(_ID.findall(name)))
    if len(numbers) != 1 or not int(numbers[0]):
        raise ExportError(
            name,
            "a CSV of one event has its subsession in its name alone, and this name has none",
            "Give it the name that iRacing gave it, such as eventresult-12345678.csv, or export"
            " the event as JSON.",
        )
    return int(numbers[0])


def _named(name: str, rows: list[tuple[int, list[str]]]) -> list[dict[str, str]]:
    """The rows below the first, by the plain names of its cells."""
    if not rows:
        return []
    columns = [_plain(cell) for cell in rows[0][1]]
    named = []
    for line, cells in rows[1:]:
        if len(cells) != len(columns):
            raise ExportError(
                name,
                f"line {line} has {len(cells)} cells under {len(columns)} columns",
                "The download is damaged: download it again.",
            )
        pairs = zip(columns, cells, strict=True)
        named.append({column: cell.strip() for column, cell in pairs if cell.strip()})
    return named


def _document(
    subsession_id: int, event: dict[str, str], entries: list[dict[str, Any]]
) -> dict[str, Any]:
    document: dict[str, Any] = {
        field: event[column] for column, field in _EVENT.items() if column in event
    }
    week = whole_number(event.get("raceweek"))
    if week is not None:
        document["race_week_num"] = week - 1
    rated = any(
        entry.get(f"old{name}") != entry.get(f"new{name}")
        for entry in entries
        for name in ("i_rating", "_sub_level", "_license_level")
    )
    raced = rated or any(whole_number(entry.get("laps_lead")) for entry in entries)
    if rated:
        document["official_session"] = True
    if raced:
        document["event_type"] = _RACE[1]
    laps = [whole_number(entry.get("laps_complete")) or 0 for entry in entries]
    return {
        **document,
        "subsession_id": subsession_id,
        "track": {"track_name": event.get("track")},
        "event_laps_complete": max(laps),
        "num_drivers": len({entry.get("cust_id") for entry in entries}),
        "session_results": [
            {
                "simsession_number": 0,
                "simsession_type": _RACE[0] if raced else None,
                "simsession_type_name": "Race" if raced else None,
                "results": _by_team(entries),
            }
        ],
    }


def _entry(cells: dict[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        field: cells[column] for column, field in _DRIVER.items() if column in cells
    }
    for column, field in _POSITIONS.items():
        number = whole_number(cells.get(column))
        if column in cells:
            entry[field] = cells[column] if number is None else number - 1
    for column, field in _TIMES.items():
        if column in cells:
            entry[field] = _ticks(cells[column])
    if "interval" in cells:
        # Laps down are written as laps, which is no time.
        entry["interval"] = _ticks(cells["interval"]) if "." in cells["interval"] else -1
    if "car" in cells:
        entry["livery"] = {"car_number": cells.get("carnumber")}
    return entry


def _by_team(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drivers of a team event under their team, as ``results/get`` has them."""
    alone: list[dict[str, Any]] = []
    teams: dict[int, list[dict[str, Any]]] = {}
    for entry in entries:
        team, driver = whole_number(entry.get("team_id")), whole_number(entry.get("cust_id"))
        if team is None or team == 0 or (team == driver and team > 0):
            alone.append({name: value for name, value in entry.items() if name != "team_id"})
        else:
            teams.setdefault(team, []).append(entry)
    for team, members in teams.items():
        drivers = [
            each for each in members if whole_number(each.get("cust_id")) not in {None, team}
        ]
        own = next((each for each in members if each not in drivers), None)
        shared = {
            name: value
            for name, value in (own or members[0]).items()
            if own is not None
            or name in {"finish_position", "starting_position", "interval", "livery"}
            or name.startswith(("car_", "finish_", "starting_"))
        }
        shared.pop("cust_id", None)
        alone.append({**shared, "team_id": team, "driver_results": drivers})
    return alone


def _count_in_class(entries: list[dict[str, Any]]) -> None:
    """Add the positions in class, which the file does not have."""
    for position in _POSITIONS.values():
        classes: dict[object, list[tuple[int, dict[str, Any]]]] = {}
        for entry in entries:
            number = entry.get(position)
            if type(number) is int and number >= 0:
                classes.setdefault(entry.get("car_class_id"), []).append((number, entry))
        for members in classes.values():
            order = sorted({number for number, _ in members})
            for number, entry in members:
                entry[f"{position}_in_class"] = order.index(number)


def _ticks(text: str) -> int | str:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return text
    hours, minutes, seconds = match.groups()
    total = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + float(seconds)
    return round(total * TICKS_PER_S)


def _plain(title: str) -> str:
    # "Car #" is not "Car".
    return re.sub(r"[^a-z0-9]", "", title.lower().replace("car #", "carnumber"))
