"""Fetch one document from the Data API into the raw payloads, or note why it did not come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline.data_api.backfill import Wanted
from iracing_pipeline.data_api.errors import AuthenticationError, DataApiError, MaintenanceError
from iracing_pipeline.data_api.meaning import UNSTORABLE, About
from iracing_pipeline.warehouse import fetch_queue, payloads

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from iracing_pipeline.data_api.client import Answer
    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.payloads import Document


def fetch(
    connection: Connection, document: Document, ask: Callable[[], Answer], now: datetime
) -> str | None:
    """Fetch a document, unless its last answer demands a pause.

    Args:
        connection: In autocommit.
        document: Which.
        ask: Asks for it.
        now: The present.

    Returns:
        None when it was received, otherwise why it was not.

    Raises:
        DataApiError: If nothing more is to be asked, of the token or during maintenance.
    """
    noted = next(
        (
            each
            for each in fetch_queue.wanted_of(connection, document.item)
            if (each.kind, each.part) == (document.kind, document.part)
        ),
        None,
    )
    wanted = noted or Wanted(document.kind, document.item, document.part, "")
    if not wanted.is_due(now):
        return wanted.note
    try:
        keep(connection, document, ask().payload)
    except DataApiError as error:
        if stops(error):
            raise
        after = answered(connection, wanted, error, now)
        fetch_queue.want(connection, after)
        return str(error)
    if noted is not None:
        fetch_queue.received(connection, document.kind, document.item, document.part)
    return None


def answered(
    connection: Connection,
    wanted: Wanted,
    error: DataApiError,
    now: datetime,
    control: Callable[[], bool] = lambda: False,
) -> Wanted:
    """A wanted document after an answer that is not the document.

    Args:
        connection: The database.
        wanted: The document.
        error: The answer.
        now: The present.
        control: Asks for a document that iRacing gave before, and returns whether it still does.
            Called only where nothing else shows that the refusal is not about the account: else a
            refused race that is the last one to be asked for would never be final.
    """
    others = fetch_queue.was_received_since(connection, wanted.first_at or now)
    if not others and wanted.is_repeated(error, now):
        others = control()
    return wanted.answered(error, now, others_answered=others)


def keep(connection: Connection, document: Document, body: object) -> None:
    """Keep a document.

    Raises:
        DataApiError: If the database cannot keep it.
    """
    try:
        payloads.put(connection, document, body, source="api")
    except (
        psycopg.DataError,
        psycopg.errors.ProgramLimitExceeded,
        psycopg.errors.StatementTooComplex,
        RecursionError,
    ) as error:
        raise DataApiError(
            f"{document.kind} {document.item}: {UNSTORABLE.text} ({type(error).__name__}).",
            meaning=UNSTORABLE,
            answer="200 JSON",
        ) from None


def stops(error: DataApiError) -> bool:
    """Return whether an error ends all requests: of token or login, or maintenance."""
    return isinstance(error, AuthenticationError | MaintenanceError) or (
        error.meaning is not None and error.meaning.stops
    )


def is_passing(error: DataApiError) -> bool:
    """Whether an error is not about the item."""
    return error.meaning is None or error.meaning.about is not About.ITEM
