"""Columns of an answer: the expression that is asked for, and how it is shown.

Quantities with a unit of their own in other countries are converted in the query. The column's
name then ends in ``metric`` or ``imperial``, the value of the board's variable ``units``, and
each of the two names has its rule in the panel: unit and name follow the variable, although
Grafana puts no variables into units.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.models import units

from iracing_pipeline.dashboards import palette
from iracing_pipeline.dashboards.font import cell_px, header_px

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.dashboards.links import Link

LAP_TIME = "time:m:ss.SSS"  # of milliseconds; shifts with the time zone, so only in UTC boards
SECONDS = "suffix:s"  # Grafana's own "s" turns 95 into "1.58 mins"
_NOTHING = 0.0005  # a difference that three decimals do not show
_MOST = 1e12  # beyond every difference
COLUMN_PX = 70
"""The least width of a table column that has none of its own."""
SYSTEMS = ("metric", "imperial")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity with two units, and the function of schema ``grafana`` that converts it."""

    function: str
    metric: str
    imperial: str
    decimals: int


SPEED = Quantity("speed", units.KilometersPerHour, units.MilesPerHour, 1)
TEMPERATURE = Quantity("temperature", units.Celsius, units.Fahrenheit, 1)
# Grafana's own litres and metres become mL and km by themselves, so that a column mixes them.
VOLUME = Quantity("volume", "suffix:L", "suffix:gal", 2)
# What a lap burns is multiplied by the laps of a race: a small car burns a quarter of a litre.
CONSUMPTION = Quantity("volume", "suffix:L", "suffix:gal", 3)
PRESSURE = Quantity("pressure", units.Kilopascals, units.PSI, 1)
LENGTH = Quantity("length", "suffix:m", "suffix:ft", 0)


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Attributes:
        expression: SQL expression.
        name: Its name; what the reader sees, unless ``shown_as`` says otherwise.
        quantity: Quantity, for conversion to the reader's units.
        properties: Grafana's properties of the field, by id.
        matcher: Whether ``name`` is a name, or an expression in slashes (``byRegexp``).
        longest: The longest text that its cells are known to hold: lint checks that it fits.
    """

    expression: str
    name: str
    quantity: Quantity | None = None
    shown_as: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    matcher: str = "byName"
    longest: str = ""

    @property
    def sql(self) -> str:
        """The column of the query."""
        if self.quantity is None:
            return f'{self.expression} AS "{self.column}"'
        converted = f"grafana.{self.quantity.function}({self.expression}, '${{units}}')"
        return f'{converted} AS "{self.column}"'

    @property
    def column(self) -> str:
        """Name of the column, with the variable where it has units."""
        return self.name if self.quantity is None else f"{self.name} ${{units}}"

    @property
    def rules(self) -> list[tuple[str, dict[str, Any]]]:
        """The rules of the panel: name of a column, and its properties."""
        if self.quantity is None:
            own = {} if self.shown_as is None else {"displayName": self.shown_as}
            own |= self.properties
            return [(self.name, own)] if own else []
        quantity = self.quantity
        return [
            (
                f"{self.name} {system}",
                {
                    "displayName": self.shown_as or self.name,
                    "unit": unit,
                    "decimals": quantity.decimals,
                    **self.properties,
                },
            )
            for system, unit in zip(SYSTEMS, (quantity.metric, quantity.imperial), strict=True)
        ]

    def with_(self, **properties: Any) -> Field:
        """The same with more properties; ``__`` in a name stands for a dot."""
        named = {name.replace("__", "."): value for name, value in properties.items()}
        return replace(self, properties={**self.properties, **named})

    def without(self, properties: Mapping[str, Any]) -> Field:
        """The same without some properties, where it has them with these values."""
        kept = {
            name: value
            for name, value in self.properties.items()
            if name not in properties or properties[name] != value
        }
        return replace(self, properties=kept)

    def wide(self, width: int) -> Field:
        """The same, as a table column of this many pixels."""
        return self.with_(custom__width=width)

    def fitted(self) -> Field:
        """The same, as a table column that is wide enough for its header."""
        if self.matcher != "byName" or self.properties.get("custom.hidden"):
            return self
        needed = ceil(header_px(self.shown_as or self.name))
        given = self.properties.get("custom.width")
        if given is not None:
            return self.wide(max(given, needed))
        least = self.properties.get("custom.minWidth", COLUMN_PX)
        return self.with_(custom__minWidth=max(least, needed))

    def coloured(self, colour: str) -> Field:
        """The same in a colour."""
        return self.with_(color={"mode": "fixed", "fixedColor": colour})

    def linked(self, *links: Link) -> Field:
        """The same with links."""
        return self.with_(links=[link.json for link in links])

    def less_is_better(self) -> Field:
        """The same, as a table column in which less than zero is a gain: time."""
        return self._judged(palette.FASTER, palette.SLOWER)

    def more_is_better(self) -> Field:
        """The same, as a table column in which more than zero is a gain: ratings."""
        return self._judged(palette.SLOWER, palette.FASTER)

    def _judged(self, below: str, above: str) -> Field:
        # The first colour is that of no value too, so it is no judgement.
        steps = [(None, "text"), (-_MOST, below), (-_NOTHING, "text"), (_NOTHING, above)]
        return self.with_(
            custom__cellOptions={"type": "color-text"},
            color={"mode": "thresholds"},
            thresholds={
                "mode": "absolute",
                "steps": [{"value": value, "color": colour} for value, colour in steps],
            },
        )

    def as_bar(self) -> Field:
        """The same, as a table column of bars with their values; its name holds the unit."""
        return self.with_(
            custom__cellOptions={"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
            min=0,
        )

    def dashed(self) -> Field:
        """The same, as a dashed line."""
        return self.with_(custom__lineStyle={"fill": "dash", "dash": [8, 6]})

    def points(self, size: int = 8) -> Field:
        """The same, as points without a line."""
        return self.with_(
            custom__drawStyle="points", custom__pointSize=size, custom__showPoints="always"
        )


def time(expression: str) -> Field:
    """The time of a chart's points; the query sorts by it."""
    return Field(expression, "time")


