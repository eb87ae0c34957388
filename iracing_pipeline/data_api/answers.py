"""The four forms in which the Data API answers, distinguished by their shape.

``{"link", "expires"}`` and ``{"type", "data", "data_url"}`` point to a document elsewhere;
anything with a ``chunk_info`` (at the top or under ``data``) has its rows in several documents;
all else is the payload itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from iracing_pipeline.data_api.errors import MalformedAnswerError

RATE_LIMIT_TEXT = b"rate limit exceeded"


@dataclass(frozen=True, slots=True)
class Chunks:
    """Location of the rows of an answer.

    Attributes:
        urls: One URL a chunk, in order.
        rows: How many rows they hold together; None when iRacing did not say.
        size: How many rows each but the last holds; None when iRacing did not say.
    """

    urls: tuple[str, ...]
    rows: int | None
    size: int | None

    def expected(self, index: int) -> int | None:
        """How many rows chunk ``index`` must hold; None when unknown."""
        if self.rows is None:
            return None
        if len(self.urls) == 1:
            return self.rows
        if self.size is None:
            return None
        return self.size if index < len(self.urls) - 1 else self.rows - self.size * index


def parse_json(body: bytes, what: str) -> Any:
    """The JSON in ``body``, whatever its content type claims; NaN and Infinity become None.

    Raises:
        MalformedAnswerError: If it is not JSON (an HTML page of a gateway, a truncated body).
    """
    try:
        return json.loads(body, parse_constant=lambda _name: None)
    except (ValueError, RecursionError) as error:
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else f"{len(body)} bytes of no JSON"
        raise MalformedAnswerError(f"{what}: iRacing sent {kind}. Try again later.") from error


def link_of(payload: object) -> str | None:
    """The URL that the payload lies at; None when ``payload`` is the payload itself."""
    if not isinstance(payload, dict):
        return None
    if isinstance(payload.get("link"), str) and "expires" in payload:
        return str(payload["link"])
    if isinstance(payload.get("data_url"), str) and "data" in payload:
        return str(payload["data_url"])
    return None


def chunks_of(payload: object) -> Chunks | None:
    """Return the location of the rows of ``payload``; None when it is not chunked.

    A driver without laps has a ``chunk_info`` that is null or empty: no chunks, no rows.
    """
    if not isinstance(payload, dict):
        return None
    holder = payload if "chunk_info" in payload else payload.get("data")
    if not isinstance(holder, dict) or "chunk_info" not in holder:
        return None
    info = holder["chunk_info"]
    if not isinstance(info, dict):
        return Chunks((), 0, None)
    base, names = info.get("base_download_url"), info.get("chunk_file_names")
    names = names if isinstance(names, list) else []
    urls = tuple(f"{base}{name}" for name in names)
    return Chunks(urls, _count(info.get("rows")), _count(info.get("chunk_size")))


def https_or_loopback(url: str) -> bool:
    """Whether ``url`` is safe to download from: HTTPS, or a simulated API on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in {"127.0.0.1", "localhost", "::1"}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
