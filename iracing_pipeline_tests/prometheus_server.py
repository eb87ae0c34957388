"""A real Prometheus for tests and measurements, where there is one: on loopback, on a free port."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")

NEEDS_PROMETHEUS = pytest.mark.skipif(
    PROMETHEUS is None or PROMTOOL is None,
    reason="no Prometheus: install the programs prometheus and promtool",
)

_STARTS_WITHIN_S = 120.0

# Without a scrape, the first samples that a server is sent would set its clock.
SELF = """
scrape_configs:
  - {job_name: self, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:9"]}]}
"""
USER, PASSWORD = "racer", "secret"
HOSTED: dict[str, Any] = {
    "window": "2h",
    # Prometheus's own way to write a password down: a bcrypt digest.
    "web": f"basic_auth_users:\n  {USER}:"
    " $2b$05$bnY7.M8bTw853xzHgDNp1uAzzHmfuG21GXsIkJcv3ZH2mDQtUoFkG\n",
    "auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
}
"""Configuration of a hosted server: two hours back, and a password."""


@dataclass(slots=True)
class Server:
    """A Prometheus that can be stopped and started again.

    Attributes:
        folder: Its configuration, and its data in ``data``.
        window: How far back it takes samples out of order, such as ``6h``.
        web: More options of its web server, as YAML.
        scrape: Scrape configurations, as YAML.
        arguments: More command line arguments.
        receiver: Whether it takes remote write.
        retention: How long it keeps samples.
        port: Port to listen on.
        config: A configuration to take instead of one from the above.
        replace: What to replace in that configuration, such as ports.
    """

    folder: Path
    window: str = "6h"
    web: str = ""
    scrape: str = ""
    rules: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    receiver: bool = True
    retention: str = "20y"
    port: int = 0
    auth: str = ""
    config: Path | None = None
    replace: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        assert PROMETHEUS
        self.folder.mkdir(parents=True, exist_ok=True)
        config, web = self.folder / "prometheus.yml", self.folder / "web.yml"
        config.write_text(self._configuration(), encoding="utf-8")
        web.write_text(self.web, encoding="utf-8")
        self.port = self.port or free_port()
        command = [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={self.data}"]
        command += [f"--web.listen-address=127.0.0.1:{self.port}", f"--web.config.file={web}"]
        command += ["--web.enable-remote-write-receiver"] if self.receiver else []
        command += [f"--storage.tsdb.retention.time={self.retention}"]
        command += ["--web.enable-lifecycle", "--web.enable-admin-api", *self.arguments]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                self.get("/-/ready")
            except (URLError, OSError):
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text(encoding="utf-8")[-2000:])

    def _configuration(self) -> str:
        if self.config is None:
            return (
                "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
                f"storage: {{tsdb: {{out_of_order_time_window: {self.window}}}}}\n"
                f"rule_files: {json.dumps(self.rules)}\n{self.scrape}"
            )
        text = self.config.read_text(encoding="utf-8")
        for old, new in self.replace.items():
            text = text.replace(old, new)
        return text

    def stop(self, *, kill: bool = False) -> None:
        """Stop it, or kill it."""
        if self.process is not None:
            if kill:
                self.process.kill()
            else:
                self.process.terminate()
            self.process.wait(60)
            self.process = None

    def get(self, path: str, **parameters: Any) -> bytes:
        """The answer to a request."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        request = Request(f"{self.url}{path}{query}")  # noqa: S310 - our own server
        if self.auth:
            request.add_header("Authorization", f"Basic {self.auth}")
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server
            content: bytes = answer.read()
        return content

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """The result of an instant query."""
        when = {} if at is None else {"time": at}
        answer = json.loads(self.get("/api/v1/query", query=expression, **when))
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def value(self, expression: str, at: float | None = None) -> float | None:
        """The one value of an instant query; None without one."""
        result = self.query(expression, at)
        return float(result[0]["value"][1]) if result else None

    def samples(self, session: str, start: float, end: float) -> int:
        """Count the samples of a session between two times."""
        # In steps, as a range vector is held in memory whole.
        total, step = 0, 900
        first = int(start) - 1
        while first < end:
            until = min(first + step, int(end) + 1)
            selector = f'{{__name__=~"iracing_.+",session="{session}"}}[{until - first}s]'
            answer = self.query(selector, until)
            # A range includes both its ends: the first belongs to the step before.
            total += sum(1 for each in answer for at, _ in each["values"] if at > first)
            first = until
        return total


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Server]:
    """A server that is stopped in the end."""
    server = Server(folder, **options)
    server.start()
    try:
        yield server
    finally:
        server.stop(kill=True)


def started(folder: Path, **options: Any) -> Iterator[Server]:
    """A server that knows the time, as one that scrapes does; to be looped over once."""
    with running(folder, scrape=SELF, **options) as server:
        while server.value('up{job="self"}') is None:
            time.sleep(0.1)
        yield server


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
