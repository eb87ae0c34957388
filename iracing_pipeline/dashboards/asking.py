"""Ask what a board asks, of real servers, the way Grafana would."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import psycopg

from iracing_pipeline.dashboards.errors import BoardError
from iracing_pipeline.dashboards.interpolation import (
    Value,
    for_prometheus,
    for_sql,
    interpolate,
)
from iracing_pipeline.dashboards.macros import expand
from iracing_pipeline.dashboards.moments import Range, duration
from iracing_pipeline.dashboards.queries import PromQl, Sql
from iracing_pipeline.dashboards.variables import Choice, Fixed, Linked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.dashboards.board import Board
    from iracing_pipeline.dashboards.panels import Panel
    from iracing_pipeline.dashboards.queries import Query

_TIMEOUT_S = 10.0
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of a query.

    Attributes:
        columns: Names.
        rows: Values in order.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def column(self, name: str) -> list[Any]:
        """The values of one column.

        Raises:
            ValueError: If there is none of that name.
        """
        index = self.columns.index(name)
        return [row[index] for row in self.rows]


class Postgres(Protocol):
    """Executes SQL."""

    def __call__(self, sql: str) -> Answer:
        """The answer.

        Raises:
            BoardError: If the statement is wrong, or takes too long.
        """


class Prometheus(Protocol):
    """Executes PromQL."""

    def __call__(self, query: PromQl, span: Range, step_ms: int) -> Answer:
        """The answer: time, series, value.

        Raises:
            BoardError: If the expression is wrong.
        """


@dataclass(slots=True)
class Database:
    """A PostgreSQL server, asked with a limit on time."""

    connection: psycopg.Connection[tuple[Any, ...]]

    @classmethod
    def at(cls, url: str) -> Database:
        """Connect, for reading alone.

        Raises:
            BoardError: If it cannot be reached.
        """
        try:
            connection = psycopg.connect(
                url, autocommit=True, options=f"-c statement_timeout={int(_TIMEOUT_S * 1000)}"
            )
        except psycopg.Error as error:
            raise BoardError(f"the database cannot be reached: {error}") from error
        connection.execute("SET default_transaction_read_only = on")
        connection.execute("SET timezone = 'UTC'")
        return cls(connection)

    def __call__(self, sql: str) -> Answer:
        """The answer of a statement.

        Raises:
            BoardError: If the statement is wrong, or takes too long.
        """
        try:
            cursor = self.connection.execute(sql.encode())
            if cursor.description is None:
                raise BoardError("the statement returns nothing")
            return Answer(
                tuple(column.name for column in cursor.description), tuple(cursor.fetchall())
            )
        except psycopg.Error as error:
            raise BoardError(f"{type(error).__name__}: {str(error).strip()}") from error


@dataclass(frozen=True, slots=True)
class PrometheusServer:
    """A Prometheus server."""

    url: str

    def __call__(self, query: PromQl, span: Range, step_ms: int) -> Answer:
        """The answer of an expression: its samples, series by series.

        Raises:
            BoardError: If the expression is wrong, or the server cannot be reached.
        """
        asked = {"query": query.expression}
        if query.instant:
            path, asked["time"] = "query", f"{span.end.timestamp():.3f}"
        else:
            path = "query_range"
            asked |= {
                "start": f"{span.start.timestamp():.3f}",
                "end": f"{span.end.timestamp():.3f}",
                "step": f"{step_ms / 1000:g}",
            }
        result = self._get(path, asked)
        return Answer(
            ("time", "series", "value"),
            tuple(
                (datetime.fromtimestamp(at, UTC), _series(each["metric"], query.legend), float(v))
                for each in result
                for at, v in (each["values"] if "values" in each else [each["value"]])
            ),
        )

    def _get(self, path: str, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        address = f"{self.url}/api/v1/{path}?{urlencode(asked)}"
        try:
            with urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as configured
                document = json.loads(answer.read(_MOST_BYTES))
        except HTTPError as error:
            document = json.loads(error.read(_MOST_BYTES) or b"{}")
            raise BoardError(f"PromQL: {document.get('error', error.reason)}") from error
        except (URLError, TimeoutError) as error:
            raise BoardError(f"Prometheus cannot be reached: {error}") from error
        if document["data"]["resultType"] == "scalar":
            return [{"metric": {}, "value": document["data"]["result"]}]
        result: list[dict[str, Any]] = document["data"]["result"]
        return result


def _series(labels: Mapping[str, str], legend: str) -> str:
    if not legend:
        inside = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()) if k != "__name__")
        return f"{labels.get('__name__', '')}{{{inside}}}"
    for name, value in labels.items():
        legend = legend.replace(f"{{{{{name}}}}}", value)
    return legend


@dataclass(slots=True)
class Reader:
    """Somebody who looks at a board.

    Attributes:
        board: The board.
        postgres: Executes SQL.
        prometheus: Executes PromQL; None without a Prometheus.
        chosen: Choices of links or the reader, by variable.
        span: The time range.
        values: Value of every variable, once :meth:`choose` has run.
    """

    board: Board
    postgres: Postgres
    prometheus: Prometheus | None
    span: Range
    chosen: Mapping[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)

    def choose(self) -> None:
        """Set every variable: to what was chosen, or to its first option.

        Raises:
            BoardError: If the query of one is wrong or gives no option.
        """
        step = self.span.step_ms()
        self.values |= {
            "__from": Value((str(int(self.span.start.timestamp() * 1000)),)),
            "__to": Value((str(int(self.span.end.timestamp() * 1000)),)),
            "__interval": Value((duration(step),)),
            "__interval_ms": Value((str(step),)),
            "__rate_interval": Value((duration(max(step, 60_000)),)),
            "__range": Value((f"{int((self.span.end - self.span.start).total_seconds())}s",)),
            "__timezone": Value(("utc",)),
        }
        # Fixed ones first: queries of the others may use them.
        for variable in sorted(self.board.all_variables, key=lambda each: isinstance(each, Choice)):
            if isinstance(variable, Choice):
                try:
                    options = self.options(variable)
                except BoardError as error:
                    raise BoardError(f"variable {variable.name}: {error}") from error
            elif isinstance(variable, Fixed):
                options = list(variable.options)
            elif isinstance(variable, Linked):
                options = [("", "")]
            else:
                options = [(variable.label, variable.uid)]
            value = self.chosen.get(variable.name, options[0][1])
            text = next((text for text, option in options if option == value), value)
            self.values[variable.name] = Value((value,), (text,))

    def options(self, variable: Choice) -> list[tuple[str, str]]:
        """Texts and values that a variable offers, given those before it.

        Raises:
            BoardError: If its query is wrong or gives no option.
        """
        answer = self.postgres(self.statement(Sql(variable.sql)))
        if not answer.rows:
            raise BoardError("gives no option")
        return [
            (str(text), str(value))
            for text, value in zip(answer.column("__text"), answer.column("__value"), strict=True)
        ]

    def statement(self, query: Sql) -> str:
        """The SQL that reaches the database.

        Raises:
            BoardError: If a variable or macro in it is not known.
        """
        return expand(interpolate(query.text, self.values, for_sql), self.span)

    def ask(self, query: Query) -> Answer | None:
        """The answer of a query; None if it is one of Prometheus and there is none.

        Raises:
            BoardError: If the query is wrong.
        """
        if isinstance(query, Sql):
            return self.postgres(self.statement(query))
        if self.prometheus is None:
            return None
        put = PromQl(
            interpolate(query.expression, self.values, for_prometheus),
            interpolate(query.legend, self.values, for_prometheus) if query.legend else "",
            query.instant,
        )
        return self.prometheus(put, self.span, self.span.step_ms(least_ms=1000))

    def look(self, panel: Panel) -> list[Answer | None]:
        """The answers of all queries of a panel."""
        return [self.ask(query) for query in panel.queries]
