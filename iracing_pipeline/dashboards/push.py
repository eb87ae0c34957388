"""The boards brought to a Grafana over its HTTP API: one's own, or Grafana Cloud."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import requests

from iracing_pipeline import http_client
from iracing_pipeline.dashboards.board import Folder
from iracing_pipeline.dashboards.errors import PushError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iracing_pipeline.dashboards.board import Board

_MOST_BYTES = 32 * http_client.MB
_TIMEOUT_S = 30
# What Grafana writes into a dashboard by itself.
_ITS_OWN = ("id", "version")


class Became(Enum):
    """Result of pushing a folder or a board."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class Grafana:
    """A Grafana server.

    Attributes:
        url: Its address, without a path below it.
        token: Token of a service account that may write folders and dashboards.
    """

    url: str
    token: str = field(repr=False)

    def push(self, boards: Sequence[Board]) -> Iterator[tuple[str, Became]]:
        """Bring folders and boards up to date; unchanged ones are skipped.

        Yields:
            Title or uid of each folder and board, and what became of it.

        Raises:
            PushError: If the server cannot be reached, or refuses one. Those before it are there.
        """
        for folder in Folder:
            if any(board.folder is folder for board in boards):
                yield folder.value, self._folder(folder)
        for board in boards:
            yield board.uid, self._board(board)

    def _folder(self, folder: Folder) -> Became:
        existing = self._call("GET", f"/api/folders/{folder.uid}")
        if existing is None:
            self._call("POST", "/api/folders", {"uid": folder.uid, "title": folder.value})
            return Became.CREATED
        if existing.get("title") == folder.value:
            return Became.UNCHANGED
        payload = {"title": folder.value, "overwrite": True}
        self._call("PUT", f"/api/folders/{folder.uid}", payload)
        return Became.UPDATED

    def _board(self, board: Board) -> Became:
        payload = json.loads(board.json())
        existing = self._call("GET", f"/api/dashboards/uid/{board.uid}")
        if existing is not None and _same(existing, payload, board.folder):
            return Became.UNCHANGED
        self._call(
            "POST",
            "/api/dashboards/db",
            {
                "dashboard": payload,
                "folderUid": board.folder.uid,
                "overwrite": True,
                "message": "Built by iracing-pipeline",
            },
        )
        return Became.CREATED if existing is None else Became.UPDATED

    def _call(
        self, method: str, path: str, payload: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """The answer; None where there is nothing of that name."""
        try:
            with http_client.session(most_bytes=_MOST_BYTES) as session:
                answer = session.request(
                    method,
                    f"{self.url}{path}",
                    json=payload,
                    headers={"Authorization": f"Bearer {self.token}"},
                    timeout=_TIMEOUT_S,
                    # A redirect would be a login page, or take the token along.
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise PushError(
                f"{self.url} cannot be reached: {http_client.cause(error)}. Start Grafana, or name"
                " another with --url or IRACING_GRAFANA_URL."
            ) from error
        if method == "GET" and answer.status_code == requests.codes.not_found:
            return None
        if answer.status_code != requests.codes.ok:
            raise PushError(f"{method} {path}: {_reason(answer)}")
        try:
            content = answer.json()
        except ValueError as error:
            raise PushError(f"{method} {path}: the answer is not Grafana's") from error
        return content if isinstance(content, dict) else {}


def _same(existing: dict[str, Any], payload: dict[str, Any], folder: Folder) -> bool:
    there = {k: v for k, v in existing.get("dashboard", {}).items() if k not in _ITS_OWN}
    return there == payload and existing.get("meta", {}).get("folderUid") == folder.uid


def _reason(answer: requests.Response) -> str:
    if answer.status_code in {requests.codes.unauthorized, requests.codes.forbidden}:
        return (
            f"{answer.status_code}: the token may not do that. Give its service account the role"
            " Editor, or the permissions to write folders and dashboards"
        )
    if answer.is_redirect:
        return f"{answer.status_code}: redirected to {answer.headers.get('Location', 'elsewhere')}"
    try:
        message = answer.json().get("message", "")
    except (ValueError, AttributeError):
        message = answer.text[:200]
    return f"{answer.status_code} {message}".strip()
