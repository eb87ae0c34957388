"""A question as a declaration: which columns of which view, chosen by which parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from iracing_pipeline.warehouse.views import VIEWS
from iracing_pipeline.why.reference import origin

if TYPE_CHECKING:
    from iracing_pipeline.tables import Table

Kind = Literal["text", "integer", "session", "lap", "race", "date"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A filter of a question.

    Attributes:
        name: Its name in the call.
        kind: ``session`` is a key, a date or ``last``; ``race`` a subsession id or ``last``;
            ``lap`` a lap id, as answers carry it; ``text`` is found anywhere in the column.
        doc: What it is, with an example.
        condition: SQL that holds for the rows it leaves, with its value as ``%(name)s``.
        required: Whether the question has no answer without it.
    """

    name: str
    kind: Kind
    doc: str
    condition: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Behind:
    """Columns that hold the evidence of a figure.

    Attributes:
        n: Column with the count of values, or the count itself.
        low: Column with the lower end of its 95 % interval.
        high: Column with the upper end.
    """

    n: str | int | None = None
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question.

    Attributes:
        name: Its name, as a racer would say it.
        title: Description in one sentence.
        source: View or function of schema ``grafana``.
        columns: Columns that are shown, in order; ``name = expression`` for one that is computed.
        figures: Which of them are measured, and what is behind each.
        parameters: Filters.
        order: SQL after ``ORDER BY``.
        empty: Why there may be no row.
        remedy: Data that would give an answer.
        otherwise: Condition in place of a parameter's where that is not given.
    """

    name: str
    title: str
    source: str
    columns: tuple[str, ...]
    figures: dict[str, Behind]
    parameters: tuple[Parameter, ...]
    order: str
    empty: str
    remedy: str
    otherwise: dict[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> list[str]:
        """Names of the columns."""
        return [column.partition(" = ")[0] for column in self.columns]

    @property
    def origins(self) -> dict[str, Table]:
        """The table of each figure that a table holds and whose key the view shows."""
        view = next((each for each in VIEWS if each.name == self.source), None)
        if view is None:
            return {}
        shown = {each.column.name for each in view.columns}
        tables = {name: origin(view, name) for name in self.figures}
        return {
            name: each[0]
            for name, each in tables.items()
            if each is not None and each[1].name == name and shown.issuperset(each[0].key)
        }

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The columns that identify the row of each of them."""
        return {name: table.key for name, table in self.origins.items()}

    def statement(self, given: set[str]) -> str:
        """The statement for the parameters that were given."""
        needed = dict.fromkeys(self.columns)
        for behind in self.figures.values():
            names = (behind.n, behind.low, behind.high)
            needed |= dict.fromkeys(name for name in names if isinstance(name, str))
        needed |= dict.fromkeys(key for keys in self.keys.values() for key in keys)
        listed = ", ".join(_selected(column) for column in needed)
        conditions = [each.condition for each in self.parameters if each.name in given]
        conditions += [rule for name, rule in self.otherwise.items() if name not in given]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {listed} FROM {self.source}{where} ORDER BY {self.order}"


def _selected(column: str) -> str:
    name, _, expression = column.partition(" = ")
    return f'{expression} AS "{name}"' if expression else f'"{name}"'
