"""The macros of Grafana's PostgreSQL data source, expanded as its back end does it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from iracing_pipeline.dashboards.errors import BoardError
from iracing_pipeline.dashboards.moments import seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from iracing_pipeline.dashboards.moments import Range

# Grafana ends the arguments at the first ")": a function in them is torn apart.
MACRO = re.compile(r"\$(__[a-zA-Z0-9]+)\(([^)]*)\)")


def expand(sql: str, span: Range) -> str:
    """A statement with its macros expanded.

    Raises:
        BoardError: If a macro is not known, or its arguments are wrong.
    """

    def put(match: re.Match[str]) -> str:
        name, argument_text = match[1], match[2]
        arguments = (
            [each.strip() for each in argument_text.split(",")] if argument_text.strip() else []
        )
        if name not in _MACROS:
            raise BoardError(f"macro ${name} is not known")
        least, expansion = _MACROS[name]
        if len(arguments) < least:
            raise BoardError(f"macro ${name} needs {least} argument(s)")
        return expansion(arguments, span)

    return MACRO.sub(put, sql)


def _at(moment: datetime) -> str:
    text = moment.isoformat(timespec="microseconds").replace("+00:00", "")
    return f"'{text.rstrip('0').rstrip('.') if '.' in text else text}Z'"


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


def _nano(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000


def _step(text: str) -> str:
    return f"{seconds(text.strip(chr(39))):g}"


def _group(arguments: list[str], _: Range) -> str:
    step = _step(arguments[1])
    return f"floor(extract(epoch from {arguments[0]})/{step})*{step}"


def _unix_group(arguments: list[str], _: Range) -> str:
    step = _step(arguments[1])
    return f"floor(({arguments[0]})/{step})*{step}"


_MACROS: dict[str, tuple[int, Callable[[list[str], Range], str]]] = {
    "__time": (1, lambda a, _: f'{a[0]} AS "time"'),
    "__timeEpoch": (1, lambda a, _: f'extract(epoch from {a[0]}) as "time"'),
    "__timeFilter": (1, lambda a, span: f"{a[0]} BETWEEN {_at(span.start)} AND {_at(span.end)}"),
    "__timeFrom": (0, lambda _, span: _at(span.start)),
    "__timeTo": (0, lambda _, span: _at(span.end)),
    "__timeGroup": (2, _group),
    "__timeGroupAlias": (2, lambda a, span: f'{_group(a, span)} AS "time"'),
    "__unixEpochFilter": (
        1,
        lambda a, span: f"{a[0]} >= {_unix(span.start)} AND {a[0]} <= {_unix(span.end)}",
    ),
    "__unixEpochNanoFilter": (
        1,
        lambda a, span: f"{a[0]} >= {_nano(span.start)} AND {a[0]} <= {_nano(span.end)}",
    ),
    "__unixEpochNanoFrom": (0, lambda _, span: str(_nano(span.start))),
    "__unixEpochNanoTo": (0, lambda _, span: str(_nano(span.end))),
    "__unixEpochGroup": (2, _unix_group),
    "__unixEpochGroupAlias": (2, lambda a, span: f'{_unix_group(a, span)} AS "time"'),
}
