"""When a reference lap was driven."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.execute("ALTER TABLE racing.reference_lap ADD COLUMN driven_at timestamptz")
