"""One partition a season, such as ``2026S1``; new seasons are added by the results sensor."""

import dagster as dg

from iracing_pipeline.warehouse import Connection

seasons = dg.DynamicPartitionsDefinition(name="seasons")


def member_is_known(connection: Connection) -> bool:
    """Return whether the member of the account is known."""
    row = connection.execute("SELECT FROM raw.payload WHERE kind = 'member/info' LIMIT 1")
    return row.fetchone() is not None
