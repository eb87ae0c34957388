"""The Results Archive as CSV, turned into rows as the search gives them.

Its columns carry spelled-out names and its positions count from 1, with 0 for none; the search
counts from 0, with -1 for none. Names are compared without case, spaces and punctuation, and by
what is known to be said for them.
"""

from __future__ import annotations

import re
from typing import Any

from iracing_pipeline.results.csv_text import delimiter_of, read_cells
from iracing_pipeline.results.errors import ExportError
from iracing_pipeline.results.kinds import TICKS_PER_S, whole_number

_POSITIONS = frozenset(
    {
        "starting_position",
        "starting_position_in_class",
        "finish_position",
        "finish_position_in_class",
    }
)
_TIMES = frozenset({"event_average_lap", "event_best_lap_time"})
_NAMES = {
    "subsession_id": ("subsession", "sub session id", "split id"),
    "session_id": ("session",),
    "start_time": ("date", "start", "session start time", "start date"),
    "end_time": ("end", "end date"),
    "license_category_id": ("category id",),
    "license_category": ("category", "licence category"),
    "season_year": ("year",),
    "season_quarter": ("quarter", "season"),
    "race_week_num": ("week", "race week"),
    "event_strength_of_field": ("strength of field", "sof"),
    "event_type": ("event type id",),
    "event_type_name": ("event type", "event"),
    "event_average_lap": ("average lap", "average lap time", "avg lap"),
    "event_best_lap_time": ("best lap", "best lap time", "event best lap"),
    "event_laps_complete": ("event laps",),
    "num_drivers": ("drivers", "field size"),
    "num_cautions": ("cautions",),
    "num_caution_laps": ("caution laps",),
    "num_lead_changes": ("lead changes",),
    "official_session": ("official",),
    "series_name": ("series",),
    "session_name": ("hosted session name", "name"),
    "private_session_id": ("hosted session id",),
    "track_id": (),
    "track_name": ("track",),
    "config_name": ("track config", "config", "track configuration", "layout"),
    "car_id": (),
    "car_name": ("car",),
    "car_class_id": ("class id",),
    "car_class_name": ("car class", "class"),
    "starting_position": ("start position", "start pos", "grid position"),
    "starting_position_in_class": ("class start position", "class starting position"),
    "finish_position": ("finishing position", "finish pos", "position", "finish"),
    "finish_position_in_class": ("class finish position", "class finishing position"),
    "laps_complete": ("laps", "laps completed"),
    "laps_led": ("led", "num laps led"),
    "incidents": ("inc", "incident points"),
    "champ_points": ("points", "championship points"),
    "drop_race": ("dropped",),
    "winner_name": ("winner",),
    "winner_group_id": ("winner id",),
    "cust_id": ("customer id", "driver id"),
    "team_id": (),
    "season_id": (),
    "series_id": (),
}
_REQUIRED = ("subsession_id", "start_time", "track_name", "finish_position")
_CLOCK = re.compile(
    r"(?:(\d{1,6}):)?(\d{1,2}):(\d{2}(?:\.\d{1,9})?)\Z|(\d{1,9}(?:\.\d{1,9})?)\Z", re.ASCII
)


def parse_archive_csv(name: str, text: str) -> list[dict[str, Any]]:
    """The rows of a Results Archive CSV, as the search would give them.

    Args:
        name: Name of the file in messages.
        text: Its content.

    Returns:
        One search row a line; a cell that is empty is left out.

    Raises:
        ExportError: If a needed column is missing, as in an archive of another language.
    """
    lines = read_cells(name, text, delimiter_of(text))
    columns = [_field(title) for title in lines[0][1]]
    missing = [each for each in _REQUIRED if each not in columns]
    if missing:
        raise ExportError(
            name,
            f"it has no column for {', '.join(missing)}",
            "Set the language of the website to English and download the archive again, or "
            "download it as JSON, which is the same in every language.",
        )
    rows = []
    for number, cells in lines[1:]:
        if len(cells) != len(columns):
            raise ExportError(
                name,
                f"line {number} has {len(cells)} cells under {len(columns)} columns",
                "The download is damaged: download it again.",
            )
        rows.append(_row(dict(zip(columns, cells, strict=True))))
    return rows


def _row(cells: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    track: dict[str, Any] = {}
    for field, text in cells.items():
        value = text.strip()
        if not value:
            continue
        if field in {"track_id", "track_name", "config_name"}:
            track[field] = value
        elif field in _POSITIONS:
            number = whole_number(value)
            row[field] = value if number is None else number - 1
        elif field in _TIMES:
            row[field] = _ticks(value)
        else:
            row[field] = value
    row["track"] = track
    return row


def _field(title: str) -> str:
    plain = _plain(title)
    for field, others in _NAMES.items():
        if plain in {_plain(field), *map(_plain, others)}:
            return field
    return plain


def _plain(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


def _ticks(value: str) -> int | str:
    match = _CLOCK.match(value)
    if match is None:
        return value
    hours, minutes, seconds, plain = match.groups()
    total = float(plain) if plain else (int(hours or 0) * 60 + int(minutes)) * 60 + float(seconds)
    return round(total * TICKS_PER_S)
