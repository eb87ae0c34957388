"""Sessions: the list of everything that was driven; each leads to its own board."""

from __future__ import annotations

from iracing_pipeline.dashboards import links
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.fields import (
    car,
    hidden,
    lap_text,
    moment,
    number,
    text,
    track,
)
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, table
from iracing_pipeline.dashboards.variables import (
    ONLY_CAR,
    ONLY_DRIVER,
    ONLY_TRACK,
    Choice,
    of_driver,
)

KIND = Choice(
    "kind",
    "Kind",
    "Only sessions of this kind, by iRacing's SessionType.",
    """
SELECT 'All' AS __text, 'all' AS __value, 0 AS place, '' AS name
UNION ALL
SELECT DISTINCT simsession_type, simsession_type, 1, simsession_type
FROM grafana.telemetry_sessions WHERE simsession_type IS NOT NULL
ORDER BY place, name
""",
)

CHOSEN = f"""
    ('${{only_car}}' = 'all' OR session.car_id::text = '${{only_car}}')
    AND ('${{only_track}}' = 'all' OR session.track_id::text = '${{only_track}}')
    AND ('${{kind}}' = 'all' OR session.simsession_type = '${{kind}}')
    AND {of_driver("session.")}
    AND $__timeFilter(session.start_time)
"""

OPEN = links.to(links.SESSION, "Open this session", session=field("session_key"))


def sessions() -> Panel:
    """The list."""
    return table(
        1,
        "Sessions",
        "One row is one stay in the car, newest first; at most 500. A lap is clean when it is timed"
        " and nothing is held against it (no off-track, incident, caution, ...); best lap is the"
        " fastest clean one. From grafana.telemetry_sessions and, for races with a result,"
        " grafana.session_results.",
        (
            hidden("session.session_key", "session_key"),
            moment("session.start_time", "When").linked(OPEN),
            lap_text("session.best_lap_time_s", "Best lap").wide(80),
            track("session."),
            car("session."),
            text("session.simsession_type", "Kind").wide(115),
            number("session.clean_lap_count", "Clean laps").wide(85),
            number("session.incidents", "Incidents").wide(80),
            number("result.finish_position", "Finish").wide(65),
            number("result.irating_change", "iR ±").more_is_better().wide(50),
        ),
        f"""
grafana.telemetry_sessions AS session
LEFT JOIN grafana.session_results AS result ON result.session_key = session.session_key
    AND session.simsession_type = 'Race'
WHERE {CHOSEN}
ORDER BY session.start_time DESC LIMIT 500
""",
        empty="No session here: widen the time range or the choices above, or load .ibt files.",
        height=22,
    )


BOARD = Board(
    uid=links.SESSIONS,
    title="Sessions",
    folder=Folder.PERFORMANCE,
    question="Which session do I want to look at?",
    variables=(ONLY_DRIVER, ONLY_CAR, ONLY_TRACK, KIND),
    start="now-20y",  # a list of the newest hides none of them for their age
    sections=(Section(None, (sessions(),)),),
)
