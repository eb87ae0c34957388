"""Incomplete races: list them, request them again, or dismiss them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.ingest.results import QUARANTINE
from iracing_pipeline.warehouse import fetch_queue, quarantine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from iracing_pipeline.warehouse.connection import Connection


@dataclass(frozen=True, slots=True)
class IncompleteRace:
    """A race that is not complete.

    Attributes:
        subsession_id: Which.
        season: Its season.
        end_time: When it ended, UTC; None when the search did not say.
        state: partial, retry, refused, forbidden, missing, rejected, dismissed or quarantined.
        reason: Why; empty when nobody said.
        retry_after: When it is requested again, UTC; None when it is not, or at once.
    """

    subsession_id: int
    season: str
    end_time: datetime | None
    state: str
    reason: str
    retry_after: datetime | None


class UnknownRaceError(PipelineError):
    """A race that no search gave was named."""


def incomplete(connection: Connection) -> list[IncompleteRace]:
    """List incomplete races that were requested, and those that could not be loaded."""
    refused = {
        int(entry.item): entry.reason
        for entry in quarantine.entries(connection, source=QUARANTINE)
        if entry.item.isdecimal()
    }
    fetches = {fetch.subsession_id: fetch for fetch in fetch_queue.incomplete(connection)}
    for fetch in fetch_queue.of_subsessions(connection, list(set(refused) - set(fetches))):
        fetches[fetch.subsession_id] = fetch
    return [
        IncompleteRace(
            number,
            fetch.season,
            fetch.end_time,
            "quarantined" if number in refused else fetch.status.value,
            refused.get(number) or fetch.note or "",
            fetch.retry_after,
        )
        for number, fetch in sorted(fetches.items())
    ]


def ask_again(connection: Connection, subsession_ids: Sequence[int] | None) -> int:
    """Request races again, final or not; return their number. The next run fetches them.

    Args:
        connection: Connection with the caller's transaction.
        subsession_ids: Which; None for every race and chart that is not complete.

    Raises:
        UnknownRaceError: If no search gave one of them.
    """
    if subsession_ids is not None:
        _check(connection, subsession_ids)
    return fetch_queue.ask_again(connection, subsession_ids)


def dismiss(connection: Connection, subsession_ids: Sequence[int]) -> int:
    """Dismiss races: not requested, not loaded, not checked. Return their number.

    What is in the tables stays, and :func:`ask_again` takes it back.

    Args:
        connection: Connection with the caller's transaction.
        subsession_ids: Which.

    Raises:
        UnknownRaceError: If no search gave one of them.
    """
    _check(connection, subsession_ids)
    quarantine.resolve(
        connection, source=QUARANTINE, items=[str(number) for number in subsession_ids]
    )
    return fetch_queue.dismiss(connection, subsession_ids)


def _check(connection: Connection, subsession_ids: Sequence[int]) -> None:
    numbers = [number for number in subsession_ids if 0 < number < 2**63]
    queued = {each.subsession_id for each in fetch_queue.of_subsessions(connection, numbers)}
    unknown = [str(number) for number in subsession_ids if number not in queued]
    if unknown:
        raise UnknownRaceError(
            f"No search gave {', '.join(unknown[:3])}. Take the number from"
            " 'iracing-pipeline races', or from the address of the race's result page."
        )
