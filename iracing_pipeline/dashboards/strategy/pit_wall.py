"""Pit wall: the race while it runs, from what iracing-pipeline live serves."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, chart
from iracing_pipeline.dashboards.fields import SECONDS, Field, number, series_like
from iracing_pipeline.dashboards.panels import Panel, stat
from iracing_pipeline.dashboards.queries import PromQl

NOBODY = "not racing"
NO_RACE = "Nothing live: start iracing-pipeline live on the racing PC, and drive."
JOB = '{job="iracing_live"}'


def _live(name: str) -> str:
    return f"iracing_live_{name}{JOB}"


def _now(number: int, title: str, about: str, shown: Field, query: str) -> Panel:
    """One number of the moment."""
    return stat(
        number,
        title,
        about,
        shown,
        PromQl(query, shown.name),
        empty=NOBODY,
        width=4,
        may_be_empty=True,
    )


def place() -> Panel:
    """Where I am."""
    return _now(
        1,
        "Position",
        "Position in class now, by iRacing. From iracing_live_class_position.",
        number("", "In class"),
        f"max({_live('class_position')})",
    )


def fuel() -> Panel:
    """Whether the fuel lasts."""
    return _now(
        2,
        "Fuel to spare",
        "Laps that the fuel lasts minus laps left, by the median of the last five whole laps; below"
        " zero it does not last. From iracing_live_fuel_spare_laps.",
        number("", "Laps", decimals=1),
        f"max({_live('fuel_spare_laps')})",
    )


def ahead() -> Panel:
    """Who is next."""
    return _now(
        3,
        "Gap ahead",
        "Time to the next car ahead in the race. From iracing_live_car_ahead_seconds.",
        Field("", "Ahead").with_(unit=SECONDS, decimals=1),
        f"min({_live('car_ahead_seconds')} > 0)",
    )


def behind() -> Panel:
    """Who follows."""
    return _now(
        4,
        "Gap behind",
        "Time to the next car behind in the race. From iracing_live_car_ahead_seconds.",
        Field("", "Behind").with_(unit=SECONDS, decimals=1),
        f"-max({_live('car_ahead_seconds')} < 0)",
    )


def rating() -> Panel:
    """What it is worth."""
    return _now(
        5,
        "iRating now",
        "What the race would change in the iRating if it ended in this order. Unknown where a"
        " rating of the class is missing. From iracing_live_irating_change.",
        number("", "Change"),
        f"max({_live('irating_change')})",
    )


def left() -> Panel:
    """How long it still goes."""
    return _now(
        6,
        "Laps left",
        "Laps still to drive, the present one included; by the clock with the median of the last"
        " five laps. From iracing_live_laps_left.",
        number("", "Laps"),
        f"max({_live('laps_left')})",
    )


def _around(number: int, title: str, about: str, query: str) -> Panel:
    """A chart of the cars within 30 s."""
    return chart(
        number,
        title,
        about,
        (series_like("/.*/", palette.SKY).with_(unit=SECONDS, decimals=1),),
        PromQl(query, "{{car}}"),
        empty=NO_RACE,
        drawing=Drawing(),
        width=12,
        height=9,
        may_be_empty=True,
    )


def gaps() -> Panel:
    """Who comes closer."""
    return _around(
        7,
        "Gaps to the cars around",
        "Time by which other cars are ahead, within 30 s; below zero they are behind. By number"
        " of the car. From iracing_live_car_ahead_seconds.",
        f"{_live('car_ahead_seconds')} > -30 < 30",
    )


def pace() -> Panel:
    """Who is faster."""
    return _around(
        8,
        "Pace of the cars around",
        "Median of the last five laps without pit road, of the cars within 30 s. By number of the"
        " car. From iracing_live_car_median_lap_seconds.",
        f"{_live('car_median_lap_seconds')} and on (car) ({_live('car_ahead_seconds')} > -30 < 30)",
    )


BOARD = Board(
    uid=links.PIT_WALL,
    title="Pit wall",
    folder=Folder.STRATEGY,
    question="What does the race need now?",
    start="now-15m",
    refresh="5s",
    sections=(
        Section(None, (place(), fuel(), ahead(), behind(), rating(), left())),
        Section("The cars around", (gaps(), pace())),
    ),
)
