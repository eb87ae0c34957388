"""Results without any credentials: dropped exports, and what .ibt files say of themselves."""

from __future__ import annotations

import json
import os
import random
import shutil
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
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
    new_result_files,
    sessions_to_read,
)
from iracing_pipeline.ingest.results import load_subsessions
from iracing_pipeline.ingest.telemetry import analyse, load
from iracing_pipeline.warehouse import payloads, quarantine
from iracing_pipeline.warehouse.payloads import Document
from iracing_pipeline_tests.ingest import result_schedules
from iracing_pipeline_tests.payloads import names, needs_payloads, payload

if TYPE_CHECKING:
    from collections.abc import Callable

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


CASES = Path(os.environ.get("IRACING_TEST_CASES", "../shared/data/cases"))
needs_cases = pytest.mark.skipif(
    not CASES.is_dir(),
    reason="no cases of result files: set IRACING_TEST_CASES to their folder",
)


def winner(connection: Connection, subsession_id: int) -> object:
    query = f"SELECT winner_name FROM racing.subsession WHERE subsession_id = {subsession_id}"
    return one(connection, query)


@needs_cases
def test_every_case_loads_or_is_refused_alone(connection: Connection, tmp_path: Path) -> None:
    for path in sorted(CASES.glob("*/*")):
        if path.suffix in {".json", ".csv"}:
            shutil.copy2(path, tmp_path / f"{path.parent.name}-{path.name}")
    good = drop(tmp_path, "z.json", result(CAREER, RACE))
    done = load_result_files(connection, list(list_result_files(tmp_path)))
    assert {Path(path).name for path in done.refused} == {"hostile-deep.json"}
    assert str(good) in done.loaded
    assert winner(connection, 95000002) == "Driver Two"
    assert one(connection, "SELECT count(*) FROM racing.result WHERE subsession_id = 95000100") == 2
    odd = connection.execute(
        "SELECT DISTINCT field FROM ops.item_issue WHERE problem ~ 'type|range' ORDER BY 1"
    ).fetchall()
    assert [name for (name,) in odd] == [
        "car_class_id",
        "event_average_lap",
        "event_strength_of_field",
        "finish_position",
    ]


@needs_cases
@pytest.mark.parametrize("reverse", [False, True])
def test_the_newer_download_wins_in_any_order(
    connection: Connection, tmp_path: Path, *, reverse: bool
) -> None:
    paths = [
        Path(shutil.copy(path, tmp_path))
        for path in sorted((CASES / "results").glob("eventresult-95000002*"), reverse=reverse)
    ]
    for path in paths:
        load_result_files(connection, [path])
    assert winner(connection, 95000002) == "Driver Two"


def test_an_export_from_before_a_penalty_does_not_undo_the_api_result(
    connection: Connection, tmp_path: Path
) -> None:
    export = result(CAREER, RACE)
    corrected = json.loads(json.dumps(export))
    for simsession in corrected["session_results"]:
        for entry in simsession["results"]:
            entry["incidents"] = 17
    item = str(RACE.subsession_id)
    payloads.put(connection, Document("results/get", item), corrected, source="api")
    load_subsessions(connection, [RACE.subsession_id])
    old = drop(tmp_path, "old.json", export)
    os.utime(old, (1_700_000_000, 1_700_000_000))
    done = load_result_files(connection, [old])
    assert done.outcome.kept == 1
    assert one(connection, "SELECT count(*) FROM racing.result WHERE incidents <> 17") == 0
    # A copy of it is written later, and is still the same old export.
    copy = Path(shutil.copyfile(old, tmp_path / "copy.json"))
    load_result_files(connection, [copy])
    assert one(connection, "SELECT count(*) FROM racing.result WHERE incidents <> 17") == 0


@pytest.mark.parametrize("name", ["a.json", "a (2).json"])
def test_a_document_that_is_downloaded_again_is_the_newest(
    connection: Connection, tmp_path: Path, name: str
) -> None:
    """A penalty comes and goes: the file is replaced, or numbered by the browser."""
    for second, (file, winner_name) in enumerate([("a.json", "One"), ("b.json", "Two")]):
        dropped(tmp_path / file, small(winner_name), second * 60)
        load_result_files(connection, [tmp_path / file])
    assert winner(connection, 95000200) == "Two"
    dropped(tmp_path / name, small("One"), 180)
    load_result_files(connection, [tmp_path / name])
    assert winner(connection, 95000200) == "One"
    # A copy of the other, written later still, is no download.
    dropped(tmp_path / "copy.json", small("Two"), 600)
    load_result_files(connection, [tmp_path / "copy.json"])
    assert winner(connection, 95000200) == "One"


