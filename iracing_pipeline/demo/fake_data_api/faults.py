"""Faults that can be switched on in the simulated Data API."""

from __future__ import annotations

import random
import threading
from enum import Enum


class Fault(Enum):
    """One thing that goes wrong, as users of the real API report it."""

    RATE_LIMITED = "429 with plain text"
    RATE_LIMITED_200 = "200 with the text of a 429"
    MAINTENANCE = "503 Site Maintenance"
    GATEWAY_HTML = "504 with CloudFront's HTML page"
    TOKEN_REVOKED = "401 on a token that was good"  # noqa: S105 - a name
    LINK_EXPIRED = "403 of storage on a link"
    CHUNK_MISSING_ROWS = "a chunk without its last rows"
    CHUNK_EXPIRED = "403 of storage on a chunk"
    STORAGE_ERROR = "503 of storage"
    TRUNCATED_JSON = "a document that ends in the middle"
    CONNECTION_DROPPED = "no answer at all"


class Faults:
    """Which faults happen, and how often.

    Args:
        rates: Share of the requests that each fault hits, of those it can hit.
        seed: Makes the draw repeatable.
    """

    def __init__(self, rates: dict[Fault, float] | None = None, seed: int = 1) -> None:
        self._rates = dict(rates or {})
        self._random = random.Random(seed)  # noqa: S311 - chance, not secrecy
        self._lock = threading.Lock()
        self.hits = dict.fromkeys(Fault, 0)

    def set(self, fault: Fault, rate: float) -> None:
        """Switch a fault on (or off, at 0)."""
        with self._lock:
            self._rates[fault] = rate

    def strikes(self, *faults: Fault) -> Fault | None:
        """Draw: the fault that hits this request; None when it goes well."""
        with self._lock:
            for fault in faults:
                if self._random.random() < self._rates.get(fault, 0.0):
                    self.hits[fault] += 1
                    return fault
        return None
