from __future__ import annotations

import asyncio
from typing import Any

import pytest

from iracing_pipeline.http_guard import Guard, allowed_hosts, refusal

OWN = allowed_hosts({"IRACING_ALLOWED_HOSTS": "racing.example.com, box.lan"})
JSON = {"content-type": "application/json"}


def why(method: str = "GET", path: str = "/", query: str = "", **headers: str) -> str | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(method, path, query, {"host": "127.0.0.1:3000", **named}, OWN)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:3000", "localhost:3000", "LOCALHOST", "[::1]:3000", "192.168.1.7", "metrics:9410",
     "racing.example.com:3443", "box.lan", "host.docker.internal:9411", "localhost."],
)  # fmt: skip
def test_own_names_and_addresses_are_answered(host: str) -> None:
    assert why(host=host) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:3000", "127.0.0.1.nip.io:3000", "localhost.evil.example",
     "racing.example.com.evil.example", "", "[::1", "a@evil.example", "127.0.0.1@evil.example",
     "127.0.0.1,evil.example", "7f000001.rbndr.us"],
)  # fmt: skip
def test_a_name_that_others_own_is_refused(host: str) -> None:
    """DNS rebinding: the page keeps its own name, whatever address it resolves to."""
    assert why(host=host) is not None


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://127.0.0.1:3001", "http://127.0.0.1",
     "http://127.0.0.1:3000.evil.example", "http://127.0.0.1:3000@evil.example"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "WEBSOCKET"])
@pytest.mark.parametrize("path", ["/graphql", "/report_asset_check/a", "/", "/logs/x"])
def test_a_foreign_origin_is_refused_everywhere(method: str, path: str, origin: str) -> None:
    assert why(method, path, origin=origin, **JSON) is not None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", "nonsense"])
def test_a_request_that_another_site_caused_is_refused(site: str) -> None:
    assert why("GET", "/graphql", sec_fetch_site=site) is not None
    assert why("GET", "/logs/x", sec_fetch_site=site, sec_fetch_mode="no-cors") is not None
    assert why("POST", "/a", sec_fetch_site=site, sec_fetch_mode="navigate") is not None
    assert why("GET", "/graphql", sec_fetch_site=site, sec_fetch_mode="navigate",
               accept="text/html") is not None  # fmt: skip


def test_a_link_from_a_dashboard_may_be_followed() -> None:
    assert why("GET", "/runs/x", sec_fetch_site="cross-site", sec_fetch_mode="navigate") is None


def test_the_ui_and_programs_may_do_everything() -> None:
    same = {"origin": "http://127.0.0.1:3000", "sec_fetch_site": "same-origin"}
    assert why("POST", "/graphql", **same, **JSON) is None
    assert why("WEBSOCKET", "/graphql", **same) is None
    assert why("POST", "/graphql", **JSON) is None
    assert why("POST", "/graphql", content_type="application/json; charset=utf-8") is None
    assert why("GET", "/graphql", accept="text/html,*/*") is None


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "/prefix/graphql"])
def test_graphql_is_no_image_and_no_form(path: str) -> None:
    """What browsers without Sec-Fetch-Site send for an image or a form carries no header at all."""
    mutation = "query=mutation{shutdownRepositoryLocation}"
    assert why("GET", path, mutation) is not None
    assert why("GET", path, mutation, accept="text/html") is not None
    assert why("GET", path) is not None
    assert why("POST", path, mutation) is not None
    assert why("POST", path, content_type="text/plain") is not None
    assert why("POST", path, content_type="application/x-www-form-urlencoded") is not None
    assert why("POST", path, content_type="application/graphql") is not None
    assert why("POST", path, content_type="text/plain; application/json") is not None


def test_two_headers_of_a_name_do_not_hide_one() -> None:
    sent: list[dict[str, Any]] = []

    async def application(*_: Any) -> None:
        raise AssertionError("it must not be reached")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    headers = [
        (b"Host", b"127.0.0.1:3000"),
        (b"origin", b"http://evil.example"),
        (b"origin", b"http://127.0.0.1:3000"),
    ]
    for scope in ({"type": "http", "method": "POST"}, {"type": "websocket"}):
        whole = {**scope, "path": "/graphql", "query_string": b"", "headers": headers}
        asyncio.run(Guard(application, OWN)(whole, receive, send))

    assert [message.get("status", message.get("code")) for message in sent] == [403, None, 1008]
