"""Lets Alembic run the revisions, on the connection that ``migrate`` hands over."""

from __future__ import annotations

from alembic import context

from iracing_pipeline.warehouse.migrate import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema="ops",
    **context.config.attributes.get("comparison", {}),
)
context.run_migrations()
