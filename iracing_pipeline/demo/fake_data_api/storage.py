"""The storage that links and chunks of the simulated Data API point to."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from iracing_pipeline.demo.fake_data_api.faults import Fault

if TYPE_CHECKING:
    from iracing_pipeline.data_api.clock import Clock
    from iracing_pipeline.demo.fake_data_api.faults import Faults

LINK_LIFETIME_S = 120
CHUNK_LIFETIME_S = 1200
CHUNK_SIZE = 500
KEPT = 200


class Storage:
    """Documents under names that expire. Its caller serialises the calls."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._documents: dict[str, tuple[float, bytes]] = {}

    def link(self, root: str, payload: Any) -> dict[str, str]:
        """Store a document; the answer that links to it."""
        name = self._store(json.dumps(payload).encode(), LINK_LIFETIME_S)
        if self._faults.strikes(Fault.LINK_EXPIRED):
            del self._documents[name]
        return {
            "link": f"{root}/storage/{name}?X-Amz-Expires={LINK_LIFETIME_S}",
            "expires": "2099-01-01T00:00:00.000Z",
        }

    def chunks(self, root: str, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Store rows in chunks; their ``chunk_info``, None when there are no rows."""
        if not rows:
            return None
        names = []
        for begin in range(0, len(rows), CHUNK_SIZE):
            body = json.dumps(rows[begin : begin + CHUNK_SIZE]).encode()
            name = self._store(body, CHUNK_LIFETIME_S)
            if self._faults.strikes(Fault.CHUNK_EXPIRED):
                del self._documents[name]
            names.append(f"{name}?X-Amz-Credential=DEMO%2F20260101")
        return {
            "chunk_size": CHUNK_SIZE,
            "num_chunks": len(names),
            "rows": len(rows),
            "base_download_url": f"{root}/storage/",
            "chunk_file_names": names,
        }

    def answer(self, path: str) -> tuple[int, bytes]:
        """Answer a download: status and body."""
        expires, body = self._documents.get(urlsplit(path).path, (0.0, b""))
        if expires <= self._clock.now():
            return 403, b"<Error><Code>AccessDenied</Code></Error>"
        fault = self._faults.strikes(
            Fault.STORAGE_ERROR, Fault.TRUNCATED_JSON, Fault.CHUNK_MISSING_ROWS
        )
        if fault is Fault.STORAGE_ERROR:
            return 503, b"<Error><Code>SlowDown</Code></Error>"
        if fault is Fault.TRUNCATED_JSON:
            return 200, body[: len(body) // 2]
        if fault is Fault.CHUNK_MISSING_ROWS and body.startswith(b"["):
            return 200, json.dumps(json.loads(body)[:-1]).encode()
        return 200, body

    def _store(self, body: bytes, lifetime_s: float) -> str:
        name = secrets.token_hex(8)
        # Old documents are not requested again; forget them, so that long backfills stay small.
        if len(self._documents) > KEPT:
            for old in list(self._documents)[: KEPT // 2]:
                del self._documents[old]
        self._documents[name] = (self._clock.now() + lifetime_s, body)
        return name
