"""``iracing-pipeline up`` as it really runs: attacked by pages, started twice, canceled.

Its processes, files and accounts are looked into.

One process serves all tests of this file, on a fresh data folder with a backlog of recordings.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest
import requests

from iracing_pipeline.demo.backlog import write_backlog
from iracing_pipeline.local.ui import free_port
from iracing_pipeline.warehouse import embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILES = 40
HUSH = "correct-horse-battery"
SECRETS = {
    "IRACING_CLIENT_ID": "racer",
    "IRACING_CLIENT_SECRET": f"{HUSH}-secret",
    "IRACING_USERNAME": f"{HUSH}@example.com",
    "IRACING_PASSWORD": f"{HUSH}-password",
    "GITHUB_TOKEN": f"{HUSH}-token",
}
# Nothing is asked of iRacing: the account is read, and nobody listens at this address.
NOWHERE = {
    "IRACING_DATA_API_URL": "http://127.0.0.1:9",
    "IRACING_OAUTH_URL": "http://127.0.0.1:9",
}
WIPE = "mutation { wipeAssets(assetPartitionRanges: []) { __typename } }"
SHUT = (
    'mutation { shutdownRepositoryLocation(repositoryLocationName: "iracing_pipeline")'
    " { __typename } }"
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="looks into processes by /proc")


@dataclass
class Up:
    """The running command."""

    home: Path
    url: str
    process: subprocess.Popen[bytes]
    env: dict[str, str]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command on the same data folder."""
        return subprocess.run(
            [sys.executable, "-m", "iracing_pipeline", *arguments],
            env=self.env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def ask(self, query: str, **variables: object) -> Any:
        answer = requests.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def states(self) -> dict[str, int]:
        """Count the files in each state."""
        url = embedded.running(self.home)
        if url is None:
            return {}
        try:
            with psycopg.connect(url) as connection:
                return dict(
                    connection.execute(
                        "SELECT state, count(*) FROM ops.telemetry_file GROUP BY 1"
                    ).fetchall()
                )
        except psycopg.Error:
            return {}  # it is being migrated


def wait(what: Callable[[], object], within_s: float = 120.0) -> Any:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if result := what():
            return result
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("attacked")
    home, telemetry = folder / "home", folder / "telemetry"
    write_backlog(telemetry, FILES)
    port = free_port(3391)
    env = {
        **{name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"},
        **SECRETS,
        **NOWHERE,
        "IRACING_HOME": str(home),
        "IRACING_TELEMETRY_DIR": str(telemetry),
    }
    env.pop("IRACING_DATABASE_URL", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "iracing_pipeline", "up", "--port", str(port)],
            env=env, stdout=log, stderr=subprocess.STDOUT, umask=0o022,
        )  # fmt: skip
    running = Up(home, f"http://127.0.0.1:{port}", process, env)
    try:
        wait(lambda: b"UI is at" in (folder / "log").read_bytes(), within_s=300.0)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(90)
        except subprocess.TimeoutExpired:
            process.kill()
        embedded.stop(home)


def environment(pid: int) -> str:
    with open(f"/proc/{pid}/environ", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        return file.read()


@pytest.mark.skipif(
    "IRACING_TEST_LONG" not in os.environ,
    reason="it takes up to five minutes: set IRACING_TEST_LONG to run it",
)
def test_a_canceled_run_stops_and_the_rest_is_loaded_later(up: Up) -> None:
    runs = "{ runsOrError(filter: {statuses: [STARTED]}) { ... on Runs { results { runId } } } }"
    wait(lambda: up.states().get("loaded", 0) >= 2)
    (run,) = [each["runId"] for each in up.ask(runs)["runsOrError"]["results"]][:1]
    began = time.monotonic()
    up.ask(
        "mutation ($run: String!) { terminateRun(runId: $run) { __typename } }",
        run=run,
    )
    status = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
    ended = wait(
        lambda: (
            (now := up.ask(status, run=run)["runOrError"]["status"])
            in {"CANCELED", "FAILURE", "SUCCESS"}
            and now
        )
    )
    took = time.monotonic() - began
    after = up.states()

    assert ended == "CANCELED"
    assert took < 15.0
    assert 2 <= after["loaded"] < FILES, "what was loaded stays, the rest was not loaded"
    assert wait(lambda: up.states().get("loaded") == FILES, within_s=240.0)
    assert set(up.states()) == {"loaded"}, "no cancellation counts as an attempt"


@pytest.mark.parametrize("mutation", [WIPE, SHUT])
def test_a_page_cannot_command_dagster(up: Up, mutation: str) -> None:
    """By an image, a form, a script of another origin, or under a name of its own."""
    target = f"{up.url}/graphql"
    ours = {"Content-Type": "application/json"}
    evil = {"Origin": "http://evil.example"}
    query = {"query": mutation}
    answers = [
        requests.get(target, params=query, timeout=10),
        requests.get(target, params=query, headers=evil, timeout=10),
        requests.get(target, params=query, headers={"Accept": "text/html"}, timeout=10),
        requests.post(target, params=query, timeout=10),
        requests.post(target, data=query, timeout=10),
        requests.post(target, json=query, headers=evil, timeout=10),
        requests.post(target, json=query, headers={"Origin": "null"}, timeout=10),
        requests.post(target, json=query, headers={"Sec-Fetch-Site": "cross-site"}, timeout=10),
        requests.post(target, json=query, headers={"Host": "evil.example", **ours}, timeout=10),
        requests.get(up.url, headers={"Host": "evil.example"}, timeout=10),
        requests.post(f"{up.url}/report_asset_materialization/a", headers=evil, timeout=10),
    ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert "dagster_version" in requests.get(f"{up.url}/server_info", timeout=10).text


def test_a_page_opens_no_websocket(up: Up) -> None:
    ask = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "graphql-ws",
    }  # fmt: skip
    evil = {"Origin": "http://evil.example"}
    refused = requests.get(f"{up.url}/graphql", headers={**ask, **evil}, timeout=10)
    with requests.Session() as session:
        allowed = session.get(
            f"{up.url}/graphql", headers={**ask, "Origin": up.url}, timeout=10, stream=True
        )

    assert refused.status_code == 403
    assert allowed.status_code == 101


def test_no_other_site_shows_the_ui_in_a_frame(up: Up) -> None:
    assert requests.get(up.url, timeout=10).headers["X-Frame-Options"] == "SAMEORIGIN"


def test_children_get_what_they_need_and_no_more(up: Up) -> None:
    children = psutil.Process(up.process.pid).children(recursive=True)
    named = {" ".join(child.cmdline()): environment(child.pid) for child in children}

    assert any("iracing_pipeline.local.webserver" in name for name in named)
    assert any("dagster._daemon" in name for name in named)
    for name, env in named.items():
        assert SECRETS["GITHUB_TOKEN"] not in env, name
        if "webserver" in name or "_daemon" in name:
            assert HUSH not in env, name
    assert any(SECRETS["IRACING_PASSWORD"] in env for env in named.values()), "what asks iRacing"


def test_the_embedded_server_knows_no_secret(up: Up) -> None:
    data = up.home / "postgres" / "data"
    (pid, *_) = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    server = psutil.Process(int(pid))

    for process in (server, *server.children()):
        assert HUSH not in environment(process.pid)
    url = embedded.running(up.home)
    assert url is not None
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_read_binary_file('/proc/self/environ')").fetchone()
    assert row is not None
    assert HUSH.encode() not in row[0]
    assert b"IRACING_" not in row[0]


def test_a_second_one_names_the_first(up: Up) -> None:
    began = time.monotonic()
    done = up.command("up")

    assert f"Already running at {up.url} (pid {up.process.pid})." in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - began < 30.0


def test_the_database_is_not_stopped_under_it(up: Up) -> None:
    done = up.command("down")

    assert done.returncode == 1
    assert f"running at {up.url} (pid {up.process.pid})" in done.stderr
    assert "Stop it first" in done.stderr
    assert embedded.running(up.home) is not None


def test_nothing_is_replaced_under_it(up: Up, tmp_path: Path) -> None:
    (tmp_path / "a.zip").touch()
    done = up.command("restore", "--replace", str(tmp_path / "a.zip"))

    assert done.returncode == 1
    assert f"running at {up.url}" in done.stderr
    assert "Stop it first" in done.stderr


def test_other_accounts_read_nothing(up: Up) -> None:
    """Whatever the umask: each folder is closed, and so is each file."""
    open_to_others = [
        f"{path.relative_to(up.home)} {path.lstat().st_mode & 0o777:o}"
        for path in up.home.rglob("*")
        if path.lstat().st_mode & 0o007 and not path.is_socket()
    ]

    assert up.home.stat().st_mode & 0o067 == 0
    assert open_to_others == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="takes root to be another user")
def test_another_account_is_refused(up: Up) -> None:
    for place in ("lake", "dagster", "dagster/dagster.yaml", "up.json", "postgres/owner.password"):
        done = subprocess.run(
            ["/bin/cat", str(up.home / place)],
            user=65533, group=65533, extra_groups=[], capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Permission denied" in done.stderr
