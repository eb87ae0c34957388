from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from iracing_pipeline.ask import QUESTIONS, AskError, Figure, ask, query
from iracing_pipeline.ask.answer import LONGEST_TEXT, plain

if TYPE_CHECKING:
    from iracing_pipeline.ask import Answer, Database
    from iracing_pipeline_tests.dashboards.conftest import Demo


WITHOUT_ROWS = ("refused_files", "experiment")
"""Questions without rows in the demo."""
OF_ONE_RACE = ("finish_order", "race_ledger", "what_if_irating", "race_pace")


def parameters(name: str, garage: Database) -> dict[str, object]:
    """Return the required parameters of a question, from the demo."""
    if name == "compare_laps":
        laps = [
            row["lap_id"]
            for row in ask(garage, "laps", {"session": "2026-03-07"}).rows
            if row["clean"]
        ]
        return {"lap": laps[0], "reference": laps[1]}
    if name == "race_gap":
        first, second = ask(garage, "race_pace", {"race": "last"}).rows[:2]
        finish = ask(garage, "finish_order", {"race": "last"}).rows
        cars = {row["display_name"]: row["group_id"] for row in finish}
        car, rival = cars[second["display_name"]], cars[first["display_name"]]
        return {"race": "last", "car": car, "rival": rival}
    return {"race": "last"} if name in OF_ONE_RACE else {}


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in WITHOUT_ROWS])
def test_each_question_has_an_answer_in_the_demo(name: str, garage: Database) -> None:
    answer = ask(garage, name, parameters(name, garage))

    assert answer.rows
    assert answer.not_known is None
    for row in answer.rows:
        for figure in (value for value in row.values() if isinstance(value, Figure)):
            assert figure.value is None or isinstance(figure.n, int)


def test_the_query_of_an_answer_gives_the_same_rows(garage: Database, demo: Demo) -> None:
    answer = ask(garage, "laps", {"session": "last"})

    with psycopg.connect(demo.reader_url) as connection:
        rows = connection.execute(answer.query.encode()).fetchall()
    assert [row[0] for row in rows] == [row["lap_id"] for row in answer.rows]


def test_a_figure_carries_unit_count_and_interval(garage: Database) -> None:
    row = ask(garage, "session", {"session": "2026-03-07"}).rows[0]
    assert row["best_lap_time_s"].unit == "s"
    assert row["best_lap_time_s"].n == row["clean_lap_count"]

    corners = ask(garage, "corner_over_time", {}).rows
    row = next(row for row in corners if row["spread_s"].value is not None)
    assert row["spread_s"].low < row["spread_s"].value < row["spread_s"].high
    assert row["spread_s"].to_json()["interval_95"] == [row["spread_s"].low, row["spread_s"].high]


def test_the_causes_of_a_ledger_add_up_to_the_gap(garage: Database) -> None:
    ledger = ask(garage, "race_ledger", {"race": "last"}).rows
    pair = parameters("race_gap", garage)
    gap = sum(row["seconds"].value for row in ask(garage, "race_gap", pair).rows)

    assert {row["display_name"] for row in ledger} == {ledger[0]["display_name"]}, "the own car"
    assert all(row["seconds"].unit == "s" and row["seconds"].why for row in ledger)
    back = ask(garage, "race_gap", {**pair, "car": pair["rival"], "rival": pair["car"]}).rows
    assert sum(row["seconds"].value for row in back) == pytest.approx(-gap)


def test_the_last_session_is_the_newest(garage: Database) -> None:
    newest = ask(garage, "sessions", {}).rows[0]["session_key"]

    assert ask(garage, "session", {"session": "last"}).rows[0]["session_key"] == newest
    assert f"session_key={newest}" in ask(garage, "session", {"session": "last"}).ids


def unknown(answer: Answer) -> str:
    assert answer.rows == []
    assert answer.remedy
    assert answer.to_text().startswith("not_known: ")
    return str(answer.to_json()["not_known"]["reason"])


def test_what_is_not_known_says_why(garage: Database) -> None:
    assert "session" in unknown(ask(garage, "session", {"session": "nothing-like-it"}))
    assert "session" in unknown(ask(garage, "session", {"session": "1999-01-01"}))
    assert "race" in unknown(ask(garage, "finish_order", {"race": 4711}))
    assert "fuel" in unknown(ask(garage, "race_plan", {"track": "Atlantis"}))
    assert "row" in unknown(query(garage, "SELECT 1 FROM grafana.career WHERE cust_id = -1"))


