"""How Grafana writes a number in a unit."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_FIXED = {
    "percent": "%",
    "velocitykmh": " km/h",
    "velocitymph": " mph",
    "velocityms": " m/s",
    "velocityknot": " kn",
    "celsius": " °C",
    "fahrenheit": " °F",
    "kelvin": " K",
    "humidity": " %H",
    "degree": " °",
    "radian": " rad",
    "rotrpm": " rpm",
    "rotrads": " rad/s",
    "pressurekpa": " kPa",
    "pressurepsi": " psi",
    "gallons": " gal",
    "lengthft": " ft",
    "lengthin": " in",
    "lengthmi": " mi",
    "accMS2": " m/sec²",
    "accG": " g",
    "reqps": " req/s",
    "ops": " ops/s",
    "rps": " rd/s",
    "cps": " c/s",
}
_SI = {
    "litre": "L",
    "mlitre": "L",
    "lengthm": "m",
    "hertz": "Hz",
    "watt": "W",
    "Nm": "Nm",
    "massg": "g",
    "pressurepa": "Pa",
}
_SI_FACTOR = {"mlitre": 1e-3, "lengthkm": 1e3, "lengthmm": 1e-3}
_SECONDS = {
    "ns": 1e-9,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_DURATIONS = (
    ("year", 31_536_000),
    ("month", 2_628_000),
    ("week", 604_800),
    ("day", 86_400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)
_PLAIN = {"", "none", "string"}


def known(unit: str) -> bool:
    """Whether the preview writes a unit as Grafana does."""
    every = (_PLAIN, _SPECIAL, _FIXED, _SI, _SI_FACTOR, _SECONDS)
    return unit.startswith(("suffix:", *_BY_PREFIX)) or any(unit in each for each in every)


def written(value: float | None, unit: str = "", decimals: int | None = None) -> str:
    """A number in one of Grafana's units; an unknown one becomes a suffix, as there."""
    if value is None or math.isnan(value):
        return ""
    if unit in _SPECIAL:
        return _SPECIAL[unit](value, decimals)
    for prefix, write in _BY_PREFIX.items():
        if unit.startswith(prefix):
            return write(value, unit, decimals)
    if unit in _SECONDS:
        return _seconds(value * _SECONDS[unit], decimals)
    if unit in _SI or unit in _SI_FACTOR:
        return _si(value * _SI_FACTOR.get(unit, 1.0), decimals, _SI.get(unit, "m"))
    return _fixed(value, decimals) + _suffix(unit)


def _suffix(unit: str) -> str:
    if unit in _PLAIN:
        return ""
    if unit in _FIXED:
        return _FIXED[unit]
    return " " + unit.removeprefix("suffix:").strip()


def _auto(value: float) -> int:
    """Decimals that Grafana takes where none are set: three significant digits."""
    if value == 0 or value % 1 == 0:
        return 0
    return max(0, 2 - math.floor(math.log10(abs(value))))


def _fixed(value: float, decimals: int | None) -> str:
    text = f"{value:.{_auto(value) if decimals is None else decimals}f}"
    return "0" + text[2:] if text.startswith("-0") and float(text) == 0 else text


def _scaled(value: float, decimals: int | None, base: float, names: tuple[str, ...]) -> str:
    at = 0
    while abs(value) >= base and at < len(names) - 1:
        value /= base
        at += 1
    return _fixed(value, decimals) + names[at]


