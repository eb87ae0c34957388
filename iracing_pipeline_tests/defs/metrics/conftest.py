"""The pipeline of the telemetry tests, and a Prometheus for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iracing_pipeline_tests.defs.conftest import pipeline
from iracing_pipeline_tests.prometheus_server import Server, running

__all__ = ["pipeline", "prometheus"]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def prometheus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A Prometheus that the settings name."""
    with running(tmp_path / "prometheus") as server:
        monkeypatch.setenv("IRACING_PROMETHEUS_URL", server.url)
        monkeypatch.setenv("IRACING_PROMETHEUS_DATA", str(server.data))
        yield server
