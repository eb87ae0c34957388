from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.data_api.connect import TOKEN_FILE, credentials_of
from iracing_pipeline.data_api.database_token_store import DatabaseTokenStore
from iracing_pipeline.data_api.token_store import FileTokenStore
from iracing_pipeline.data_api.tokens import Refusal, Token, TokenState
from iracing_pipeline.local.check import State
from iracing_pipeline.local.check.data_api import account
from iracing_pipeline.settings import DataApiAccount

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC = DataApiAccount("me")
WITH_PASSWORD = DataApiAccount("me", "client-secret", "me@example.org", "password")
DAY, WEEK = 86_400.0, 604_800.0


def token(ends_in_s: float) -> TokenState:
    now = time.time()
    return TokenState(Token("access", now + 600, "refresh", now + ends_in_s))


def keep(home: Path, state: TokenState) -> None:
    with FileTokenStore(home / TOKEN_FILE).locked() as slot:
        slot.save(state)


def test_without_an_account_nothing_is_wrong(tmp_path: Path) -> None:
    (finding,) = account(None, tmp_path, None)

    assert finding.state is State.OK
    assert "from files" in finding.said


def test_a_user_name_without_a_password_is_wrong(tmp_path: Path) -> None:
    (finding,) = account(DataApiAccount("me", username="me@example.org"), tmp_path, None)

    assert finding.state is State.WRONG


def test_nobody_logged_in_is_wrong_and_nothing_is_written(tmp_path: Path) -> None:
    (finding,) = account(PUBLIC, tmp_path / "home", None)

    assert (finding.state, finding.advice) == (State.WRONG, "Run: iracing-pipeline login")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("ends_in_s", "state", "said"),
    [
        (WEEK, State.OK, "can be renewed until"),
        (DAY / 2, State.WARNING, "the login ends at"),
        (-DAY, State.WRONG, "the login ended at"),
    ],
)
def test_the_end_of_a_login_is_told(
    tmp_path: Path, ends_in_s: float, state: State, said: str
) -> None:
    keep(tmp_path, token(ends_in_s))

    (finding,) = account(PUBLIC, tmp_path, None)

    assert finding.state is state
    assert said in finding.said


def test_a_login_in_the_database_is_read(tmp_path: Path, database: str) -> None:
    client = DataApiAccount("me", "client-secret")
    with DatabaseTokenStore(database, "me", "client-secret").locked() as slot:
        slot.save(token(DAY / 2))

    (finding,) = account(client, tmp_path, database)

    assert finding.state is State.WARNING


def test_a_password_needs_no_login(tmp_path: Path) -> None:
    (finding,) = account(WITH_PASSWORD, tmp_path, None)

    assert finding.state is State.OK


def test_a_login_that_was_refused_is_wrong_until_the_account_changes(tmp_path: Path) -> None:
    fingerprint = credentials_of(WITH_PASSWORD).fingerprint
    refusal = Refusal(fingerprint, time.time() + 600, "unauthorized_client")
    keep(tmp_path, TokenState(refusal=refusal))
    other = DataApiAccount("me", "client-secret", "me@example.org", "another password")

    (finding,) = account(WITH_PASSWORD, tmp_path, None)
    (changed,) = account(other, tmp_path, None)

    assert finding.state is State.WRONG
    assert "iRacing refused the login: unauthorized_client" in finding.said
    assert changed.state is State.OK


def test_a_database_that_does_not_answer_is_wrong(tmp_path: Path) -> None:
    url = "postgresql://me:secret@127.0.0.1:1/db"

    (finding,) = account(WITH_PASSWORD, tmp_path, url)

    assert finding.state is State.WRONG
    assert "secret" not in finding.said
