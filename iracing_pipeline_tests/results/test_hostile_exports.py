"""Exports that are damaged, hostile or of another encoding: what is read and what is refused."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from iracing_pipeline.results.errors import ExportError
from iracing_pipeline.results.exports import read_export
from iracing_pipeline.results.issues import LOST, Issues
from iracing_pipeline.results.search import read_search
from iracing_pipeline.results.source import Source
from iracing_pipeline.results.subsession import SubsessionFrames, read_subsessions

EVENT_CSV = (
    '"Start Time","Track","Series","Season Year","Season Quarter","Race Week","Strength of Field"\n'
    '"2026-03-22T04:30:00Z","Spa","Some Cup","2026","2","1","1296"\n'
    "\n"
    '"Fin Pos","Car ID","Car","Car Class ID","Team ID","Cust ID","Name","Start Pos","Car #",'
    '"Out ID","Interval","Laps Led","Fastest Lap Time","Fast Lap#","Laps Comp","Inc","Old iRating",'
    '"New iRating","AI"\n'
    '"1","165","Car","4","71","71","A","2","9","0","-00.000","3","1:17.561","4","16","0","1638",'
    '"1714","0"\n'
    '"2","165","Car","4","72","72","B","1","8","0","-1:15.549","13","1:16.921","9","16","6","2059",'
    '"2040","0"\n'
    '"3","166","Car","5","73","73","C","3","7","32","-2L","0","","0","14","6","0","0","0"\n'
)


def event(**changes: Any) -> dict[str, Any]:
    entry = {"cust_id": 71, "display_name": "A", "finish_position": 0, "car_class_id": 4}
    return {
        "subsession_id": 77,
        "session_results": [{"simsession_number": 0, "results": [entry | changes]}],
    }


def frames_of(document: object) -> tuple[SubsessionFrames, Issues]:
    issues = Issues()
    export = read_export("event.json", json.dumps(document).encode())
    return read_subsessions(export.payloads, export.source, issues), issues


def test_the_csv_of_one_event_is_read_with_its_id_from_the_name() -> None:
    export = read_export("eventresult-95000100 (1).csv", EVENT_CSV.encode())
    assert export.source is Source.EVENT_CSV
    frames = read_subsessions(export.payloads, export.source, issues := Issues())
    assert not issues.counts
    shown = frames.result.sort("finish_position").select(
        "cust_id",
        "starting_position",
        "finish_position_in_class",
        "interval_s",
        "best_lap_s",
        "irating_before",
        "car_number",
        "team_id",
        "finished",
    )
    assert shown.rows() == [
        (71, 2, 1, 0.0, 77.561, 1638, "9", None, True),
        (72, 1, 2, 75.549, 76.921, 2059, "8", None, True),
        (73, 3, 1, None, None, None, "7", None, False),
    ]
    event = frames.subsession.row(0, named=True)
    assert (event["subsession_id"], event["season"], event["race_week_num"]) == (
        95000100,
        "2026S2",
        0,
    )
    assert (event["official"], event["event_type"], event["winner_group_id"]) == (True, 5, 71)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("renamed.csv", EVENT_CSV, "its name"),
        ("eventresult-95000100.csv", EVENT_CSV.replace('"C"', '"C'), "line 7"),
        ("eventresult-95000100.csv", EVENT_CSV.rsplit('","', 1)[0], "line 7"),
        (
            "archive.csv",
            'subsession_id,start_time,track_name,finish_position\n1,2024,"x,1',
            "quote",
        ),
        (
            "archive.csv",
            'subsession_id,start_time,track_name,finish_position\n1,2024,"' + "x" * 200_000,
            "line 2 opens is never closed",
        ),
        ("deep.json", "[" * 100_000, "deep"),
        ("deep.json", "[" * 80 + "]" * 80, "deep"),
        ("id.json", json.dumps(event() | {"subsession_id": 0}), "subsession_id"),
        ("id.json", json.dumps(event() | {"subsession_id": 2**63}), "subsession_id"),
        ("id.json", json.dumps(event() | {"subsession_id": -4}), "subsession_id"),
        ("id.json", json.dumps(event() | {"subsession_id": True}), "subsession_id"),
        ("id.json", json.dumps(event() | {"subsession_id": [77]}), "subsession_id"),
        ("id.json", json.dumps(event() | {"subsession_id": {}}), "subsession_id"),
        ("parts.json", json.dumps(event() | {"session_results": {}}), "not a list"),
        ("parts.json", json.dumps(event() | {"session_results": None}), "not a list"),
        ("empty.json", "{}", "session_results"),
    ],
)
def test_what_has_no_structure_or_identity_is_refused_with_its_reason(
    name: str, text: str, said: str
) -> None:
    with pytest.raises(ExportError) as refusal:
        read_export(name, text.encode())
    assert said in refusal.value.reason
    assert refusal.value.advice


@pytest.mark.parametrize(
    ("field", "column", "value"),
    [
        ("newi_rating", "irating_after", float("nan")),
        ("newi_rating", "irating_after", float("inf")),
        ("newi_rating", "irating_after", 10**400),
        ("newi_rating", "irating_after", 2**40),
        ("car_class_id", "car_class_id", [1]),
        ("finish_position", "finish_position", "²"),
        ("average_lap", "average_lap_s", "9" * 400),
        ("average_lap", "average_lap_s", 2**62),
        ("max_pct_fuel_fill", "max_fuel_fill", 1e308),
        ("weight_penalty_kg", "weight_penalty_kg", float("-inf")),
        ("best_qual_lap_at", "qualifying_lap_at", "9999-12-31T23:59:59-14:00"),
        ("display_name", "display_name", {"a": 1}),
        ("ai", "ai", 7),
    ],
)
def test_a_field_that_cannot_be_read_is_null_and_noted(
    field: str, column: str, value: object
) -> None:
    frames, issues = frames_of(event(**{field: value}))
    assert frames.result[column].to_list() == [None]
    assert frames.result["cust_id"].to_list() == [71]
    assert sum(issues.of(*LOST).values()) == 1


def test_no_figure_is_infinite() -> None:
    frames, _ = frames_of(
        event(old_cpi=1e400, new_cpi=1e30) | {"weather": {"wind_value": 1e300, "wind_units": 0}}
    )
    for frame in (frames.subsession, frames.result):
        floats = frame.select(pl.col(pl.Float64))
        assert all(series.drop_nulls().is_finite().all() for series in floats)


def test_text_is_repaired() -> None:
    frames, _ = frames_of(event(display_name="A\0b \ud83c \ud83c\udfc1"))
    assert frames.result["display_name"].to_list() == ["Ab \ufffd \U0001f3c1"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_and_line_end_reads_the_same(encoding: str) -> None:
    document = json.dumps(event(display_name="Jürgen"), ensure_ascii=False)
    export = read_export("event.json", document.encode(encoding))
    assert export.payloads[0]["session_results"][0]["results"][0]["display_name"] == "Jürgen"
    for end in ("\r\n", "\n"):
        text = EVENT_CSV.replace("\n", end)
        assert read_export("eventresult-95000100.csv", text.encode(encoding)).payloads


def test_an_archive_row_without_an_id_is_left_out_alone() -> None:
    rows = [{"subsession_id": each, "finish_position": 1} for each in (5, 0, "x", None, 2**64, 6)]
    export = read_export("archive.json", json.dumps([rows]).encode())
    result = read_search(export.rows, export.source, issues := Issues(), cust_id=7)
    assert result.subsession["subsession_id"].to_list() == [5, 6]
    assert issues.of(*LOST)


def test_countries_have_one_form_of_code() -> None:
    given = [("DE", None), ("DE", "DEU"), ("GO", "GLO"), ("ENG", None), ("us", None)]
    codes = [
        frames_of(event(country_code=code, flair_shortname=flair))[0].result["country_code"][0]
        for code, flair in given
    ]
    assert codes == ["DEU", "DEU", "GLO", "ENG", "USA"]
