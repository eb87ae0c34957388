"""The demo season, to ask about."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.ask import Database
from iracing_pipeline_tests.dashboards.conftest import Demo, as_reader, reader_url

if TYPE_CHECKING:
    from iracing_pipeline_tests.garage import Garage

__all__ = ["reader_url"]


@pytest.fixture(scope="session")
def demo(loaded: Garage) -> Demo:
    """The same, with the environment of a process that asks about it."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("IRACING_")}
    env |= {"IRACING_HOME": str(loaded.home), "IRACING_DATABASE_URL": loaded.url}
    return Demo(loaded.url, as_reader(loaded.url), env, loaded.home)


@pytest.fixture(scope="session")
def garage(demo: Demo) -> Database:
    """The season, as the reader of the dashboards."""
    return Database(demo.reader_url)
