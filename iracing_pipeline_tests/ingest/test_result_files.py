"""Results without any credentials: dropped exports, and what .ibt files say of themselves."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline.demo.career import CUST_ID, RACES
from iracing_pipeline.demo.fake_data_api import Career
from iracing_pipeline.demo.fake_data_api.member_documents import search_row
from iracing_pipeline.demo.fake_data_api.race_documents import result
from iracing_pipeline.demo.outing import write_outing
from iracing_pipeline.demo.season import season
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.members import rebuild_ratings
from iracing_pipeline.ingest.result_files import (
    list_result_files,
    load_result_files,
    load_session_info,
    sessions_to_read,
)
from iracing_pipeline.ingest.telemetry import analyse, load
from iracing_pipeline.warehouse import quarantine
from iracing_pipeline_tests.payloads import names, needs_payloads, payload

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

CAREER = Career(season_count=1)
RACE = CAREER.by_id[RACES[-1].subsession_id]


def drop(folder: Path, name: str, document: object) -> Path:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def one(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def test_an_event_result_fills_the_tables_and_again_changes_nothing(
    connection: Connection, tmp_path: Path
) -> None:
    drop(tmp_path, "one.json", {"type": "event_result", "data": result(CAREER, RACE)})
    files = list(list_result_files(tmp_path))
    first = load_result_files(connection, files)
    assert not first.refused
    assert one(connection, "SELECT count(*) FROM racing.result") == 2 * RACE.field
    assert one(connection, "SELECT source, season FROM racing.subsession") == (
        "event_result",
        "2026S1",
    )
    again = load_result_files(connection, files)
    assert sum(again.outcome.changed.values()) == 0


def test_the_better_source_wins_in_any_order(connection: Connection, tmp_path: Path) -> None:
    archive = drop(tmp_path, "archive.json", [[search_row(CAREER, RACE)]])
    export = drop(tmp_path, "export.json", result(CAREER, RACE))
    load_result_files(connection, [archive])
    assert one(connection, "SELECT source FROM racing.subsession") == "archive_json"
    assert one(connection, "SELECT count(*) FROM racing.result") == 1
    load_result_files(connection, [export])
    assert one(connection, "SELECT source FROM racing.subsession") == "event_result"
    kept = load_result_files(connection, [archive])
    assert kept.outcome.kept == 1
    assert one(connection, "SELECT count(*) FROM racing.result") == 2 * RACE.field


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("german.csv", "Untersitzung,Strecke\n1,Spa\n", "English"),
        ("setup.json", '{"camber": 3}', "session_results"),
        ("cut.json", '{"subsession_id": 1, "sess', "damaged"),
    ],
)
def test_a_wrong_file_goes_to_quarantine(
    connection: Connection, tmp_path: Path, name: str, content: str, said: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    good = drop(tmp_path, "good.json", result(CAREER, RACE))
    done = load_result_files(connection, [path, good])
    assert list(done.loaded) == [str(good)]
    entry = quarantine.entries(connection, source="result_file")[0]
    assert entry.file_name == name
    assert said in f"{entry.reason} {entry.advice}"


def test_a_mended_file_leaves_quarantine(connection: Connection, tmp_path: Path) -> None:
    path = drop(tmp_path, "export.json", {"nothing": 1})
    load_result_files(connection, [path])
    assert quarantine.entries(connection, source="result_file")
    drop(tmp_path, "export.json", result(CAREER, RACE))
    load_result_files(connection, [path])
    assert not quarantine.entries(connection, source="result_file")


def test_telemetry_alone_gives_results_drivers_and_a_rating_history(
    connection: Connection, tmp_path: Path
) -> None:
    outings = [each for each in season() if each.event.race] + [
        each for each in season() if not each.event.race
    ][:1]
    chosen = [outings[0], outings[-1]]
    files = [write_outing(tmp_path, each, 7).path for each in chosen]
    for path in files:
        load(connection, analyse(IbtFile(path)))
    assert len(sessions_to_read(connection)) == 1
    done = load_session_info(
        connection, [(path.name, partial(getattr, IbtFile(path), "facts")) for path in files]
    )
    assert sessions_to_read(connection) == []
    race = chosen[0].event.race
    assert race is not None
    # The second is an offline session, whose placeholders are left out.
    assert sorted(done.loaded.values()) == [0, 1]
    assert one(connection, "SELECT subsession_id, source FROM racing.subsession") == (
        race.subsession_id,
        "ibt",
    )
    assert one(connection, "SELECT count(*) FROM racing.member") > 0
    ratings = rebuild_ratings(connection)
    connection.commit()
    assert ratings.cust_ids == [CUST_ID]
    assert ratings.points == {"ibt": 1}
    assert one(connection, "SELECT irating FROM racing.rating_history") == race.irating_before


def test_the_rating_change_stands_beside_the_telemetry(
    connection: Connection, tmp_path: Path
) -> None:
    outing = next(each for each in season() if each.event.race)
    path = write_outing(tmp_path, outing, 7).path
    load(connection, analyse(IbtFile(path)))
    demo = outing.event.race
    assert demo is not None
    export = drop(tmp_path, "export.json", result(CAREER, CAREER.by_id[demo.subsession_id]))
    load_result_files(connection, [export])
    shown = connection.execute(
        "SELECT subsession_id, finish_position, irating_before, irating_change"
        " FROM grafana.session_results"
    ).fetchall()
    assert shown == [
        (
            demo.subsession_id,
            demo.finish_position,
            demo.irating_before,
            demo.irating_after - demo.irating_before,
        )
    ]


@needs_payloads
@pytest.mark.parametrize("name", names("results_get__"))
def test_every_real_result_loads_into_the_database(
    name: str, connection: Connection, tmp_path: Path
) -> None:
    document = payload(name)
    done = load_result_files(connection, [drop(tmp_path, "export.json", document)])
    assert not done.refused
    entries = sum(
        1 + len(entry.get("driver_results", []))
        for simsession in document["session_results"]
        for entry in simsession["results"]
    )
    assert one(connection, "SELECT count(*) FROM racing.result") == entries
