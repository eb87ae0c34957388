"""Boards read back by the SDK's own models: what these do not know would be lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from iracing_pipeline.dashboards.board import Board, without_noise
from iracing_pipeline.dashboards.catalog import BOARDS

register_default_plugins()


def read_back(document: dict[str, Any]) -> Any:
    return without_noise(json.loads(json.dumps(Dashboard.from_json(document), cls=JSONEncoder)))


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_nothing_is_lost_or_changed(board: Board) -> None:
    document = json.loads(board.json())

    assert read_back(json.loads(board.json())) == document


@pytest.mark.parametrize("place", ["options", "fieldConfig", None])
def test_a_slip_is_noticed(place: str | None) -> None:
    document = json.loads(BOARDS[0].json())
    panel = document["panels"][0]
    (panel if place is None else panel[place])["legnd"] = {}

    assert read_back(json.loads(json.dumps(document))) != document
