from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from click.testing import CliRunner

from iracing_pipeline import cli
from iracing_pipeline.defs.telemetry import assets
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.inbox.telemetry_folder import FolderMissingError
from iracing_pipeline.ingest.file_kinds import files_below
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline.local.load import Outcome, load
from iracing_pipeline.warehouse import Warehouse
from iracing_pipeline_tests import recordings

if TYPE_CHECKING:
    from iracing_pipeline.settings import Settings


RACE = {
    "subsession_id": 95000400,
    "start_time": "2026-03-19T19:00:00Z",
    "session_results": [
        {"simsession_number": 0, "results": [{"cust_id": 5, "display_name": "A", "incidents": 0}]}
    ],
}


def record(settings: Settings, name: str, *, laps: int = 2) -> Path:
    return recordings.session(settings.telemetry_dir / name, track=Path(name).stem, laps=laps)


def run(settings: Settings, *paths: Path) -> dict[str, Outcome]:
    """Load, and what became of each file by its name."""
    outcomes = load(settings, paths or (settings.telemetry_dir,), lambda _done, _all: None)
    return {Path(outcome.file).name: outcome for outcome in outcomes}


def states(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: str(outcome.state) for name, outcome in outcomes.items()}


def test_a_folder_is_loaded_at_once_and_each_file_has_its_outcome(settings: Settings) -> None:
    good = record(settings, "a.ibt")
    shutil.copy2(good, settings.telemetry_dir / "copy.ibt")
    (settings.telemetry_dir / "foreign.ibt").write_bytes(b"no telemetry")
    seen: list[tuple[int, int]] = []

    outcomes = load(settings, [settings.telemetry_dir], lambda done, of: seen.append((done, of)))

    assert list(dict.fromkeys(seen)) == [(0, 1), (1, 1)]
    loaded, copy, foreign = outcomes
    assert loaded.state == "loaded"
    assert loaded.session_key == IbtFile(good).session_key
    assert (loaded.track, loaded.laps, loaded.clean_laps) == ("a", 4, 2)
    assert loaded.best_lap_time_s == pytest.approx(20.0, abs=1e-5)
    assert (copy.state, copy.note) == ("duplicate", "same session as a.ibt")
    assert (foreign.state, foreign.laps) == ("quarantined", None)
    assert foreign.note

    # Again: nothing to do, the same outcome. Mended: loaded.
    seen.clear()
    again = load(settings, [settings.telemetry_dir], lambda done, of: seen.append((done, of)))
    assert again == outcomes
    assert seen == [(0, 0)]
    (settings.telemetry_dir / "foreign.ibt").unlink()
    record(settings, "foreign.ibt", laps=3)
    mended = run(settings)["foreign.ibt"]
    assert (mended.state, mended.laps) == ("loaded", 5)


def test_a_file_that_brings_its_run_down_does_not_take_the_others_with_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.ibt", "b.ibt"):
        record(settings, name)

    def poisoned(source: Any, **options: Any) -> Any:
        if source.facts.file_name == "a.ibt":
            raise dg.Failure("what nobody thought of", allow_retries=False)
        return analyse(source, **options)

    with monkeypatch.context() as patch:
        patch.setattr(assets, "analyse", poisoned)
        outcomes = run(settings)

    assert states(outcomes) == {"a.ibt": "ready", "b.ibt": "loaded"}
    assert "its run failed" in (outcomes["a.ibt"].note or "")
    assert set(states(run(settings)).values()) == {"loaded"}


def test_a_load_that_is_stopped_counts_against_what_it_had_begun_on_alone(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        record(settings, f"{number}.ibt")

    def fail(*_: object, **__: object) -> None:
        raise dg.Failure("its process was killed", allow_retries=False)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("iracing_pipeline.local.load._BATCH", 2)
    monkeypatch.setattr(assets, "analyse", fail)
    # After the first two files, before they are tried one by one.
    monkeypatch.setattr("iracing_pipeline.local.load._left", stop)

    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            run(settings)

    with Warehouse(database).connect() as connection:
        attempts = dict(
            connection.execute("SELECT file_name, attempts FROM ops.telemetry_file").fetchall()
        )
    assert sorted(attempts.values()) == [0, 4, 4]


def test_files_can_be_named_one_by_one_in_any_folder(settings: Settings, tmp_path: Path) -> None:
    elsewhere = recordings.session(tmp_path / "else.ibt", track="else")
    record(settings, "not named.ibt")

    outcomes = run(settings, elsewhere, elsewhere)

    assert states(outcomes) == {"else.ibt": "loaded"}


def test_a_file_that_vanishes_is_missing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(settings, "a.ibt")
    ghost = settings.telemetry_dir / "ghost.ibt"
    monkeypatch.setattr(
        "iracing_pipeline.local.load.files_below", lambda folder: [*files_below(folder), ghost]
    )

    assert states(run(settings)) == {"a.ibt": "loaded", "ghost.ibt": "missing"}


def test_a_folder_that_cannot_be_read_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("iracing_pipeline.inbox.telemetry_folder.os.scandir", closed)

    with pytest.raises(FolderMissingError, match="Permission denied"):
        run(settings)


def test_recordings_and_results_are_told_apart_by_their_content(
    settings: Settings, tmp_path: Path
) -> None:
    """A name that is no text, a result without its suffix, and a damaged one among them."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    recordings.session(folder / "a.ibt", track="a")
    (folder / "b.ibt").write_text(json.dumps(RACE), encoding="utf-8")
    (folder / "cut.json").write_text("{", encoding="utf-8")
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.json"))
    try:
        odd.write_text(json.dumps(RACE | {"subsession_id": 95000401}), encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes only text for names")

    outcomes = load(settings, [folder], lambda _done, _all: None)
    printed = CliRunner().invoke(cli.main, ["load", str(folder)])

    assert [(each.kind, str(each.state), each.subsessions) for each in outcomes] == [
        ("recording", "loaded", None),
        ("results", "loaded", 1),
        ("results", "loaded", 1),
        ("results", "quarantined", 0),
    ]
    assert outcomes[2].file.endswith("caf\\udce9.json")
    assert printed.exit_code == 1, printed.output
    assert "2 subsessions of 3 files of results" in printed.output
    assert "cut.json: refused: " in printed.output
