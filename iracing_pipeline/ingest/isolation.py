"""Work over many items in which one bad item fails alone.

All items are worked on at once, which is fast. Only if that fails, each is tried by itself: those
that fail are put into quarantine with their reason, and the others are worked on without them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import psycopg

from iracing_pipeline.warehouse import quarantine

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from iracing_pipeline.warehouse.connection import Connection

logger = logging.getLogger(__name__)

Item = TypeVar("Item", bound="Hashable")
Made = TypeVar("Made")

NOT_OF_AN_ITEM = (psycopg.OperationalError, psycopg.InterfaceError)
"""What is not put down to an item: a database that cannot be reached. Anything else is."""


def without_bad(
    connection: Connection, items: Sequence[Item], make: Callable[[Sequence[Item]], Made]
) -> tuple[Made, dict[Item, str]]:
    """Make something of all items, or of all but those that it fails for.

    Args:
        connection: In whose transaction it is made; what fails there is rolled back.
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


def put_aside(connection: Connection, source: str, refused: Mapping[str, str]) -> None:
    """Make the open entries of a source in quarantine these items, and no others.

    Args:
        connection: In whose transaction it happens.
        source: Kind of item.
        refused: Items and reasons.
    """
    before = {entry.item for entry in quarantine.entries(connection, source=source)}
    quarantine.resolve(connection, source=source, items=sorted(before - refused.keys()))
    for item, reason in refused.items():
        logger.error("%s: %s is put aside: %s", source, item, reason)
        quarantine.put(
            connection,
            source=source,
            item=item,
            reason=reason,
            advice="All others are up to date. Report this with the message.",
        )


def reason_of(error: Exception) -> str:
    """An error in words; one that nobody foresaw with the name of its class."""
    return str(getattr(error, "reason", None) or f"{type(error).__name__}: {error}")
