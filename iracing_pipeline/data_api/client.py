"""The transport: one call in, the whole payload out, with everything iRacing does in between."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from iracing_pipeline import __version__, http_client
from iracing_pipeline.data_api.answers import (
    RATE_LIMIT_TEXT,
    chunks_of,
    https_or_loopback,
    link_of,
    parse_json,
)
from iracing_pipeline.data_api.clock import SystemClock
from iracing_pipeline.data_api.errors import (
    AuthenticationError,
    DataApiError,
    ForbiddenError,
    MaintenanceError,
    MalformedAnswerError,
    NotFoundError,
    RejectedRequestError,
    UnavailableError,
)
from iracing_pipeline.data_api.rate_limit import WINDOW_S, TokenBucket
from iracing_pipeline.data_api.stats import ApiStats
from iracing_pipeline.data_api.token_source import TokenSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from iracing_pipeline.data_api.answers import Chunks
    from iracing_pipeline.data_api.clock import Clock

    class AccessTokens(Protocol):
        """Gives access tokens."""

        def access_token(self, rejected: str | None = None) -> str:
            """A token other than ``rejected``."""
            ...


DATA_API_URL = "https://members-ng.iracing.com"
TIMEOUT_S = (10.0, 60.0)
# The largest document is that of all seasons, 2 to 3.5 MB; 24 hours of 60 cars with laps of 20 s
# are 259,200 rows.
MOST_BYTES = 32 * http_client.MB
MOST_ROWS = 1_000_000
ATTEMPTS = 6
DOWNLOAD_ATTEMPTS = 5
BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 30.0
TERMINAL = {
    400: (RejectedRequestError, "iRacing calls the request malformed. Please report this."),
    403: (ForbiddenError, "the account has no right to see it."),
    404: (NotFoundError, "iRacing has no such item."),
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call gave.

    Attributes:
        payload: The JSON as iRacing sent it; for a chunked answer, its header.
        rows: The rows of all chunks; None when the answer was not chunked.
    """

    payload: Any
    rows: list[dict[str, Any]] | None = None


class _ExpiredLinkError(Exception):
    """A link or chunk URL ran out; only the first call gives a new one."""


class _RetryError(Exception):
    """A fault that heals by itself; the message says what it was."""


