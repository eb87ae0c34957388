from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from iracing_pipeline.defs.digests import digest_sensor, send_digests
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.digest import Digest, DigestError, destinations, digest, send_due
from iracing_pipeline.digest.send import File, Webhook, _is_discord, discord, generic
from iracing_pipeline.lake import Lake
from iracing_pipeline.settings import DigestSettings, SettingsError
from iracing_pipeline.warehouse.digests import MOST_ATTEMPTS
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.garage import load_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iracing_pipeline.warehouse import Connection

NOW = recordings.START + timedelta(hours=1)
SESSION: dict[str, Any] = {
    "session_key": "20260307T191533Z-0123456789ab",
    "start_time": datetime(2026, 3, 7, 19, 15, 33, tzinfo=UTC),
    "end_time": datetime(2026, 3, 7, 19, 55, tzinfo=UTC),
    "utc_offset_s": 3600,
    "simsession_type": "Race",
    "track_name": "Halden Ridge",
    "track_config": None,
    "car_name": "Corsa GT3",
    "lap_count": 17,
    "clean_lap_count": 11,
    "finish_position": 4,
    "car_count": 24,
    "incidents": 6,
    "best_lap_time_s": 89.1234,
    "spread_s": 0.31,
    "spread_low_s": 0.22,
    "spread_high_s": 0.49,
}


