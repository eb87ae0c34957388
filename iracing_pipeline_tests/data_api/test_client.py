from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
import requests

from iracing_pipeline.data_api import endpoints
from iracing_pipeline.data_api.answers import chunks_of, link_of
from iracing_pipeline.data_api.client import DataApi
from iracing_pipeline.data_api.errors import (
    ApiUnavailableError,
    AuthenticationError,
    ForbiddenError,
    MaintenanceError,
    NotFoundError,
    RejectedRequestError,
)
from iracing_pipeline.data_api.oauth import OAuth
from iracing_pipeline.data_api.rate_limit import TokenBucket
from iracing_pipeline.data_api.stats import ApiStats
from iracing_pipeline.data_api.token_source import TokenSource
from iracing_pipeline.data_api.token_store import FileTokenStore
from iracing_pipeline.data_api.tokens import Credentials
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi, Fault, Faults
from iracing_pipeline.demo.fake_data_api.token_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
)
from iracing_pipeline_tests.data_api.simulated_clock import SimulatedClock
from iracing_pipeline_tests.payloads import needs_payloads, payload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEMO = Credentials(CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD)
AFTER_THE_CAREER = 1_790_000_000.0
CAREER = Career(season_count=2, races_per_season=4)
RACE = CAREER.races[-1]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(AFTER_THE_CAREER)


@pytest.fixture
def server(clock: SimulatedClock) -> Iterator[FakeDataApi]:
    with FakeDataApi(CAREER, clock=clock) as running:
        yield running


def client(
    server: FakeDataApi, folder: Path, clock: SimulatedClock, credentials: Credentials = DEMO
) -> DataApi:
    stats = ApiStats()
    oauth = OAuth(credentials, url=server.oauth_url, clock=clock, stats=stats)
    tokens = TokenSource(oauth, FileTokenStore(folder / "token.json"), clock=clock)
    return DataApi(tokens, url=server.url, limit=TokenBucket(clock=clock), clock=clock, stats=stats)


@pytest.fixture
def api(server: FakeDataApi, tmp_path: Path, clock: SimulatedClock) -> DataApi:
    return client(server, tmp_path, clock)


def test_direct_answer(api: DataApi) -> None:
    labels = endpoints.constants(api, "categories").payload
    assert {"label": "Oval", "value": 1} in labels


def test_linked_answer(api: DataApi) -> None:
    assert endpoints.results(api, RACE.subsession_id).payload["subsession_id"] == RACE.subsession_id


def test_chunked_answers_are_whole(api: DataApi, server: FakeDataApi) -> None:
    search = endpoints.search_series(
        api, CAREER.cust_id, RACE.season.year, RACE.season.quarter, [endpoints.EventType.RACE]
    )
    assert search.rows is not None
    assert len(search.rows) == 12
    laps = endpoints.lap_chart(api, RACE.subsession_id, 0)
    assert laps.rows is not None
    assert laps.payload["session_info"]["subsession_id"] == RACE.subsession_id
    done = endpoints.results(api, RACE.subsession_id).payload["session_results"][1]["results"]
    assert len(laps.rows) == sum(entry["laps_complete"] + 1 for entry in done)
    assert server.requests == 3


def test_no_rows_are_an_empty_list(api: DataApi) -> None:
    assert endpoints.event_log(api, RACE.subsession_id, -1).rows == []


def test_the_token_goes_to_the_api_alone(api: DataApi, server: FakeDataApi) -> None:
    endpoints.lap_chart(api, RACE.subsession_id, 0)
    assert server.leaked_tokens == 0
    assert server.grants == {"password_limited": 1}


