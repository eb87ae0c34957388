"""Parameters, sources of figures and reasons for no row that several questions share."""

from __future__ import annotations

from iracing_pipeline.ask.question import Behind, Parameter


def names(text: str) -> tuple[str, ...]:
    """The words of a text, as names of columns."""
    return tuple(text.split())


ONE = Behind(n=1)
CLEAN = Behind(n="clean_lap_count")
SESSION = Parameter(
    "session",
    "session",
    "Session key, a date such as 2026-03-07 (its last session), or last",
    "session_key = %(session)s",
)
CAR = Parameter("car", "text", "Part of the car's name, such as GT3", "car_name ILIKE %(car)s")
TRACK = Parameter(
    "track",
    "text",
    "Part of the track's name, such as Spa",
    "concat_ws(' ', track_name, track_config) ILIKE %(track)s",
)
SINCE = Parameter(
    "since", "date", "First day, such as 2026-03-01 (UTC)", "start_time >= %(since)s::timestamptz"
)
NO_TELEMETRY = "No loaded session matches"
LOAD_TELEMETRY = "Load its .ibt file, or widen the car, track or date"
