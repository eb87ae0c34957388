"""Laps of a race weekend: start, pace and cooldown, what each begins at, and its simsession."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

KINDS = """
ALTER TABLE racing.telemetry_lap
    DROP CONSTRAINT telemetry_lap_kind_check,
    ADD CONSTRAINT telemetry_lap_kind_check CHECK (kind IN ('timed', 'out', 'in', 'pit', 'partial',
        'reset', 'tow', 'start', 'pace', 'cooldown')),
    DROP CONSTRAINT IF EXISTS telemetry_lap_lap_time_method_check,
    ADD CONSTRAINT telemetry_lap_lap_time_method_check CHECK (lap_time_method IN ('clock',
        'interpolation', 'green', 'official')),
    ADD COLUMN begins_at text,
    ADD COLUMN ends_at text,
    ADD COLUMN simsession_number integer,
    ADD COLUMN simsession_type text
"""


def upgrade() -> None:
    """Know the new kinds; laps that are loaded already keep theirs until they are loaded again."""
    op.execute(KINDS)
