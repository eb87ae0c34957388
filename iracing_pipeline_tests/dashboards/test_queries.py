"""Every query of the boards, run for real as the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.dashboards.asking import Database, PrometheusServer
from iracing_pipeline.dashboards.catalog import BOARDS
from iracing_pipeline.dashboards.checks import Checker
from iracing_pipeline_tests.prometheus_server import NEEDS_PROMETHEUS, running

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.dashboards.checks import Outcome
    from iracing_pipeline_tests.dashboards.conftest import Demo
    from iracing_pipeline_tests.prometheus_server import Server


def problems(outcomes: list[Outcome]) -> list[str]:
    return [
        f"{each.board} ({each.arrived_by}) {each.place}: {each.problem}"
        for each in outcomes
        if each.problem is not None
    ]


@pytest.fixture(scope="module")
def on_the_demo(demo: Demo) -> list[Outcome]:
    return list(Checker(BOARDS, Database.at(demo.reader_url)).run())


def test_every_query_has_its_data_in_the_demo_season(on_the_demo: list[Outcome]) -> None:
    assert problems(on_the_demo) == []
    assert {each.board for each in on_the_demo} == {board.uid for board in BOARDS}


def test_links_were_followed(on_the_demo: list[Outcome]) -> None:
    followed = {(each.arrived_by, each.board) for each in on_the_demo if each.arrived_by}

    assert {
        ("iracing-home / Last session", "iracing-session"),
        ("iracing-sessions / Sessions", "iracing-session"),
        ("iracing-session / Laps", "iracing-lap-compare"),
        ("iracing-session / Laps", "iracing-channels"),
        ("iracing-season / Races of the season", "iracing-race"),
    } <= followed


@NEEDS_PROMETHEUS
def test_every_expression_has_its_data_too(demo: Demo, demo_prometheus: Server) -> None:
    database = Database.at(demo.reader_url)
    prometheus = PrometheusServer(demo_prometheus.url)

    outcomes = list(Checker(BOARDS, database, prometheus).run())

    assert problems(outcomes) == []
    assert [each.place for each in outcomes if each.rows is None] == []


def test_an_empty_database_is_no_error(reader_url: str) -> None:
    outcomes = list(Checker(BOARDS, Database.at(reader_url), complete=False).run())

    assert problems(outcomes) == []
    # Every variable has an option all the same, or panels that use it would break.
    assert all(each.rows for each in outcomes if each.place.startswith("variable"))


@NEEDS_PROMETHEUS
def test_an_empty_prometheus_is_no_error(demo: Demo, tmp_path: Path) -> None:
    with running(tmp_path) as server:
        asked = Database.at(demo.reader_url), PrometheusServer(server.url)
        outcomes = list(Checker(BOARDS, *asked, complete=False).run())

    assert problems(outcomes) == []