def _si(value: float, decimals: int | None, symbol: str) -> str:
    if value == 0:
        return f"{_fixed(0, decimals)} {symbol}"
    prefixes = {-3: "n", -2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G"}
    power = min(3, max(-3, math.floor(math.log10(abs(value)) / 3)))
    return f"{_fixed(value / 1000.0**power, decimals)} {prefixes[power]}{symbol}"


_STEPS: tuple[tuple[float, float, str], ...] = (
    (1e-6, 1e-9, " ns"),
    (1e-3, 1e-6, " µs"),
    (1, 1e-3, " ms"),
    (60, 1, " s"),
    (3600, 60, " mins"),
    (86_400, 3600, " hours"),
    (604_800, 86_400, " days"),
    (31_536_000, 604_800, " weeks"),
    (math.inf, 31_557_600, " years"),
)


def _seconds(seconds: float, decimals: int | None) -> str:
    size = abs(seconds)
    if size == 0:
        return _fixed(0, decimals) + " s"
    below, unit, name = next(step for step in _STEPS if size < step[0])
    text = _fixed(seconds / unit, decimals)
    one = float(text) == 1 and below > 60
    return text + (name.removesuffix("s") if one else name)


def _words(seconds: float) -> str:
    name, size = next((step for step in _DURATIONS if abs(seconds) >= step[1]), _DURATIONS[-1])
    count = round(seconds / size)
    return f"{count} {name}" + ("" if count == 1 else "s")


def _hours(seconds: float) -> str:
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 else ""
    return f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _stopwatch(milliseconds: float) -> str:
    whole = round(milliseconds)
    minutes, rest = divmod(whole, 60_000)
    seconds, left = divmod(rest, 1000)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours:02d}h:" if hours else ""
    return f"{start}{minutes:02d}m:{seconds:02d}s:{left:03d}ms"


def _clock(milliseconds: float, unit: str) -> str:
    try:
        at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return str(milliseconds)
    if not unit.startswith("time:"):
        return f"{at:%Y-%m-%d %H:%M:%S}"
    text = ""
    rest = unit.removeprefix("time:")
    thousandth = f"{round(milliseconds) % 1000:03d}"
    tokens = {
        "YYYY": f"{at:%Y}",
        "MMM": f"{at:%b}",
        "SSS": thousandth,
        "MM": f"{at:%m}",
        "DD": f"{at:%d}",
        "HH": f"{at:%H}",
        "mm": f"{at:%M}",
        "ss": f"{at:%S}",
        "SS": thousandth[:2],
        "H": str(at.hour),
        "D": str(at.day),
        "m": str(at.minute),
        "s": str(at.second),
        "S": thousandth[:1],
    }
    while rest:
        token = next((each for each in tokens if rest.startswith(each)), None)
        text += tokens[token] if token else rest[0]
        rest = rest[len(token) if token else 1 :]
    return text


def _ago(milliseconds: float, _unit: str, _decimals: int | None) -> str:
    seconds = datetime.now(UTC).timestamp() - milliseconds / 1000
    return f"{_words(seconds)} ago" if seconds >= 0 else f"in {_words(-seconds)}"


_SPECIAL: dict[str, Callable[[float, int | None], str]] = {
    "percentunit": lambda value, decimals: _fixed(value * 100, decimals) + "%",
    "short": lambda value, decimals: _scaled(
        value, decimals, 1000, ("", " K", " Mil", " Bil", " Tri")
    ),
    "bytes": lambda value, decimals: _scaled(
        value, decimals, 1024, (" B", " KiB", " MiB", " GiB", " TiB")
    ),
    "decbytes": lambda value, decimals: _scaled(
        value, decimals, 1000, (" B", " kB", " MB", " GB", " TB")
    ),
    "locale": lambda value, decimals: (
        f"{value:,.{_auto(value) if decimals is None else decimals}f}"
    ),
    "bool": lambda value, _: "True" if value else "False",
    "bool_yes_no": lambda value, _: "Yes" if value else "No",
    "bool_on_off": lambda value, _: "On" if value else "Off",
    "dtdurations": lambda value, _: _words(value),
    "dtdurationms": lambda value, _: _words(value / 1000),
    "dthms": lambda value, _: _hours(value),
    "clockms": lambda value, _: _stopwatch(value),
    "clocks": lambda value, _: _stopwatch(value * 1000),
}
_BY_PREFIX: dict[str, Callable[[float, str, int | None], str]] = {
    "dateTimeFromNow": _ago,
    "dateTime": lambda value, unit, _: _clock(value, unit),
    "time:": lambda value, unit, _: _clock(value, unit),
    "prefix:": lambda value, unit, decimals: unit[len("prefix:") :] + _fixed(value, decimals),
}
