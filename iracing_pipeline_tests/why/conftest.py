"""The demo season, to explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.warehouse import Connection
    from iracing_pipeline_tests.garage import Garage


@pytest.fixture
def books(loaded: Garage) -> Iterator[Connection]:
    """A connection to it, as the owner; nothing of it is committed."""
    with Warehouse(loaded.url).connect() as connection:
        yield connection
        connection.rollback()
