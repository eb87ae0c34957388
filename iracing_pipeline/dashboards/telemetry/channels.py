"""Session channels: a session as it was, second by second, from Prometheus."""

from __future__ import annotations

from dataclasses import replace

from grafana_foundation_sdk.models import units

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Regions, Section
from iracing_pipeline.dashboards.charts import Drawing, chart, names
from iracing_pipeline.dashboards.fields import (
    SPEED,
    TEMPERATURE,
    VOLUME,
    Field,
    Quantity,
    car,
    duration,
    hidden,
    lap_words,
    moment,
    number,
    text,
    track,
)
from iracing_pipeline.dashboards.links import field, variable
from iracing_pipeline.dashboards.panels import Panel, table
from iracing_pipeline.dashboards.queries import PromQl
from iracing_pipeline.dashboards.variables import (
    SESSION,
    SPEED_FACTOR,
    TEMPERATURE_FACTOR,
    TEMPERATURE_OFFSET,
    VOLUME_FACTOR,
)

NO_SAMPLES = (
    "No samples in this time range: click the session above to see all of it. Sessions reach"
    " Prometheus when one is set (docs/metrics.md)."
)
OF_SESSION = '{session="$session"}'
_CONVERTED = {
    SPEED: "{} * ${{speed_factor}}",
    VOLUME: "{} * ${{volume_factor}}",
    TEMPERATURE: "{} * ${{temperature_factor}} + ${{temperature_offset}}",
}


def _channels(
    number_: int,
    title: str,
    about: str,
    series: tuple[tuple[str, str, str], ...],
    unit: Quantity | str,
    *,
    drawing: Drawing | None = None,
    height: int = 6,
    decimals: int | None = None,
) -> Panel:
    """Channels in one chart: metric, name and colour of each."""
    queries, shown = [], []
    for metric, name, colour in series:
        expression = f"iracing_{metric}{OF_SESSION}"
        if unit == units.Degrees:
            expression = f"deg({expression})"
        if isinstance(unit, Quantity):
            converted = _CONVERTED[unit].format(expression)
            queries.append(PromQl(converted, f"{name} ${{units}}"))
            one = Field("", name, unit)
        else:
            queries.append(PromQl(expression, name))
            one = Field("", name).with_(unit=unit)
        one = one.coloured(colour)
        shown.append(one if decimals is None else one.with_(decimals=decimals))
    return chart(
        number_,
        title,
        f"{about} Ten values a second at their true time, from Prometheus.",
        shown,
        tuple(queries),
        empty=NO_SAMPLES,
        drawing=replace(drawing or Drawing(), level=True),
        height=height,
        interval="100ms",  # ten values a second are stored; a data source's own least is 1 or 15 s
    )


def session() -> Panel:
    """Which session, and the way to all of it."""
    return table(
        1,
        "Session",
        "Click the session to set the time range to all of it, the board Session for its laps. From"
        " grafana.telemetry_sessions.",
        (
            hidden("floor(extract(epoch FROM start_time) * 1000)::bigint::text", "start_ms"),
            hidden("ceil(extract(epoch FROM end_time) * 1000)::bigint::text", "end_ms"),
            moment("start_time", "Start (UTC)").linked(
                links.to(
                    links.CHANNELS,
                    "Show the whole session",
                    session=variable("session"),
                    start=field("start_ms"),
                    end=field("end_ms"),
                ),
                links.to(links.SESSION, "Its laps", session=variable("session")),
            ),
            text("simsession_type", "Kind").wide(130),
            track(),
            car(),
            duration("duration_s", "Length").wide(100),
            number("lap_count", "Laps").wide(80),
        ),
        "grafana.telemetry_sessions WHERE session_key = '${session}'",
        empty="No session: choose one above.",
        height=4,
    )


def lap_strip() -> Panel:
    """The laps by number, above what happens in them."""
    return names(
        10,
        "Laps",
        "The laps of the session on the axis of the charts below, with their times. From"
        " grafana.telemetry_laps.",
        f"""
(SELECT greatest(start_time, $__timeFrom()::timestamptz) AS time,
        lap_number || coalesce(' · ' || {lap_words("lap_time_s")}, '') AS name
    FROM lap
    UNION ALL SELECT end_time, NULL FROM lap AS last
    WHERE NOT EXISTS (SELECT FROM lap AS next WHERE next.start_time > last.start_time
        AND next.start_time < last.end_time + interval '0.5 seconds')) AS edge
""",
        first="""WITH lap AS (
    SELECT *, start_time + (end_session_time_s - start_session_time_s) * interval '1 second'
        AS end_time
    FROM grafana.telemetry_laps WHERE session_key = '${session}'
        AND start_time + (end_session_time_s - start_session_time_s) * interval '1 second'
            > $__timeFrom()::timestamptz AND start_time < $__timeTo()::timestamptz
)""",
        empty="No lap: choose a session above.",
        height=3,
        may_be_empty=True,
    )


