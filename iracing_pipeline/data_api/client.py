"""The transport: one call in, the whole payload out, with everything iRacing does in between."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from iracing_pipeline import __version__, http_client
from iracing_pipeline.data_api.answers import (
    chunks_of,
    https_or_loopback,
    link_of,
    parse_json,
)
from iracing_pipeline.data_api.clock import SystemClock
from iracing_pipeline.data_api.errors import (
    ApiUnavailableError,
    AuthenticationError,
    DataApiError,
    ForbiddenError,
    MaintenanceError,
    MalformedAnswerError,
    NotFoundError,
    RefusedError,
    RejectedRequestError,
)
from iracing_pipeline.data_api.expectations import unexpected
from iracing_pipeline.data_api.meaning import (
    ABSENT,
    EXPIRED,
    GATEWAY,
    GOOD,
    MAINTENANCE,
    MALFORMED,
    PRIVATE,
    RATE_LIMIT,
    REFUSED,
    REJECTED,
    SCOPE,
    UNAUTHORIZED,
    About,
    Reading,
    read_answer,
)
from iracing_pipeline.data_api.outages import ALL, Outages
from iracing_pipeline.data_api.rate_limit import WINDOW_S, TokenBucket
from iracing_pipeline.data_api.stats import ApiStats
from iracing_pipeline.data_api.token_source import TokenSource
from iracing_pipeline.errors import PipelineError

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
DOWNLOAD_ATTEMPTS = 2
DOWNLOAD_PAUSE_S = 1.0
ERRORS: dict[str, type[DataApiError]] = {
    PRIVATE.name: ForbiddenError,
    ABSENT.name: NotFoundError,
    REJECTED.name: RejectedRequestError,
    REFUSED.name: RefusedError,
    UNAUTHORIZED.name: AuthenticationError,
    SCOPE.name: AuthenticationError,
    MAINTENANCE.name: MaintenanceError,
    MALFORMED.name: MalformedAnswerError,
}
"""The error for each meaning; ApiUnavailableError for the others."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of one call.

    Attributes:
        payload: The JSON as iRacing sent it; for a chunked answer, its header.
        rows: The rows of all chunks; None when the answer was not chunked.
    """

    payload: Any
    rows: list[dict[str, Any]] | None = None


class _ExpiredLinkError(PipelineError):
    """A link or chunk URL ran out; only the first call gives a new one."""


class _FaultyAnswerError(PipelineError):
    """An answer, or none, that is not what was asked for."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading.answer)
        self.reading = reading


