"""Pit wall: the race while it runs, from what iracing-pipeline live serves."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.models import common

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, chart
from iracing_pipeline.dashboards.fields import SECONDS, Field, number
from iracing_pipeline.dashboards.panels import BLANK, Panel, stat
from iracing_pipeline.dashboards.queries import PromQl

UNKNOWN = "unknown"
NO_RACE = "Nothing live: start iracing-pipeline live on the racing PC, and drive."
JOB = '{job="iracing_live"}'
NEAREST = 6

NOW, SOON, GO = palette.VERMILLION, palette.ORANGE, palette.GREEN
SENTENCES = (
    ("limit_near", "Careful: the limit of incident points is near", NOW),
    ("box", "Box this lap: the pit window closes", NOW),
    ("fuel_short", "Box now: the fuel does not last", NOW),
    ("window_closes", "Box soon: the pit window closes in two laps", SOON),
    ("rain", "Rain begins", SOON),
    ("save", "Save fuel: it is close to the flag", SOON),
    ("window_open", "The pit window is open", GO),
    ("stay_out", "Stay out: the pit window is not open yet", GO),
    ("fuel_lasts", "The fuel lasts: push", GO),
    ("finished", "Finished", GO),
    ("unknown", "Not known yet", "text"),
)
"""Each value of the label ``advice``, as a sentence, and its colour."""


def _live(name: str) -> str:
    return f"iracing_live_{name}{JOB}"


def advice() -> Panel:
    """The one thing to do."""
    drawn = (
        stats.Panel()
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .text_mode(common.BigValueTextMode.NAME)
        .reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]).fields(""))
        .build()
    )
    return Panel(
        9,
        "Now",
        "The most urgent of: limit of incident points, pit window, fuel, rain. From"
        " iracing_live_advice.",
        "Nothing live",
        drawn,
        (PromQl(f"max by (advice) ({_live('advice')}) == 1", "{{advice}}", instant=True),),
        fields=tuple(
            Field("", f"/{code}/", matcher="byRegexp")
            .with_(displayName=sentence)
            .coloured(colour if colour != "text" else palette.GREY)
            for code, sentence, colour in SENTENCES
        ),
        width=24,
        height=3,
        may_be_empty=True,
    )


def _now(
    number_: int, title: str, about: str, shown: Field, query: str, *, width: int = 4
) -> Panel:
    """One number of the moment."""
    return stat(
        number_,
        title,
        about,
        shown,
        PromQl(query, shown.name, instant=True),
        empty=UNKNOWN,
        width=width,
        height=3,
        may_be_empty=True,
    )


def place() -> Panel:
    """Where I am."""
    return _now(
        1,
        "Position in class",
        "By iRacing. From iracing_live_class_position.",
        number("", "In class").with_(unit="prefix:P"),
        f"max({_live('class_position')})",
        width=5,
    )


def fuel() -> Panel:
    """Whether the fuel lasts."""
    return _now(
        2,
        "Fuel to spare, laps",
        "Laps that the fuel lasts beyond the flag without another stop; below zero it does not"
        " last. What a lap burns comes from earlier sessions and the clean laps of this race. From"
        " iracing_live_fuel_spare_laps.",
        number("", "Laps", decimals=1),
        f"max({_live('fuel_spare_laps')})",
        width=5,
    )


_NO_STOP = 1000
"""Stands for a race that takes no further stop."""
_WINDOW = [
    {
        "type": "value",
        "options": {
            **{str(-laps): {"text": f"in {laps}"} for laps in range(1, 100)},
            "0": {"text": "last"},
            str(_NO_STOP): {"text": "none"},
            **{str(laps): {"text": f"{laps} left"} for laps in range(1, 100)},
        },
    }
]


_NOT_NEEDED = 'iracing_live_pit_window{job="iracing_live",state="not_needed"}'


def window() -> Panel:
    """When to stop."""
    query = (
        f"min({_live('window_closes_laps')}) unless max({_live('window_opens_laps')}) > 0"
        f" or -max({_live('window_opens_laps')} > 0)"
        f" or {_NO_STOP} * max({_NOT_NEEDED})"
    )
    return _now(
        10,
        "Pit window, laps",
        "Laps until it opens (in 3), or that it stays open (3 left); last: the end of this lap is"
        " the last chance; none: no further stop is needed. From iracing_live_window_closes_laps,"
        " iracing_live_window_opens_laps and iracing_live_pit_window.",
        number("", "Laps").with_(mappings=_WINDOW),
        query,
        width=5,
    )


def ahead() -> Panel:
    """Who is next."""
    return _now(
        3,
        "Gap ahead",
        "Time to the next car ahead in the race. From iracing_live_car_ahead_seconds.",
        Field("", "Ahead").with_(unit=SECONDS, decimals=1),
        f"min({_live('car_ahead_seconds')} > 0)",
        width=5,
    )


def rating() -> Panel:
    """Change of iRating if the race ended now."""
    return _now(
        5,
        "iRating now",
        "What the race would change in the iRating if it ended in this order. Unknown where a"
        " rating of the class is missing, and in team races. From iracing_live_irating_change.",
        number("", "Change"),
        f"max({_live('irating_change')})",
    )


def left() -> Panel:
    """How long it still goes."""
    return _now(
        6,
        "Laps left",
        "Laps to complete, the present one included. From iracing_live_laps_left.",
        number("", "Laps"),
        f"max({_live('laps_left')})",
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


def after_stop() -> Panel:
    """Place after a stop now."""
    return _now(
        11,
        "After a stop now",
        "Place in class at the end of the out lap, if you stop at the end of this lap and the"
        " others stay out: median of replays. Unknown until a stop is known, by earlier sessions or"
        " in this race. From iracing_live_place_after_stop.",
        number("", "In class").with_(unit="prefix:P"),
        f"max({_live('place_after_stop')})",
    )


def finish() -> Panel:
    """Expected place at the flag."""
    return _now(
        12,
        "Expected finish",
        "Place in class at the flag: median of replays from here on. From"
        " iracing_live_finish_class_position.",
        number("", "In class").with_(unit="prefix:P"),
        f"max({_live('finish_class_position')})",
    )


def rating_at_flag() -> Panel:
    """Expected change of iRating at the flag."""
    return _now(
        13,
        "iRating at the flag",
        "Median change over replays from here on. From iracing_live_irating_change_at_flag.",
        number("", "Change"),
        f"max({_live('irating_change_at_flag')})",
    )


def points() -> Panel:
    """How careful to be."""
    return _now(
        14,
        "Points to a penalty",
        "Incident points left to the next penalty, or to disqualification where that is nearer."
        " From iracing_live_points_to_penalty and iracing_live_points_to_disqualification.",
        number("", "Points"),
        f"min({_live('points_to_penalty')} or {_live('points_to_disqualification')})",
    )


_COLUMNS = (
    ("class_position", number("", "P").wide(50)),
    ("ahead_seconds", Field("", "Gap s").with_(decimals=1).wide(80)),
    ("closing_seconds", Field("", "Closing s/lap").with_(decimals=1).wide(115)),
    ("last_lap_seconds", Field("", "Last lap s").with_(decimals=3).wide(95)),
    ("median_lap_seconds", Field("", "Median 5 s").with_(decimals=3).wide(105)),
    ("stint_laps", number("", "Stint").wide(70)),
    ("laps_down", number("", "Laps down").wide(105)),
    ("on_pit_road", number("", "Pit").wide(60)),
    ("incident_points", number("", "Points").wide(75)),
)
"""Columns of the field: end of the metric, and how it is shown."""
_PIT = [{"type": "value", "options": {"0": {"text": "\u00a0"}, "1": {"text": "pit"}}}]
_OWN = [{"type": "value", "options": {"0": {"text": "\u00a0"}, "1": {"text": "you"}}}]


_HIDDEN = Field("", "Near").with_(custom__hidden=True)


def field() -> Panel:
    """Everybody."""
    drawn = tables.Panel().cell_height(common.TableCellHeight.SM).min_width(50).build()
    entry = PromQl(f"max by (car, class) ({_live('car_entry')})", instant=True)
    near = PromQl(
        f"max by (car) (abs({_live('car_ahead_seconds')}) or on (car) {_live('car_entry')} == 1)"
        f" - on (car) max by (car) ({_live('car_entry')})",
        instant=True,
    )
    queries = (
        entry,
        near,
        *(PromQl(f"max by (car) ({_live(f'car_{name}')})", instant=True) for name, _ in _COLUMNS),
    )
    letters = [chr(ord("A") + place) for place in range(len(queries))]
    names = {"car": "Car", "class": "Class", "Value #A": "You", "Value #B": "Near"} | {
        f"Value #{letter}": shown.name
        for letter, (_, shown) in zip(letters[2:], _COLUMNS, strict=True)
    }
    order = ["Value #C", "car", "Value #A", *(f"Value #{each}" for each in letters[3:]), "class"]
    times = {f"Time {place}": True for place in range(1, len(queries) + 1)} | {"Time": True}
    own = Field("", "You").with_(mappings=_OWN).wide(60)
    shown = [
        each.with_(mappings=_PIT) if name == "on_pit_road" else each for name, each in _COLUMNS
    ]
    return Panel(
        15,
        "The field",
        "Every car by its number: yours, then the nearest in the race. Gap: time by which it is"
        " ahead of you; below zero it is behind. Closing: what the gap shrank by over your last"
        " lap. From iracing_live_car_*.",
        NO_RACE,
        drawn,
        queries,
        (BLANK, Field("", "Car").wide(70), own, _HIDDEN, *shown),
        width=24,
        height=15,
        may_be_empty=True,
        transformations=(
            ("joinByField", {"byField": "car", "mode": "outer"}),
            (
                "organize",
                {
                    "excludeByName": times,
                    "indexByName": {name: place for place, name in enumerate(order)},
                    "renameByName": names,
                },
            ),
            ("sortBy", {"fields": {}, "sort": [{"field": "Near", "desc": False}]}),
        ),
    )


def _around(number_: int, title: str, about: str, query: str) -> Panel:
    """A chart of the nearest cars."""
    return chart(
        number_,
        title,
        about,
        (Field("", "/.*/", matcher="byRegexp").with_(unit=SECONDS, decimals=1),),
        PromQl(query, "#{{car}}"),
        empty=NO_RACE,
        drawing=Drawing(),
        width=12,
        height=9,
        may_be_empty=True,
    )


_GAP = "iracing_live_car_ahead_seconds"
_NEAREST = f"bottomk({NEAREST}, abs({_GAP}{JOB} @ end()))"
"""The cars that are nearest now."""


def gaps() -> Panel:
    """Who comes closer."""
    return _around(
        7,
        "Gaps to the cars around",
        f"Time by which the {NEAREST} nearest cars are ahead in the race; below zero they are"
        " behind. By number of the car. From iracing_live_car_ahead_seconds.",
        f"{_live('car_ahead_seconds')} and on (car) {_NEAREST}",
    )


def pace() -> Panel:
    """Who is faster."""
    return _around(
        8,
        "Pace of the cars around",
        f"Median of the last five laps without pit road, of your car and of the {NEAREST} nearest"
        " cars. By number of the car. From iracing_live_car_median_lap_seconds.",
        f"{_live('car_median_lap_seconds')} and on (car) ({_NEAREST} or {_live('car_entry')} == 1)",
    )


def tank() -> Panel:
    """Fuel against what is needed."""
    return chart(
        16,
        "Fuel and what the race still needs",
        "Fuel in the tank, and the 95 % interval of what the rest of the race burns. From"
        " iracing_live_fuel_level_liters and iracing_live_fuel_to_flag_liters.",
        (
            Field("", "In the tank").with_(unit="suffix:L", decimals=1).coloured(palette.SKY),
            Field("", "Needed, low").with_(unit="suffix:L", decimals=1).coloured(palette.ORANGE),
            Field("", "Needed, high")
            .with_(unit="suffix:L", decimals=1, custom__fillBelowTo="Needed, low")
            .coloured(palette.ORANGE),
        ),
        (
            PromQl(f"max({_live('fuel_level_liters')})", "In the tank"),
            PromQl(f"max({_live('fuel_to_flag_low_liters')})", "Needed, low"),
            PromQl(f"max({_live('fuel_to_flag_high_liters')})", "Needed, high"),
        ),
        empty=NO_RACE,
        drawing=Drawing(low=0),
        width=12,
        height=9,
        may_be_empty=True,
    )


def stint() -> Panel:
    """The stint."""
    return chart(
        17,
        "Your last lap",
        "Lap by lap, by iRacing. From iracing_live_last_lap_seconds.",
        (Field("", "Last lap").with_(unit=SECONDS, decimals=3).coloured(palette.SKY),),
        PromQl(f"max({_live('last_lap_seconds')})", "Last lap"),
        empty=NO_RACE,
        drawing=Drawing(steps=True, legend=False),
        width=12,
        height=9,
        may_be_empty=True,
    )


BOARD = Board(
    uid=links.PIT_WALL,
    title="Pit wall",
    folder=Folder.STRATEGY,
    question="What does the race need now?",
    start="now-15m",
    refresh="1s",
    sections=(
        Section(
            None,
            (
                advice(),
                place(),
                fuel(),
                window(),
                ahead(),
                rating(),
                left(),
                behind(),
                after_stop(),
                finish(),
                rating_at_flag(),
                points(),
            ),
        ),
        Section("The field", (field(), gaps(), pace())),
        Section("Your car", (tank(), stint())),
    ),
)
