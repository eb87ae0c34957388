from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from iracing_pipeline.results.errors import ExportError
from iracing_pipeline.results.exports import read_export
from iracing_pipeline.results.issues import Issues
from iracing_pipeline.results.search import read_search
from iracing_pipeline.results.session_info import read_session_info
from iracing_pipeline.results.source import Source

RESULT: dict[str, Any] = {"subsession_id": 9, "session_results": []}
ROW: dict[str, Any] = {
    "cust_id": 7,
    "subsession_id": 9,
    "start_time": "2026-01-02T03:04:05Z",
    "track": {"track_id": 3, "track_name": "Okayama International Circuit "},
    "starting_position": 0,
    "finish_position": 3,
}
CSV = (
    "Subsession ID,Start Time,Series,Track,Start Position,Finish Position,Class Start Position,"
    "Class Finish Position,Laps,Incidents,Best Lap Time,Official\n"
    '9,2026-01-02 03:04:05,"GT4, Challenge",Okayama International Circuit ,'
    "1,4,0,2,12,4,1:33.4669,true\n"
)


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize("document", [RESULT, {"type": "event_result", "data": RESULT}])
def test_both_wrappers_of_an_event_result(document: dict[str, Any]) -> None:
    export = read_export("result.json", encoded(document))
    assert export.source is Source.EVENT_RESULT
    assert export.payloads == [RESULT]


@pytest.mark.parametrize("document", [[[ROW], [ROW]], [ROW, ROW]])
def test_an_archive_in_chunks_or_flat(document: list[Any]) -> None:
    export = read_export("archive.json", encoded(document))
    assert export.source is Source.ARCHIVE_JSON
    frames = read_search(export.rows, export.source, Issues())
    # The same race twice is one race.
    assert frames.subsession["track_name"].to_list() == ["Okayama International Circuit"]
    assert frames.result.select("starting_position", "finish_position").rows() == [(1, 4)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_csv_says_the_same_as_json(encoding: str, delimiter: str) -> None:
    text = CSV if delimiter == "," else CSV.replace('"GT4, Challenge"', "GT4").replace(",", ";")
    export = read_export("archive.csv", text.encode(encoding))
    assert export.source is Source.ARCHIVE_CSV
    issues = Issues()
    frames = read_search(export.rows, export.source, issues, cust_id=7)
    subsession = frames.subsession.row(0, named=True)
    assert subsession["start_time"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert subsession["best_lap_s"] == 93.4669
    assert subsession["official"] is True
    result = frames.result.row(0, named=True)
    assert (result["starting_position"], result["finish_position"]) == (1, 4)
    assert (result["starting_position_in_class"], result["finish_position_in_class"]) == (None, 2)
    assert result["laps_complete"] == 12


def test_csv_rows_of_an_unknown_driver_give_subsessions_only() -> None:
    export = read_export("archive.csv", CSV.encode())
    frames = read_search(export.rows, export.source, Issues())
    assert frames.subsession.height == 1
    assert frames.result.is_empty()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b'{"subsession_id": 9, "session_res', "damaged JSON"),
        (encoded({"laps": []}), "without subsession_id"),
        (encoded([{"lap": 1}]), "none of its rows"),
        (b"Untersitzung,Startzeit,Strecke,Zielposition\n9,2026-01-02,Spa,1\n", "English"),
        (CSV.replace("true", "true,extra").encode(), "line 2 has 13 cells"),
        (b"\x00\x01\x02binary", "no column"),
    ],
)
def test_a_wrong_file_says_what_is_wrong_and_what_to_do(content: bytes, said: str) -> None:
    with pytest.raises(ExportError) as caught:
        read_export("dropped", content)
    assert said in str(caught.value)
    assert str(caught.value).startswith("dropped: ")
    assert caught.value.advice


def session_info(subsession_id: int) -> dict[str, Any]:
    drivers = [
        {"CarIdx": 0, "UserName": "Pace Car", "UserID": -1, "CarIsPaceCar": 1},
        {"CarIdx": 1, "UserName": "A", "UserID": 11, "CarID": 67, "CarNumber": "4", "TeamID": 0},
        {"CarIdx": 2, "UserName": "B", "UserID": 12, "CarID": 67, "CarNumber": "5", "TeamID": 0},
    ]
    positions = [
        {
            "Position": place,
            "ClassPosition": place - 1,
            "CarIdx": place,
            "LapsComplete": 10,
            "FastestTime": 93.5 if place == 1 else -1.0,
            "FastestLap": 4,
            "Incidents": 2,
            "ReasonOutId": 0,
            "ReasonOutStr": "Running",
        }
        for place in (1, 2)
    ]
    return {
        "WeekendInfo": {
            "SubSessionID": subsession_id,
            "SessionID": 55,
            "TrackID": 18,
            "TrackDisplayName": "Okayama",
            "Category": "SportsCar",
            "EventType": "Race",
            "Official": 1,
            "SeasonID": 5000,
            "TeamRacing": 0,
        },
        "DriverInfo": {"Drivers": drivers},
        "SessionInfo": {
            "Sessions": [
                {"SessionNum": 0, "SessionType": "Practice", "SessionName": "PRACTICE"},
                {"SessionNum": 1, "SessionType": "Lone Qualify", "ResultsPositions": positions},
                {"SessionNum": 2, "SessionType": "Race", "ResultsPositions": positions},
            ]
        },
    }


def test_session_info_gives_the_result_as_the_api_would_number_it() -> None:
    frames = read_session_info(session_info(77), datetime(2026, 1, 2, tzinfo=UTC))
    assert frames.subsession.select("subsession_id", "source", "source_rank").rows() == [
        (77, "ibt", 1)
    ]
    assert frames.simsession.select("simsession_number", "simsession_type").rows() == [
        (-2, 3),
        (-1, 4),
        (0, 6),
    ]
    race = frames.result.filter(simsession_number=0)
    assert race.select("cust_id", "finish_position", "best_lap_s").rows() == [
        (11, 1, 93.5),
        (12, 2, None),
    ]
    assert frames.member["cust_id"].to_list() == [11, 12]


@pytest.mark.parametrize("info", [session_info(0), {}, {"WeekendInfo": None}])
def test_offline_placeholders_are_left_out(info: dict[str, Any]) -> None:
    frames = read_session_info(info, datetime(2026, 1, 2, tzinfo=UTC))
    assert frames.subsession.is_empty()
    assert frames.result.is_empty()