class DataApi:
    """The Data API, one call at a time.

    The bearer token goes to ``url`` alone, never to the storage that links point to. Every
    request has a timeout and redirects are not followed.

    Args:
        tokens: Source of access tokens.
        url: Root of the API.
        limit: The limit on calls; downloads of links and chunks do not count.
        stats: Counter.
        clock: Returns the current time.
        session: Connections to the API.
        storage: Connections to the storage that links point to.
        outages: Which endpoints may be asked.
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
        storage: requests.Session | None = None,
        outages: Outages | None = None,
    ) -> None:
        self._tokens = tokens
        self.url = url.rstrip("/")
        self._clock = clock or SystemClock()
        self._limit = limit or TokenBucket(clock=self._clock)
        self.stats = stats or ApiStats()
        self._api = session or http_client.session(most_bytes=MOST_BYTES)
        # A session of its own for storage, so that no header of the API can leak to it.
        self._storage = storage or http_client.session(most_bytes=MOST_BYTES)
        self._outages = outages or Outages()
        for connection in (self._api, self._storage):
            connection.headers["User-Agent"] = f"iracing-pipeline/{__version__}"

    @property
    def login_ends_at(self) -> float | None:
        """Until when we can renew our token unasked, seconds since 1970; None if not known."""
        tokens = self._tokens
        return tokens.login_ends_at if isinstance(tokens, TokenSource) else None

    def outage_of(self, endpoint: str) -> str | None:
        """The outage that an endpoint is in: ``*`` for all, its own name, or None."""
        return self._outages.of(endpoint)

    def get(self, endpoint: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """Return the whole answer of ``/data/{endpoint}``, links followed and chunks joined.

        Raises:
            ForbiddenError: If the account may not see the item.
            NotFoundError: If there is no such item.
            MaintenanceError: If iRacing is down for maintenance.
            AuthenticationError: If iRacing accepts neither the token nor the credentials.
            RejectedRequestError: If iRacing rejects the request.
            RefusedError: If iRacing refuses the item for another reason.
            ApiUnavailableError: If there is no whole answer, also when the request is repeated.
            OutageError: If the endpoint is not to be asked yet.
        """
        try:
            return self._answer(endpoint, parameters or {})
        except DataApiError as error:
            self.stats.failed(error)
            raise

    def _answer(self, endpoint: str, parameters: Mapping[str, str]) -> Answer:
        document = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
        may_repeat = self._outages.admit(endpoint, document, self._clock.now())
        rejected: str | None = None
        while True:
            token = self._token(rejected)
            try:
                answer = self._whole(endpoint, parameters, token)
            except _FaultyAnswerError as fault:
                meaning = fault.reading.meaning
                if may_repeat and meaning.repeats:
                    may_repeat = False
                    rejected = token if meaning is UNAUTHORIZED else rejected
                    _log.info("%s: %s, asked again", endpoint, fault)
                    self._clock.sleep(meaning.repeat_after_s)
                    continue
                raise self._failed(endpoint, document, fault.reading) from None
            self._outages.succeeded(endpoint)
            return answer

    def _token(self, rejected: str | None) -> str:
        try:
            return self._tokens.access_token(rejected=rejected)
        except ApiUnavailableError as error:
            self._outages.failed(ALL, "token", UNAUTHORIZED, str(error), self._clock.now())
            raise

    def _failed(self, endpoint: str, document: str, reading: Reading) -> DataApiError:
        meaning = reading.meaning
        message = f"{endpoint} {document}".strip() + f": {meaning.text} ({reading.answer})."
        if meaning.about is About.ITEM:
            self._outages.succeeded(endpoint)
        else:
            self._outages.failed(endpoint, document, meaning, message, self._clock.now())
        kind = ERRORS.get(meaning.name, ApiUnavailableError)
        return kind(message, meaning=meaning, answer=reading.answer)

    def _whole(self, endpoint: str, parameters: Mapping[str, str], token: str) -> Answer:
        body = self._call(endpoint, parameters, token)
        try:
            answer = self._resolve(endpoint, parse_json(body, endpoint))
        except _ExpiredLinkError:
            raise _FaultyAnswerError(Reading(EXPIRED, "403 from storage")) from None
        except MalformedAnswerError as error:
            raise _FaultyAnswerError(Reading(MALFORMED, "its JSON is broken")) from error
        wrong = unexpected(endpoint, parameters, answer.payload, answer.rows)
        if wrong is not None:
            raise _FaultyAnswerError(Reading(MALFORMED, wrong))
        return answer

    def _call(self, endpoint: str, parameters: Mapping[str, str], token: str) -> bytes:
        """One API request: the body of a good answer."""
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
            raise _FaultyAnswerError(
                Reading(GATEWAY, f"no answer, {type(error).__name__}")
            ) from error
        status, body = response.status_code, response.content
        self.stats.called(endpoint, status, self._clock.now() - started)
        headers = response.headers
        self.stats.quota(headers.get("X-RateLimit-Limit"), headers.get("X-RateLimit-Remaining"))
        self._limit.observe(headers)
        reading = read_answer(endpoint, status, body)
        if reading.meaning is RATE_LIMIT:
            self._limit.block_until(self._clock.now() + WINDOW_S / 4)
        if reading.meaning is not GOOD:
            raise _FaultyAnswerError(reading)
        return body

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
            if attempt:
                self._clock.sleep(DOWNLOAD_PAUSE_S)
            try:
                document = self._downloaded(endpoint, url)
            except _FaultyAnswerError as fault:
                trouble = str(fault)
                continue
            except MalformedAnswerError as fault:
                trouble = str(fault)
                continue
            if not rows:
                return document
            if isinstance(document, list) and count in (None, len(document)):
                return document
            trouble = f"a chunk without its {count} rows"
        raise _FaultyAnswerError(Reading(GATEWAY, f"{trouble}, from storage"))

    def _downloaded(self, endpoint: str, url: str) -> Any:
        try:
            response = self._storage.get(url, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            self.stats.downloaded(0)
            # The text of the error would repeat the signed URL.
            raise _FaultyAnswerError(
                Reading(GATEWAY, f"no answer, {type(error).__name__}")
            ) from None
        self.stats.downloaded(response.status_code)
        if response.status_code in {400, 403, 404, 410}:
            raise _ExpiredLinkError
        if response.status_code != requests.codes.ok:
            raise _FaultyAnswerError(Reading(GATEWAY, f"{response.status_code}"))
        return parse_json(response.content, endpoint)
