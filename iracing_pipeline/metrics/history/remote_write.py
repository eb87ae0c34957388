"""Send series by Prometheus's remote write, and keep exact books of what was taken.

Prometheus takes or refuses a request whole. So a request that is refused for some of its samples
is halved until the good are in: nothing is lost that could be kept. The samples that are too old
are the first ones, so that takes few requests: if the last moment of a request is refused, all
of it is.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from iracing_pipeline import http_client
from iracing_pipeline.metrics.history.answer import (
    Refusal,
    Verdict,
    has_window,
    judge,
    reason,
    retry_after,
)
from iracing_pipeline.metrics.history.delivery import (
    Delivery,
    DeliveryError,
    without_future,
)
from iracing_pipeline.metrics.history.encode import write_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.metrics.history.series import SessionSeries

_CONNECT_S, _READ_S = 5.0, 60.0
_SHOWN = 400
_STEP = 64


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try again.

    Attributes:
        tries: Attempts for one request.
        first_s: Wait after the first failure; it doubles each time.
        longest_s: The longest wait, also where the server asks for a longer one.
        rest_s: How long a server that did not take anything is left alone.
    """

    tries: int = 5
    first_s: float = 0.5
    longest_s: float = 30.0
    rest_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """Rate limit of a server: so many samples a second, after a burst.

    Attributes:
        per_second: Samples a second; None for no limit.
        burst: Samples at once.
    """

    per_second: float | None = None
    burst: int = 0


class RemoteWrite:
    """A server that takes remote write."""

    def __init__(
        self,
        url: str,
        *,
        auth: tuple[str, str] | None = None,
        batch: int = 40_000,
        patience: Patience | None = None,
        allowance: Allowance | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take its address; nothing is sent yet.

        Args:
            url: Address for writes, such as ``http://127.0.0.1:9090/api/v1/write``.
            auth: User and password.
            batch: Samples a request.
            patience: How long to try again.
            allowance: What the server takes a second.
            sleep: How to wait.
            clock: Seconds since 1970.
        """
        self.url = url
        self.batch = batch
        self._patience = patience or Patience()
        self._allowance = allowance or Allowance()
        self._credit, self._credited = float(self._allowance.burst), clock()
        self._sleep, self._clock = sleep, clock
        self._down: tuple[float, DeliveryError] | None = None
        self._session = http_client.session()
        self._session.trust_env = False  # no proxy and no password file of the user's
        self._session.auth = auth
        self._session.headers.update(
            {
                "Content-Encoding": "snappy",
                "Content-Type": "application/x-protobuf",
                "X-Prometheus-Remote-Write-Version": "0.1.0",
                "User-Agent": "iracing-pipeline",
            }
        )

    def send(self, series: SessionSeries) -> Delivery:
        """Send series in order of time; see :class:`Destination`."""
        began = time.perf_counter()
        delivery = Delivery()
        sendable = without_future(series, delivery, self._clock())
        try:
            for part in sendable.parts(self.batch):
                self._send_part(part, delivery)
        except DeliveryError as error:
            delivery.waiting = series.samples - delivery.samples
            delivery.failure = str(error)
        delivery.seconds = time.perf_counter() - began
        return delivery

    def post(self, body: bytes) -> tuple[Verdict, str]:
        """Send one request, again if need be; what became of it and what the server said.

        Raises:
            DeliveryError: If the server cannot be reached, asks to come back later too often, or
                does not take anything from us.
        """
        if self._down is not None and self._clock() < self._down[0]:
            raise self._down[1]
        try:
            answer = self._post(body)
        except DeliveryError as error:
            # So that each of many sessions does not wait for a server that is down.
            self._down = (self._clock() + self._patience.rest_s, error)
            raise
        self._down = None
        return answer

    def _post(self, body: bytes) -> tuple[Verdict, str]:
        wait = self._patience.first_s
        text = ""
        for attempt in range(1, self._patience.tries + 1):
            asked = None
            try:
                answer = self._session.post(
                    self.url, data=body, timeout=(_CONNECT_S, _READ_S), allow_redirects=False
                )
            except requests.RequestException as error:
                text = _plain(error)
            else:
                text = f"{answer.status_code} {answer.text[:_SHOWN].strip()}"
                verdict = judge(answer.status_code, answer.text[:_SHOWN])
                if verdict is Verdict.MISCONFIGURED:
                    raise DeliveryError(
                        f"{self.url} does not take remote write: {text}",
                        "Check the address, user and token, and that the server was started to"
                        " receive remote write",
                    )
                if verdict is not Verdict.RETRY:
                    return verdict, text
                asked = retry_after(answer.headers.get("Retry-After"))
            if attempt < self._patience.tries:
                pause = min(max(wait, asked or 0.0), self._patience.longest_s)
                self._sleep(pause * random.uniform(1.0, 1.2))  # noqa: S311 - spreads, no secret
                wait *= 2
        raise DeliveryError(
            f"{self.url} did not take it in {self._patience.tries} attempts: {text}",
            "It is sent again later; check that the server runs and has room on its disk",
        )

    def _send_part(self, part: SessionSeries, delivery: Delivery) -> None:
        samples = part.samples
        if not samples:
            return
        self._spend(samples)
        delivery.requests += 1
        verdict, text = self.post(write_request(part))
        if verdict is Verdict.ACCEPTED:
            delivery.accepted += samples
        elif len(part.times) == 1:
            delivery.refused[reason(text)] += samples
        elif verdict is Verdict.REFUSED and reason(text) is Refusal.TOO_OLD:
            if has_window(text):
                self._send_young(part, delivery)
            else:
                self._send_in_order(part, delivery)
        else:
            middle = len(part.times) // 2
            self._send_part(part.part(0, middle), delivery)
            self._send_part(part.part(middle, len(part.times)), delivery)

    def _send_young(self, part: SessionSeries, delivery: Delivery) -> None:
        """Send what is not too old of a part of which something is: newest moment first."""
        last = part.part(len(part.times) - 1, len(part.times))
        before = delivery.refused[Refusal.TOO_OLD]
        self._send_part(last, delivery)
        older = part.part(0, len(part.times) - 1)
        if delivery.refused[Refusal.TOO_OLD] > before:
            delivery.refused[Refusal.TOO_OLD] += older.samples
            return
        middle = len(older.times) // 2
        # The younger half first: what the server takes of the older is decided by its clock.
        self._send_part(older.part(middle, len(older.times)), delivery)
        self._send_part(older.part(0, middle), delivery)

    def _send_in_order(self, part: SessionSeries, delivery: Delivery) -> None:
        """Send what is not too old to a server that takes nothing older than what it has.

        A probe that it takes would close the way for what is older. So small steps are tried in
        order of time; what is lost at the edge is less than waiting for some seconds would cost.
        """
        for start in range(0, len(part.times), _STEP):
            step = part.part(start, start + _STEP)
            if not step.samples:
                continue
            delivery.requests += 1
            verdict, text = self.post(write_request(step))
            if verdict is Verdict.ACCEPTED:
                delivery.accepted += step.samples
            else:
                delivery.refused[reason(text)] += step.samples

    def _spend(self, samples: int) -> None:
        """Wait until the server's allowance covers so many samples."""
        rate = self._allowance.per_second
        if rate is None:
            return
        now = self._clock()
        gained = max(0.0, now - self._credited) * rate
        self._credit = min(float(self._allowance.burst), self._credit + gained) - samples
        self._credited = now
        if self._credit < 0:
            self._sleep(-self._credit / rate)


def _plain(error: Exception) -> str:
    """The error's text, without the addresses of objects."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__
