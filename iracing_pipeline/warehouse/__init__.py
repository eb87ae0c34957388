"""The warehouse: PostgreSQL, its migrations, bulk loads and the embedded server."""

from iracing_pipeline.warehouse.connection import (
    Connection,
    Warehouse,
    database_url,
)
from iracing_pipeline.warehouse.errors import (
    EmbeddedServerError,
    LoadError,
    MigrationError,
    UnavailableError,
    WarehouseError,
)
from iracing_pipeline.warehouse.migrate import admit, migrate, require_current
from iracing_pipeline.warehouse.reader import reader_url

__all__ = [
    "Connection",
    "EmbeddedServerError",
    "LoadError",
    "MigrationError",
    "UnavailableError",
    "Warehouse",
    "WarehouseError",
    "admit",
    "database_url",
    "migrate",
    "reader_url",
    "require_current",
]
