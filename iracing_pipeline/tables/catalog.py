"""Every table that is declared: what a migrated database holds."""

from __future__ import annotations

import importlib
import pkgutil

from iracing_pipeline import tables
from iracing_pipeline.tables.column import Table


def tables_of(module: str) -> tuple[Table, ...]:
    """The tables that a module of this package declares, in its order."""
    declared = vars(importlib.import_module(f"{tables.__name__}.{module}"))
    return tuple(value for value in declared.values() if isinstance(value, Table))


TABLES = tuple(
    table
    for module in pkgutil.iter_modules(tables.__path__)
    if module.name != "catalog"
    for table in tables_of(module.name)
)
