"""Car: tyres, temperatures, dampers and heights of a session."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number
from iracing_pipeline.dashboards.fields import (
    Field,
    lap_words,
    number,
    pressure,
    seconds,
    sentence,
    share,
    temperature,
    text,
    whole,
)
from iracing_pipeline.dashboards.panels import Panel, table
from iracing_pipeline.dashboards.variables import SESSION, Choice
from iracing_pipeline.tables.dampers import THRESHOLD_MPS

WHEELS = (
    ("lf", "Left front", palette.SKY),
    ("rf", "Right front", palette.ORANGE),
    ("lr", "Left rear", palette.GREEN),
    ("rr", "Right rear", palette.PURPLE),
)
NO_LAP = "No lap from line to line in this session, or a car without these channels."
NO_DAMPERS = "No timed lap in this session, or a car that writes no shock velocity here."
LAPS = (
    "(SELECT row_number() OVER (ORDER BY start_time) AS place, * FROM grafana.tyre_laps"
    " WHERE session_key = '${session}') AS laps\nORDER BY place"
)

LAP = Choice(
    "lap",
    "Lap",
    "The lap whose ride heights are shown; the fastest clean one comes first.",
    f"""
SELECT __text, __value FROM (
    SELECT {lap_words("lap_time_s")} || ' · lap ' || lap_number
            || CASE WHEN clean THEN '' ELSE ' (not clean)' END AS __text,
        grafana.lap_id(session_key, stint, lap_number) AS __value, clean, lap_time_s
    FROM grafana.lap_traces WHERE session_key = '${{session}}' ORDER BY clean DESC, lap_time_s
) AS known
UNION ALL
SELECT 'no lap with a trace', 'none'
WHERE NOT EXISTS (SELECT FROM grafana.lap_traces WHERE session_key = '${{session}}')
""",
)


def surfaces() -> Panel:
    """Surface temperatures."""
    return by_number(
        1,
        "Tyre surfaces",
        "Surface temperature of each tyre over each lap: mean of its three thirds and of all its"
        " records. From grafana.tyre_laps.",
        (
            whole("place", "Lap in order"),
            *(
                temperature(f"({w}_temp_l_c + {w}_temp_m_c + {w}_temp_r_c) / 3", name).coloured(
                    colour
                )
                for w, name, colour in WHEELS
            ),
        ),
        LAPS,
        empty=NO_LAP,
        drawing=Drawing(points=True),
        width=12,
        height=9,
    )


def pressures() -> Panel:
    """Hot pressures."""
    return by_number(
        2,
        "Hot pressures",
        "Pressure of each tyre over each lap, mean of its records. From grafana.tyre_laps.",
        (
            whole("place", "Lap in order"),
            *(pressure(f"{w}_pressure_kpa", name).coloured(colour) for w, name, colour in WHEELS),
        ),
        LAPS,
        empty=NO_LAP,
        drawing=Drawing(points=True),
        width=12,
        height=9,
        may_be_empty=True,
    )


def thirds() -> Panel:
    """Inside, middle, outside."""
    columns = []
    for w, _, _ in WHEELS:
        # The left third of a left tyre is its outside.
        order = ("l", "m", "r") if w.startswith("l") else ("r", "m", "l")
        columns += [
            temperature(f"avg({w}_temp_{third}_c)", f"{w.upper()} {words}")
            for third, words in zip(order, ("out", "mid", "in"), strict=True)
        ]
    return table(
        3,
        "Outside, middle, inside by tyre set",
        "Surface temperature of the thirds of each tyre, mean of the laps on each set: hot insides"
        " speak for too much camber, a hot middle for too much pressure. From grafana.tyre_laps.",
        (number("tyre_set", "Set").wide(60), number("count(*)", "Laps").wide(60), *columns),
        "grafana.tyre_laps WHERE session_key = '${session}' GROUP BY tyre_set ORDER BY tyre_set",
        empty=NO_LAP,
        height=6,
    )


def sets() -> Panel:
    """Sets of tyres as measured in the pits."""
    columns = []
    for w, _, _ in WHEELS:
        columns += [
            share(
                f"LEAST({w}_tread[1], {w}_tread[2], {w}_tread[3])", f"{w.upper()} tread", decimals=1
            ),
            pressure(f"{w}_cold_pressure_kpa", f"{w.upper()} cold"),
        ]
    return table(
        4,
        "Tyre sets",
        "Each set of the session: tread left on the most worn third, measured in the pits when the"
        " set came off or at its last stop (iRacing measures it only there), and cold pressures."
        " From grafana.tyre_sets.",
        (
            number("tyre_set", "Set").wide(60),
            number("lap_count", "Laps").wide(60),
            *columns,
            text(
                "CASE WHEN measured_session_time_s IS NULL THEN 'no: not back in the pit stall'"
                " WHEN lf_tread IS NULL THEN 'no: not by this car' ELSE 'yes' END",
                "Tread measured",
            ).wide(190),
        ),
        "grafana.tyre_sets WHERE session_key = '${session}' ORDER BY tyre_set",
        empty="No set of tyres in this session.",
        height=6,
    )


def heights() -> Panel:
    """Ride heights over a lap."""
    return by_number(
        5,
        "Ride heights over a lap",
        "Ride height at each wheel over the lap chosen above, by the distance from the line. From"
        " grafana.lap_trace_points.",
        (
            Field("grafana.length(distance_m, '${units}')", "Distance, m or ft").with_(decimals=0),
            *(
                Field(f"{w}_ride_height_m * 1000", name)
                .with_(unit="lengthmm", decimals=1)
                .coloured(colour)
                for w, name, colour in WHEELS
            ),
        ),
        """
