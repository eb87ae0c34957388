from __future__ import annotations

from iracing_pipeline.warehouse import Warehouse, run_lock


def test_the_server_misses_a_machine_that_is_lost(database: str) -> None:
    with Warehouse(database).connect(autocommit=True) as connection:
        run_lock.hold(connection, "run")

        rows = connection.execute(
            "SELECT name, setting::int FROM pg_settings WHERE name LIKE 'tcp_keepalives_%'"
        ).fetchall()
        local = connection.info.host.startswith("/")

    expected = {"tcp_keepalives_idle": 60, "tcp_keepalives_interval": 15, "tcp_keepalives_count": 4}
    # A socket of this machine is never lost without notice, and has no such settings.
    assert dict(rows) == (dict.fromkeys(expected, 0) if local else expected)
