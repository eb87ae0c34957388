"""The version that loaded a row, the digests of sessions, and forecasts from fields of races."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CODE_VERSION = "ALTER TABLE ops.load_audit ADD COLUMN code_version text"

SESSION_DIGEST = """
CREATE TABLE ops.session_digest (
    session_key text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    state       text NOT NULL,
    attempts    integer NOT NULL,
    tried_at    timestamptz NOT NULL,
    note        text,
    PRIMARY KEY (session_key)
)
"""

BASIS = """
ALTER TABLE racing.rating_forecast
    DROP CONSTRAINT rating_forecast_basis_check,
    ADD CONSTRAINT rating_forecast_basis_check
        CHECK (basis IN ('results', 'observations', 'fields'))
"""


def upgrade() -> None:
    """Add the column, create the table, and allow the basis."""
    op.execute(CODE_VERSION)
    op.execute(SESSION_DIGEST)
    op.execute(BASIS)