def speed() -> Panel:
    """Speed."""
    return _channels(
        2,
        "Speed",
        "Speed of the car.",
        (("speed_meters_per_second", "Speed", palette.SKY),),
        SPEED,
        height=8,
        drawing=Drawing(legend=False, low=0),
    )


def pedals() -> Panel:
    """Pedals."""
    return _channels(
        3,
        "Pedals",
        "Throttle and brake pedal, 0 to 100 %.",
        (
            ("throttle_ratio", "Throttle", palette.GREEN),
            ("brake_ratio", "Brake", palette.VERMILLION),
        ),
        units.PercentUnit,
        drawing=Drawing(low=0, high=1),
    )


def steering() -> Panel:
    """Steering."""
    return _channels(
        4,
        "Steering",
        "Angle of the steering wheel, positive to the left.",
        (("steering_wheel_angle_radians", "Steering", palette.PURPLE),),
        units.Degrees,
        decimals=0,
        drawing=Drawing(legend=False, around_zero=True),
    )


def engine() -> Panel:
    """Engine speed."""
    return _channels(
        5,
        "Engine",
        "Engine speed.",
        (("engine_speed_revolutions_per_minute", "Engine", palette.ORANGE),),
        units.RevolutionsPerMinute,
        decimals=0,
        drawing=Drawing(legend=False),
    )


def gear() -> Panel:
    """Gear."""
    return _channels(
        6,
        "Gear",
        "Gear engaged; 0 is neutral, -1 reverse.",
        (("gear", "Gear", palette.GREY),),
        units.NoUnit,
        decimals=0,
        height=5,
        drawing=Drawing(legend=False, steps=True),
    )


def fuel() -> Panel:
    """Fuel in the tank."""
    return _channels(
        7,
        "Fuel",
        "Fuel in the tank.",
        (("fuel_level_liters", "Fuel", palette.YELLOW),),
        VOLUME,
        drawing=Drawing(legend=False),
    )


def tyres() -> Panel:
    """Tyre temperatures."""
    return _channels(
        8,
        "Tyres, as last measured in the pits",
        "Carcass temperature in the middle of the tread. iRacing measures it in the pits: on track"
        " it holds what was measured last.",
        (
            ("left_front_tyre_temperature_celsius", "Left front", palette.SKY),
            ("right_front_tyre_temperature_celsius", "Right front", palette.ORANGE),
            ("left_rear_tyre_temperature_celsius", "Left rear", palette.GREEN),
            ("right_rear_tyre_temperature_celsius", "Right rear", palette.PURPLE),
        ),
        TEMPERATURE,
    )


def engine_temperatures() -> Panel:
    """Water and oil."""
    return _channels(
        9,
        "Water and oil",
        "Coolant and oil temperature.",
        (
            ("water_temperature_celsius", "Water", palette.BLUE),
            ("oil_temperature_celsius", "Oil", palette.ORANGE),
        ),
        TEMPERATURE,
    )


LAPS = Regions(
    "Laps",
    f"""
SELECT start_time AS time,
    start_time + (end_session_time_s - start_session_time_s) * interval '1 second' AS timeend,
    'lap ' || lap_number || coalesce(' · ' || {lap_words("lap_time_s")}, '') AS text
FROM grafana.telemetry_laps WHERE session_key = '${{session}}' AND lap_number % 2 = 1
ORDER BY start_time
""",
    palette.GREY,
)


BOARD = Board(
    uid=links.CHANNELS,
    title="Session channels",
    folder=Folder.TELEMETRY,
    question="What did the car and I do at this moment of the session?",
    variables=(SESSION, SPEED_FACTOR, VOLUME_FACTOR, TEMPERATURE_FACTOR, TEMPERATURE_OFFSET),
    regions=(LAPS,),
    start="now-1h",
    utc=True,
    shared_cursor=True,
    by_link=True,
    sections=(
        Section(None, (session(), lap_strip(), speed(), pedals(), steering(), engine(), gear())),
        Section("Car", (fuel(), tyres(), engine_temperatures())),
    ),
)
