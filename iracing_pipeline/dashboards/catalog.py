"""All boards, in the order of the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.dashboards.performance import home, session, sessions
from iracing_pipeline.dashboards.telemetry import lap_compare

if TYPE_CHECKING:
    from iracing_pipeline.dashboards.board import Board

BOARDS: tuple[Board, ...] = (
    home.BOARD,
    sessions.BOARD,
    session.BOARD,
    lap_compare.BOARD,
)
