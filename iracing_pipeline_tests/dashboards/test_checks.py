"""Problems that the checks find, on a real database and with boards made for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.dashboards import links
from iracing_pipeline.dashboards.asking import Database, PrometheusServer
from iracing_pipeline.dashboards.board import Board, Folder, Regions, Section
from iracing_pipeline.dashboards.charts import by_number, chart
from iracing_pipeline.dashboards.checks import Checker, Outcome
from iracing_pipeline.dashboards.errors import BoardError
from iracing_pipeline.dashboards.fields import Field, lap_time, number, text, time
from iracing_pipeline.dashboards.moments import Range
from iracing_pipeline.dashboards.panels import table
from iracing_pipeline.dashboards.queries import PromQl
from iracing_pipeline.dashboards.variables import Choice
from iracing_pipeline_tests.prometheus_server import NEEDS_PROMETHEUS, running

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.dashboards.panels import Panel

FIXED = {"empty": "Nothing here, and this is why.", "width": 8}
ONE = Choice("one", "One", "", "SELECT 'first' AS __text, '1' AS __value")


def rows(fields: tuple[Field, ...], source: str) -> Panel:
    return table(1, "Rows", "about", fields, source, **FIXED)  # type: ignore[arg-type]


def lines(fields: tuple[Field, ...], source: str) -> Panel:
    return chart(1, "Lines", "about", fields, source, **FIXED)  # type: ignore[arg-type]


def trend(fields: tuple[Field, ...], source: str) -> Panel:
    return by_number(1, "Trend", "about", fields, source, **FIXED)  # type: ignore[arg-type]


def board(panel: Panel, *variables: Choice, uid: str = links.HOME) -> Board:
    return Board(uid, "Home", Folder.PERFORMANCE, "?", (Section(None, (panel,)),), variables)


def found(url: str, *boards: Board, complete: bool = True) -> list[Outcome]:
    return [
        each
        for each in Checker(boards, Database.at(url), complete=complete).run()
        if each.problem is not None
    ]


TIMES = "(VALUES (timestamptz '2026-01-01', 1), ('2026-01-02', 2)) AS v(at, n)"


@pytest.mark.parametrize(
    "panel",
    [
        rows((text("'a'", "A"),), "generate_series(1, 2)"),
        lines((time("at"), number("n", "N")), f"{TIMES} ORDER BY at"),
        trend((number("n", "N"), lap_time("90 + n", "Lap")), "generate_series(1, 3) AS n"),
    ],
)
def test_nothing_is_found_in_good_panels(reader_url: str, panel: Panel) -> None:
    assert found(reader_url, board(panel)) == []


@pytest.mark.parametrize(
    ("panel", "problem"),
    [
        (rows((text("nothing", "A"),), "generate_series(1, 2)"), 'column "nothing" does not exist'),
        (rows((text("a", "A"),), "racing.telemetry_lap"), "permission denied"),
        (rows((text("pg_sleep(30)", "A"),), "generate_series(1, 1)"), "statement timeout"),
        (rows((text("'${who}'", "A"),), "generate_series(1, 1)"), "variable who is not defined"),
        (rows((text("$__timeGroup(n)", "A"),), "generate_series(1, 1) AS n"), "needs 2 argument"),
        (rows((text("1", "A"),), "generate_series(1, 0)"), "no data"),
        (lines((time("at"), number("n", "N")), f"{TIMES} ORDER BY at DESC"), "does not rise"),
        (lines((time("n"), number("n", "N")), f"{TIMES} ORDER BY n"), "of the wrong type: int"),
        (lines((Field("at", "when"), number("n", "N")), TIMES), "lacks the column time"),
        (lines((time("NULL"), number("n", "N")), TIMES), "time is missing in a row"),
        (lines((time("at"), number("NULL", "N")), TIMES), "no data"),
        (trend((number("1", "N"), number("n", "M")), "generate_series(1, 2) AS n"), "not rise"),
    ],
)
def test_what_is_wrong_is_found(
    reader_url: str, panel: Panel, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iracing_pipeline.dashboards.asking._TIMEOUT_S", 0.5)

    (outcome,) = found(reader_url, board(panel))

    assert outcome.problem is not None
    assert problem in outcome.problem


def test_what_may_be_empty_may_be(reader_url: str) -> None:
    panel = replace(rows((text("1", "A"),), "generate_series(1, 0)"), may_be_empty=True)

    assert found(reader_url, board(panel)) == []


def test_nothing_need_be_there_unless_everything_is(reader_url: str) -> None:
    empty = board(rows((text("1", "A"),), "generate_series(1, 0)"))

    assert found(reader_url, empty, complete=False) == []
    assert len(found(reader_url, empty, complete=True)) == 1


def test_a_variable_without_options_is_found(reader_url: str) -> None:
    nobody = Choice("nobody", "Nobody", "", "SELECT 'a' AS __text, 'a' AS __value LIMIT 0")
    panel = rows((text("'${nobody}'", "A"),), "generate_series(1, 1)")

    (outcome,) = found(reader_url, board(panel, nobody))

    assert outcome.problem == "variable nobody: gives no option"


def test_regions_need_their_columns(reader_url: str) -> None:
    good = board(rows((text("1", "A"),), "generate_series(1, 1)"))
    regions = Regions("Corners", "SELECT now() AS time, 'T1' AS text", "#999999")

    (outcome,) = found(reader_url, replace(good, regions=(regions,)))

    assert outcome.problem == "lacks the column timeend"


def test_a_link_is_followed_with_what_it_carries(reader_url: str) -> None:
    link = links.to("iracing-pace", "There", one=links.field("word"))
    home = board(rows((text("'x'", "word").linked(link),), "generate_series(1, 1)"))
    there = rows((number("${one}", "N"),), "generate_series(1, 1)")

    (outcome,) = found(reader_url, home, board(there, ONE, uid="iracing-pace"))

    assert outcome.arrived_by == "iracing-home / Rows"
    assert 'column "x" does not exist' in (outcome.problem or "")


def test_the_menu_carries_what_another_board_means_otherwise(reader_url: str) -> None:
    word = Choice("one", "One", "", "SELECT 'all' AS __text, 'all' AS __value")
    home = board(rows((text("'${one}'", "A"),), "generate_series(1, 1)"), word)
    there = rows((number("${one}", "N"),), "generate_series(1, 1)")

    (outcome,) = found(reader_url, home, board(there, ONE, uid="iracing-pace"))

    assert outcome.arrived_by == "the menu of iracing-home"


def of_panels(checker: Checker) -> list[Outcome]:
    """Outcomes without those of the variables, which every board has for its links."""
    return [each for each in checker.run() if not each.place.startswith("variable ")]


@NEEDS_PROMETHEUS
def test_a_wrong_expression_is_found(reader_url: str, tmp_path: Path) -> None:
    about = ("Lines", "about", (number("", "N"),))
    wrong = chart(1, *about, PromQl("sum(", "N"), **FIXED)  # type: ignore[arg-type]
    right = chart(2, *about, PromQl("vector(1)", "N"), **FIXED)  # type: ignore[arg-type]
    both = replace(board(wrong), sections=(Section(None, (wrong, right)),))
    with running(tmp_path) as server:
        asked = Database.at(reader_url), PrometheusServer(server.url)
        outcomes = of_panels(Checker((both,), *asked))

    assert [each.problem is None for each in outcomes] == [False, True]
    assert "parse error" in (outcomes[0].problem or "")


@NEEDS_PROMETHEUS
def test_series_may_follow_each_other(reader_url: str, tmp_path: Path) -> None:
    both = " or ".join(
        f'label_replace(vector({value}), "state", "{name}", "", "")'
        for value, name in enumerate(("loaded", "waiting"))
    )
    panel = chart(1, "Lines", "about", (), PromQl(both, "{{state}}"), **FIXED)  # type: ignore[arg-type]
    with running(tmp_path) as server:
        asked = Database.at(reader_url), PrometheusServer(server.url)
        (outcome,) = of_panels(Checker((board(panel),), *asked))

    assert outcome.problem is None
    assert (outcome.rows or 0) > 2 * 100, "many samples a series"


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(BoardError, match="the database cannot be reached"):
        Database.at("postgresql://grafana_reader@127.0.0.1:9/nothing")
    span = Range.of("now-1h", "now")
    with pytest.raises(BoardError, match="Prometheus cannot be reached"):
        PrometheusServer("http://127.0.0.1:9")(PromQl("up"), span, 1000)
