"""Recordings of a stranger, who chose names to be read as SQL, HTML, paths or YAML."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import dagster as dg

from iracing_pipeline.ibt import IbtFile, read_ibt
from iracing_pipeline.ingest.export import Format, export
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.defs.conftest import aged

if TYPE_CHECKING:
    from iracing_pipeline_tests.defs.conftest import Pipeline

NAMES = [
    "'; DROP TABLE racing.telemetry_lap; --",
    "%s %(name)s {} $1 \\copy",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "../../../../etc/passwd",
    "..\\..\\Windows\\win.ini",
    "&a [*a, *a, *a]",
    "!!python/object/apply:os.system [id]",
    "{{7*7}} ${7*7} #{7*7}",
    "$__timeFilter(now()) ${DS_PROMETHEUS}",
]


def hostile(path: Path, name: str) -> Path:
    """A recording whose driver, track, configuration and setup bear a name."""
    info = recordings.INFO
    for honest in ("Ada Example", "Somewhere", "Short", "fast.sto"):
        info = info.replace(honest, name)
    recordings.write(path, recordings.drive((20.0, 21.0), hz=5.0), info=info)
    return aged(path)


def test_a_name_is_text_and_nothing_else(pipeline: Pipeline) -> None:
    files = {
        f"{number}'; DROP TABLE racing.telemetry_lap; --.ibt": n for number, n in enumerate(NAMES)
    }
    for file, name in files.items():
        hostile(pipeline.folder / file, name)

    (result,) = pipeline.load()

    assert result.success
    rows = pipeline.rows("SELECT driver_name, track_name, file_name FROM racing.telemetry_session")
    assert {row["file_name"]: row["driver_name"] for row in rows} == files
    assert {row["file_name"]: row["track_name"] for row in rows} == files
    assert pipeline.laps() == dict.fromkeys(files, 4)
    # In the lake, a session is named by its content.
    assert {Path(frames).parent.parent for frames in pipeline.frames()} == {Path("telemetry")}


def test_what_the_ui_shows_of_a_name_is_no_markup(pipeline: Pipeline) -> None:
    hostile(pipeline.folder / "a.ibt", "<script>alert(1)</script>")

    (result,) = pipeline.load()

    shown = [
        str(value.value)
        for event in result.get_asset_materialization_events()
        for value in event.materialization.metadata.values()
        if isinstance(value, dg.MarkdownMetadataValue)
    ]
    # Dagster shows Markdown without the HTML in it; a picture is read as an image, which runs none.
    pictures = [text for text in shown if "data:image/svg+xml" in text]
    assert pictures
    for text in pictures:
        coded = text.partition("base64,")[2]
        drawn = base64.b64decode(coded.split(")")[0]).decode() if coded else unquote(text)
        assert "<script" not in drawn


def test_an_export_stays_in_its_folder(tmp_path: Path) -> None:
    source = hostile(tmp_path / "...ibt", "../../outside")

    written = export(IbtFile(source), tmp_path / "out" / "deep", Format.CSV)

    assert {path.parent for path in written} == {tmp_path / "out" / "deep"}
    assert [path for path in tmp_path.rglob("*.csv") if path not in written] == []


def test_an_alias_bomb_in_the_session_info_is_a_few_words(tmp_path: Path) -> None:
    levels = "".join(
        f"{chr(98 + level)}: &{chr(98 + level)} [{', '.join([f'*{chr(97 + level)}'] * 9)}]\n"
        for level in range(9)
    )
    info = recordings.INFO.replace("---\n", f"---\na: &a [lol, lol, lol]\n{levels}\n")
    path = tmp_path / "bomb.ibt"
    recordings.write(path, info=info)

    session_info = read_ibt(path).session_info

    assert session_info["WeekendInfo"]["TrackID"] == 17
    assert len(str(session_info)) < 3 * len(info)
