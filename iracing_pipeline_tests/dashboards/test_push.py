"""Boards brought to a small simulation of Grafana's HTTP API."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from iracing_pipeline.cli import main
from iracing_pipeline.dashboards.board import Folder
from iracing_pipeline.dashboards.catalog import BOARDS
from iracing_pipeline.dashboards.errors import PushError
from iracing_pipeline.dashboards.push import Became, Grafana

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "glsa_test"  # noqa: S105 - of the simulated Grafana


@dataclass
class SimulatedGrafana:
    """A simulated Grafana server."""

    folders: dict[str, str] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    status: int | None = None
    url: str = ""

    def answer(
        self, method: str, path: str, document: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        if method != "GET":
            self.writes.append(f"{method} {path}")
        if path == "/api/dashboards/db":
            return 200, self._save(document)
        kind, _, uid = path.removeprefix("/api/").removesuffix("/").rpartition("/")
        if kind == "dashboards/uid":
            return (200, self.boards[uid]) if uid in self.boards else (404, {"message": "no"})
        if path == "/api/folders":
            self.folders[document["uid"]] = document["title"]
            return 200, document
        if uid not in self.folders:
            return 404, {"message": "folder not found"}
        if method == "PUT":
            self.folders[uid] = document["title"]
        return 200, {"uid": uid, "title": self.folders[uid]}

    def _save(self, document: dict[str, Any]) -> dict[str, Any]:
        assert document["overwrite"]
        assert document["folderUid"] in self.folders
        uid = document["dashboard"]["uid"]
        version = self.boards.get(uid, {"dashboard": {"version": 0}})["dashboard"]["version"] + 1
        # Grafana gives a dashboard an id and a version of its own.
        kept = {**document["dashboard"], "id": 7, "version": version}
        self.boards[uid] = {"dashboard": kept, "meta": {"folderUid": document["folderUid"]}}
        return {"uid": uid, "version": version}


@pytest.fixture
def grafana() -> Iterator[SimulatedGrafana]:
    simulated = SimulatedGrafana()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            document = json.loads(self.rfile.read(length) or b"{}")
            status, content = 401, {"message": "Invalid API key"}
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                status, content = simulated.answer(self.command, self.path, document)
            if simulated.status is not None:
                status, content = simulated.status, {"message": "as requested"}
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "/login")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _any  # noqa: N815 - by these http.server finds it

        def log_message(self, *_: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        simulated.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield simulated
        server.shutdown()


def pushed(simulated: SimulatedGrafana) -> dict[str, Became]:
    return dict(Grafana(simulated.url, TOKEN).push(BOARDS))


def test_folders_and_boards_arrive(grafana: SimulatedGrafana) -> None:
    outcome = pushed(grafana)

    assert set(outcome.values()) == {Became.CREATED}
    assert grafana.folders == {folder.uid: folder.value for folder in Folder}
    assert grafana.boards.keys() == {board.uid for board in BOARDS}
    for board in BOARDS:
        assert grafana.boards[board.uid]["meta"]["folderUid"] == board.folder.uid


def test_what_is_there_already_is_left_alone(grafana: SimulatedGrafana) -> None:
    pushed(grafana)
    grafana.writes.clear()

    assert set(pushed(grafana).values()) == {Became.UNCHANGED}
    assert grafana.writes == []


def test_what_was_changed_is_brought_back(grafana: SimulatedGrafana) -> None:
    pushed(grafana)
    grafana.boards["iracing-fuel"]["dashboard"]["title"] = "My fuel"
    grafana.boards["iracing-pace"]["meta"]["folderUid"] = "elsewhere"
    grafana.folders["iracing-trends"] = "My trends"

    outcome = pushed(grafana)

    assert {name for name, became in outcome.items() if became is Became.UPDATED} == {
        "iracing-fuel",
        "iracing-pace",
        "Trends",
    }
    assert grafana.boards["iracing-fuel"]["dashboard"]["title"] == "Fuel"


def test_a_token_that_may_not_is_told_and_not_shown(grafana: SimulatedGrafana) -> None:
    with pytest.raises(PushError, match="401: the token may not do that") as caught:
        list(Grafana(grafana.url, "glsa_secret").push(BOARDS))

    assert "glsa_secret" not in str(caught.value)
    assert "glsa_secret" not in repr(Grafana(grafana.url, "glsa_secret"))


@pytest.mark.parametrize(
    ("status", "message"),
    [(302, "302: redirected to /login"), (412, "412 as requested"), (500, "500 as requested")],
)
def test_what_the_server_says_is_told(grafana: SimulatedGrafana, status: int, message: str) -> None:
    grafana.status = status

    with pytest.raises(PushError, match=message):
        list(Grafana(grafana.url, TOKEN).push(BOARDS))


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(PushError, match="cannot be reached"):
        list(Grafana("http://127.0.0.1:9", TOKEN).push(BOARDS))


def test_the_command(grafana: SimulatedGrafana, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRACING_GRAFANA_TOKEN", TOKEN)

    done = CliRunner().invoke(main, ["dashboards", "push", "--url", f"{grafana.url}/"])

    assert done.exit_code == 0, done.output
    assert "iracing-home: created" in done.output


def test_the_command_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IRACING_GRAFANA_TOKEN", raising=False)
    monkeypatch.delenv("IRACING_GRAFANA_URL", raising=False)

    done = CliRunner().invoke(main, ["dashboards", "push"])

    assert done.exit_code == 1
    assert "IRACING_GRAFANA_URL" in done.output
