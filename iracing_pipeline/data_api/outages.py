"""Outages: while iRacing or one endpoint does not answer, one request probes it at each step.

A document that fails twice may itself be at fault; when another document of its endpoint fails as
well, the endpoint is. Then the run asks it no more, and the next run sends one request as a probe,
which is not repeated. Each further probe that fails doubles the pause, from one minute to one hour;
one that succeeds ends the outage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from iracing_pipeline.data_api.errors import OutageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iracing_pipeline.data_api.meaning import Meaning

ALL = "*"
"""Stands for every endpoint: maintenance, the quota, the token."""

FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0

_OF_ITEMS = (
    "results/get",
    "results/lap_chart_data",
    "results/lap_data",
    "results/event_log",
    "member/chart_data",
)


@dataclass(frozen=True, slots=True)
class Outage:
    """An endpoint that does not answer.

    Attributes:
        endpoint: The endpoint, or ``*`` for all.
        since: When it began, seconds since 1970.
        failures: Steps of the back-off so far.
        probe_at: When it is asked again, seconds since 1970.
        reason: What was answered.
    """

    endpoint: str
    since: float
    failures: int
    probe_at: float
    reason: str


class OutageStore(Protocol):
    """Keeps outages for every process."""

    def load(self) -> Iterable[Outage]:
        """All outages."""
        ...

    def save(self, outage: Outage) -> None:
        """Write one outage."""
        ...

    def remove(self, endpoint: str) -> None:
        """Forget an outage that ended."""
        ...


class MemoryOutageStore:
    """Keeps outages in this process."""

    def __init__(self) -> None:
        self.held: dict[str, Outage] = {}

    def load(self) -> Iterable[Outage]:
        """All outages."""
        return list(self.held.values())

    def save(self, outage: Outage) -> None:
        """Write one outage."""
        self.held[outage.endpoint] = outage

    def remove(self, endpoint: str) -> None:
        """Forget an outage that ended."""
        self.held.pop(endpoint, None)


class Outages:
    """Which endpoints may be asked now."""

    def __init__(self, store: OutageStore | None = None) -> None:
        self._store = store or MemoryOutageStore()
        self._open: dict[str, Outage] | None = None
        self._suspects: dict[str, str] = {}

    def admit(self, endpoint: str, document: str, now: float) -> bool:
        """Whether a request may be repeated if it fails: not a probe, nor the second witness.

        Args:
            endpoint: The requested endpoint.
            document: What of it: the parameters.
            now: The present, seconds since 1970.

        Raises:
            OutageError: If the endpoint must not be asked yet.
        """
        held = self._held()
        for name in (ALL, endpoint):
            outage = held.get(name)
            # A probe far ahead is one of a clock that was wrong.
            if outage is not None and now < outage.probe_at <= now + 2 * LONGEST_PAUSE_S:
                raise OutageError(
                    f"{endpoint}: not asked, because of an outage. {outage.reason}",
                    probe_at=outage.probe_at,
                )
        if ALL in held or endpoint in held:
            return False
        return self._suspects.get(endpoint, document) == document

    def of(self, endpoint: str) -> str | None:
        """The outage that an endpoint is in: ``*``, its own name, or None."""
        held = self._held()
        return next((name for name in (ALL, endpoint) if name in held), None)

    def succeeded(self, endpoint: str) -> None:
        """Note that an endpoint answered, whatever it answered."""
        self._suspects.pop(endpoint, None)
        held = self._held()
        for name in (ALL, endpoint):
            if held.pop(name, None) is not None:
                self._store.remove(name)

    def failed(
        self, endpoint: str, document: str, meaning: Meaning, reason: str, now: float
    ) -> None:
        """Note that a request failed for good.

        Args:
            endpoint: The requested endpoint.
            document: What of it.
            meaning: Meaning of the answer.
            reason: What was answered, for the user.
            now: The present, seconds since 1970.
        """
        if not meaning.outage:
            return
        name = ALL if meaning.outage == "all" else endpoint
        old = self._held().get(name)
        if old is None and name in _OF_ITEMS and self._suspects.get(name, document) == document:
            self._suspects[name] = document
            return
        failures = old.failures + 1 if old else 1
        # The next run may probe at once: it is the one repeat of the request that failed.
        pause = FIRST_PAUSE_S * 2 ** min(failures - 2, 10) if failures > 1 else 0.0
        pause = min(LONGEST_PAUSE_S, pause)
        new = Outage(name, old.since if old else now, failures, now + pause, reason)
        self._held()[name] = new
        self._store.save(new)
        # The pause is over for whoever waits for both.
        other = self._held().get(endpoint)
        if name == ALL and other is not None and other.probe_at <= now:
            self._held()[endpoint] = replace(other, probe_at=new.probe_at)
            self._store.save(self._held()[endpoint])

    def _held(self) -> dict[str, Outage]:
        if self._open is None:
            self._open = {outage.endpoint: outage for outage in self._store.load()}
        return self._open
