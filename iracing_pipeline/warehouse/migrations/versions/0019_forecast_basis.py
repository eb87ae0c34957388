"""Forecasts by the fields of the last races, which the check of 0005 refuses."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

CHECK = """
ALTER TABLE racing.rating_forecast
    DROP CONSTRAINT rating_forecast_basis_check,
    ADD CONSTRAINT rating_forecast_basis_check
        CHECK (basis IN ('fields', 'results', 'observations'))
"""


def upgrade() -> None:
    """Allow it."""
    op.execute(CHECK)
