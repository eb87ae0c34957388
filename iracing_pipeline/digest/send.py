"""Destinations of a digest: a file, a webhook of Discord, or a webhook that takes JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import requests

from iracing_pipeline import http_client
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.http_client import BoundExceededError

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.digest.message import Digest
    from iracing_pipeline.settings import DigestSettings

_LONGEST_S = 10.0
_TIMEOUT_S = (5.0, 5.0)  # to connect, and between two packets
_MOST_BYTES = 64 << 10
_DISCORD = re.compile(r"(?:[\w-]+\.)?discord(?:app)?\.com")
_MARKDOWN = re.compile(r"([\\`*_\[\]()|<>~:@])")
_NO_EMBEDS = 1 << 2
_MOST_CHARACTERS = 2000


class DigestError(PipelineError):
    """A digest that could not be sent; the message never holds the webhook's address."""


class Destination(Protocol):
    """Destinations of digests."""

    def send(self, digest: Digest) -> None:
        """Send one.

        Raises:
            DigestError: It certainly did not arrive.
        """


class File:
    """A file that digests are appended to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, digest: Digest) -> None:
        """Append the lines, and an empty one."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n".join((*digest.lines, "", "")))
        except OSError as error:
            raise DigestError(f"{self._path} cannot be written: {error.strerror}") from error


class Webhook:
    """A webhook: Discord's by its address, else one that takes generic JSON."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._body = discord if _is_discord(url) else generic

    def send(self, digest: Digest) -> None:
        """Post it, once, following no redirect."""
        try:
            with http_client.session(most_bytes=_MOST_BYTES, longest_s=_LONGEST_S) as session:
                answer = session.post(
                    self._url, json=self._body(digest), timeout=_TIMEOUT_S, allow_redirects=False
                )
        except BoundExceededError:
            return  # it was received: only the answer to it is odd
        except requests.RequestException as error:
            # What requests says holds the address, which is a secret.
            raise DigestError(f"the webhook cannot be reached: {type(error).__name__}") from None
        if not 200 <= answer.status_code < 300:
            raise DigestError(f"the webhook answered {answer.status_code}")


def destinations(settings: DigestSettings) -> list[Destination]:
    """The destinations of digests; empty if none is set."""
    configured: list[Destination] = []
    if settings.file is not None:
        configured.append(File(settings.file))
    if settings.webhook_url is not None:
        configured.append(Webhook(settings.webhook_url))
    return configured


def discord(digest: Digest) -> dict[str, object]:
    """The message for Discord: nobody is mentioned, and no link of a name is unfolded."""
    lines = [_MARKDOWN.sub(r"\\\1", line) for line in digest.lines]
    return {
        "content": "\n".join((f"**{lines[0]}**", *lines[1:]))[:_MOST_CHARACTERS],
        "allowed_mentions": {"parse": []},
        "flags": _NO_EMBEDS,
    }


def generic(digest: Digest) -> dict[str, object]:
    """The message as JSON."""
    what, best, work_on = digest.lines
    return {
        "session_key": digest.session_key,
        "ended_at": digest.ended_at.isoformat(),
        "what": what,
        "best": best,
        "work_on": work_on,
        "text": "\n".join(digest.lines),
    }


def _is_discord(url: str) -> bool:
    address = urlsplit(url)
    named = _DISCORD.fullmatch(address.hostname or "") is not None
    return named and address.path.startswith("/api/webhooks/")
