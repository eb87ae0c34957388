"""Process many items so that one bad item fails alone.

All items are worked on at once, which is fast. Only if that fails, each is tried by itself: those
that fail are put into quarantine with their reason, and the others are worked on without them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import psycopg

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.warehouse import quarantine

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from iracing_pipeline.warehouse.connection import Connection

logger = logging.getLogger(__name__)

Item = TypeVar("Item", bound="Hashable")
Made = TypeVar("Made")

NOT_OF_AN_ITEM = (psycopg.OperationalError, psycopg.InterfaceError)
"""Errors that are not the fault of an item: a database that cannot be reached."""
OUR_FAULT = (
    "The pipeline failed on it, so its content need not be at fault. Keep it, report this with the"
    " message, and load it again with a newer version."
)


def without_bad(
    connection: Connection, items: Sequence[Item], make: Callable[[Sequence[Item]], Made]
) -> tuple[Made, dict[Item, str]]:
    """Process all items, or all but those that fail.

    Args:
        connection: Connection with the caller's transaction; what fails there is rolled back.
        items: The items.
        make: Makes it of some of them.

    Returns:
        What was made, and why the items that are not in it failed.

    Raises:
        Exception: What ``make`` raises, if each item is good by itself and all together are not.
    """
    try:
        with connection.transaction():
            return make(items), {}
    except NOT_OF_AN_ITEM:
        raise
    except Exception as error:  # noqa: BLE001 - which item it is of is found out here
        logger.warning("%s: looking for the item that fails", reason_of(error))
    refused: dict[Item, str] = {}
    for item in items:
        try:
            with connection.transaction(force_rollback=True):
                make([item])
        except NOT_OF_AN_ITEM:
            raise
        except Exception as error:  # noqa: BLE001 - it is this item's
            refused[item] = reason_of(error)
    return make([item for item in items if item not in refused]), refused


def in_batches(
    connection: Connection,
    items: Sequence[int],
    work: Callable[[Sequence[int]], None],
    *,
    size: int,
    source: str,
) -> dict[int, str]:
    """Work on items in batches, each committed; in a batch that fails, on each item by itself.

    Args:
        connection: Not in autocommit; a killed run loses at most one batch.
        items: The items.
        work: Works on some of them in the connection's transaction.
        size: Items of a batch.
        source: Kind of item, in quarantine.

    Returns:
        The items that failed, with the reason. They are in quarantine, and the others are not.
    """
    refused: dict[int, str] = {}
    for begin in range(0, len(items), size):
        batch = items[begin : begin + size]
        whole = _failure(connection, batch, work, source)
        for item in batch if whole is not None else ():
            alone = len(batch) == 1
            error = whole if alone else _failure(connection, [item], work, source)
            if error is not None:
                refused[item] = reason_of(error)
                refuse(connection, source, str(item), error)
                connection.commit()
    return refused


def _failure(
    connection: Connection,
    items: Sequence[int],
    work: Callable[[Sequence[int]], None],
    source: str,
) -> Exception | None:
    """Process items and commit; return the error, rolled back."""
    try:
        work(items)
        quarantine.resolve(connection, source=source, items=[str(item) for item in items])
        connection.commit()
    except NOT_OF_AN_ITEM:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is these items' alone
        connection.rollback()
        return error
    return None


def refuse(connection: Connection, source: str, item: str, error: Exception) -> None:
    """Put an item into quarantine with the reason and the advice of an error."""
    logger.error("%s: %s goes to quarantine: %s", source, item, error)
    quarantine.put(
        connection,
        source=source,
        item=item,
        reason=reason_of(error),
        advice=advice_of(error),
        error_type=type(error).__name__,
    )


def put_aside(connection: Connection, source: str, refused: Mapping[str, str]) -> None:
    """Make the open entries of a source in quarantine exactly these items.

    Args:
        connection: Connection with the caller's transaction.
        source: Kind of item.
        refused: Items and reasons.
    """
    before = {entry.item for entry in quarantine.entries(connection, source=source)}
    quarantine.resolve(connection, source=source, items=sorted(before - refused.keys()))
    for item, reason in refused.items():
        logger.error("%s: %s goes to quarantine: %s", source, item, reason)
        quarantine.put(
            connection,
            source=source,
            item=item,
            reason=reason,
            advice="All others are up to date. Report this with the message.",
        )


def reason_of(error: Exception) -> str:
    """An error in words; one that nobody foresaw with the name of its class."""
    if isinstance(error, PipelineError):
        return error.reason
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


def advice_of(error: Exception) -> str:
    """Return the advice for an error; an unknown one is a bug of the pipeline."""
    return (isinstance(error, PipelineError) and error.advice) or OUR_FAULT
