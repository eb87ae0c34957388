"""The files of the boards are what the code builds, and nothing is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import iracing_pipeline
from iracing_pipeline.dashboards import build
from iracing_pipeline.dashboards.board import Board, Folder
from iracing_pipeline.dashboards.catalog import BOARDS
from iracing_pipeline.dashboards.lint import lint
from iracing_pipeline.warehouse.views import FUNCTIONS

GRAFANA = Path(iracing_pipeline.__file__).parents[1] / "grafana"


def test_the_files_are_what_the_code_builds() -> None:
    assert build.differences(GRAFANA / "dashboards") == []


def test_nothing_is_wrong_with_the_boards() -> None:
    assert lint(BOARDS) == []


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_board_is_the_same_text_each_time(board: Board) -> None:
    assert board.json() == board.json()
    assert json.loads(board.json())["schemaVersion"] == 42
    assert "\r" not in board.json()


def test_write_makes_updates_and_removes(tmp_path: Path) -> None:
    made = build.write(tmp_path)
    (tmp_path / "trends" / "pace.json").write_text("{}", encoding="utf-8")
    (tmp_path / "trends" / "old.json").write_text("{}", encoding="utf-8")
    (tmp_path / "trends" / "notes.txt").write_text("mine", encoding="utf-8")

    assert len(made) == len(BOARDS)
    assert sorted(build.differences(tmp_path)) == [
        "trends/old.json is of no board",
        "trends/pace.json is not what the code builds",
    ]
    assert {path.name for path in build.write(tmp_path)} == {"old.json", "pace.json"}
    assert build.differences(tmp_path) == []
    assert build.write(tmp_path) == []
    assert (tmp_path / "trends" / "notes.txt").exists()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert f"performance/{BOARDS[0].file_name} is missing" in build.differences(tmp_path)


def test_provisioning_knows_every_folder() -> None:
    document = yaml.safe_load((GRAFANA / "provisioning/dashboards/iracing.yml").read_text("utf-8"))

    assert [
        (each["folder"], each["folderUid"], each["options"]["path"])
        for each in document["providers"]
    ] == [
        (folder.value, folder.uid, f"/etc/grafana/dashboards/{folder.directory}")
        for folder in Folder
    ]


def test_provisioning_has_the_data_sources_that_boards_ask_for() -> None:
    document = yaml.safe_load((GRAFANA / "provisioning/datasources/iracing.yml").read_text("utf-8"))
    expected = {each["uid"]: each for each in document["datasources"]}
    wanted = {
        (variable["query"], variable["current"]["value"])
        for board in BOARDS
        for variable in json.loads(board.json())["templating"]["list"]
        if variable["type"] == "datasource"
    }

    assert {(each["type"], uid) for uid, each in expected.items()} == wanted
    postgres = expected["iracing-postgres"]
    assert postgres["user"] == "grafana_reader"
    assert postgres["jsonData"]["database"]  # at the top level Grafana 12 does not see it
    assert postgres["secureJsonData"]["password"].startswith("$__file{")


def test_the_documentation_names_every_board_and_its_question() -> None:
    page = (GRAFANA.parent / "docs" / "dashboards.md").read_text("utf-8")

    for board in BOARDS:
        row = f"| {board.folder.value} | {board.title} (`{board.uid}`) | {board.question} |"
        assert row in page


def test_the_documentation_names_every_function() -> None:
    page = (GRAFANA.parent / "docs" / "dashboards.md").read_text("utf-8")

    for function in FUNCTIONS:
        assert f"`{function.name}" in page or f"`{function.name.partition('.')[2]}`" in page
