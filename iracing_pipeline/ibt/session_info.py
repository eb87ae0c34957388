"""Parse the session info of an ``.ibt`` file: text that looks like YAML but is not.

iRacing prints it without quoting, so names that drivers chose break YAML parsers: ``#``, ``: ``,
quotes, a leading ``-`` or ``*``, even line breaks; and YAML's guesses spoil values
(``CourseCautions: off``, initials ``NO``, the date). What it does keep is its shape: one space
of indentation a level, ``Key: value`` to the end of the line, ``- Key:`` for items. This parser
reads that shape and nothing else. It takes any bytes and never raises.

Numbers become ``int`` or ``float``; an empty value is ``None``; all else, units included, stays
text as written (``"0.68 km"``; see :func:`quantity`).
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

# Where the encoding is declared; tools that merge files put a document of their own before it.
_HEAD = 1024
_ENCODING = re.compile(rb"^\s*Encoding:\s*([\w-]+)", re.MULTILINE)
_LINE = re.compile(r"( *)(- )?([A-Za-z_][\w-]*):(?: +(.*)|)$")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?\Z")
_QUANTITY = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) *([A-Za-z/%]*)\Z")

# Levels of nesting, far above the five of a car setup: what is built can be walked recursively.
_MAX_DEPTH = 32

# Free text, even when somebody's name is a number.
_TEXT_KEYS = frozenset(
    {
        "AbbrevName",
        "BuildVersion",
        "CameraName",
        "CarClassShortName",
        "CarDesignStr",
        "CarNumber",
        "CarNumberDesignStr",
        "CarPath",
        "CarScreenName",
        "CarScreenNameShort",
        "ClubName",
        "Date",
        "DivisionName",
        "DriverSetupName",
        "FrequencyName",
        "GroupName",
        "HelmetDesignStr",
        "Initials",
        "LicString",
        "RaceFarm",
        "RadioName",
        "SessionName",
        "SuitDesignStr",
        "TeamName",
        "TelemetryDiskFile",
        "TimeOfDay",
        "TrackCity",
        "TrackConfigName",
        "TrackCountry",
        "TrackDisplayName",
        "TrackDisplayShortName",
        "TrackName",
        "TrackVersion",
        "UserName",
    }
)

_SI = {
    "m": 1.0,
    "km": 1000.0,
    "mi": 1609.344,
    "m/s": 1.0,
    "kph": 1 / 3.6,
    "km/h": 1 / 3.6,
    "mph": 0.44704,
    "%": 0.01,
}


def decode(raw: bytes) -> str:
    """The text of the session info.

    Since 2026 iRacing declares the encoding in the first section; before, it wrote the Windows
    code page 1252. Bytes that are valid UTF-8 are read as such unless declared otherwise: text
    in the old code page with accents practically never is.
    """
    raw = raw.partition(b"\0")[0]
    declared = _ENCODING.search(raw[:_HEAD])
    if declared is None or declared[1].upper().replace(b"-", b"") == b"UTF8":
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            if declared is not None:
                return raw.decode("utf-8", errors="replace")
    # The five bytes that code page 1252 leaves undefined are shown as iRacing's own tools do.
    return raw.translate(_UNDEFINED_TO_SPACE).decode("cp1252")


_UNDEFINED_TO_SPACE = bytes(
    0x20 if byte in b"\x81\x8d\x8f\x90\x9d" else byte for byte in range(256)
)


def parse(text: str, sections: Collection[str] | None = None) -> dict[str, Any]:
    """The session info as nested dicts and lists.

    Args:
        text: The session info, as :func:`decode` gives it.
        sections: Top-level keys to take, such as ``WeekendInfo``; others are skipped unread.
            None takes all.
    """
    parsed: dict[str, Any] = {}
    for name, value, lines in _sections(text):
        # Of two, the first is iRacing's: a second one is somebody's text.
        if name in parsed or (sections is not None and name not in sections):
            continue
        parsed[name] = _Block(_indent(lines[0])).parse(lines) if lines else _value(name, value)
    return parsed


def _sections(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Each top-level key with the text beside it and the lines below it.

    A key at the margin opens a section only where iRacing puts one: first, after a blank line or
    a document mark, or after another such key. Elsewhere it is the second line of somebody's text.
    """
    name, value, lines = "", "", list[str]()
    opens = True
    # Not splitlines(): names hold characters that it takes for line ends.
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip() or line in {"---", "..."}:
            opens = True
            continue
        match = _LINE.match(line) if opens and not line.startswith((" ", "-")) else None
        if match:
            if name:
                yield name, value, lines
            name, value, lines = match[3], match[4] or "", []
        else:
            lines.append(line)
            opens = False
    if name:
        yield name, value, lines


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


