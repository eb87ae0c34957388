"""Findings of ``check`` on result files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from iracing_pipeline.ingest.result_files import load_result_files
from iracing_pipeline.local.check.finding import State
from iracing_pipeline.local.check.results import result_files
from iracing_pipeline.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

RACE = {
    "subsession_id": 95000300,
    "start_time": "2026-03-19T19:00:00Z",
    "session_results": [
        {"simsession_number": 0, "results": [{"cust_id": 5, "display_name": "A", "incidents": 0}]}
    ],
}


def load(database: str, path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    with Warehouse(database).connect() as connection:
        load_result_files(connection, [path])


def test_loaded_files_are_counted(database: str, tmp_path: Path) -> None:
    load(database, tmp_path / "a.json", json.dumps(RACE))

    (finding,) = result_files(database)

    assert (finding.state, finding.said) == (State.OK, "1 are loaded")


def test_a_file_in_quarantine_is_a_warning_until_it_loads(database: str, tmp_path: Path) -> None:
    load(database, tmp_path / "a.json", json.dumps(RACE))
    load(database, tmp_path / "b.json", "{")
    (finding,) = result_files(database)

    assert finding.state is State.WARNING
    assert finding.said == "1 are in quarantine, 1 are loaded"
    assert "ops.quarantine" in (finding.advice or "")
    load(database, tmp_path / "b.json", json.dumps(RACE | {"subsession_id": 95000301}))
    assert [each.state for each in result_files(database)] == [State.OK]


def test_a_field_that_cannot_be_read_is_a_warning(database: str, tmp_path: Path) -> None:
    load(database, tmp_path / "a.json", json.dumps(RACE | {"event_type": [1]}))

    ok, odd = result_files(database)

    assert (ok.state, odd.state) == (State.OK, State.WARNING)
    assert odd.said == "1 have fields or rows that could not be read"
