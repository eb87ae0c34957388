"""Variables put into texts the way Grafana's front end does it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from iracing_pipeline.dashboards.errors import BoardError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Grafana's own pattern: $name, [[name:format]], ${name.path:format}.
_VARIABLE = re.compile(
    r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}"
)


@dataclass(frozen=True, slots=True)
class Value:
    """Value of a variable.

    Attributes:
        values: Its values; one unless several can be chosen.
        texts: Texts for the reader.
        several: Whether several can be chosen, so that SQL gets a list of quoted texts.
    """

    values: tuple[str, ...]
    texts: tuple[str, ...] = ()
    several: bool = False

    @property
    def text(self) -> str:
        """The text that the reader sees."""
        return " + ".join(self.texts or self.values)


def _quoted(mark: str, escaped: str) -> Callable[[Value], str]:
    return lambda value: ",".join(f"{mark}{v.replace(mark, escaped)}{mark}" for v in value.values)


def _pipe(value: Value, escape: Callable[[str], str] = str) -> str:
    shown = "|".join(escape(each) for each in value.values)
    return f"({shown})" if len(value.values) > 1 else shown


FORMATS: dict[str, Callable[[Value], str]] = {
    "raw": lambda value: ",".join(value.values),
    "csv": lambda value: ",".join(value.values),
    "text": lambda value: value.text,
    "sqlstring": _quoted("'", "''"),
    "singlequote": _quoted("'", "\\'"),
    "doublequote": _quoted('"', '\\"'),
    "pipe": lambda value: "|".join(value.values),
    "regex": lambda value: _pipe(value, re.escape),
    "json": lambda value: json.dumps(
        list(value.values) if value.several else value.values[0], ensure_ascii=False
    ),
    "percentencode": lambda value: quote(",".join(value.values), safe=""),
}


def for_sql(value: Value) -> str:
    """How the PostgreSQL data source puts in a value without a format."""
    if value.several:
        return FORMATS["sqlstring"](value)
    return value.values[0].replace("'", "''")


def for_prometheus(value: Value) -> str:
    """How the Prometheus data source puts in a value without a format."""
    if value.several:
        return _pipe(value, lambda v: re.sub(r"[\\^$*+?.()|[\]{}]", r"\\\\\g<0>", v))
    return value.values[0].replace("\\", "\\\\").replace('"', '\\"')


def for_text(value: Value) -> str:
    """How titles, legends and links show a value without a format."""
    return ",".join(value.values)


def interpolate(text: str, values: Mapping[str, Value], plain: Callable[[Value], str]) -> str:
    """A text with its variables put in.

    Names with two underscores in front that are not among the values are left: the data source's
    macros, or a field of the row that was clicked.

    Args:
        text: The text.
        values: Value of each variable.
        plain: How a variable without a format is put in.

    Raises:
        BoardError: If a variable or a format is not known.
    """

    def put(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[4]
        form = match[3] or match[6]
        if name not in values:
            if name.startswith("__"):
                return match[0]
            raise BoardError(f"variable {name} is not defined")
        if form is None:
            return plain(values[name])
        if form not in FORMATS:
            raise BoardError(f"variable {name} has the unknown format {form}")
        return FORMATS[form](values[name])

    return _VARIABLE.sub(put, text)


def names(text: str) -> set[str]:
    """The variables that a text uses."""
    return {match[1] or match[2] or match[4] for match in _VARIABLE.finditer(text)}