class _Block:
    """Builds one section from its lines."""

    def __init__(self, indent: int) -> None:
        self._root: dict[str, Any] = {}
        # Open containers with the indentation of their keys or dashes, outermost first.
        self._open: list[tuple[int, dict[str, Any] | list[Any]]] = [(indent, self._root)]
        # The key read last, where it stands, and the lines of its text.
        self._last: tuple[dict[str, Any], str, list[str]] | None = None

    def parse(self, lines: list[str]) -> dict[str, Any]:
        for line in lines:
            match = _LINE.match(line)
            # What stands left of the section's first key is the next line of somebody's text too.
            if match is None or len(match[1]) < self._open[0][0]:
                self._continue(line)
                continue
            indent, dash, key = len(match[1]), match[2], match[3]
            self._commit()
            container = self._item(indent) if dash else self._mapping(indent)
            container[key] = None
            self._last = (container, key, [match[4]] if match[4] else [])
        self._commit()
        return self._root

    def _continue(self, line: str) -> None:
        """Add a line that is no ``Key: value`` to the text before it."""
        if self._last is not None:
            self._last[2].append(line.strip())

    def _commit(self) -> None:
        if self._last is not None:
            container, key, text = self._last
            container[key] = _value(key, "\n".join(text))

    def _item(self, indent: int) -> dict[str, Any]:
        """A new item of the list whose dashes stand at ``indent``."""
        while len(self._open) > 1 and self._open[-1][0] > indent:
            self._open.pop()
        parent = self._open[-1][1]
        if isinstance(parent, dict):
            if len(self._open) >= _MAX_DEPTH:
                return parent
            items: list[Any] = []
            # Dashes under no empty key belong to nothing: they are read, and dropped.
            if self._last is not None and self._last[0] is parent and not self._last[2]:
                parent[self._last[1]] = items
            self._open.append((indent, items))
            parent = items
        item: dict[str, Any] = {}
        parent.append(item)
        self._open.append((indent + 2, item))
        return item

    def _mapping(self, indent: int) -> dict[str, Any]:
        """The mapping whose keys stand at ``indent``."""
        while len(self._open) > 1 and (
            self._open[-1][0] > indent
            or (self._open[-1][0] == indent and isinstance(self._open[-1][1], list))
        ):
            self._open.pop()
        depth, parent = self._open[-1]
        if isinstance(parent, list):  # deeper than its dashes, but no item is open
            return self._item(depth)
        below = self._last is not None and self._last[0] is parent and not self._last[2]
        if self._last is not None and below and depth < indent and len(self._open) < _MAX_DEPTH:
            child: dict[str, Any] = {}
            parent[self._last[1]] = child
            self._open.append((indent, child))
            return child
        return parent


def _value(key: str, text: str) -> str | int | float | None:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1]
    if not text:
        return None
    if key in _TEXT_KEYS:
        return text
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text) and math.isfinite(number := float(text)):
        return number
    return text


def quantity(text: object) -> float | None:
    """The number in a value with its unit, in SI (``"0.68 km"`` is 680.0, ``"62 %"`` is 0.62).

    Lengths come in metres, speeds in m/s, percentages as ratios; other units (``C``, ``Hg``)
    keep their number. None if it is not a quantity.
    """
    if isinstance(text, int | float):
        return float(text)
    match = _QUANTITY.match(text.strip()) if isinstance(text, str) else None
    number = float(match[1]) * _SI.get(match[2], 1.0) if match else math.nan
    return number if math.isfinite(number) else None
