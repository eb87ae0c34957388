"""The environment that leads the pipeline to a simulated Data API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.demo.fake_data_api.token_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
)

if TYPE_CHECKING:
    import pytest

    from iracing_pipeline.demo.fake_data_api import FakeDataApi


def use(server: FakeDataApi, monkeypatch: pytest.MonkeyPatch, password: str = PASSWORD) -> None:
    """Log in to a simulation, and ask it as often as it allows."""
    monkeypatch.setenv("IRACING_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("IRACING_CLIENT_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("IRACING_USERNAME", USERNAME)
    monkeypatch.setenv("IRACING_PASSWORD", password)
    monkeypatch.setenv("IRACING_DATA_API_URL", server.url)
    monkeypatch.setenv("IRACING_OAUTH_URL", server.oauth_url)
    monkeypatch.setenv("IRACING_CALLS_PER_MINUTE", str(server.quota))