class DataApi:
    """The Data API, one call at a time.

    The bearer token goes to ``url`` alone, never to the storage that links point to. Every
    request has a timeout and redirects are not followed.

    Args:
        tokens: Where access tokens come from.
        url: Root of the API.
        limit: The limit on calls; downloads of links and chunks do not count.
        stats: What to count in.
        clock: What time it is.
        session: Connections to the API.
    """

    def __init__(
        self,
        tokens: AccessTokens,
        *,
        url: str = DATA_API_URL,
        limit: TokenBucket | None = None,
        stats: ApiStats | None = None,
        clock: Clock | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self._tokens = tokens
        self.url = url.rstrip("/")
        self._clock = clock or SystemClock()
        self._limit = limit or TokenBucket(clock=self._clock)
        self.stats = stats or ApiStats()
        self._api = session or http_client.session(most_bytes=MOST_BYTES)
        # A session of its own for storage, so that no header of the API can leak to it.
        self._storage = http_client.session(most_bytes=MOST_BYTES)
        for connection in (self._api, self._storage):
            connection.headers["User-Agent"] = f"iracing-pipeline/{__version__}"

    @property
    def login_ends_at(self) -> float | None:
        """Until when we can renew our token unasked, seconds since 1970; None if not known."""
        tokens = self._tokens
        return tokens.login_ends_at if isinstance(tokens, TokenSource) else None

    def get(self, endpoint: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """The whole answer of ``/data/{endpoint}``, links followed and chunks joined.

        Raises:
            ForbiddenError: If the account may not see the item.
            NotFoundError: If there is no such item.
            MaintenanceError: If iRacing is down for maintenance.
            AuthenticationError: If iRacing accepts neither the token nor the credentials.
            RejectedRequestError: If iRacing calls the request malformed.
            UnavailableError: If faults outlast the retries.
        """
        try:
            return self._with_retries(endpoint, parameters or {})
        except DataApiError as error:
            self.stats.failed(error)
            raise

    def _with_retries(self, endpoint: str, parameters: Mapping[str, str]) -> Answer:
        trouble = "no attempt made"
        rejected: str | None = None
        for attempt in range(ATTEMPTS):
            try:
                token = self._tokens.access_token(rejected=rejected)
                body = self._call(endpoint, parameters, token)
                if body is None:
                    if rejected is not None:
                        raise AuthenticationError(
                            f"{endpoint}: iRacing does not accept a fresh token. Run "
                            "'iracing-pipeline login', or check that the client id is active."
                        )
                    rejected = token
                    continue
                return self._resolve(endpoint, parse_json(body, endpoint))
            except _ExpiredLinkError:
                trouble = "its links expire before they can be read"
            except (_RetryError, MalformedAnswerError) as fault:
                trouble = str(fault)
                self._back_off(attempt)
            _log.info("%s: %s (attempt %d of %d)", endpoint, trouble, attempt + 1, ATTEMPTS)
        raise UnavailableError(f"{endpoint}: {trouble}, {ATTEMPTS} times. Try again later.")

    def _call(self, endpoint: str, parameters: Mapping[str, str], token: str) -> bytes | None:
        """One API request: the body, or None when the token was not accepted."""
        self.stats.waited(self._limit.acquire())
        started = self._clock.now()
        try:
            response = self._api.get(
                f"{self.url}/data/{endpoint}",
                params=parameters,
                headers={"Authorization": f"Bearer {token}"},
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self.stats.called(endpoint, 0, self._clock.now() - started)
            raise _RetryError(f"no answer ({type(error).__name__})") from error
        status, body = response.status_code, response.content
        self.stats.called(endpoint, status, self._clock.now() - started)
        headers = response.headers
        self.stats.quota(headers.get("X-RateLimit-Limit"), headers.get("X-RateLimit-Remaining"))
        self._limit.observe(headers)
        if status == requests.codes.unauthorized:
            return None
        self._raise_for(endpoint, parameters, status, body)
        return body

    def _raise_for(
        self, endpoint: str, parameters: Mapping[str, str], status: int, body: bytes
    ) -> None:
        if status == requests.codes.too_many_requests or body[:40].lower().startswith(
            RATE_LIMIT_TEXT
        ):
            self._limit.block_until(self._clock.now() + WINDOW_S / 4)
            raise _RetryError("rate limit exceeded")
        if status == requests.codes.ok:
            return
        if status in TERMINAL:
            kind, reason = TERMINAL[status]
            asked = ", ".join(f"{name} {value}" for name, value in parameters.items())
            raise kind(f"{endpoint} {asked}: {reason}")
        if status == requests.codes.service_unavailable and b"aintenance" in body:
            raise MaintenanceError(
                f"{endpoint}: iRacing is down for maintenance, which can take hours. The run "
                "goes on from here when it is started again."
            )
        raise _RetryError(f"status {status}")

    def _resolve(self, endpoint: str, payload: Any) -> Answer:
        # A link leads to the payload in one step; a second is allowed, a loop is not.
        for _ in range(2):
            link = link_of(payload)
            if link is None:
                break
            payload = self._download(endpoint, link, None)
        chunks = chunks_of(payload)
        if chunks is None:
            return Answer(payload)
        return Answer(payload, self._rows(endpoint, chunks))

    def _rows(self, endpoint: str, chunks: Chunks) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for index, url in enumerate(chunks.urls):
            rows += self._download(endpoint, url, chunks.expected(index), rows=True)
            if len(rows) > MOST_ROWS:
                raise MalformedAnswerError(f"{endpoint}: more than {MOST_ROWS} rows.")
        if chunks.rows is not None and len(rows) != chunks.rows:
            raise MalformedAnswerError(
                f"{endpoint}: {len(rows)} rows in {len(chunks.urls)} chunks instead of the "
                f"{chunks.rows} announced. Try again later."
            )
        return rows

    def _download(self, endpoint: str, url: str, count: int | None, *, rows: bool = False) -> Any:
        if not https_or_loopback(url):
            raise MalformedAnswerError(f"{endpoint}: a link that is not https was not followed.")
        trouble = ""
        for attempt in range(DOWNLOAD_ATTEMPTS):
            try:
                document = self._downloaded(endpoint, url)
            except (_RetryError, MalformedAnswerError) as fault:
                trouble = str(fault)
                self._back_off(attempt)
                continue
            if not rows:
                return document
            if isinstance(document, list) and count in (None, len(document)):
                return document
            trouble = f"a chunk without its {count} rows"
        raise _RetryError(f"{trouble}, {DOWNLOAD_ATTEMPTS} times")

    def _downloaded(self, endpoint: str, url: str) -> Any:
        try:
            response = self._storage.get(url, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            self.stats.downloaded(0)
            # The text of the error would repeat the signed URL.
            raise _RetryError(f"no answer from storage ({type(error).__name__})") from None
        self.stats.downloaded(response.status_code)
        if response.status_code in {400, 403, 404, 410}:
            raise _ExpiredLinkError
        if response.status_code != requests.codes.ok:
            raise _RetryError(f"status {response.status_code} from storage")
        return parse_json(response.content, endpoint)

    def _back_off(self, attempt: int) -> None:
        self._clock.sleep(min(LONGEST_BACKOFF_S, BACKOFF_S * 2**attempt))