@pytest.mark.parametrize(
    "fault",
    [
        Fault.CONNECTION_DROPPED,
        Fault.RATE_LIMITED,
        Fault.RATE_LIMITED_200,
        Fault.GATEWAY_HTML,
        Fault.TOKEN_REVOKED,
        Fault.LINK_EXPIRED,
        Fault.CHUNK_MISSING_ROWS,
        Fault.CHUNK_EXPIRED,
        Fault.STORAGE_ERROR,
        Fault.TRUNCATED_JSON,
    ],
)
def test_passing_faults_cost_time_and_no_rows(
    fault: Fault, tmp_path: Path, clock: SimulatedClock
) -> None:
    with FakeDataApi(CAREER, clock=clock) as server:
        clean = endpoints.lap_chart(client(server, tmp_path, clock), RACE.subsession_id, 0)
    faults = Faults({fault: 0.2}, seed=5)
    with FakeDataApi(CAREER, clock=clock, faults=faults) as server:
        api = client(server, tmp_path / "faulty", clock)
        good = 0
        while good < 20:  # as runs that are started again
            try:
                assert endpoints.lap_chart(api, RACE.subsession_id, 0).rows == clean.rows
            except ApiUnavailableError:
                clock.sleep(3600)
            else:
                good += 1
        assert faults.hits[fault] > 0
        assert server.requests <= 20 * 1.6
        assert server.grants["password_limited"] == 1


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (Fault.MAINTENANCE, MaintenanceError, "maintenance"),
        (Fault.GATEWAY_HTML, ApiUnavailableError, "504 HTML"),
        (Fault.LINK_EXPIRED, ApiUnavailableError, "links expire"),
        (Fault.TRUNCATED_JSON, ApiUnavailableError, "no JSON"),
        (Fault.CHUNK_MISSING_ROWS, ApiUnavailableError, "chunk without"),
        (Fault.RATE_LIMITED, ApiUnavailableError, "limit on calls"),
        (Fault.CONNECTION_DROPPED, ApiUnavailableError, "no answer"),
    ],
)
def test_lasting_faults_end_in_a_message(
    fault: Fault, error: type[Exception], said: str, tmp_path: Path, clock: SimulatedClock
) -> None:
    with FakeDataApi(CAREER, clock=clock, faults=Faults({fault: 1.0})) as server:
        api = client(server, tmp_path, clock)
        with pytest.raises(error, match=said):
            endpoints.lap_chart(api, RACE.subsession_id, 0)
        assert server.requests <= 2
        assert api.stats.snapshot().errors == {error.__name__: 1}


def test_maintenance_is_not_retried(tmp_path: Path, clock: SimulatedClock) -> None:
    with FakeDataApi(CAREER, clock=clock, faults=Faults({Fault.MAINTENANCE: 1.0})) as server:
        with pytest.raises(MaintenanceError):
            client(server, tmp_path, clock).get("track/get")
        assert server.requests == 1


def test_terminal_answers(api: DataApi, server: FakeDataApi) -> None:
    hidden = next(race for race in CAREER.races if race.forbidden)
    with pytest.raises(ForbiddenError, match=str(hidden.subsession_id)):
        endpoints.results(api, hidden.subsession_id)
    with pytest.raises(NotFoundError):
        endpoints.results(api, 1)
    with pytest.raises(RejectedRequestError):
        api.get("results/get")
    assert server.requests == 3