DATE_TIME = "time:YYYY-MM-DD HH:mm"
DATE_TIME_PX = 165  # a linked cell that is narrower cuts the time


def moment(expression: str, name: str) -> Field:
    """A date and time of day, in the board's time zone."""
    return Field(expression, name).with_(unit=DATE_TIME, custom__width=DATE_TIME_PX)


def ago(expression: str, name: str) -> Field:
    """A time as how long ago it is."""
    return Field(expression, name).with_(unit=units.DateTimeFromNow, custom__width=150)


def text(expression: str, name: str) -> Field:
    """Words."""
    return Field(expression, name)


WRAPPED: Mapping[str, Any] = {"custom.cellOptions": {"type": "auto", "wrapText": True}}


def sentence(expression: str, name: str, *, least: int = 200) -> Field:
    """Words that may be long: the cell wraps them and opens on a click, so that none are cut."""
    return text(expression, name).with_(
        custom__cellOptions=WRAPPED["custom.cellOptions"],  # up to Grafana 12.1
        custom__wrapText=True,
        custom__inspect=True,
        custom__minWidth=least,
    )


LONGEST_TRACK = "Circuit de Spa-Francorchamps · Endurance"
LONGEST_CAR = "Mercedes-AMG W13 E Performance"
LONGEST_DRIVER = "Maximiliane von Hohenstauffenb"  # 30 letters


def _named(expression: str, name: str, longest: str) -> Field:
    return Field(expression, name, longest=longest).with_(custom__minWidth=ceil(cell_px(longest)))


def track(of: str = "") -> Field:
    """Track and configuration of a table or an alias, such as ``session.``."""
    name = f"concat_ws(' · ', {of}track_name, {of}track_config)"
    return _named(name, "Track", LONGEST_TRACK)


def car(of: str = "") -> Field:
    """Car of a table or an alias."""
    return _named(f"{of}car_name", "Car", LONGEST_CAR)


def driver(expression: str = "driver_name", *, longest: str = LONGEST_DRIVER) -> Field:
    """A driver."""
    return _named(expression, "Driver", longest)


def words(expression: str, name: str) -> Field:
    """Words as the tables write them, such as ``off_track``, as one reads them."""
    return text(f"replace({expression}, '_', ' ')", name)


def hidden(expression: str, name: str) -> Field:
    """A column that a table does not show, but its links use."""
    return Field(expression, name).with_(
        custom__hidden=True, custom__hideFrom={"viz": True, "legend": True, "tooltip": True}
    )


def number(expression: str, name: str, *, decimals: int = 0, unit: str = units.NoUnit) -> Field:
    """A number; a count unless it says otherwise."""
    return Field(expression, name).with_(unit=unit, decimals=decimals)


def share(expression: str, name: str, *, decimals: int | None = 0) -> Field:
    """A ratio from 0 to 1, as per cent.

    In a chart with None, or more decimals than 0: of a field that has 0, Grafana's axis shows
    whole numbers alone, which are 0 % and 100 %.
    """
    shown = Field(expression, name).with_(unit=units.PercentUnit)
    return shown if decimals is None else shown.with_(decimals=decimals)


