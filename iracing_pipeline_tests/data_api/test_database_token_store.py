from __future__ import annotations

import threading
import time

import psycopg

from iracing_pipeline.data_api.database_token_store import DatabaseTokenStore
from iracing_pipeline.data_api.tokens import Token, TokenState

STATE = TokenState(token=Token("the-access", 1.0, "the-refresh", 2.0))


def test_what_is_saved_is_there_for_others(database: str) -> None:
    with DatabaseTokenStore(database, "client", "key-material").locked() as slot:
        assert slot.load() == TokenState()
        slot.save(STATE)
        # Durable before the lock is given back: a process that dies now has lost nothing.
        with psycopg.connect(database) as other:
            assert other.execute("SELECT count(*) FROM ops.oauth_token").fetchone() == (1,)
    with DatabaseTokenStore(database, "client", "key-material").locked() as slot:
        assert slot.load() == STATE


def test_a_dump_of_the_database_gives_no_token_away(database: str) -> None:
    with DatabaseTokenStore(database, "client", "key-material").locked() as slot:
        slot.save(STATE)
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT state FROM ops.oauth_token").fetchone()
    assert row is not None
    assert b"the-access" not in row[0]
    assert b"the-refresh" not in row[0]


def test_another_key_finds_no_token(database: str) -> None:
    with DatabaseTokenStore(database, "client", "key-material").locked() as slot:
        slot.save(STATE)
    with DatabaseTokenStore(database, "client", "other-material").locked() as slot:
        assert slot.load() == TokenState()


def test_forty_at_once_take_turns(database: str) -> None:
    inside = 0
    most = 0

    def visit() -> None:
        nonlocal inside, most
        with DatabaseTokenStore(database, "client", "key-material").locked() as slot:
            inside += 1
            most = max(most, inside)
            slot.load()
            time.sleep(0.002)
            inside -= 1

    threads = [threading.Thread(target=visit) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1