def test_wrong_credentials_are_tried_once(
    server: FakeDataApi, tmp_path: Path, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = Credentials(CLIENT_ID, CLIENT_SECRET, USERNAME, "not-the-password")
    with caplog.at_level(logging.DEBUG):
        for _ in range(5):
            with pytest.raises(AuthenticationError, match="IRACING_PASSWORD") as caught:
                client(server, tmp_path, clock, wrong).get("track/get")
    assert server.grants == {"password_limited": 1}
    assert server.requests == 0
    message = str(caught.value) + caplog.text
    assert "not-the-password" not in message
    assert str(wrong.masked_password) not in message


def test_a_token_is_refreshed_before_it_ends(
    api: DataApi, server: FakeDataApi, clock: SimulatedClock
) -> None:
    for _ in range(4):
        api.get("track/get")
        clock.sleep(545)
    assert server.grants == {"password_limited": 1, "refresh_token": 3}
    assert all(status == 200 for _, status in server.calls)


def test_calls_and_quota_are_counted(api: DataApi, clock: SimulatedClock) -> None:
    endpoints.tracks(api)
    endpoints.tracks(api)
    seen = api.stats.snapshot()
    assert seen.calls == {("track/get", 200): 2}
    assert seen.downloads == {200: 2}
    assert seen.quota_limit == 240
    assert seen.quota_remaining == 238
    assert seen.token_requests == {"password_limited": 1}
    assert clock.slept == 0


def test_a_busy_client_never_meets_the_limit(
    server: FakeDataApi, tmp_path: Path, clock: SimulatedClock
) -> None:
    server.quota = 130
    api = client(server, tmp_path, clock)
    start = clock.now()
    for _ in range(300):
        api.get("constants/divisions")
    assert server.calls["constants/divisions", 429] == 0
    assert (clock.now() - start) / 60 <= 300 / 110


def test_every_request_has_a_timeout(
    server: FakeDataApi, tmp_path: Path, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[float, float]] = []

    def slow(*_args: object, timeout: tuple[float, float], **_options: object) -> None:
        asked.append(timeout)
        raise requests.Timeout

    monkeypatch.setattr(requests.Session, "get", slow)
    with pytest.raises(ApiUnavailableError, match="Timeout"):
        client(server, tmp_path, clock).get("track/get")
    assert len(asked) == 2
    assert all(sum(timeout) <= 120 for timeout in asked)


@needs_payloads
def test_real_answers_are_told_apart_by_shape() -> None:
    link = payload("link_response__results_get_2024_full_headers")["content"]
    assert (link_of(link) or "").startswith("https://scorpio-assets.s3")
    data_url = payload("data_url_response__member_awards_2025")["content"]
    assert (link_of(data_url) or "").endswith("Signature=0000000000000000")
    for name in ("constants_categories", "member_info", "results_get__82263872"):
        assert link_of(payload(name)) is None
        assert chunks_of(payload(name)) is None
    search = chunks_of(payload("results_search_series__first"))
    assert search is not None
    assert (len(search.urls), search.rows) == (1, 333)
    assert "%2F" in search.urls[0]
    nobody = chunks_of(payload("results_lap_data__no_laps.SYNTHETIC"))
    assert nobody is not None
    assert nobody.urls == ()


@needs_payloads
def test_a_real_token_answer_is_understood(
    server: FakeDataApi, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = requests.Response()
    response.status_code = 200
    response._content = json.dumps(payload("oauth_token_response")["content"]).encode()
    session = requests.Session()
    monkeypatch.setattr(session, "post", lambda *_args, **_options: response)
    token = OAuth(DEMO, url=server.oauth_url, clock=clock, session=session).password_limited()
    assert token.access == "VALID-ACCESS-TOKEN-VALUE"
    assert token.expires_at == clock.now() + 600
    assert token.refresh_expires_at == clock.now() + 3600


def test_a_token_without_the_scope_is_refused(
    clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = requests.Response()
    response.status_code = 200
    response._content = b'{"access_token": "a", "expires_in": 600, "scope": "iracing.profile"}'
    session = requests.Session()
    monkeypatch.setattr(session, "post", lambda *_args, **_options: response)
    with pytest.raises(AuthenticationError, match="scope"):
        OAuth(DEMO, clock=clock, session=session).password_limited()


def test_too_many_logins_are_told_apart_from_wrong_ones(
    server: FakeDataApi, tmp_path: Path, clock: SimulatedClock
) -> None:
    for number in range(12):
        client(server, tmp_path / str(number), clock).get("track/get")
    with pytest.raises(AuthenticationError, match="wait 3600 s"):
        client(server, tmp_path / "one more", clock).get("track/get")
