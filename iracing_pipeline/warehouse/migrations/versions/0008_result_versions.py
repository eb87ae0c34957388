"""Every version of a race that a file or the API gave, the time of its data, and what was odd."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from iracing_pipeline.results.countries import ALPHA_3

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SOURCE_TIME = "ALTER TABLE racing.subsession ADD COLUMN source_time timestamptz"

# Exports lay where the API's results lie, and hid from it that a result was still to be fetched.
# The rows of an archive become versions of their subsessions.
VERSIONS = """
UPDATE raw.payload SET kind = 'event_result' WHERE kind = 'results/get' AND source = 'event_result';
WITH archive AS (
    DELETE FROM raw.payload WHERE kind IN ('archive_json', 'archive_csv')
    RETURNING kind, source, received_at, body
)
INSERT INTO raw.payload (kind, item, part, source, received_at, body)
SELECT archive.kind, line.body ->> 'subsession_id',
       ('x' || substr(md5(line.body::text), 1, 8))::bit(32)::integer & 2147483647,
       archive.source, archive.received_at, line.body
FROM archive, json_array_elements(archive.body) AS line (body)
WHERE json_typeof(archive.body) = 'array' AND line.body ->> 'subsession_id' ~ '^[1-9][0-9]{0,17}$'
ON CONFLICT DO NOTHING
"""

# The CSV of an event ranks between an archive's row and the whole result.
RANKS = "UPDATE racing.{} SET source_rank = 5 WHERE source IN ('api', 'event_result')"

RESULT_FILE = """
ALTER TABLE ops.result_file DROP CONSTRAINT result_file_state_check;
ALTER TABLE ops.result_file ADD CONSTRAINT result_file_state_check
    CHECK (state IN ('reading', 'loaded', 'quarantined'));
ALTER TABLE ops.result_file ADD COLUMN attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0);
ALTER TABLE ops.result_file ADD COLUMN retry_at timestamptz
"""

ITEM_ISSUE = """
CREATE TABLE ops.item_issue (
    source   text NOT NULL,
    item     text NOT NULL,
    location text NOT NULL,
    field    text NOT NULL,
    problem  text NOT NULL,
    detail   text NOT NULL,
    rows     bigint NOT NULL CHECK (rows > 0),
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, item, location, field, problem, detail)
)
"""

OWN_MEMBER = """
CREATE TABLE racing.own_member (
    cust_id bigint NOT NULL,
    origin  text NOT NULL,
    PRIMARY KEY (cust_id)
)
"""

COUNTRY = """
UPDATE {table} SET country_code = code.three
FROM unnest(CAST(:two AS text[]), CAST(:three AS text[])) AS code (two, three)
WHERE country_code = code.two
"""


def upgrade() -> None:
    """Create and convert."""
    for statement in (SOURCE_TIME, VERSIONS, RESULT_FILE, ITEM_ISSUE, OWN_MEMBER):
        op.execute(statement)
    for table in ("subsession", "simsession", "result", "lap"):
        op.execute(RANKS.format(table))
    codes = {"two": list(ALPHA_3), "three": list(ALPHA_3.values())}
    for table in ("racing.result", "racing.member"):
        op.get_bind().execute(sa.text(COUNTRY.format(table=table)), codes)
