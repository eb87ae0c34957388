"""The demo season, to ask about."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.ask import Database
from iracing_pipeline_tests.conftest import at_database, run_statement
from iracing_pipeline_tests.dashboards.conftest import Demo, as_reader, reader_url
from iracing_pipeline_tests.garage import Garage, load_garage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["reader_url"]


@pytest.fixture(scope="session")
def loaded(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Garage]:
    """The demo season in a database of its own."""
    name = f"iracing_garage_{uuid.uuid4().hex[:8]}"
    run_statement(server_url, "CREATE DATABASE {}", name)
    yield load_garage(at_database(server_url, name), tmp_path_factory.mktemp("garage"))
    run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


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
