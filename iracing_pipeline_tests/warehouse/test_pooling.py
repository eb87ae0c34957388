from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.warehouse import UnavailableError, Warehouse
from iracing_pipeline.warehouse.pooling import refuse_shared_sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.warehouse import Connection


class TransactionPool(Warehouse):
    """Simulate a pooler with pool_mode = transaction for connections that take turns."""

    shared: Connection | None = None

    @contextmanager
    def connect(self, *, autocommit: bool = False) -> Iterator[Connection]:
        self.shared = self.shared or self.open(autocommit=autocommit)
        yield self.shared


def test_a_server_of_ones_own_is_taken(database: str) -> None:
    refuse_shared_sessions(Warehouse(database))


def test_a_pooler_that_shares_sessions_is_refused(database: str) -> None:
    pool = TransactionPool(database)

    with pytest.raises(UnavailableError, match="pool_mode = session"):
        refuse_shared_sessions(pool)

    assert pool.shared is not None
    pool.shared.close()
