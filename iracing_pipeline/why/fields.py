"""Which fields of iRacing's documents a column of results is read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.results import laps, ratings, subsession
from iracing_pipeline.results.reading import Shape

if TYPE_CHECKING:
    from iracing_pipeline.tables import Table


def fields_of(table: Table, column: str) -> list[str]:
    """Fields as ``document: path``; those that it is computed from where it is derived."""
    return [
        f"{shape.where}: {path}"
        for shape in _shapes()
        if shape.table is table
        for path in _paths(shape, column)
    ]


def _shapes() -> list[Shape]:
    modules = (subsession, laps, ratings)
    return [each for module in modules for each in vars(module).values() if isinstance(each, Shape)]


def _paths(shape: Shape, column: str) -> list[str]:
    direct = {each.column: each.path for each in shape.fields}
    derived = dict(shape.derived).get(column)
    if derived is not None:
        return [direct[name] for name in derived.meta.root_names() if name in direct]
    return [direct[column]] if column in direct else []
