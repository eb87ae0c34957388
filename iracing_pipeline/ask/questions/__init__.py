"""Questions in a racer's words. Each reads one view of schema ``grafana``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.ask.questions.drivers import RATING_FORECAST, RATINGS
from iracing_pipeline.ask.questions.driving import (
    COMPARE_LAPS,
    CORNER_OVER_TIME,
    EXPERIMENT,
    LAPS,
    PERSONAL_BESTS,
    SESSION_DETAIL,
    SESSIONS,
    SETUP_COMPARISON,
)
from iracing_pipeline.ask.questions.loads import DATA_QUALITY, REFUSED_FILES
from iracing_pipeline.ask.questions.races import (
    FINISH_ORDER,
    INCIDENTS,
    PENALTY_LADDER,
    RACE_DEBRIEF,
    RACE_GAP,
    RACE_LEDGER,
    RACE_PACE,
    RACE_WHAT_IF,
    RACES,
    TRAFFIC,
    WHAT_IF_IRATING,
)
from iracing_pipeline.ask.questions.strategy import CAR_ON_TRACK, FUEL, RACE_PLAN

if TYPE_CHECKING:
    from iracing_pipeline.ask.question import Question

QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        SESSIONS,
        SESSION_DETAIL,
        LAPS,
        COMPARE_LAPS,
        CORNER_OVER_TIME,
        PERSONAL_BESTS,
        CAR_ON_TRACK,
        FUEL,
        RACE_PLAN,
        RACES,
        FINISH_ORDER,
        RACE_DEBRIEF,
        RACE_LEDGER,
        RACE_GAP,
        WHAT_IF_IRATING,
        RACE_PACE,
        TRAFFIC,
        INCIDENTS,
        PENALTY_LADDER,
        RACE_WHAT_IF,
        RATINGS,
        RATING_FORECAST,
        SETUP_COMPARISON,
        EXPERIMENT,
        DATA_QUALITY,
        REFUSED_FILES,
    )
}
