"""The page, its events, and who gets them."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from iracing_pipeline.demo.live_race import RaceSetup
from iracing_pipeline.metrics.live.page import document, event, policy
from iracing_pipeline.metrics.live.serve import Wall
from iracing_pipeline.metrics.live.simulator import Simulator
from iracing_pipeline.metrics.live.site import MOST_LISTENERS, Feed, Site
from iracing_pipeline_tests.metrics.live.memory_files import INFO, Car, Race

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "k7wd-94qm-zzab"  # noqa: S105 - of these tests alone
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@contextmanager
def site(token: str | None = None, feed: Feed | None = None) -> Iterator[Site]:
    served = Site(lambda: b"iracing_live_connected 1.0\n", feed or Feed(), token=token)
    served.start()
    try:
        yield served
    finally:
        served.stop()


def ask(
    served: Site, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    where = urlsplit(served.address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port or 0, timeout=5)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    connection.close()
    return found


def first_event(served: Site, **headers: str) -> dict[str, Any]:
    where = urlsplit(served.address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port or 0, timeout=5)
    connection.request("GET", "/events", headers=headers)
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream"
    line = answer.readline()
    connection.close()
    found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return found


def test_on_loopback_page_events_and_metrics_are_there() -> None:
    feed = Feed()
    feed.put(b'data: {"connected":false}\n\n')
    with site(feed=feed) as served:
        status, headers, page = ask(served, "/")
        assert (status, page) == (200, document())
        assert headers["content-security-policy"] == policy()
        assert ask(served, "/metrics")[2] == b"iracing_live_connected 1.0\n"
        assert ask(served, "/healthz")[2] == b"ok\n"
        assert first_event(served) == {"connected": False}
        assert ask(served, "/nothing")[0] == 404


def test_without_the_token_there_is_a_form_and_nothing_else() -> None:
    with site(TOKEN) as served:
        for path in ("/metrics", "/events", "/allowed", "/nothing"):
            assert ask(served, path)[0] == 401
            assert ask(served, f"{path}?token={TOKEN}")[0] == 401, "not in an address"
        assert ask(served, "/")[0] == 200
        assert ask(served, "/healthz")[0] == 200
        assert ask(served, "/metrics", Authorization="Bearer wrong")[0] == 401
        assert ask(served, "/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200


def test_the_form_gives_a_cookie_that_does_not_hold_the_token() -> None:
    feed = Feed()
    feed.put(b'data: {"connected":true}\n\n')
    with site(TOKEN, feed) as served:
        status, headers, _ = ask(served, "/login", "POST", f"token={TOKEN}", **FORM)
        assert (status, headers["location"]) == (303, "/")
        cookie = headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie

        assert ask(served, "/allowed", Cookie=cookie.partition(";")[0])[0] == 204
        assert first_event(served, Cookie=cookie.partition(";")[0]) == {"connected": True}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("token=wrong", FORM, 401),
        ("", FORM, 400),
        (f"token={TOKEN}&token={TOKEN}", FORM, 400),
        (f"token={TOKEN}", {"Content-Type": "text/plain"}, 400),
        ("token=" + "a" * 5000, FORM, 400),
        (f"token={TOKEN}", {**FORM, "Origin": "http://evil.example"}, 403),
        (f"token={TOKEN}", {**FORM, "Host": "evil.example"}, 403),
    ],
)
def test_other_forms_get_nothing(body: str, headers: dict[str, str], status: int) -> None:
    with site(TOKEN) as served:
        found, answered, _ = ask(served, "/login", "POST", body, **headers)

        assert found == status
        assert "set-cookie" not in answered


@pytest.mark.parametrize("path", ["/", "/events", "/metrics"])
def test_pages_of_other_sites_and_foreign_names_are_refused(path: str) -> None:
    with site() as served:
        assert ask(served, path, Host="evil.example")[0] == 403
        assert ask(served, path, Origin="http://evil.example")[0] == 403
        assert ask(served, path, Sec_Fetch_Site="cross-site")[0] == 403


def test_an_event_reaches_a_page_at_once() -> None:
    feed = Feed()
    feed.put(b"data: 0\n\n")
    with site(feed=feed) as served:
        where = urlsplit(served.address)
        connection = http.client.HTTPConnection(where.hostname or "", where.port or 0, timeout=5)
        connection.request("GET", "/events")
        answer = connection.getresponse()
        assert answer.readline() == b"data: 0\n"
        answer.readline()
        began = time.monotonic()
        threading.Timer(0.05, feed.put, [b"data: 1\n\n"]).start()

        assert answer.readline() == b"data: 1\n"
        assert time.monotonic() - began < 0.35
        connection.close()


def test_pages_beyond_the_limit_are_told_so_and_places_come_free() -> None:
    feed = Feed()
    taken = [feed.listeners.acquire(blocking=False) for _ in range(MOST_LISTENERS)]
    assert all(taken)
    with site(feed=feed) as served:
        assert ask(served, "/events")[0] == 503
        feed.listeners.release()
        feed.put(b'data: {"connected":true}\n\n')
        assert first_event(served) == {"connected": True}


class _Parser(HTMLParser):
    """Collects what a page loads or runs from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[tuple[str, str]] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"src", "href", "srcset", "data"} and value != "data:,":
                self.loads.append((tag, value or ""))
            if name.startswith("on") or name == "style":
                self.handlers.append(name)


def test_the_page_is_one_file_that_its_policy_allows() -> None:
    html = document().decode()
    parser = _Parser()
    parser.feed(html)

    assert parser.loads == []
    assert parser.handlers == []
    assert "default-src 'none'" in policy()
    assert "innerHTML" not in html
    assert re.search(r"eval\(|Function\(|document\.write", html) is None


def test_an_event_holds_the_race_and_only_numbers_that_json_has(tmp_path: Path) -> None:
    race = Race(tmp_path / "memory", RaceSetup(cars=10, minutes=10.0, seed=2))
    clock = [0.0]
    wall = Wall(Simulator(race.path, monotonic=lambda: clock[0]))
    for t in np.arange(40.0, 380.0, 4.0):
        clock[0] = float(t)
        race.at(float(t))
        wall.look()
    _, sent = wall.feed.after(0, 0.0) or (0, b"")
    shown = json.loads(sent.removeprefix(b"data: "))
    wall.stop()

    assert shown["connected"]
    assert len(shown["cars"]) == 10
    assert sum(car["own"] for car in shown["cars"]) == 1
    assert shown["gaps"]["laps"]
    assert [lap for lap, *_ in shown["laps"]] == list(range(1, 4))
    assert "name" not in json.dumps(shown).lower()


def test_names_that_attack_stay_text(tmp_path: Path) -> None:
    hostile = '</script><img src=x onerror=alert(1)>"\x1b[2J\u2028'
    info = INFO.replace("Formula Vee", hostile).replace('"17"', hostile)
    simulator = Simulator(Car(tmp_path / "memory", info=info).path)
    wall = Wall(simulator)
    reading = wall.look()

    assert reading is not None
    sent = event(reading, wall.decisions, fuel=simulator.fuel, watch=simulator.field_watch)
    assert sent.count(b"\n") == 2, "one event, however long its names"
    shown = json.loads(sent.removeprefix(b"data: "))
    assert shown["cars"][0]["n"] == "idx7"
    assert "\x1b" not in json.dumps(shown, ensure_ascii=False)
    for line in wall.text.decode().splitlines():
        assert re.fullmatch(r'# .*|[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? \S+', line), line
    wall.stop()
