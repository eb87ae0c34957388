"""Windows-specific behaviour, testable anywhere: names, encodings, files that are in use."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline_tests import recordings

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "Jörg Müller's Daten (100%) & mehr"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A user with spaces and umlauts in his name, on a console of western Europe."""
    home = tmp_path / FOLDER
    (home / "telemetry").mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IRACING_")}
    kept.pop("DAGSTER_HOME", None)
    return kept | {
        "IRACING_HOME": str(home / "data"),
        "IRACING_TELEMETRY_DIR": str(home / "telemetry"),
        "PYTHONIOENCODING": "cp1252",
        "PYTHONUTF8": "0",
    }


def run(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "iracing_pipeline", *arguments],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode("cp1252")


def test_everything_works_in_a_folder_with_spaces_and_umlauts(
    env: dict[str, str], tmp_path: Path
) -> None:
    recording = recordings.session(
        tmp_path / FOLDER / "telemetry" / "鈴鹿 → Ö.ibt", track="Nürburgring"
    )
    archive = tmp_path / FOLDER / "Sicherung Ä.zip"
    try:
        code, message = run(env, "load", str(recording))
        assert code == 0, message
        # Characters that the console's encoding lacks become question marks.
        assert "  ?? ? Ö.ibt: " in message
        assert re.search(r"Unknown car at Nürburgring.*: 4 laps, best 20\.000\.", message)
        code, message = run(env, "check", "--json")
        found = {each["subject"]: each for each in json.loads(message)}
        assert found["database"]["state"] == "ok"
        assert found["telemetry folder"]["state"] == "ok"
        assert code == 0, message
        code, message = run(env, "backup", str(archive))
        assert code == 0, message
        code, message = run(env, "restore", "--replace", str(archive))
        assert code == 0, message
    finally:
        run(env, "down")


@pytest.mark.parametrize("command", [["--help"], ["service", "status"], ["nonsense"]])
def test_no_command_says_what_a_console_cannot_show(
    env: dict[str, str], command: list[str]
) -> None:
    env["PYTHONIOENCODING"] = "ascii"

    _, message = run(env, *command)

    assert "Traceback" not in message
    assert "?" not in message.replace("??", "")
