"""When a result file was first written: later it is a download that replaced it."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and fill it by what is known of each file."""
    op.execute("ALTER TABLE ops.result_file ADD COLUMN first_modified_at timestamptz")
    op.execute("UPDATE ops.result_file SET first_modified_at = modified_at")
    op.execute("ALTER TABLE ops.result_file ALTER COLUMN first_modified_at SET NOT NULL")
