"""The demo season, to ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.ask import Database
from iracing_pipeline_tests.dashboards.conftest import demo, reader_url

if TYPE_CHECKING:
    from iracing_pipeline_tests.dashboards.conftest import Demo

__all__ = ["demo", "reader_url"]


@pytest.fixture
def garage(demo: Demo) -> Database:
    return Database(demo.reader_url)
