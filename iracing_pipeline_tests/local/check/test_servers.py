"""Prometheus, a real one where there is one; and Grafana, by a simulation of its answers."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline.local.check import Finding, State, grafana, prometheus
from iracing_pipeline.settings import GrafanaSettings, MetricSettings
from iracing_pipeline_tests.prometheus_server import NEEDS_PROMETHEUS, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


TOKEN = "the-token"  # noqa: S105 - of a simulation


def states(findings: list[Finding]) -> dict[str, State]:
    return {each.subject: each.state for each in findings}


def test_without_a_prometheus_nothing_is_wrong() -> None:
    findings, ahead = prometheus.prometheus(MetricSettings())

    assert states(findings) == {"Prometheus": State.OK}
    assert ahead is None


def test_a_prometheus_that_does_not_run_is_wrong() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    ((finding,), _) = prometheus.prometheus(MetricSettings(prometheus_url=url))

    assert finding.state is State.WRONG
    assert finding.said == f"{url}: nothing answers there (Connection refused)"


@NEEDS_PROMETHEUS
def test_a_prometheus_as_ours_is_well(tmp_path: Path) -> None:
    with running(tmp_path / "p") as server:
        findings, ahead = prometheus.prometheus(MetricSettings(prometheus_url=server.url))
        blocks = prometheus.blocks(MetricSettings(prometheus_data=server.data))

    assert set(states(findings).values()) == {State.OK}
    assert len(findings) == 4
    assert ahead is not None
    assert abs(ahead) < 5
    assert states(blocks) == {"Prometheus blocks": State.OK}


@NEEDS_PROMETHEUS
def test_a_prometheus_as_it_comes_takes_nothing_and_forgets(tmp_path: Path) -> None:
    with running(tmp_path / "p", window="0s", receiver=False, retention="15d") as server:
        findings, _ = prometheus.prometheus(MetricSettings(prometheus_url=server.url))

    assert states(findings) == {
        "Prometheus": State.OK,
        "Prometheus receiver": State.WRONG,
        "Prometheus window": State.WRONG,
        "Prometheus retention": State.WARNING,
    }


def test_a_folder_that_is_not_prometheus_s_is_wrong(tmp_path: Path) -> None:
    (finding,) = prometheus.blocks(MetricSettings(prometheus_data=tmp_path))

    assert (finding.state, finding.said) == (
        State.WRONG, f"{tmp_path} is not Prometheus's data folder",
    )  # fmt: skip


def test_a_promtool_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "wal").mkdir()

    (finding,) = prometheus.blocks(
        MetricSettings(prometheus_data=tmp_path, promtool="no-such-tool")
    )

    assert (finding.state, finding.said) == (State.WRONG, "there is no program no-such-tool")


def test_a_hosted_prometheus_needs_user_and_token() -> None:
    url = "https://prometheus.example.org/api/prom/push"

    (bare,) = prometheus.hosted(MetricSettings(cloud_url=url, cloud_user="1"))
    (whole,) = prometheus.hosted(MetricSettings(cloud_url=url, cloud_user="1", cloud_token=TOKEN))

    assert (bare.state, bare.said) == (State.WRONG, "IRACING_CLOUD_PUSH_TOKEN not set")
    assert whole.state is State.OK
    assert prometheus.hosted(MetricSettings()) == []


class Stand:
    """Answers of Grafana, by path."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {
            "/api/health": (200, {"database": "ok", "version": "12.1.1"})
        }
        for uid in grafana.DATASOURCES:
            self.answers[f"/api/datasources/uid/{uid}"] = (200, {"uid": uid})
            self.answers[f"/api/datasources/uid/{uid}/health"] = (200, {"status": "OK"})
        self.tokens: list[str | None] = []
        self.url = ""

    def answer(self, path: str, token: str | None) -> tuple[int, Any]:
        self.tokens.append(token)
        if "datasources" in path and token != f"Bearer {TOKEN}":
            return 401, {"message": "Unauthorized"}
        return self.answers.get(path, (404, {"message": "not found"}))


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = stand.answer(self.path, self.headers.get("Authorization"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stand.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield stand
    server.shutdown()
    server.server_close()


def look(stand: Stand, token: str | None = TOKEN) -> dict[str, Finding]:
    findings = grafana.grafana(GrafanaSettings(stand.url, token))
    return {each.subject: each for each in findings}


def test_a_grafana_that_reaches_its_sources_is_well(stand: Stand) -> None:
    findings = look(stand)

    assert {each.state for each in findings.values()} == {State.OK}
    assert set(findings) == {"Grafana", "Grafana iracing-postgres", "Grafana iracing-prometheus"}
    assert stand.tokens[0] is None, "who asks for the health needs no token"


def test_without_a_token_the_sources_are_not_looked_at(stand: Stand) -> None:
    assert look(stand, None)["Grafana data sources"].state is State.WARNING


def test_a_token_that_is_refused_is_wrong_and_not_repeated(stand: Stand) -> None:
    finding = look(stand, "another-token")["Grafana iracing-postgres"]

    assert (finding.state, finding.said) == (State.WRONG, "the token is refused (HTTP 401)")
    assert "another-token" not in repr(finding)


def test_a_source_that_is_not_there_is_wrong(stand: Stand) -> None:
    del stand.answers["/api/datasources/uid/iracing-prometheus"]

    finding = look(stand)["Grafana iracing-prometheus"]

    assert (finding.state, finding.said) == (State.WRONG, "there is no such data source")


def test_a_source_that_grafana_cannot_use_is_wrong(stand: Stand) -> None:
    message = {"status": "ERROR", "message": "password authentication failed"}
    stand.answers["/api/datasources/uid/iracing-postgres/health"] = (400, message)

    finding = look(stand)["Grafana iracing-postgres"]

    assert finding.state is State.WRONG
    assert finding.said == "Grafana cannot use it: password authentication failed"


def test_something_else_at_the_address_is_wrong(stand: Stand) -> None:
    stand.answers = {}

    assert look(stand)["Grafana"].said == f"{stand.url} is not well (HTTP 404)"


def test_a_grafana_that_does_not_run_is_wrong() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    (finding,) = grafana.grafana(GrafanaSettings(url))

    assert (finding.state, finding.said) == (
        State.WRONG, f"{url}: nothing answers there (Connection refused)",
    )  # fmt: skip
    assert [each.state for each in grafana.grafana(GrafanaSettings())] == [State.OK]
