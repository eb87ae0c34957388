from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from iracing_pipeline.data_api.errors import AuthenticationError
from iracing_pipeline.data_api.login import Challenge, log_in
from iracing_pipeline.data_api.oauth import OAuth
from iracing_pipeline.data_api.tokens import Credentials
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi
from iracing_pipeline.demo.fake_data_api.token_service import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[FakeDataApi]:
    with FakeDataApi(Career(season_count=1)) as running:
        yield running


@pytest.fixture
def oauth(server: FakeDataApi) -> OAuth:
    return OAuth(Credentials(CLIENT_ID, CLIENT_SECRET), url=server.oauth_url)


def browse(address: str) -> None:
    threading.Thread(target=requests.get, args=[address], kwargs={"timeout": 10}).start()


def test_the_challenge_is_that_of_the_standard() -> None:
    expected = Challenge.of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert expected.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_login_in_the_browser_gives_a_token(oauth: OAuth, server: FakeDataApi) -> None:
    asked: list[str] = []

    def show(address: str) -> None:
        asked.append(address)
        browse(address)

    token = log_in(oauth, show, wait_s=10)
    query = parse_qs(urlsplit(asked[0]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"][0].startswith("http://127.0.0.1:")
    assert token.refresh is not None
    assert server.grants == {"authorization_code": 1}


def test_a_login_that_does_not_happen_ends(oauth: OAuth) -> None:
    with pytest.raises(AuthenticationError, match="Nobody logged in"):
        log_in(oauth, lambda _address: None, wait_s=0.05)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("?code=abc&state=of-another-login", "another login"),
        ("?error=access_denied&state={state}", "access_denied"),
    ],
)
def test_a_refused_or_foreign_answer_is_not_used(
    oauth: OAuth, server: FakeDataApi, answer: str, said: str
) -> None:
    def show(address: str) -> None:
        query = parse_qs(urlsplit(address).query)
        browse(query["redirect_uri"][0] + answer.format(state=query["state"][0]))

    with pytest.raises(AuthenticationError, match=said):
        log_in(oauth, show, wait_s=10)
    assert server.grants == {}


def test_silent_connections_hold_nothing_up(oauth: OAuth, server: FakeDataApi) -> None:
    """Browsers open connections in advance."""
    silent: list[socket.socket] = []

    def show(address: str) -> None:
        port = urlsplit(parse_qs(urlsplit(address).query)["redirect_uri"][0]).port
        silent.extend(socket.create_connection(("127.0.0.1", port or 0)) for _ in range(5))
        silent[0].sendall(b"GET /callback?code=")
        browse(address)

    began = time.monotonic()
    assert log_in(oauth, show, wait_s=10).refresh is not None
    assert time.monotonic() - began < 5.0
    assert server.grants == {"authorization_code": 1}
    for each in silent:
        each.close()


def test_the_time_limit_holds_while_connections_are_silent(oauth: OAuth) -> None:
    silent: list[socket.socket] = []

    def show(address: str) -> None:
        port = urlsplit(parse_qs(urlsplit(address).query)["redirect_uri"][0]).port
        silent.extend(socket.create_connection(("127.0.0.1", port or 0)) for _ in range(5))

    began = time.monotonic()
    with pytest.raises(AuthenticationError, match="Nobody logged in"):
        log_in(oauth, show, wait_s=0.3)
    assert time.monotonic() - began < 3.0
    for each in silent:
        each.close()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", ""])
def test_a_callback_under_another_name_is_not_used(oauth: OAuth, host: str) -> None:
    """A page that got the name of its server to mean this machine."""
    answers: list[int] = []

    def show(address: str) -> None:
        query = parse_qs(urlsplit(address).query)
        target = f"{query['redirect_uri'][0]}?code=abc&state={query['state'][0]}"
        answer = requests.get(target, headers={"Host": host}, timeout=5)
        answers.append(answer.status_code)

    with pytest.raises(AuthenticationError, match="Nobody logged in"):
        log_in(oauth, show, wait_s=0.3)
    assert answers in ([404], [400])
