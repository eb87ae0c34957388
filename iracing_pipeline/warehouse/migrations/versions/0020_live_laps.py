"""Laps as they were seen live."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

LIVE_LAP = """
CREATE TABLE racing.live_lap (
    live_session      text NOT NULL,
    lap_number        integer NOT NULL,
    subsession_id     bigint,
    simsession_number integer NOT NULL,
    car_id            integer,
    track_id          integer,
    cust_id           bigint,
    driver_id         bigint,
    ended_at          timestamptz NOT NULL,
    session_time_s    double precision NOT NULL,
    lap_time_s        double precision,
    fuel_used_l       double precision,
    pitted            boolean NOT NULL,
    PRIMARY KEY (live_session, lap_number)
)
"""
BY_SUBSESSION = "CREATE INDEX live_lap_subsession_id ON racing.live_lap (subsession_id)"


def upgrade() -> None:
    """Create the table."""
    op.execute(LIVE_LAP)
    op.execute(BY_SUBSESSION)
