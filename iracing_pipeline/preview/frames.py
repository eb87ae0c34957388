"""Query results as Grafana's data frames: fields with a type, labels and a configuration."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME, NUMBER, TEXT, BOOLEAN, OTHER = "time", "number", "string", "boolean", "other"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a frame.

    Attributes:
        name: Its name in the result.
        kind: ``time`` (values in ms since 1970), ``number``, ``string``, ``boolean`` or ``other``.
        values: One value a row; None where there is none.
        labels: What tells it from fields of the same name.
        config: Unit, decimals and the rest of Grafana's field configuration.
    """

    name: str
    kind: str
    values: list[Any]
    labels: dict[str, str] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What legends and headings call it."""
        given = self.config.get("displayName") or self.config.get("displayNameFromDS")
        if given:
            for name, value in self.labels.items():
                given = given.replace(f"${{__field.labels.{name}}}", value)
            return str(given.replace("${__field.name}", self.name))
        if not self.labels:
            return self.name
        if len(self.labels) == 1:
            label = next(iter(self.labels.values()))
            return label if self.name.lower() in {"value", "metric"} else f"{self.name} {label}"
        inner = ", ".join(f'{name}="{value}"' for name, value in sorted(self.labels.items()))
        return f"{self.name} {{{inner}}}"

    def having(self, **changes: Any) -> Field:
        """The same field with something changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Frame:
    """One result of one query."""

    fields: list[Field]
    ref: str = "A"
    name: str | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.fields[0].values) if self.fields else 0

    def first(self, kind: str) -> Field | None:
        """The first field of a kind."""
        return next((each for each in self.fields if each.kind == kind), None)

    def of(self, kind: str) -> list[Field]:
        """All fields of a kind."""
        return [each for each in self.fields if each.kind == kind]


def frame_of(names: Sequence[str], rows: Sequence[Sequence[Any]], ref: str) -> Frame:
    """A result of SQL in the format ``table``."""
    fields = []
    for at, name in enumerate(names):
        values = [_scalar(row[at]) for row in rows]
        kind = TIME if _is_time(name, values, rows, at) else _kind(values)
        if kind == TIME:
            values = [_milliseconds(value) for value in (row[at] for row in rows)]
        fields.append(Field(name, kind, values))
    return Frame(fields, ref)


def series_of(frame: Frame) -> list[Frame]:
    """A table as time series: text columns become labels, one frame a series."""
    time = next((f for f in frame.fields if f.name == "time"), None) or frame.first(TIME)
    if time is None:
        return [frame]
    labels = frame.of(TEXT)
    values = [f for f in frame.fields if f.kind in {NUMBER, BOOLEAN} and f is not time]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row in range(frame.rows):
        groups.setdefault(tuple(label.values[row] for label in labels), []).append(row)
    return [
        Frame(
            [
                time.having(values=[time.values[row] for row in rows]),
                Field(
                    value.name,
                    value.kind,
                    [value.values[row] for row in rows],
                    {
                        label.name: str(text)
                        for label, text in zip(labels, key, strict=True)
                        if text is not None
                    },
                    _named_by_metric(labels, key, len(values)),
                ),
            ],
            frame.ref,
        )
        for value in values
        for key, rows in groups.items()
    ]


def _named_by_metric(labels: list[Field], key: tuple[Any, ...], values: int) -> dict[str, Any]:
    """With one value column and one text column, the text alone is the name of the series."""
    one = values == 1 and len(labels) == 1 and key[0] is not None
    return {"displayNameFromDS": str(key[0])} if one else {}


def _is_time(name: str, values: list[Any], rows: Sequence[Sequence[Any]], at: int) -> bool:
    found = next((row[at] for row in rows if row[at] is not None), None)
    if isinstance(found, date):
        return True
    return name == "time" and (not values or isinstance(found, (int, float, Decimal)))


def _milliseconds(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.timestamp() * 1000
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000
    number = float(value)
    # Grafana takes numbers of up to ten digits for seconds.
    return number * 1000 if abs(number) < 1e11 else number


def _scalar(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return "{" + ",".join("" if each is None else str(each) for each in value) + "}"
    return str(value)


def _kind(values: list[Any]) -> str:
    found = next((value for value in values if value is not None), None)
    if isinstance(found, bool):
        return BOOLEAN
    if isinstance(found, (int, float)):
        return NUMBER
    return TEXT if isinstance(found, str) else OTHER
