"""Ask a server on the web, with little patience."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from iracing_pipeline import http_client
from iracing_pipeline.errors import PipelineError

_PATIENCE_S = (2.0, 5.0)


class NoAnswerError(PipelineError):
    """The server did not answer; the text has the reason."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer of a server.

    Attributes:
        status: The HTTP status.
        body: The body, if it is a JSON object; else an empty one.
        ahead_s: By how much its clock is ahead of ours, to a second; None if it does not say.
    """

    status: int
    body: dict[str, Any]
    ahead_s: float | None


def get(url: str, *, token: str | None = None) -> Answer:
    """Ask for a page.

    Raises:
        NoAnswerError: If there is no answer.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        # Redirects would take the token elsewhere.
        with http_client.session(longest_s=_PATIENCE_S[1] * 2) as session:
            session.trust_env = False  # no proxy and no password file of the user's
            answer = session.get(url, headers=headers, timeout=_PATIENCE_S, allow_redirects=False)
    except requests.ConnectionError as error:
        raise NoAnswerError(f"nothing answers there ({http_client.cause(error)})") from None
    except requests.Timeout:
        raise NoAnswerError(f"no answer within {_PATIENCE_S[1]:.0f} s") from None
    except (requests.RequestException, ValueError):
        raise NoAnswerError("it cannot be asked") from None
    try:
        body = answer.json()
    except ValueError:
        body = {}
    return Answer(answer.status_code, body if isinstance(body, dict) else {}, _ahead(answer))


def _ahead(answer: requests.Response) -> float | None:
    try:
        # To the full second, cut: on average half a second ago.
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() + 0.5 - time.time()
    except (KeyError, ValueError):
        return None
