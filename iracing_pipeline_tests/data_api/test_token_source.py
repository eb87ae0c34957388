from __future__ import annotations

import multiprocessing
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.data_api.errors import AuthenticationError, LoginRequiredError
from iracing_pipeline.data_api.oauth import InvalidGrantError, OAuth, ThrottledLoginError
from iracing_pipeline.data_api.token_source import TokenSource
from iracing_pipeline.data_api.token_store import FileTokenStore
from iracing_pipeline.data_api.tokens import Credentials, Refusal, Token, TokenState
from iracing_pipeline_tests.data_api.simulated_clock import SimulatedClock

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = Credentials("client", "client-secret", "me@example.com", "pass-word")


class Endpoint(OAuth):
    """A token endpoint that rotates single-use refresh tokens, and counts."""

    def __init__(self, clock: SimulatedClock, credentials: Credentials = ACCOUNT) -> None:
        super().__init__(credentials)
        self.clock = clock
        self.grants: list[str] = []
        self.valid_refresh: str | None = None
        self.error: AuthenticationError | None = None

    def password_limited(self) -> Token:
        self.grants.append("password_limited")
        if self.error:
            raise self.error
        return self._issue()

    def refresh(self, refresh_token: str) -> Token:
        self.grants.append("refresh_token")
        if refresh_token != self.valid_refresh:
            raise InvalidGrantError("spent")
        return self._issue()

    def _issue(self) -> Token:
        serial = len(self.grants)
        self.valid_refresh = f"refresh-{serial}"
        now = self.clock.now()
        return Token(f"access-{serial}", now + 600, self.valid_refresh, now + 604800)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def store(tmp_path: Path) -> FileTokenStore:
    return FileTokenStore(tmp_path / "state" / "token.json")


def stored(store: FileTokenStore) -> TokenState:
    with store.locked() as slot:
        return slot.load()


def test_one_login_serves_every_process(clock: SimulatedClock, store: FileTokenStore) -> None:
    endpoint = Endpoint(clock)
    tokens = {TokenSource(endpoint, store, clock=clock).access_token() for _ in range(5)}
    assert tokens == {"access-1"}
    assert endpoint.grants == ["password_limited"]


def test_an_old_token_is_refreshed_and_saved(clock: SimulatedClock, store: FileTokenStore) -> None:
    endpoint = Endpoint(clock)
    source = TokenSource(endpoint, store, clock=clock)
    source.access_token()
    clock.sleep(545)
    assert source.access_token() == "access-2"
    assert endpoint.grants == ["password_limited", "refresh_token"]
    held = stored(store).token
    assert held is not None
    assert held.refresh == "refresh-2"


def test_a_spent_refresh_token_leads_to_one_login(
    clock: SimulatedClock, store: FileTokenStore
) -> None:
    endpoint = Endpoint(clock)
    source = TokenSource(endpoint, store, clock=clock)
    source.access_token()
    endpoint.valid_refresh = "another"
    clock.sleep(600)
    assert source.access_token() == "access-3"
    assert endpoint.grants == ["password_limited", "refresh_token", "password_limited"]


def test_a_refused_login_is_not_repeated_by_anybody(
    clock: SimulatedClock, store: FileTokenStore
) -> None:
    endpoint = Endpoint(clock)
    endpoint.error = AuthenticationError("iRacing refused the login: invalid_client.")
    for _ in range(40):
        with pytest.raises(AuthenticationError, match="invalid_client"):
            TokenSource(endpoint, store, clock=clock).access_token()
    assert endpoint.grants == ["password_limited"]


def test_corrected_credentials_are_tried_at_once(
    clock: SimulatedClock, store: FileTokenStore
) -> None:
    wrong = Endpoint(clock)
    wrong.error = AuthenticationError("no")
    with pytest.raises(AuthenticationError):
        TokenSource(wrong, store, clock=clock).access_token()
    right = Endpoint(clock, Credentials("client", "client-secret", "me@example.com", "correct"))
    assert TokenSource(right, store, clock=clock).access_token() == "access-1"


def test_a_throttled_login_waits_as_long_as_asked(
    clock: SimulatedClock, store: FileTokenStore
) -> None:
    endpoint = Endpoint(clock)
    endpoint.error = ThrottledLoginError("wait", 90)
    source = TokenSource(endpoint, store, clock=clock)
    for pause in (0, 60, 29):
        clock.sleep(pause)
        with pytest.raises(AuthenticationError):
            source.access_token()
    assert len(endpoint.grants) == 1
    clock.sleep(2)
    endpoint.error = None
    assert source.access_token() == "access-2"


def test_a_rejected_token_is_replaced_once(clock: SimulatedClock, store: FileTokenStore) -> None:
    endpoint = Endpoint(clock)
    source, other = (TokenSource(endpoint, store, clock=clock) for _ in range(2))
    first = source.access_token()
    second = source.access_token(rejected=first)
    assert second != first
    # The other process was rejected with the same token: it takes the new one from the store.
    assert other.access_token(rejected=first) == second
    assert endpoint.grants == ["password_limited", "refresh_token"]


def test_without_token_and_password_it_asks_for_a_login(
    clock: SimulatedClock, store: FileTokenStore
) -> None:
    endpoint = Endpoint(clock, Credentials("client"))
    with pytest.raises(LoginRequiredError, match="iracing-pipeline login"):
        TokenSource(endpoint, store, clock=clock).access_token()
    assert endpoint.grants == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows protects the folder instead")
def test_the_file_is_its_owners_alone(clock: SimulatedClock, store: FileTokenStore) -> None:
    TokenSource(Endpoint(clock), store, clock=clock).access_token()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_a_damaged_file_counts_as_no_token(clock: SimulatedClock, store: FileTokenStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_text('{"token": {"acc', encoding="utf-8")
    assert TokenSource(Endpoint(clock), store, clock=clock).access_token() == "access-1"


def test_secrets_do_not_show_in_reprs() -> None:
    token = Token("secret-access", 1.0, "secret-refresh", 2.0)
    shown = repr((ACCOUNT, token, TokenState(token=token)))
    for secret in ("secret-access", "secret-refresh", "client-secret", "pass-word"):
        assert secret not in shown


def test_a_refusal_survives_the_store(store: FileTokenStore) -> None:
    state = TokenState(refusal=Refusal("abc", 5.0, "said no"))
    with store.locked() as slot:
        slot.save(state)
    assert stored(store) == state


def _count_logins(path: Path, log: Path) -> None:
    """Run in a separate process: one access token, each login noted in a file."""

    class Logged(Endpoint):
        def password_limited(self) -> Token:
            with log.open("a", encoding="utf-8") as file:
                file.write("login\n")
            return super().password_limited()

    clock = SimulatedClock()
    TokenSource(Logged(clock), FileTokenStore(path), clock=clock).access_token()


def test_processes_that_start_at_once_log_in_once(tmp_path: Path) -> None:
    log = tmp_path / "logins"
    workers = [
        multiprocessing.Process(target=_count_logins, args=(tmp_path / "token.json", log))
        for _ in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 8
    assert log.read_text(encoding="utf-8") == "login\n"