class Hook(BaseHTTPRequestHandler):
    """A webhook that keeps what it is sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        server.received.append(json.loads(body))
        self.send_response(server.status)
        if server.status == 302:
            self.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture
def hook() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), Hook)
    server.received, server.status = [], 204
    server.url = f"http://127.0.0.1:{server.server_port}/hooks/very-secret"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def session_key(connection: Connection, tmp_path: Path) -> str:
    """A session that ended an hour ago."""
    path = tmp_path / "drive.ibt"
    recordings.write(path, recordings.drive((20.0, 21.0, 20.5, 20.2)))
    return load_file(connection, Lake(tmp_path / "lake", durable=False), path)


def test_the_digest_says_what_it_was_the_best_and_what_to_work_on() -> None:
    finding = {"text": "Turn 5 lost 2.1 s over 9 laps.", "advice": "Brake later.", "seconds": 2.1}

    lines = digest(SESSION, [finding], []).lines

    what = "Race · Halden Ridge · Corsa GT3 · 2026-03-07 20:15 · 17 laps, 11 clean · P4 of 24"
    assert lines == (
        f"{what} · 6x incidents",
        "Best lap 1:29.123 (n=11 clean laps), spread 0.310 s (0.220 to 0.490).",
        "Work on: Turn 5 lost 2.1 s over 9 laps. Brake later.",
    )


def test_without_findings_the_corner_that_loses_most_is_named() -> None:
    corners = [
        {"corner": 3, "lap_count": 6, "best_s": 5.0, "median_s": 5.2},
        {"corner": 4, "lap_count": 2, "best_s": 5.0, "median_s": 9.0},
        {"corner": 5, "lap_count": 6, "best_s": 4.0, "median_s": 4.3},
    ]

    assert digest(SESSION, [], corners).lines[2] == (
        "Work on: Turn 5, where a usual lap loses 0.300 s to your best (n=6 laps)."
    )


def test_what_is_not_known_is_said_so() -> None:
    unknown = {**SESSION, "best_lap_time_s": None, "utc_offset_s": None, "track_name": None}

    lines = digest(unknown, [], []).lines

    assert "unknown track" in lines[0]
    assert "19:15 UTC" in lines[0]
    assert lines[1] == "Best lap: none, as no lap was clean."
    assert lines[2].startswith("Work on: not known")


def test_a_hostile_name_mentions_nobody_and_opens_no_link() -> None:
    hostile = {
        **SESSION,
        "track_name": "@everyone <@&1> **x** [a](https://evil.example)\n@here \x1b[31m",
        "car_name": "y" * 5000,
    }

    message = discord(digest(hostile, [], []))

    content = str(message["content"])
    assert message["allowed_mentions"] == {"parse": []}
    assert message["flags"] == 4
    assert "\\@everyone" in content
    assert "](" not in content
    assert "https://" not in content
    assert "\x1b" not in content
    assert content.count("\n") == 2
    assert len(content) < 2000


def test_a_digest_is_sent_once(connection: Connection, session_key: str, hook: Any) -> None:
    places = destinations(DigestSettings(webhook_url=hook.url))

    first = send_due(connection, places, now=NOW)
    again = send_due(connection, places, now=NOW + timedelta(minutes=5))

    assert first.sent == [session_key]
    assert again.sent == []
    assert [each["session_key"] for each in hook.received] == [session_key]
    assert hook.received[0]["best"].startswith("Best lap 20.")


def test_a_backlog_of_years_sends_nothing(
    connection: Connection, session_key: str, tmp_path: Path
) -> None:
    file = tmp_path / "digests.txt"

    late = send_due(connection, [File(file)], now=NOW + timedelta(hours=24))

    assert late.sent == []
    assert not file.exists()
    assert send_due(connection, [File(file)], now=NOW).sent == [session_key]
    assert len(file.read_text(encoding="utf-8").splitlines()) == 4


def test_what_cannot_be_sent_is_tried_again_and_given_up(
    connection: Connection, session_key: str, hook: Any
) -> None:
    hook.status = 500
    places = [Webhook(hook.url)]

    for attempt in range(MOST_ATTEMPTS + 2):
        outcome = send_due(connection, places, now=NOW + timedelta(minutes=2 * attempt))
        if attempt < MOST_ATTEMPTS:
            assert outcome.failed == {session_key: "the webhook answered 500"}

    assert len(hook.received) == MOST_ATTEMPTS
    row = connection.execute("SELECT state, note FROM ops.session_digest").fetchone()
    assert row == ("given_up", "the webhook answered 500")


@pytest.mark.usefixtures("session_key")
def test_who_is_killed_while_sending_sends_it_no_second_time(connection: Connection) -> None:
    class Killed:
        def send(self, digest: Digest) -> None:  # noqa: ARG002 - never gets to it
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_due(connection, [Killed()], now=NOW)
    connection.rollback()

    assert send_due(connection, [Killed()], now=NOW + timedelta(minutes=5)).sent == []


def test_no_error_shows_the_webhooks_address(hook: Any) -> None:
    made = digest(SESSION, [], [])
    hook.status = 404
    with pytest.raises(DigestError) as answered:
        Webhook(hook.url).send(made)
    with pytest.raises(DigestError) as unreachable:
        Webhook("http://127.0.0.1:9/hooks/very-secret").send(made)
    with pytest.raises(SettingsError) as wrong:
        DigestSettings.from_env({"IRACING_DIGEST_WEBHOOK": "http://evil/very-secret"})

    for error in (answered, unreachable, wrong):
        assert "very-secret" not in str(error.value)
    assert unreachable.value.__cause__ is None
    assert "very-secret" not in repr(DigestSettings(webhook_url=hook.url))


def test_a_redirect_is_not_followed(hook: Any) -> None:
    hook.status = 302

    with pytest.raises(DigestError, match="answered 302"):
        Webhook(hook.url).send(digest(SESSION, [], []))
    assert len(hook.received) == 1


def test_discord_is_known_by_its_address() -> None:
    assert _is_discord("https://discord.com/api/webhooks/1/x")
    assert _is_discord("https://ptb.discord.com/api/webhooks/1/x")
    assert not _is_discord("https://discord.com.evil.example/api/webhooks/1/x")
    assert not _is_discord("https://example.com/api/webhooks/discord.com")
    assert set(generic(digest(SESSION, [], []))) >= {"what", "best", "work_on", "text"}


def test_it_is_off_by_default_and_can_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "webhook"
    secret.write_text("https://discord.com/api/webhooks/1/x\n", encoding="utf-8")

    assert destinations(DigestSettings.from_env({})) == []
    result = DigestSettings.from_env({"IRACING_DIGEST_WEBHOOK_FILE": str(secret)})
    assert result.webhook_url == "https://discord.com/api/webhooks/1/x"


def test_the_sensor_asks_for_a_run_of_its_own(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRACING_DATABASE_URL", database)
    monkeypatch.delenv("IRACING_DIGEST_WEBHOOK", raising=False)
    path = recordings.session(tmp_path / "drive.ibt", start=datetime.now(UTC))
    resources = {"warehouse": WarehouseResource()}

    with dg.DagsterInstance.ephemeral() as instance, WarehouseResource().connect() as connection:
        load_file(connection, Lake(tmp_path / "lake", durable=False), path)

        def look() -> Any:
            with dg.build_sensor_context(instance=instance, resources=resources) as context:
                return digest_sensor(context)

        assert "Off" in str(look().skip_message)
        monkeypatch.setenv("IRACING_DIGEST_FILE", str(tmp_path / "digests.txt"))
        assert isinstance(look(), dg.RunRequest)
        done = send_digests.execute_in_process(instance=instance, resources=resources)
        assert done.success
        assert "Practice · Somewhere Short" in (tmp_path / "digests.txt").read_text("utf-8")
        assert "without its digest" in str(look().skip_message)