grafana.lap_trace_points WHERE session_key = split_part('${lap}', ':', 1)
    AND stint = nullif(split_part('${lap}', ':', 2), '')::integer
    AND lap_number = nullif(split_part('${lap}', ':', 3), '')::integer
ORDER BY point
""",
        empty="No trace of this lap, or a car without ride heights.",
        height=9,
    )


def aids() -> Panel:
    """Locking, wheelspin, ABS."""
    return table(
        6,
        "Locking and wheelspin",
        "Time a lap with a wheel that is much slower (locking) or faster (wheelspin) than the car,"
        " and with the ABS at work, by corner: means of the laps of the session. From"
        " grafana.lap_corners.",
        (
            text("'T' || corner", "Corner").wide(80),
            seconds("avg(lock_s)", "Locking", decimals=2),
            seconds("avg(wheelspin_s)", "Wheelspin", decimals=2),
            seconds("avg(abs_s)", "ABS", decimals=2),
            seconds("avg(coasting_s)", "Coasting", decimals=2),
        ),
        "grafana.lap_corners WHERE session_key = '${session}' GROUP BY corner ORDER BY corner",
        empty=NO_LAP,
        width=10,
        height=10,
    )


def setup() -> Panel:
    """The setup."""
    return table(
        7,
        "Setup",
        "Settings of the setup that the session was driven on, as iRacing writes them; what the"
        " tyres read is left out. What differs from the session before here is marked. From"
        " grafana.setup_settings and grafana.setup_changes.",
        (
            sentence("setting.setting", "Setting", least=180),
            text("setting.value", "Value").wide(140),
            text("change.before", "Before").wide(140),
        ),
        """
grafana.setup_settings AS setting
LEFT JOIN grafana.setup_changes AS change
    ON change.session_key = setting.session_key AND change.setting = setting.setting
WHERE setting.session_key = '${session}' AND NOT setting.reading
ORDER BY change.setting IS NULL, setting.setting
""",
        empty="No setup in this file: iRacing writes none for fixed setups.",
        width=14,
        height=10,
    )


def dampers() -> tuple[Panel, ...]:
    """The histogram of the damper at each wheel."""
    return tuple(
        by_number(
            panel,
            f"{name} damper, mm/s",
            "Share of the time at each velocity of the shock, in bins of 10 mm/s, right of zero in"
            " compression (bump), left in extension (rebound); the outermost bars are all that is"
            " faster. Over the clean laps, or the timed ones where none is clean. From"
            " grafana.damper_histograms.",
            (
                Field("middle_mps * 1000", "Velocity"),
                share("share", "Share of time", decimals=1).coloured(colour),
            ),
            "grafana.damper_histograms WHERE session_key = '${session}'"
            f" AND damper = '{wheel.upper()}'\nORDER BY bin",
            empty=NO_DAMPERS,
            drawing=Drawing(style="bars", fill=80, width=1, legend=False, low=0),
            width=12,
            height=7,
            may_be_empty=True,
        )
        for panel, (wheel, name, colour) in enumerate(WHEELS, start=8)
    )


def zones() -> Panel:
    """Slow and fast, bump and rebound."""
    return table(
        12,
        "Bump and rebound",
        "Share of the time each damper is in low-speed and in high-speed bump (compression) and"
        f" rebound (extension); high speed begins at {THRESHOLD_MPS * 1000:.0f} mm/s. Peaks"
        " miss is what samples of this rate miss of a kerb's peak of 8 ms, on average and at most."
        " From grafana.damper_zones.",
        (
            text("damper_name", "Damper").wide(120),
            share("high_rebound", "Fast rebound", decimals=1),
            share("low_rebound", "Slow rebound", decimals=1),
            share("low_bump", "Slow bump", decimals=1),
            share("high_bump", "Fast bump", decimals=1),
            number("peak_bump_mps * 1000", "Peak bump", unit=MM_PER_S).wide(100),
            number("peak_rebound_mps * 1000", "Peak rebound", unit=MM_PER_S).wide(115),
            number("sample_rate_hz", "Samples", unit=units.Hertz).wide(80),
            text(
                "round(100 * peak_loss_mean) || ' to ' || round(100 * peak_loss_most) || ' %'",
                "Peaks miss",
            ).wide(130),
            text("lap_count || ' ' || laps", "Laps").wide(80),
        ),
        f"grafana.damper_zones WHERE session_key = '${{session}}'\nORDER BY {_PLACES}, damper",
        empty=NO_DAMPERS,
        height=7,
        may_be_empty=True,
    )


MM_PER_S = "suffix: mm/s"
# Wheels as everywhere, then what else the car has.
_PLACES = "array_position(ARRAY['LF', 'RF', 'LR', 'RR'], damper)"

BOARD = Board(
    uid=links.CAR,
    title="Car",
    folder=Folder.TELEMETRY,
    question="How did the car do: tyres, dampers, temperatures, heights, setup?",
    variables=(SESSION, LAP),
    sections=(
        Section("Tyres", (surfaces(), pressures(), thirds(), sets())),
        Section("Dampers", (*dampers(), zones())),
        Section("Car", (heights(), aids(), setup())),
    ),
)
