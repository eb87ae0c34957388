"""All boards, in the order of the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.dashboards.operations import data_quality, pipeline
from iracing_pipeline.dashboards.performance import home, race, session, sessions
from iracing_pipeline.dashboards.strategy import fuel, pit_wall, race_plan, stints
from iracing_pipeline.dashboards.telemetry import car, channels, corner, lap_compare
from iracing_pipeline.dashboards.trends import consistency, experiments, pace, ratings, season

if TYPE_CHECKING:
    from iracing_pipeline.dashboards.board import Board

BOARDS: tuple[Board, ...] = (
    home.BOARD,
    sessions.BOARD,
    session.BOARD,
    race.BOARD,
    lap_compare.BOARD,
    corner.BOARD,
    channels.BOARD,
    car.BOARD,
    fuel.BOARD,
    stints.BOARD,
    race_plan.BOARD,
    pit_wall.BOARD,
    ratings.BOARD,
    pace.BOARD,
    consistency.BOARD,
    season.BOARD,
    experiments.BOARD,
    pipeline.BOARD,
    data_quality.BOARD,
)
