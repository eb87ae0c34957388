"""The tables as of revision 0019: where every database begins, or where it arrives."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = None
branch_labels = None
depends_on = None

BASELINE = Path(__file__).parents[1] / "baseline.sql"


def upgrade() -> None:
    """Create them."""
    op.get_bind().exec_driver_sql(BASELINE.read_text(encoding="utf-8"))
