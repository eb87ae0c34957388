"""A server that speaks S3's protocol, in a separate process, and ways to make it fail."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "telemetry-lake"
NAMES = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a process that uses it; without other variables."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-to-be-shown",
            "AWS_REGION": "eu-west-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket."""
        requests.put(f"{self.url}/{name}", timeout=10).raise_for_status()

    def objects(self, bucket: str) -> list[str]:
        """Names of all objects, as the server tells them."""
        answer = requests.get(f"{self.url}/{bucket}?list-type=2", timeout=10)
        answer.raise_for_status()
        return [key.text or "" for key in ET.fromstring(answer.text).iter(f"{NAMES}Key")]  # noqa: S314 - from our own server

    def unfinished(self, bucket: str) -> int:
        """Uploads in parts that were begun and neither completed nor given up."""
        answer = requests.get(f"{self.url}/{bucket}?uploads", timeout=10)
        return len(list(ET.fromstring(answer.text).iter(f"{NAMES}Upload")))  # noqa: S314

    @contextmanager
    def credentials_checked(self) -> Iterator[None]:
        """Let the server refuse keys that it does not know, which are all."""
        self._check_after("0")
        try:
            yield
        finally:
            self._check_after("inf")

    def _check_after(self, requests_made: str) -> None:
        requests.post(
            f"{self.url}/moto-api/reset-auth",
            data=requests_made,
            headers={"Content-Type": "text/plain"},
            timeout=10,
        ).raise_for_status()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server on a free port of this machine, with nothing in it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = S3Server(f"http://127.0.0.1:{port}")
    try:
        _wait(server.url, process)
        yield server
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the S3 server did not start: is moto installed?")


@contextmanager
def cut_after(server: S3Server, count: int) -> Iterator[str]:
    """The address of a way to the server that breaks each connection after ``count`` bytes up."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_carry, args=(client, host, int(port), count)).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            with suppress(OSError):  # only Linux wakes who waits; elsewhere that ends by itself
                listener.shutdown(socket.SHUT_RDWR)


def _carry(client: socket.socket, host: str, port: int, count: int) -> None:
    with client, socket.create_connection((host, port)) as upstream:
        back = threading.Thread(target=_copy, args=(upstream, client), daemon=True)
        back.start()
        left = count
        while left > 0 and (data := client.recv(min(left, 65536))):
            upstream.sendall(data)
            left -= len(data)
        for end in (client, upstream):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        back.join(timeout=5)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        return