@pytest.mark.parametrize("seed", range(3))
def test_no_order_of_arrival_changes_the_tables(
    connection: Connection, tmp_path: Path, seed: int
) -> None:
    """Exports, a copy, an archive and answers of the API, each alone, in random orders."""
    files: dict[str, tuple[Any, int]] = {
        "old.json": (small("One"), 0),
        "new.json": (small("Two"), 120),
        "new (1).json": (small("Three"), 130),
        "copy.json": (small("Two"), 500),
        "archive.json": ([search_row(CAREER, RACE) | {"subsession_id": 95000200}], 900),
    }
    rng = random.Random(seed)  # noqa: S311 - no secret
    answered = rng.choice([60, 300])  # before or after the newest export
    chosen = rng.sample(sorted(files), 4)
    for name in chosen:
        dropped(tmp_path / name, *files[name])

    def answer() -> None:
        document = Document("results/get", "95000200")
        payloads.put(connection, document, small("Api"), source="api")
        connection.execute(
            "UPDATE raw.payload SET received_at = %s WHERE kind = 'results/get'",
            [datetime.fromtimestamp(AT + answered, UTC)],
        )
        load_subsessions(connection, [95000200])

    arrivals: list[Callable[[], object]] = [
        answer,
        *(partial(load_result_files, connection, [tmp_path / name]) for name in chosen),
    ]
    seen = set()
    for _ in range(12):
        result_schedules.empty(connection)
        for arrive in rng.sample(arrivals, len(arrivals)):
            arrive()
        seen.add(winner(connection, 95000200))
    times = {"Three": 132, "Two": 120, "One": 0, "Api": answered}
    there = {"Api"} | {str(files[n][0]["winner_name"]) for n in chosen if n != "archive.json"}
    if "new.json" not in chosen and "copy.json" in chosen:
        times["Two"] = 500
    assert seen == {max(there, key=lambda each: times[each])}


AT = 1_774_000_000


def small(winner_name: str) -> dict[str, Any]:
    """A whole result of two drivers; its winner is all that versions differ by."""
    names_ = [winner_name, "Last"]
    entries = [
        {"cust_id": len(name), "display_name": name, "finish_position": place, "incidents": 0}
        for place, name in enumerate(names_)
    ]
    return {
        "subsession_id": 95000200,
        "start_time": "2026-03-19T19:00:00Z",
        "winner_name": winner_name,
        "session_results": [{"simsession_number": 0, "results": entries}],
    }


def dropped(path: Path, document: object, second: int) -> None:
    """Write a file whose time is some seconds after a fixed one."""
    path.write_text(json.dumps(document), encoding="utf-8")
    os.utime(path, (AT + second, AT + second))


def test_from_exports_alone_a_setting_says_whose_racing_it_is(
    connection: Connection, tmp_path: Path
) -> None:
    name = result(CAREER, RACE)["session_results"][-1]["results"][0]["display_name"]
    load_result_files(connection, [drop(tmp_path, "a.json", result(CAREER, RACE))])
    assert one(connection, "SELECT count(*) FROM grafana.career_races") == 0
    load_result_files(connection, [], member=name.upper())
    assert one(connection, "SELECT count(*) FROM grafana.career_races") == 1
    assert rebuild_ratings(connection, member=name).points["result"] == 1
    own = rebuild_ratings(connection, member=str(CUST_ID))
    assert own.cust_ids == [CUST_ID]


def test_what_the_database_refuses_is_tried_again_and_not_at_once(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(tmp_path, "a.json", result(CAREER, RACE))
    other = drop(tmp_path, "b.json", result(CAREER, CAREER.races[0]))
    now = datetime.now(UTC) + timedelta(seconds=5)

    def refuse(connection: Connection, *_: object, **__: object) -> None:
        connection.execute("SELECT 1 / 0")

    with monkeypatch.context() as patch:
        patch.setattr("iracing_pipeline.ingest.results.replace", refuse)
        done = load_result_files(connection, [path])
    assert list(done.refused) == [str(path)]
    (entry,) = quarantine.entries(connection, source="result_file")
    assert "division by zero" in entry.reason
    assert new_result_files(connection, tmp_path, now=now) == [other]
    later = now + timedelta(minutes=2)
    assert new_result_files(connection, tmp_path, now=later) == [other, path]
    load_result_files(connection, [other, path])
    assert not quarantine.entries(connection, source="result_file")
    assert one(connection, "SELECT count(*) FROM racing.subsession") == 2


def test_a_name_that_is_no_text_is_loaded(connection: Connection, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.json"))
    try:
        path.write_text(json.dumps(result(CAREER, RACE)), encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes only text for names")
    done = load_result_files(connection, list(list_result_files(tmp_path)))
    assert len(done.loaded) == 1
