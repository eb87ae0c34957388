"""Decisions reading by reading, in a simulated race whose end is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from iracing_pipeline.analysis.fuel_to_flag import FuelPrior
from iracing_pipeline.analysis.pit_wall import Advice, Window
from iracing_pipeline.demo.live_race import RaceSetup
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.live.decisions import Decisions, Strategist
from iracing_pipeline.metrics.live.gauges import families
from iracing_pipeline.metrics.live.known import Known
from iracing_pipeline.metrics.live.outlooks import Answered, Asked, answer
from iracing_pipeline.metrics.live.simulator import Reading, Simulator
from iracing_pipeline_tests.metrics.live.memory_files import Race

if TYPE_CHECKING:
    from pathlib import Path

SETUP = RaceSetup(cars=8, minutes=20.0, tank=0.28, seed=11)
PRIOR = FuelPrior(per_lap_l=2.86, between_l=0.04, lap_spread_l=0.035, sessions=6, laps=80)


class Watched:
    """A race that is read every other second, with what was decided."""

    def __init__(self, path: Path, setup: RaceSetup = SETUP, known: Known | None = None) -> None:
        self.race = Race(path, setup)
        self.now = 0.0
        self.simulator = Simulator(path, monotonic=lambda: self.now)
        self.known = known or Known(prior=PRIOR)
        self.last: list[Answered] = []
        # The estimates take long on a busy machine: every third question is enough for most.
        self.asked, self.every = 0, 3
        self.strategist = Strategist(self._ask, lambda: self.last[0] if self.last else None)

    def _ask(self, asked: Asked) -> None:
        self.asked += 1
        if self.asked % self.every == 0:
            self.last[:] = [answer(asked)]

    def at(self, t: float) -> tuple[Reading, Decisions]:
        self.now = t
        self.race.at(t)
        reading = self.simulator.read()
        assert reading is not None
        watch = self.simulator
        return reading, self.strategist.decide(
            reading, watch.fuel, watch.field_watch.charts, self.known
        )


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> tuple[Watched, dict[float, Decisions]]:
    watched = Watched(tmp_path_factory.mktemp("race") / "memory")
    ends = watched.race.moments.over_s
    found = {float(t): watched.at(float(t))[1] for t in np.arange(20.0, ends, 2.0)}
    return watched, found


def test_the_fuel_to_the_flag_is_within_its_interval(
    driven: tuple[Watched, dict[float, Decisions]],
) -> None:
    watched, found = driven
    timing = watched.race.timing
    own, hits = timing.own, []
    for t, decisions in found.items():
        needed = decisions.fuel.needed
        done = int(timing.done(t)[own])
        if needed is None or not timing.crossed_s[own, 0] < t < timing.finished_s[own]:
            continue
        burnt = timing.burnt_l[own, done + 1 : timing.laps[own] + 1]
        # Within a lap the fuel goes by distance: the interval has to hold at its ends.
        if t - timing.crossed_s[own, done] < 2.0:
            hits.append(needed.low - 0.2 <= burnt.sum() <= needed.high + 0.2)
    assert len(hits) >= 10
    # Readings of one race depend on each other; benchmarks.live states the share over many races.
    assert np.mean(hits) > 0.75


def test_the_stop_is_called_in_its_window_and_not_again(
    driven: tuple[Watched, dict[float, Decisions]],
) -> None:
    watched, found = driven
    timing = watched.race.timing
    (stop,) = timing.stops[timing.own]
    came_in = timing.crossed_s[timing.own, stop.lap] - stop.before_s
    before = [found[t] for t in found if came_in - 60.0 < t < came_in]
    after = [
        found[t]
        for t in found
        if timing.crossed_s[timing.own, stop.lap + 1] < t < timing.finished_s[timing.own]
    ]

    assert {each.pit.window for each in before} <= {Window.OPEN, Window.CLOSING}
    assert {each.pit.window for each in after} == {Window.NOT_NEEDED}
    assert {each.of("stops_left") for each in after} == {0}


def test_each_figure_says_since_when_it_is_known(
    driven: tuple[Watched, dict[float, Decisions]],
) -> None:
    _, found = driven
    known = [d.figures["fuel_to_flag_liters"] for d in found.values() if d.figures]
    since = {each.since for each in known if each.value is not None}

    assert len(since) == 1
    assert all(each.since is None for each in known if each.value is None)


def test_after_the_flag_the_race_is_finished(
    driven: tuple[Watched, dict[float, Decisions]],
) -> None:
    watched, found = driven
    timing = watched.race.timing
    later = [found[t] for t in found if t > timing.finished_s[timing.own] + 2.0]

    assert {each.advice for each in later} == {Advice.FINISHED}
    assert {each.of("laps_left") for each in later} == {0.0}


def test_an_outlook_of_another_session_or_of_long_ago_is_not_shown(tmp_path: Path) -> None:
    # Without stops to come, the order at the flag is known without what a stop costs.
    watched = Watched(tmp_path / "memory", replace(SETUP, tank=0.9))
    watched.every = 1
    for t in np.arange(20.0, 420.0, 4.0):
        reading, decisions = watched.at(float(t))
    assert decisions.of("finish_class_position") is not None
    now = reading.session_time_s or 0.0
    current = watched.last[0]

    for other in (
        replace(current, session=(99, 2)),
        replace(current, session_time_s=now - 1000.0),
        replace(current, session_time_s=now + 50.0),
    ):
        watched.strategist.answered = lambda other=other: other  # type: ignore[misc]
        _, decisions = watched.at(float(t))
        assert decisions.of("finish_class_position") is None
        assert decisions.of("laps_left") is not None


def test_after_a_gap_between_readings_no_outlook_is_asked_for_before_the_next_line(
    tmp_path: Path,
) -> None:
    watched = Watched(tmp_path / "memory")
    for t in np.arange(20.0, 300.0, 4.0):
        watched.at(float(t))
    asked = watched.asked
    for t in np.arange(700.0, 720.0, 4.0):
        watched.at(float(t))

    assert watched.asked == asked


def test_a_race_that_is_joined_late_has_no_outlook_before_a_lap_counts(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "memory")
    watched.every = 1
    for t in np.arange(700.0, 900.0, 2.0):
        reading, decisions = watched.at(float(t))
        text = exposition(families(reading, decisions)).decode()
        assert "NaN" not in text

    assert watched.asked > 0


def test_without_a_race_nothing_is_decided_and_a_scrape_says_why(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "memory")
    reading, decisions = watched.at(25.0)
    elsewhere = replace(reading, race=False)
    nothing = watched.strategist.decide(
        elsewhere, watched.simulator.fuel, watched.simulator.field_watch.charts
    )

    assert decisions.advice is Advice.UNKNOWN
    text = exposition(families(elsewhere, nothing)).decode()
    assert 'iracing_live_pit_window{state="unknown",why="no race"} 1.0' in text
    assert "iracing_live_fuel_to_flag" not in text
