"""Answers of the scrape endpoint, prepared beforehand, so that a scrape does no work.

Each source is asked in turn by a separate thread, and its answer is kept as text. A source that
fails keeps its last answer; whether it is up, and how old its answer is, is said beside it.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.metrics.families import counter, exposition, gauge, histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client.core import Metric

logger = logging.getLogger(__name__)

SCRAPE_BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)


class SourceError(PipelineError):
    """A source cannot answer now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer of a source.

    Attributes:
        text: Metrics in Prometheus's text format.
        taken_at: When it was so, in seconds since 1970.
    """

    text: bytes
    taken_at: float


@dataclass(slots=True)
class _Kept:
    answer: Answer | None = None
    up: bool = False
    said: str = ""
    seconds: float = 0.0
    failures: int = 0


class Exposition:
    """Sources of metrics, and the last answer of each."""

    def __init__(
        self,
        sources: dict[str, Callable[[], Answer]],
        *,
        up: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the sources; none is asked yet.

        Args:
            sources: What to ask, by name. Each raises :class:`SourceError` when it cannot answer.
            up: The source whose state is also ``iracing_up``.
            clock: Seconds since 1970.
        """
        self._sources = sources
        self._kept = {name: _Kept() for name in sources}
        self._main, self._clock = up, clock
        self._scrapes = [0] * (len(SCRAPE_BOUNDS_S) + 1)
        self._scrape_seconds = 0.0
        self._lock = threading.Lock()

    def seed(self, name: str, answer: Answer) -> None:
        """Give a source an answer from before; it is up only once it has answered itself."""
        self._kept[name].answer = answer

    def refresh(self) -> None:
        """Ask every source once."""
        for name in self._sources:
            self.ask(name)

    def ask(self, name: str) -> None:
        """Ask one source; when it fails, its last answer stays."""
        kept, began = self._kept[name], time.perf_counter()
        try:
            answer = self._sources[name]()
        except Exception as error:
            # Of whatever kind: a thread that ended would say nothing, ever again.
            expected = isinstance(error, SourceError)
            message = str(error) if expected else f"{type(error).__name__}: {error}"
            if message != kept.said:  # once, not at every turn
                logger.warning("%s: %s", name, message, exc_info=not expected)
            kept.up, kept.said = False, message
            kept.failures += 1
        else:
            if kept.said:
                logger.info("%s answers again", name)
            kept.answer, kept.up, kept.said = answer, True, ""
        kept.seconds = time.perf_counter() - began

    def run(self, every_s: float, stop: threading.Event) -> list[threading.Thread]:
        """Ask each source again and again, in threads that end when ``stop`` is set."""

        def watch(name: str) -> None:
            while not stop.wait(every_s):
                self.ask(name)

        threads = [
            threading.Thread(target=watch, args=(name,), name=f"ask {name}", daemon=True)
            for name in self._sources
        ]
        for thread in threads:
            thread.start()
        return threads

    def render(self) -> bytes:
        """Everything in Prometheus's text format: answers of the sources, and how they are."""
        began = time.perf_counter()
        texts = [kept.answer.text for kept in self._kept.values() if kept.answer is not None]
        text = b"".join((*texts, exposition(self._own())))
        self._count(time.perf_counter() - began)
        return text

    def _own(self) -> Iterable[Metric]:
        now, kept = self._clock(), self._kept
        if self._main is not None:
            yield gauge(
                "up",
                "Whether the database answers.",
                rows=[((), kept[self._main].up)],
            )
        yield gauge(
            "source_up",
            "Whether a source of metrics answers.",
            ("source",),
            [((name,), each.up) for name, each in kept.items()],
        )
        yield gauge(
            "source_answer_age_seconds",
            "How old the last answer of a source is.",
            ("source",),
            [
                ((name,), max(0.0, now - each.answer.taken_at))
                for name, each in kept.items()
                if each.answer is not None
            ],
        )
        yield gauge(
            "source_last_seconds",
            "How long a source took to answer, or to fail.",
            ("source",),
            [((name,), each.seconds) for name, each in kept.items()],
        )
        yield counter(
            "source_failures",
            "How often a source did not answer.",
            ("source",),
            [((name,), each.failures) for name, each in kept.items()],
        )
        yield histogram(
            "scrape_seconds",
            "How long answers to scrapes took to put together.",
            (),
            SCRAPE_BOUNDS_S,
            [((), list(self._scrapes), self._scrape_seconds)],
        )

    def _count(self, seconds: float) -> None:
        with self._lock:
            self._scrape_seconds += seconds
            for index, bound in enumerate((*SCRAPE_BOUNDS_S, float("inf"))):
                self._scrapes[index] += seconds <= bound