LAP_MS = "grafana.lap_ms("


def lap_time(expression: str, name: str) -> Field:
    """A lap time in seconds, as m:ss.SSS: a number, for charts and boards in UTC.

    The unit cuts what lies below a millisecond, so the query rounds first.
    """
    return Field(f"{LAP_MS}{expression})", name).with_(unit=LAP_TIME)


def lap_words(expression: str) -> str:
    """SQL of a lap time as people write it: 59.714 or 1:36.997."""
    return f"regexp_replace(grafana.lap_time({expression}), '^0:', '')"


def lap_text(expression: str, name: str) -> Field:
    """A lap time in seconds as text (see :func:`lap_words`), which no time zone shifts."""
    return Field(lap_words(expression), name).with_(custom__align="right")


_WHOLE_TICKS = 60
_NO_TEXT = "\u00a0"
# Grafana puts ticks between whole numbers on a short axis: these have no text. An empty text would
# become the panel's noValue.
_BLANK_BETWEEN: list[dict[str, Any]] = [
    {
        "type": "range",
        "options": {
            "from": whole + 0.001,
            "to": whole + 0.999,
            "result": {"text": _NO_TEXT, "index": whole},
        },
    }
    for whole in range(_WHOLE_TICKS)
]


def whole(expression: str, name: str) -> Field:
    """A whole number that is the x axis of a chart, such as the lap: only whole ticks have text."""
    return Field(expression, name).with_(unit=units.NoUnit, decimals=0, mappings=_BLANK_BETWEEN)


def seconds(expression: str, name: str, *, decimals: int = 3) -> Field:
    """A duration or a difference."""
    return Field(expression, name).with_(unit=SECONDS, decimals=decimals)


def duration(expression: str, name: str) -> Field:
    """A long duration in seconds, as h:mm:ss."""
    return Field(expression, name).with_(unit=units.DurationInHoursMinutesSeconds)


def speed(expression: str, name: str) -> Field:
    """A speed in m/s, as km/h or mph."""
    return Field(expression, name, SPEED)


def temperature(expression: str, name: str) -> Field:
    """A temperature in °C, as °C or °F."""
    return Field(expression, name, TEMPERATURE)


def volume(expression: str, name: str) -> Field:
    """Litres, as litres or gallons."""
    return Field(expression, name, VOLUME)


def consumption(expression: str, name: str) -> Field:
    """Litres a lap, as litres or gallons."""
    return Field(expression, name, CONSUMPTION)


def pressure(expression: str, name: str) -> Field:
    """A pressure in kPa, as kPa or psi."""
    return Field(expression, name, PRESSURE)


def length(expression: str, name: str) -> Field:
    """A length in m, as m or ft."""
    return Field(expression, name, LENGTH)


def series(name: str, colour: str) -> Field:
    """A series that a query of its own returns under a name."""
    return Field("", name).coloured(colour)


def series_like(expression: str, colour: str) -> Field:
    """Series whose names fit a regular expression in slashes."""
    return Field("", expression, matcher="byRegexp").coloured(colour)


def position(expression: str, name: str) -> Field:
    """A place in the race, for a chart: its axis has the first place on top.

    Grafana has no axes that run downwards, so what is drawn is minus the place, shown as P1, P2;
    the axis ends above the first place, or its top would be a place 0.
    """
    places = {str(-place): {"text": f"P{place}", "index": place} for place in range(1, 61)}
    places["0"] = {"text": _NO_TEXT, "index": 0}
    return Field(f"-({expression})", name).with_(
        mappings=[{"type": "value", "options": places}], decimals=0, custom__axisSoftMax=-0.5
    )


def per_slot(unit: Quantity | str | None, *, decimals: int | None = None) -> tuple[Field, ...]:
    """How the laps of a comparison are shown: series named A to D by their slots."""
    shown = []
    for slot, colour in palette.SLOTS.items():
        one = Field(
            "",
            slot,
            unit if isinstance(unit, Quantity) else None,
            shown_as=f"{slot}  ${{{SLOT_VARIABLES[slot]}:text}}",
        ).coloured(colour)
        if isinstance(unit, str):
            one = one.with_(unit=unit)
        if decimals is not None:
            one = one.with_(decimals=decimals)
        shown.append(one)
    return tuple(shown)


SLOT_VARIABLES = {"A": "a", "B": "b", "C": "c", "D": "d"}
