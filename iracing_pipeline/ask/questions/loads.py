"""Questions about loaded and refused files."""

from __future__ import annotations

from iracing_pipeline.ask.question import Behind, Parameter, Question
from iracing_pipeline.ask.questions.shared import (
    CAR,
    LOAD_TELEMETRY,
    NO_TELEMETRY,
    SESSION,
    TRACK,
    names,
)

DATA_QUALITY = Question(
    "data_quality",
    "How far a session's figures can be trusted: residuals, missing records, what was recovered.",
    "grafana.session_checks",
    names(
        "session_key start_time file_name track_name track_config car_name closed warnings"
        " lap_count timed_lap_count laps_off_closure largest_residual_s missed_records"
        " largest_closure_s result_known"
    ),
    {
        "largest_residual_s": Behind("timed_lap_count"),
        "largest_closure_s": Behind("traced_lap_count"),
    },
    (SESSION, CAR, TRACK),
    "start_time DESC",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
REFUSED_FILES = Question(
    "refused_files",
    "Files and races that could not be loaded: why, and what to do.",
    "grafana.quarantine",
    names("source file_name item reason advice last_at occurrences"),
    {},
    (Parameter("source", "text", "telemetry or result_file", "source ILIKE %(source)s"),),
    "last_at DESC",
    "Nothing was refused",
    "Nothing is to be done",
)