def test_an_empty_database_knows_nothing_and_says_so(reader_url: str) -> None:
    from iracing_pipeline.ask import Database  # noqa: PLC0415 - used here alone

    empty = Database(reader_url)
    for name, question in QUESTIONS.items():
        given: dict[str, object] = {
            each.name: {"race": "last", "integer": 1}.get(each.kind, "a:1:1")
            for each in question.parameters
            if each.required
        }
        assert ask(empty, name, given).not_known


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("no_such", {}, "There is no question no_such"),
        ("sessions", {"colour": "red"}, "sessions takes no colour"),
        ("compare_laps", {"lap": "x"}, "compare_laps needs reference"),
        ("finish_order", {}, "finish_order needs race"),
        ("corner_over_time", {"corner": "five"}, "corner cannot be five"),
        ("corner_over_time", {"corner": 2**70}, "corner cannot be"),
        ("sessions", {"since": "yesterday"}, "since cannot be yesterday"),
        ("sessions", {"car": "x" * 201}, "1 to 200 characters"),
        ("sessions", {"car": "a\0b"}, "1 to 200 characters"),
    ],
)
def test_a_wrong_parameter_is_named(
    name: str, given: dict[str, object], message: str, garage: Database
) -> None:
    with pytest.raises(AskError, match=message):
        ask(garage, name, given)


def test_a_wildcard_in_a_name_is_a_character(garage: Database) -> None:
    assert ask(garage, "sessions", {"car": "%"}).not_known
    assert ask(garage, "sessions", {"car": "_"}).not_known


def test_values_reach_the_database_as_values(garage: Database) -> None:
    assert ask(garage, "sessions", {"car": "x' OR '1'='1"}).not_known
    assert ask(garage, "compare_laps", {"lap": "'; DROP TABLE x", "reference": "y"}).not_known


def test_a_long_statement_is_ended(garage: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iracing_pipeline.ask.database.TIMEOUT_S", 1)
    endless = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
    with pytest.raises(AskError, match="longer than 1 s"):
        query(garage, endless)


def test_many_rows_are_cut_and_said(garage: Database) -> None:
    answer = query(garage, "SELECT n FROM generate_series(1, 5000) AS n")

    assert len(answer.rows) == 200
    assert answer.more
    assert answer.to_text().endswith("(more rows)")


def test_a_statement_that_has_more_than_is_read_is_ended(garage: Database) -> None:
    endless = "SELECT a, b FROM generate_series(1, 100000) a, generate_series(1, 100000) b"

    answer = query(garage, endless)

    assert len(answer.rows) == 200
    assert answer.more
    assert query(garage, "SELECT 1 AS one").rows == [{"one": 1}]


def test_a_query_carries_the_units_of_the_views(garage: Database) -> None:
    answer = query(garage, "SELECT best_lap_time_s AS best FROM grafana.session_summaries")

    assert answer.rows[0]["best"].unit == "s"
    assert answer.meanings["best"] == "Fastest clean lap [s]"


def test_nothing_of_a_statement_reaches_the_next(garage: Database) -> None:
    with pytest.raises(AskError, match="does not exist"):
        query(garage, "SELECT nonsense FROM grafana.career")
    assert query(garage, "SELECT 1 AS one").rows == [{"one": 1}]


def test_the_database_refuses_what_the_gate_would_let_through(garage: Database) -> None:
    for statement in (
        "CREATE TEMP TABLE x (a int)",
        "UPDATE racing.telemetry_lap SET kind = 'out'",
        "SELECT * FROM racing.telemetry_lap",
        "SELECT 1; SELECT 2",
    ):
        with pytest.raises(AskError, match="refused"):
            garage.read(statement)


def test_a_figure_is_written_with_unit_count_and_interval() -> None:
    assert str(Figure(59.714, "s", 12, 59.6, 59.8)) == "59.714 s (59.6 to 59.8, n=12)"
    assert str(Figure(-2.384e-07, "s", 1)) == "-2.4e-07 s (n=1)"
    assert str(Figure(39, None, 1)) == "39 (n=1)"
    assert str(Figure(None, "s", 0)) == "not known"


def test_texts_lose_what_a_terminal_would_obey() -> None:
    assert plain("\x1b[31mred\x1b[0m\nnext\u202e") == "[31mred[0mnext"
    assert len(str(plain("x" * 5000))) == LONGEST_TEXT
    assert plain(["a\x07", {"k\x00": "v\x1b"}]) == ["a", {"k": "v"}]
